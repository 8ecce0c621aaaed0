"""The words of the page."""

import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["zh", "en"]


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text("utf-8"))


def say(language: Language) -> Callable[..., str]:
    """What the page says under a name, with the facts that it holds."""
    return lambda name, **facts: _table()[name][language].format(**facts)
