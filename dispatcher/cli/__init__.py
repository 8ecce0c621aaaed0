"""The command line. An operator's mistake is one clear line on stderr and exit 2, never a traceback."""

import sys
from functools import cache

import typer
from sqlalchemy.exc import OperationalError

from dispatcher import logging
from dispatcher.errors import OperatorError
from dispatcher.setup import unreachable


@cache
def whole() -> typer.Typer:
    """The app with every command."""
    from dispatcher.cli import (
        bench,
        card,
        code,
        decide,
        demo,
        duty,
        feedback,
        inspect,
        kpi,
        policy,
        providers,
        push,
        quarantine,
        roster,
        service,
        simulate,
        texts,
        transfer,
        verify,
        visit,
        watch,
    )

    app = typer.Typer(
        name="dispatcher",
        help="预警劝阻派发 / warning dispatcher: reaches people who are being defrauded right now.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    casework = (push, inspect, visit, card, transfer, decide, code, duty, feedback, kpi, verify, roster, quarantine)
    for module in (service, watch, providers, *casework, texts, policy, simulate, demo, bench):
        module.register(app)
    return app


def main() -> None:
    commands = whole()
    # Commands speak on stdout; what goes wrong beneath them is a JSON line on stderr.
    logging.configure("WARNING")
    try:
        commands()
    except OperatorError as error:
        sys.exit(_told(str(error)))
    except OperationalError as error:
        sys.exit(_told(str(unreachable(error))))
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone (`| head`): nothing left to say
        sys.exit(0)


def _told(line: str) -> int:
    sys.stderr.write(f"dispatcher: {line}\n")
    return 2
