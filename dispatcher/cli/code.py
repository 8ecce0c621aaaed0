"""code: 96110 or 110 checks that a call or a visit was ours. Yes or no, no more."""

from ipaddress import ip_address
from typing import Annotated

import typer

from dispatcher.casework import callback_codes
from dispatcher.cli import arguments
from dispatcher.cli.arguments import Json
from dispatcher.cli.output import err, json_line, out, say
from dispatcher.errors import OperatorError, Refused
from dispatcher.setup import build_services


def register(app: typer.Typer) -> None:
    app.command()(code)


def code(
    code: Annotated[str, typer.Argument(metavar="CODE", help="六位任务码 the six digits of the task code")],
    last_four: Annotated[
        str, typer.Option(metavar="DIGITS", help="被叫号码后四位,请来电人报 last four digits of the number we called")
    ],
    asker: Annotated[
        str, typer.Option("--asker", "--by", help="接线员警号或来源 IP operator, or address of the client, who asks")
    ],
    officer: Annotated[str | None, typer.Option(help="来人警号 badge of who came")] = None,
    json: Json = False,
) -> None:
    """核验任务码:只答是或否 / check a task code: yes or no."""
    badge = arguments.badge(officer, "--officer") if officer else None
    by = _asker(asker)
    services = build_services()
    with services.begin() as work:
        genuine = callback_codes.check(work, code, last_four, asker=by, officer=badge)
    if isinstance(genuine, Refused):
        raise genuine
    if json:
        json_line({"genuine": genuine})
        return
    out.print(say("是", "yes") if genuine else say("否", "no"))
    if not genuine:
        remedy = say(
            "请与来电人再核对任务码和后四位;仍为否的,转值班台核实,不可据此认定是诈骗",
            "check both with the caller; if it stays no, ask the duty desk: a no proves no fraud",
        )
        err.print(remedy, soft_wrap=True)


def _asker(text: str) -> str:
    """A badge, or an address in its one form: each has limits of its own."""
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:
        return arguments.badge(text, "--asker")
    except OperatorError:
        raise OperatorError(
            "--asker 应为接线员警号或来源 IP 地址", "--asker wants the operator's badge or the client's IP address"
        ) from None
