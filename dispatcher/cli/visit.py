"""visit: what officers do, by command until their page is there."""

from typing import Annotated, Any

import typer
from rich.table import Table

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import Json, VisitId
from dispatcher.cli.output import json_line, model_line, out, short_time
from dispatcher.cli.report_options import report_options
from dispatcher.cli.visit_card import card
from dispatcher.errors import Refused
from dispatcher.reporting.visits import visits
from dispatcher.setup import build_services
from dispatcher.visits import addresses, officer_steps
from schemas.channel_results import VISIT_REPORTS
from schemas.officer_report import OfficerReport, label_of
from schemas.refusals import RefusalCode
from schemas.vocabulary import AddressKind, Result, ReturnReason

group = typer.Typer(
    help="上门劝阻任务 / door visits: list, card, accept, depart, arrive, tried, report, return.", no_args_is_help=True
)
Officer = Annotated[str | None, typer.Option(help="警号;与派单不符则拒绝 badge; refused if the visit is another's")]


def register(app: typer.Typer) -> None:
    group.command()(card)
    app.add_typer(group, name="visit")


@group.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="含已结束 ended ones too")] = False, json: Json = False
) -> None:
    """列出上门任务 / list visits."""
    with build_services().sessions() as session:
        lines = visits(session, everything=everything)
    if json:
        for line in lines:
            model_line(line)
        return
    table = Table(title="上门任务 visits", title_justify="left")
    for name in ("任务 visit", "派出所 precinct", "警号 officer", "状态 state", "派单 assigned", "结果 result"):
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(
            str(line.visit),
            line.precinct_code or "",
            line.officer or "",
            line.state.label,
            short_time(line.assigned_at),
            line.result or "",
        )
    out.print(table)


@group.command()
def accept(visit_id: VisitId, officer: Officer = None, json: Json = False) -> None:
    """签收 / accept."""
    _act(visit_id, "accept", officer, json)


@group.command()
def depart(visit_id: VisitId, officer: Officer = None, json: Json = False) -> None:
    """出发 / depart."""
    _act(visit_id, "depart", officer, json)


@group.command()
def arrive(visit_id: VisitId, officer: Officer = None, json: Json = False) -> None:
    """到达 / arrive."""
    _act(visit_id, "arrive", officer, json)


@group.command()
@report_options("report")
def report(
    visit_id: VisitId,
    result: Annotated[str, typer.Argument(help="MET_DISSUADED, NOT_FOUND_TEMPORARILY, …")],
    officer: Officer = None,
    json: Json = False,
    **details: Any,
) -> None:
    """反馈结果 / report the result."""
    chosen: Result = arguments.code(result, sorted(VISIT_REPORTS), "result")
    _act(visit_id, "report", officer, json, OfficerReport(result=chosen, **details))


@group.command()
@report_options("tried")
def tried(
    visit_id: VisitId,
    address: Annotated[str, typer.Option(help="地址类型 residence, work, hotel, …")],
    result: Annotated[str, typer.Option(help=f"{', '.join(addresses.IN_VAIN)}")],
    officer: Officer = None,
    json: Json = False,
    **details: Any,
) -> None:
    """一处地址未找到,继续下一处 / one address tried in vain; the visit goes on."""
    kind: AddressKind = arguments.code(address, AddressKind, "--address")
    chosen: Result = arguments.code(result, addresses.IN_VAIN, "--result")
    _act(visit_id, "tried", officer, json, OfficerReport(result=chosen, address=kind, **details))


@group.command("return")
@report_options("return")
def return_(
    visit_id: VisitId,
    reason: Annotated[str, typer.Argument(help="NOT_MY_JURISDICTION, OFFICER_UNAVAILABLE, …")],
    to_unit: Annotated[str | None, typer.Option("--to", help=label_of("to_unit"))] = None,
    officer: Officer = None,
    json: Json = False,
    **details: Any,
) -> None:
    """退回,可同时移交他单位 / return, or offer it to another unit."""
    chosen: ReturnReason = arguments.code(reason, ReturnReason, "reason")
    _act(visit_id, "return", officer, json, OfficerReport(reason=chosen, to_unit=to_unit, **details))


def _act(
    visit_id: str,
    step: str,
    officer: str | None,
    json: bool,
    answer: OfficerReport = OfficerReport(),
) -> None:
    services = build_services()
    with services.sessions() as session:
        key = lookups.visit(session, visit_id)
    try:
        with services.begin() as work:
            visit = officer_steps.act(work, key, step, officer=officer, report=answer)
            line = {"visit": str(visit.id), "case": str(visit.case_id), "state": visit.state, "officer": visit.officer}
        # The journal knows what was tried once that is committed.
        with services.begin() as work:
            to_try = officer_steps.to_try(work, key) if step == "tried" else []
    except Refused as refused:
        if refused.code is RefusalCode.CASE_ENDED_DURING_VISIT:
            with services.begin() as work:
                officer_steps.keep_late(work, key, step, answer)
        raise
    if json:
        json_line(line | ({"to_try": to_try} if step == "tried" else {}))
        return
    out.print(f"{visit.state.label}  {visit.id}")
    if step == "tried":
        left = ", ".join(kind.label for kind in to_try)
        out.print(f"下一处 next: {left}" if left else "各处均已试过,请反馈 every address was tried: report the result")
