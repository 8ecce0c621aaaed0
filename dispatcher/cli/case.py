"""case: everything on record about one case."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dispatcher.cli.output import label, log_table, model_line, out, short_time
from dispatcher.cli.why import explain_case
from dispatcher.errors import OperatorError
from dispatcher.reporting.case import case_ids as find_case_ids
from dispatcher.reporting.case import case_report
from dispatcher.setup import build_services
from schemas.read_models.case import CaseReport


def register(app: typer.Typer) -> None:
    app.command()(case)


def case(
    name: Annotated[str, typer.Argument(metavar="ID", help="任务号或指令号 case or instruction id")],
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
    why: Annotated[bool, typer.Option("--why", help="逐条说明理由 each decision in plain words")] = False,
    language: Annotated[str | None, typer.Option(help="理由的语言 language of --why: zh, en")] = None,
) -> None:
    """一个劝阻任务的全部记录 / everything on record about one case."""
    services = build_services()
    with services.sessions() as session:
        case_ids = find_case_ids(session, name)
        if not case_ids:
            raise OperatorError(f"没有任务或指令 {name}", f"no case or instruction {name}; see `dispatcher log`")
        for case_id in case_ids:
            report = case_report(session, case_id)
            if why:
                explain_case(report, services.context.policy, language, as_json=json)
            elif json:
                model_line(report)
            else:
                _print(report)


def _print(report: CaseReport) -> None:
    heading = Text(f"劝阻任务 case {report.case}", "bold")
    out.print(heading, f" 指令 instructions: {', '.join(report.instructions)}")
    ended = report.resolution.label if report.resolution else report.state
    out.print(f"  紧急程度 urgency: {report.urgency.label}   结论 resolution: {ended}")
    if report.waiting_for:
        out.print(f"  等待人工 waiting for: {report.waiting_for}", style="yellow")
    for name, at in report.deadlines.items():
        out.print(f"  期限 {name}: {short_time(at)}")
    money = {name: value for name, value in report.money if value}
    out.print(f"  金额 money (yuan): {money}", highlight=False)
    out.print(log_table(report.attempts, "尝试 attempts"))
    table = Table(title="日志 journal", title_justify="left")
    for name in ("seq", "时间 at", "操作者 actor", "事件 event", "规则 rule", "数据 data"):
        table.add_column(name, overflow="fold")
    for entry in report.journal:
        data = ", ".join(
            f"{key}={label(key, str(value))}" for key, value in entry.data.items() if value not in (None, "", [])
        )
        table.add_row(str(entry.seq), short_time(entry.at), entry.actor, entry.event, entry.rule or "", data)
    out.print(table)
