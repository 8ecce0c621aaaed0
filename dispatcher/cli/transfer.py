"""transfer: a visit that is offered to another unit, and what that unit says."""

from typing import Annotated, Any

import typer

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import By, Json
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import minute, model_line, name_of, out, say
from dispatcher.cli.report_options import code_list, report_options
from dispatcher.setup import build_services
from dispatcher.store.visits import VisitRow
from dispatcher.visits import transfers
from schemas.channel_results import VISIT_REPORTS
from schemas.officer_report import OfficerReport
from schemas.vocabulary import Result, ReturnReason

group = typer.Typer(help="移交 / visits for another unit: list, offer, accept, refuse, report.", no_args_is_help=True)
Visit = Annotated[str, typer.Argument(metavar="VISIT", help="上门单编号 its number or id")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="transfer")


@group.command("list")
def list_(
    visit: Annotated[
        str | None, typer.Argument(metavar="VISIT", help="某一任务的全部移交 every leg of one visit")
    ] = None,
    json: Json = False,
) -> None:
    """列出待接收、待反馈的移交 / what waits for another unit."""
    with build_services().sessions() as session:
        lines = list(transfers.listed(session, lookups.visit(session, visit) if visit else None))
    if json:
        for line in lines:
            model_line(line)
        return
    columns = (
        *(Column(say("上门单", "visit"), is_number=True), Column(say("答复期限", "answer by"))),
        *(words(say("状态", "state")), words(say("原因", "reason")), ids(say("自", "from")), ids(say("至", "to"))),
    )
    listing = Listing(say(f"移交 {len(lines)} 件", f"{len(lines)} transfers"), columns)
    for line in lines:
        told = (minute(line.answer_by), name_of(line.state), name_of(line.reason))
        listing.add(str(line.number), *told, line.from_unit or "", line.to_unit)
    listing.print()


@group.command()
def offer(
    visit: Visit,
    to: Annotated[str, typer.Option(help="单位代码 unit code")],
    by: By,
    reason: Annotated[str, typer.Option(help="NOT_MY_JURISDICTION, …")] = ReturnReason.NOT_MY_JURISDICTION.value,
    json: Json = False,
) -> None:
    """主管移交 / a supervisor offers the visit to another unit."""
    _carry_out(transfers.order, visit, by, json, to_unit=to, reason=arguments.code(reason, ReturnReason, "--reason"))


@group.command()
def accept(visit: Visit, by: By, json: Json = False) -> None:
    """接收 / accept."""
    _carry_out(transfers.answer, visit, by, json, accepts=True)


@group.command()
def refuse(visit: Visit, by: By, json: Json = False) -> None:
    """拒收 / refuse."""
    _carry_out(transfers.answer, visit, by, json, accepts=False)


@group.command(epilog=code_list("结果 results:", sorted(VISIT_REPORTS)))
@report_options("report")
def report(
    visit: Visit,
    result: Annotated[str, typer.Option(help="MET_DISSUADED, NOT_FOUND_TEMPORARILY, …")],
    by: By,
    json: Json = False,
    **details: Any,
) -> None:
    """外地反诈中心反馈结果 / what the other centre says came of it."""
    chosen: Result = arguments.code(result, sorted(VISIT_REPORTS), "--result")
    _carry_out(transfers.report, visit, by, json, said=OfficerReport(result=chosen, **details))


def _carry_out(step: Any, visit: str, by: str, json: bool, **what: Any) -> None:
    badge = arguments.badge(by, "--by")
    with build_services().begin() as work:
        row = step(work, lookups.visit(work.session, visit), by=badge, **what)
        line = transfers.line(row, work.session.get_one(VisitRow, row.visit_id).number)
    if json:
        model_line(line)
    else:
        out.print(f"{name_of(line.state)}  {line.number}  → {line.to_unit}", highlight=False)
