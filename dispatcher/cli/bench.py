"""bench: claims about speed, each beside its baseline in one run."""

import typer


def register(app: typer.Typer) -> None:
    """Filled in below."""
