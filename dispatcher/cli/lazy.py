"""Commands whose modules are loaded when they are wanted: what a command needs costs the others nothing."""

import gc
from importlib import import_module
from signal import SIGINT
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from dispatcher.cli import signals
from dispatcher.cli.commands import WITHOUT_DATABASE


class LazyCommand(TyperCommand):
    """A command's name and help, until it is run, completed or asked for its options."""

    def load(self) -> TyperCommand | TyperGroup:
        """The command itself, which the module of its name registers."""
        name = self.name or ""
        app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
        _module(name.replace("-", "_")).register(app)
        if name not in WITHOUT_DATABASE:
            _log_to_stderr()
        return cast(TyperCommand | TyperGroup, typer.main.get_group(app).commands[name])

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        command = self.load()
        signals.restore(SIGINT)  # which raises KeyboardInterrupt, so that a command can undo what it does
        return command.make_context(info_name, args, parent, **extra)


def _module(name: str) -> Any:
    """A command's module."""
    # What is loaded stays: to look for garbage in it, while it loads and at the end, took a fourth of the time or more.
    gc.disable()
    try:
        return import_module(f"dispatcher.cli.{name}")
    finally:
        gc.freeze()
        gc.enable()


def _log_to_stderr() -> None:
    """Commands speak on stdout; what goes wrong beneath them is a JSON line on stderr."""
    from dispatcher import logging

    logging.configure("WARNING")
