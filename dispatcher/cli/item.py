"""item: one thing that waits for a person: show it, take it, hand it over, say that it is done."""

from collections.abc import Mapping
from typing import Annotated

import typer

from dispatcher.cli import arguments, case_screen, lookups
from dispatcher.cli.arguments import By, Json, Reader
from dispatcher.cli.output import json_line, minute, model_line, name_of, out, print_lines, say
from dispatcher.reporting.explain import Words
from dispatcher.reporting.work_items import work_item
from dispatcher.setup import build_services
from dispatcher.supervision import remarks, work_items
from dispatcher.supervision.work_items import WorkItemResult
from dispatcher.texts import reasons
from schemas.read_models.work_items import WorkItemLine
from schemas.vocabulary import FollowUp, WorkItemKind

group = typer.Typer(help="待办 / one work item: show, take, done, hand-over.", no_args_is_help=True)
Item = Annotated[str, typer.Argument(metavar="NUMBER", help="编号(见 dispatcher worklist) its number or id")]
_K = WorkItemKind
# What does it, a command a line; {case}, {visit}, {number}, {of_unit} and {about} are filled in.
_ASSIGN = "dispatcher visit assign {visit} OFFICER --by …"
COMMANDS: Mapping[WorkItemKind, tuple[str, ...]] = {
    _K.FOLLOW_UP: ("dispatcher item done {number} --outcome … --by …",),
    _K.OPERATOR_HELP: (
        "dispatcher push FILE",
        "dispatcher decide locate {case} …",
        "dispatcher item done {number} --by …",
    ),
    _K.EMPLOYER_APPROVAL: (
        "dispatcher decide call {case} --relation employer …",
        "dispatcher item done {number} --by …",
    ),
    _K.PRECINCT_UNKNOWN: ("dispatcher decide locate {case} …", "dispatcher item done {number} --by …"),
    _K.CONFLICT: ("dispatcher quarantine list", "dispatcher item done {number} --by …"),
    _K.NOT_SENT: ("dispatcher case show {case}", "dispatcher providers", "dispatcher item done {number} --by …"),
    _K.LADDER_EXHAUSTED: (_ASSIGN,),
    _K.VISIT_OVERDUE: (_ASSIGN, "dispatcher visit report {visit} …", "dispatcher transfer report {visit} …"),
    _K.TRANSFER_OFFERED: ("dispatcher transfer accept {visit} --by …", "dispatcher transfer refuse {visit} --by …"),
    _K.OFFER_LAPSED: ("dispatcher transfer offer {visit} UNIT …", _ASSIGN),
    _K.VISIT_RESULT: ("dispatcher decide locate|call|close {case} …",),
    _K.PLAN_EXHAUSTED: ("dispatcher decide locate|call|pause|close {case} …",),
    _K.EXPIRED: ("dispatcher decide revive|close {case} …",),
    _K.SUPPRESSED: ("dispatcher decide revive|close {case} …",),
    _K.HELD_CASE: ("dispatcher decide revive|resume|close {case} …",),
    _K.PAUSED: ("dispatcher decide resume {case} …",),
    _K.LIFT_PROTECTION: ("dispatcher decide lift {case} …",),
    _K.URGENT_REFUSED: ("dispatcher quarantine show {about}", "dispatcher push FILE"),
    _K.PROVIDER_OUT: (
        "dispatcher providers --history --name {about}",
        "dispatcher providers resume {about} …",
    ),
    _K.EMPTY_SHIFT: ("dispatcher roster show{of_unit}", "dispatcher roster load FILE"),
    _K.POLICY_ODD: ("dispatcher policy check FILE", "dispatcher item done {number} --by …"),
}
_DONE = ("dispatcher item done {number} --by …",)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="item")


@group.command()
def show(item: Item, by: Reader = None, json: Json = False) -> None:
    """一项待办,及办法 / one of them, and what does it."""
    reader = arguments.badge(by, "--by") if by else None
    services = build_services()
    with services.sessions() as session:
        key = lookups.work_item(session, item)
        line = work_item(session, key)
        visit = lookups.open_visit(session, line.case) if line.case is not None else None
        written = remarks.listed(session, line.case) if line.case is not None else []
    if reader is not None and line.case is not None:
        with services.begin() as work:
            written = remarks.read(work, line.case, by=reader)
    if json:
        json_line(line.model_dump(mode="json") | {"remarks": [each.model_dump(mode="json") for each in written]})
        return
    _print(line)
    if written:
        words = Words(services.context.policy, reasons.load())
        print_lines(case_screen.written(written, words))
    if line.done_at is None:
        print_lines(say("办法", "do") + ":")
        known = dict(line) | {"visit": visit or "VISIT", "of_unit": f" --unit {line.unit}" if line.unit else ""}
        for command in COMMANDS.get(line.kind, _DONE):
            out.print(command.format(**known), soft_wrap=True, highlight=False)


@group.command()
def take(item: Item, by: By, json: Json = False) -> None:
    """由我处理 / see to it oneself; nobody else is reminded meanwhile."""
    badge = arguments.badge(by, "--by")
    with build_services().begin() as work:
        row = work_items.take(work, lookups.work_item(work.session, item), by=badge)
        line = work_item(work.session, row.id)
    _tell(line, json)


@group.command("hand-over")
def hand_over(
    item: Item, to: Annotated[str, typer.Option(help="接手人警号 badge of who gets it")], by: By, json: Json = False
) -> None:
    """交由他人处理 / give it to somebody else."""
    badge, giver = arguments.badge(to, "--to"), arguments.badge(by, "--by")
    with build_services().begin() as work:
        row = work_items.hand_over(work, lookups.work_item(work.session, item), badge, by=giver)
        line = work_item(work.session, row.id)
    _tell(line, json)


@group.command()
def done(
    item: Item,
    by: By,
    outcome: Annotated[str | None, typer.Option(help=f"回访结果 of a follow-up: {', '.join(FollowUp)}")] = None,
    loss_yuan: Annotated[
        int | None,
        typer.Option(
            min=0, max=10**15, help="上门反馈(无则预警)之后的损失(元) all gone since the last report, or the warning"
        ),
    ] = None,
    note: Annotated[str | None, typer.Option(help="备注(存入个人信息库) kept in the vault")] = None,
    json: Json = False,
) -> None:
    """办结 / say that it is done."""
    follow_up: FollowUp | None = arguments.code(outcome, FollowUp, "--outcome") if outcome else None
    badge = arguments.badge(by, "--by")
    with build_services().begin() as work:
        form = WorkItemResult(follow_up, loss_yuan, note)
        row = work_items.done(work, lookups.work_item(work.session, item), form, by=badge)
        line = work_item(work.session, row.id)
    _tell(line, json)


def _tell(line: WorkItemLine, json: bool) -> None:
    if json:
        model_line(line)
    else:
        _print(line)


def _print(line: WorkItemLine) -> None:
    facts = {
        say("编号", "number"): line.number,
        say("事项", "what"): name_of(line.kind),
        say("状态", "state"): name_of(line.state),
        say("期限", "due"): minute(line.due_at),
        say("由谁", "for"): " ".join(filter(None, (name_of(line.role), line.unit))),
        say("处理人", "taken by"): line.taken_by,
        say("上报次数", "times overdue"): line.climbs or None,
        say("办结", "ended"): f"{minute(line.done_at)} {line.done_by}" if line.done_at else None,
        say("结果", "outcome"): name_of(line.outcome) if line.outcome else None,
        say("案件", "case"): line.case,
        say("涉及", "about"): line.about,
    }
    for name, value in facts.items():
        if value is not None:
            print_lines(f"{name}: {value}")
