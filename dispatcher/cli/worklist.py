"""worklist: what waits for a person, most urgent and most overdue first."""

from typing import Annotated

import typer
from rich.text import Text

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import Json
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import minute, model_line, name_of, out, say
from dispatcher.reporting import work_items
from dispatcher.setup import build_services
from schemas.read_models.work_items import OpenWorkItemLine
from schemas.vocabulary import Rung, Urgency, WorkItemKind


def register(app: typer.Typer) -> None:
    app.command()(worklist)


def worklist(
    role: Annotated[str | None, typer.Option("--for", help="岗位 role: officer, station_leader, …, centre")] = None,
    unit: Annotated[str | None, typer.Option(help="单位,县区含其派出所 unit; a county with its precincts")] = None,
    urgency: Annotated[str | None, typer.Option(help="critical, high, medium, low")] = None,
    kind: Annotated[str | None, typer.Option(help="类别 ladder_exhausted, follow_up, …")] = None,
    case: Annotated[str | None, typer.Option(help="任务号或指令号 case or instruction id")] = None,
    mine: Annotated[str | None, typer.Option("--taken-by", help="此警号已取 taken by this badge")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="仅逾期 overdue ones only")] = False,
    json: Json = False,
) -> None:
    """待办:什么在等人处理,紧急与逾期的在前 / what waits for a person, most urgent and most overdue first."""
    chosen_role: Rung | None = arguments.code(role, Rung, "--for") if role else None
    chosen_urgency: Urgency | None = arguments.code(urgency, Urgency, "--urgency") if urgency else None
    chosen_kind: WorkItemKind | None = arguments.code(kind, WorkItemKind, "--kind") if kind else None
    with build_services().begin() as work:
        case_id = lookups.case(work.session, case) if case else None
        place = lookups.unit(work.session, unit)
        badge = lookups.badge(work.session, mine, "--taken-by")
        chosen = work_items.Chosen(chosen_role, place, chosen_urgency, chosen_kind, case_id, overdue, badge)
        lines = list(work_items.listed(work.session, work.now, chosen))
    if json:
        for line in lines:
            model_line(line)
    elif lines:
        _listing(lines).print()
    else:
        out.print(say("没有待办", "nothing waits for a person"))


def _listing(lines: list[OpenWorkItemLine]) -> Listing:
    late = sum(line.overdue for line in lines)
    title = say(f"待办 {len(lines)} 项,逾期 {late} 项", f"{len(lines)} to be done, {late} overdue")
    columns = (
        *(Column(say("编号", "no."), is_number=True), Column(say("紧急", "urgency")), Column(say("期限", "due"))),
        *(words(say("待办事项", "what"), readable=30), words(say("由谁", "for")), ids(say("单位", "unit"))),
    )
    listing = Listing(title, columns)
    for line in lines:
        due = Text(f"{minute(line.due_at)} {say('逾期', 'late')}", "red") if line.overdue else minute(line.due_at)
        has_it = say(f"{line.taken_by} 已取", f"{line.taken_by} has it") if line.taken_by else ""
        told = (name_of(line.kind), has_it or name_of(line.role), line.unit or "")
        listing.add(str(line.number), name_of(line.urgency), due, *told)
    return listing
