"""duty: what a person has to do about a case beside a visit, follow-ups among them."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import By, Json
from dispatcher.cli.output import model_line, out, short_time
from dispatcher.reporting.work_items import work_item_line
from dispatcher.setup import build_services
from dispatcher.supervision import work_items
from schemas.vocabulary import FollowUp, WorkItemKind

group = typer.Typer(help="待办 / duties, follow-ups among them: list, done.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="duty")


@group.command("list")
def list_(
    kind: Annotated[str | None, typer.Option(help="follow_up, case_report, …")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="仅逾期 overdue ones only")] = False,
    case: Annotated[str | None, typer.Option(help="任务号或指令号 case or instruction id")] = None,
    json: Json = False,
) -> None:
    """列出未完成的待办 / what is still to be done."""
    chosen: WorkItemKind | None = arguments.code(kind, WorkItemKind, "--kind") if kind else None
    services = build_services()
    with services.begin() as work:
        case_id = lookups.case(work.session, case) if case else None
        lines = work_items.listed(work, kind=chosen, overdue=overdue, case_id=case_id)
    table = Table(title="待办 duties", title_justify="left")
    for name in ("待办 duty", "任务 case", "类别 kind", "期限 due", "规则 rule"):
        table.add_column(name, overflow="fold")
    for line in lines:
        if json:
            model_line(line)
        due = short_time(line.due_at)
        shown = Text(f"{due} 逾期 overdue", "red") if line.overdue else due
        table.add_row(str(line.duty), str(line.case), line.kind.label, shown, line.rule)
    if not json:
        out.print(table)


@group.command()
def done(
    duty: Annotated[str, typer.Argument(metavar="ID", help="待办编号 duty id")],
    by: By,
    outcome: Annotated[str | None, typer.Option(help=f"回访结果 of a follow-up: {', '.join(FollowUp)}")] = None,
    loss_yuan: Annotated[
        int | None, typer.Option(min=0, max=10**15, help="预警后共损失(元) all that has gone since the warning")
    ] = None,
    note: Annotated[str | None, typer.Option(help="备注(存入个人信息库) kept in the vault")] = None,
    json: Json = False,
) -> None:
    """完成待办 / a duty is done."""
    follow_up: FollowUp | None = arguments.code(outcome, FollowUp, "--outcome") if outcome else None
    key, badge = arguments.uuid(duty, "ID", "dispatcher duty list"), arguments.badge(by, "--by")
    services = build_services()
    with services.begin() as work:
        line = work_item_line(
            work_items.done(work, key, work_items.WorkItemResult(follow_up, loss_yuan, note), by=badge)
        )
    if json:
        model_line(line)
    else:
        result = line.outcome.label if line.outcome else ""
        out.print(f"已完成 done  {line.kind.label}  {result}  {line.duty}", highlight=False)
