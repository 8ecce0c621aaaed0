"""The command line. An operator's mistake is one clear line on stderr and exit 2, never a traceback."""

import sys
from functools import cache
from typing import Annotated

import typer

from dispatcher.cli.commands import COMMANDS
from dispatcher.cli.encoding import show_what_can_be_shown
from dispatcher.cli.lazy import LazyCommand
from dispatcher.errors import OperatorError, Refused


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


def _check_text(words: list[str]) -> None:
    """What a terminal sends in another encoding than UTF-8 can be neither stored nor looked up."""
    for number, word in enumerate(words):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise OperatorError(
                f"第 {number} 个参数不是 UTF-8,请检查终端编码",
                f"argument {number} is not UTF-8; check the terminal's encoding",
            ) from None


def main() -> None:
    show_what_can_be_shown()
    try:
        _check_text(sys.argv)
        build_app()()
    except OperatorError as error:
        sys.exit(_print_mistake(str(error)))
    except Refused as refused:
        from dispatcher.cli import refusals  # loaded here, since its words are seldom wanted

        sys.exit(_print_mistake(refusals.line(refused)))
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone (`| head`): nothing left to say
        sys.exit(0)
    except Exception as error:
        # Loaded here, since a command that needs no database should not wait for SQLAlchemy.
        from sqlalchemy.exc import OperationalError

        from dispatcher.store.outages import unreachable

        if not isinstance(error, OperationalError):
            raise
        sys.exit(_print_mistake(str(unreachable(error))))


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


def _print_mistake(mistake: str) -> int:
    sys.stderr.write(f"dispatcher: {mistake}\n")
    return 2
