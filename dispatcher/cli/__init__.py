"""The command line. An operator's mistake is one clear line on stderr and exit 2, never a traceback."""

import sys

from dispatcher.cli import signals


def main() -> None:
    """Little is loaded before this, so that Ctrl-C is no traceback from the first moment."""
    signals.end_at_once()
    try:
        _run()
    finally:
        signals.restore()


def _run() -> None:
    from dispatcher.cli.app import build_app
    from dispatcher.cli.encoding import show_what_can_be_shown
    from dispatcher.errors import OperatorError, Refused, StartStopped

    show_what_can_be_shown()
    try:
        _check_text(sys.argv)
        build_app()()
    except OperatorError as error:
        sys.exit(_print_mistake(str(error)))
    except StartStopped as stopped:
        sys.exit(128 + stopped.number)
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


def _check_text(words: list[str]) -> None:
    """What a terminal sends in another encoding than UTF-8 can be neither stored nor looked up."""
    from dispatcher.errors import OperatorError

    for number, word in enumerate(words):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise OperatorError(
                f"第 {number} 个参数不是 UTF-8,请检查终端编码",
                f"argument {number} is not UTF-8; check the terminal's encoding",
            ) from None


def _print_mistake(mistake: str) -> int:
    from dispatcher.terminal import showable

    sys.stderr.write(f"dispatcher: {showable(mistake)}\n")
    return 2
