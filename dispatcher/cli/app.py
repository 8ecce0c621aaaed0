"""The app: every command's name and help; a command itself is loaded when it is run."""

import sys
from functools import cache
from typing import Annotated

import typer

from dispatcher.cli.commands import COMMANDS
from dispatcher.cli.lazy import LazyCommand


@cache
def build_app() -> typer.Typer:
    """The app with every command."""
    app = typer.Typer(
        name="dispatcher",
        help="预警劝阻派发 / warning dispatcher: reaches people who are being defrauded right now.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    for name, text in COMMANDS.items():
        app.command(name, cls=LazyCommand, help=text)(_loaded_when_wanted)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"dispatcher {version('warning-dispatcher')}\n")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="版本 print the version and exit")
    ] = False,
) -> None:
    """Options of the whole program; the commands have theirs."""


def _loaded_when_wanted() -> None:
    """Stands where Typer asks for a function: LazyCommand loads the command itself."""
