"""verify: does the journal say what the tables say?"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from dispatcher.cli.arguments import Json
from dispatcher.cli.output import err, json_line, out
from dispatcher.reporting import verify as use_case
from dispatcher.reporting.verify import Verdict
from dispatcher.setup import build_services

_SHOWN = 20


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="由日志重建并逐行比对 / rebuild from the journal")] = False,
    json: Json = False,
) -> None:
    """核对劝阻日志:编号无缺;--rebuild 与数据表逐行一致 / check the journal: no gap, and equal to the tables."""
    services = build_services()
    with services.sessions() as session:
        verdict = _watched(use_case.compare(session, rows=rebuild), show=not json)
    if json:
        json_line(asdict(verdict))
    else:
        _print(verdict)
    if verdict.differences:
        raise typer.Exit(1)


def _watched(verdicts: Iterator[Verdict], *, show: bool) -> Verdict:
    """The last verdict; on a terminal how far it has come is shown meanwhile."""
    verdict = Verdict()
    with err.status("…") as status:
        for verdict in verdicts:
            if show:
                status.update(f"任务 cases {verdict.cases}   条目 entries {verdict.entries}   行 rows {verdict.rows}")
    return verdict


def _print(verdict: Verdict) -> None:
    out.print(f"任务 cases: {verdict.cases}   日志条目 journal entries: {verdict.entries}   行 rows: {verdict.rows}")
    if not verdict.differences:
        out.print("日志与数据表一致 the journal and the tables are equal", style="green")
        return
    table = Table(title=f"不一致 differences: {len(verdict.differences)}", title_justify="left")
    for name in ("任务 case", "表 table", "行 row", "列 column", "日志 journal", "数据表 table"):
        table.add_column(name, overflow="fold")
    for difference in verdict.differences[:_SHOWN]:
        table.add_row(
            difference.case or "—",
            difference.table,
            difference.key,
            difference.column or "(行 row)",
            str(difference.journal),
            str(difference.found),
        )
    out.print(table)
    if len(verdict.differences) > _SHOWN:
        err.print(f"仅显示前 {_SHOWN} 处 first {_SHOWN} only; use --json")
