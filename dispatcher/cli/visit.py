"""visit: what officers do, by command until their page is there."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.text import Text

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import By, Json, Reason, VisitId
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import json_line, minute, model_line, name_of, out, say
from dispatcher.cli.report_options import code_list, report_options
from dispatcher.cli.visit_card import card
from dispatcher.errors import Refused
from dispatcher.reporting.report_outcome import report_outcome
from dispatcher.reporting.visits import Chosen, visits
from dispatcher.setup import build_services
from dispatcher.store.visits import VisitRow
from dispatcher.supervision import assignments, corrections
from dispatcher.visits import addresses, officer_steps
from schemas.channel_results import VISIT_REPORTS
from schemas.officer_report import OfficerReport, label_of
from schemas.read_models.visits import ListedVisitLine, ReportOutcome
from schemas.refusals import RefusalCode
from schemas.vocabulary import AddressKind, Result, ReturnReason, Urgency, VisitState

group = typer.Typer(
    help="上门劝阻任务 / door visits: list, assign, card, accept, depart, arrive, tried, report, correct, return.",
    no_args_is_help=True,
)
Officer = Annotated[str | None, typer.Option(help="承办民警警号,必填 badge of who has the visit; needed")]

_RESULTS = code_list("结果 results:", sorted(VISIT_REPORTS))


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
    with build_services().begin() as work:
        place = lookups.unit(work.session, unit)
        badge = lookups.badge(work.session, officer, "--officer")
        chosen = Chosen(everything, chosen_urgency, chosen_state, place, badge, overdue)
        lines = visits(work.session, work.context.policy.ladder, work.now, chosen)
    if json:
        for line in lines:
            model_line(line)
    else:
        _listing(lines).print()


def _listing(lines: list[ListedVisitLine]) -> Listing:
    late = sum(line.overdue for line in lines)
    title = say(f"上门单 {len(lines)} 件,超时 {late} 件", f"{len(lines)} visits, {late} late")
    columns = (
        *(Column(say("编号", "no."), is_number=True), Column(say("紧急", "urgency")), Column(say("期限", "due"))),
        *(words(say("层级", "rung")), words(say("状态", "state"))),
        *(ids(say("民警", "officer")), ids(say("单位", "unit")), ids(say("指令", "instruction"))),
    )
    listing = Listing(title, columns)
    for line in lines:
        due = Text(f"{minute(line.deadline)} {say('超时', 'late')}", "red") if line.overdue else minute(line.deadline)
        officer = line.officer or say("无", "nobody")
        rung = f"{line.rung_number} {name_of(line.rung)}" if line.rung else ""
        state = name_of(line.result or line.state)
        whose = (officer, line.precinct_code or "", line.instructions)
        listing.add(str(line.number), name_of(line.urgency), due, rung, state, *whose)
    return listing


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


@group.command(epilog=_RESULTS)
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


@group.command(epilog=_RESULTS)
@report_options("report")
def correct(
    visit_id: VisitId,
    result: Annotated[str, typer.Argument(help="MET_DISSUADED, NOT_FOUND_TEMPORARILY, …")],
    reason: Reason,
    by: Annotated[
        str | None, typer.Option("--by", "--officer", help="反馈人或主管警号 who reported, or a supervisor")
    ] = None,
    json: Json = False,
    **details: Any,
) -> None:
    """更正反馈,原反馈留存 / correct what was reported; both stay on record."""
    chosen: Result = arguments.code(result, sorted(VISIT_REPORTS), "result")
    badge = arguments.badge(by, "--by") if by else None
    report = OfficerReport(result=chosen, **details)
    with build_services().begin() as work:
        visit = corrections.correct(work, lookups.visit(work.session, visit_id), report, by=badge, reason=reason)
        line = _line(visit) | {"result": visit.result}
        key = visit.id
    told = say(f"已更正:{name_of(chosen)}", f"corrected: {name_of(chosen)}")
    _tell(line, json, told, led_to=_led_to(key))


@group.command(epilog=code_list("结果 results:", addresses.IN_VAIN))
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


@group.command("return", epilog=code_list("退回原因 reasons:", ReturnReason))
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
            line = _line(visit)
        # The journal knows what was tried once that is committed.
        with services.begin() as work:
            to_try = officer_steps.to_try(work, key) if step == "tried" else []
    except Refused as refused:
        if refused.code is RefusalCode.CASE_ENDED_DURING_VISIT:
            with services.begin() as work:
                officer_steps.keep_late(work, key, step, answer)
        raise
    _tell(
        line | ({"to_try": to_try} if step == "tried" else {}),
        json,
        f"{name_of(visit.state)}  {visit.id}",
        led_to=_led_to(key) if step == "report" else None,
    )
    if step == "tried" and not json:
        left = ", ".join(name_of(kind) for kind in to_try)
        done = say("各处均已试过,请反馈结果", "every address was tried: report the result")
        out.print(f"{say('下一处', 'next')}: {left}" if left else done)


def _line(visit: VisitRow) -> dict[str, Any]:
    return {"visit": str(visit.id), "case": str(visit.case_id), "state": visit.state, "officer": visit.officer}


def _led_to(visit_id: UUID) -> ReportOutcome:
    """Once the report is committed, the journal knows what it led to."""
    with build_services().sessions() as session:
        return report_outcome(session, visit_id)


def _tell(line: dict[str, Any], json: bool, told: str, *, led_to: ReportOutcome | None) -> None:
    if json:
        json_line(line | ({"led_to": led_to.model_dump(mode="json")} if led_to else {}))
        return
    out.print(told, highlight=False)
    for said in outcome_lines(led_to) if led_to else ():
        out.print(said, highlight=False)


def outcome_lines(led_to: ReportOutcome) -> Iterator[str]:
    """What a report led to, a line for each thing."""
    if led_to.closed_as is not None:
        yield say(f"已结案:{led_to.closed_as.zh}", f"case closed: {led_to.closed_as.en}")
    elif led_to.reopened:
        yield say("案件已恢复办理", "the case goes on again")
    else:
        yield say("案件继续办理", "the case goes on")
    if led_to.next_visit is not None:
        at = minute(led_to.next_visit_at)
        yield say(f"再次上门:上门单 {led_to.next_visit},{at} 起", f"next visit: number {led_to.next_visit}, from {at}")
    for asked, count in Counter(led_to.bank_asked).items():
        times = f" ×{count}" if count > 1 else ""
        yield say(f"已请银行:{asked.zh}{times}", f"bank asked: {asked.en}{times}")
    for item in led_to.work_items:
        whose = " ".join(filter(None, (name_of(item.role), item.unit)))
        yield say(
            f"待办 {item.number}:{name_of(item.kind)}({whose})",
            f"work item {item.number}: {name_of(item.kind)} ({whose})",
        )
