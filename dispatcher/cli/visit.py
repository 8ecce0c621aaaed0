"""visit: what officers do, by command until their page is there."""

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import By, Json, VisitId
from dispatcher.cli.output import json_line, list_table, minute, model_line, name_of, out, say
from dispatcher.cli.report_options import report_options
from dispatcher.cli.visit_card import card
from dispatcher.errors import Refused
from dispatcher.reporting.visits import Chosen, visits
from dispatcher.setup import build_services
from dispatcher.supervision import assignments
from dispatcher.visits import addresses, officer_steps
from schemas.channel_results import VISIT_REPORTS
from schemas.officer_report import OfficerReport, label_of
from schemas.read_models.visits import ListedVisitLine
from schemas.refusals import RefusalCode
from schemas.vocabulary import AddressKind, Result, ReturnReason, Urgency, VisitState

group = typer.Typer(
    help="上门劝阻任务 / door visits: list, assign, card, accept, depart, arrive, tried, report, return.",
    no_args_is_help=True,
)
Officer = Annotated[str | None, typer.Option(help="警号;与派单不符则拒绝 badge; refused if the visit is another's")]


def register(app: typer.Typer) -> None:
    group.command()(card)
    app.add_typer(group, name="visit")


@group.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="含已结束 ended ones too")] = False,
    urgency: Annotated[str | None, typer.Option(help="critical, high, medium, low")] = None,
    state: Annotated[str | None, typer.Option(help="waiting, assigned, accepted, …")] = None,
    unit: Annotated[str | None, typer.Option(help="单位,县区含其派出所 unit; a county with its precincts")] = None,
    officer: Annotated[str | None, typer.Option(help="承办民警警号 badge of who has it")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="仅超时 late ones only")] = False,
    json: Json = False,
) -> None:
    """列出上门单,紧急与超时的在前 / list visits, late and urgent ones first."""
    chosen_urgency: Urgency | None = arguments.code(urgency, Urgency, "--urgency") if urgency else None
    chosen_state: VisitState | None = arguments.code(state, VisitState, "--state") if state else None
    badge = arguments.badge(officer, "--officer") if officer else None
    with build_services().begin() as work:
        place = lookups.unit(work.session, unit)
        chosen = Chosen(everything, chosen_urgency, chosen_state, place, badge, overdue)
        lines = visits(work.session, work.now, chosen)
    if json:
        for line in lines:
            model_line(line)
    else:
        out.print(_table(lines))


def _table(lines: list[ListedVisitLine]) -> Table:
    late = sum(line.overdue for line in lines)
    title = say(f"上门单 {len(lines)} 件,超时 {late} 件", f"{len(lines)} visits, {late} late")
    table = list_table(title)
    table.add_column(say("编号", "no."), justify="right", no_wrap=True)
    table.add_column(say("紧急", "urgency"), no_wrap=True)
    table.add_column(say("期限", "due"), no_wrap=True)
    table.add_column(say("状态", "state"), no_wrap=True)
    table.add_column(say("民警", "officer"), overflow="fold")
    table.add_column(say("单位", "unit"), overflow="fold")
    table.add_column(say("指令", "instructions"), no_wrap=True)
    for line in lines:
        due = Text(f"{minute(line.deadline)} {say('超时', 'late')}", "red") if line.overdue else minute(line.deadline)
        officer = line.officer or say("无", "nobody")
        state = name_of(line.result or line.state)
        names = ", ".join(line.instructions)
        table.add_row(str(line.number), name_of(line.urgency), due, state, officer, line.precinct_code or "", names)
    return table


@group.command("assign")
def assign_(
    visit_id: VisitId,
    officer: Annotated[str, typer.Argument(metavar="OFFICER", help="承办民警警号 badge")],
    by: By,
    json: Json = False,
) -> None:
    """指派民警:被指派者即得此单 / give a visit to an officer by name."""
    badge, order_by = arguments.badge(officer, "OFFICER"), arguments.badge(by, "--by")
    with build_services().begin() as work:
        visit = assignments.assign(work, lookups.visit(work.session, visit_id), badge, by=order_by)
        line = {"visit": str(visit.id), "number": visit.number, "case": str(visit.case_id), "officer": badge}
    if json:
        json_line(line)
    else:
        told = say(f"上门单 {visit.number} 已指派 {badge},待签收", f"visit {visit.number}: {badge} is to accept it")
        out.print(told, highlight=False)


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
    out.print(f"{name_of(visit.state)}  {visit.id}")
    if step == "tried":
        left = ", ".join(name_of(kind) for kind in to_try)
        done = say("各处均已试过,请反馈结果", "every address was tried: report the result")
        out.print(f"{say('下一处', 'next')}: {left}" if left else done)
