"""code: 96110 or 110 checks that a call or a visit was ours. Yes or no, no more."""

from typing import Annotated

import typer

from dispatcher.casework import callback_codes
from dispatcher.cli import arguments
from dispatcher.cli.arguments import Json
from dispatcher.cli.output import json_line, out
from dispatcher.errors import OperatorError
from dispatcher.setup import build_services

_DESK = "96110"


def register(app: typer.Typer) -> None:
    app.command()(code)


def code(
    code: Annotated[str, typer.Argument(metavar="CODE", help="六位任务码 the six digits of the task code")],
    officer: Annotated[str | None, typer.Option(help="来人警号 badge of who came")] = None,
    by: Annotated[str, typer.Option("--by", help="接线员 operator")] = _DESK,
    json: Json = False,
) -> None:
    """核验任务码:只答是或否 / check a task code: yes or no."""
    badge = arguments.badge(officer, "--officer") if officer else None
    operator = arguments.badge(by, "--by")
    services = build_services()
    with services.begin() as work:
        genuine = callback_codes.check(work, code, officer=badge, by=operator)
    if genuine is None:
        raise OperatorError("查询过于频繁,请一分钟后再试", "too many queries; try again in a minute")
    if json:
        json_line({"genuine": genuine})
    else:
        out.print("是 yes" if genuine else "否 no")
