"""verify: does the journal say what the tables say?"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from dispatcher.cli.arguments import Json
from dispatcher.cli.output import err, json_line, out, say, wide_table
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
        _print(verdict, rebuild=rebuild)
    if verdict.differences:
        raise typer.Exit(1)


def _watched(verdicts: Iterator[Verdict], *, show: bool) -> Verdict:
    """The last verdict; on a terminal how far it has come is shown meanwhile."""
    verdict = Verdict()
    with err.status("…") as status:
        for verdict in verdicts:
            if show:
                status.update(_counted(verdict, rebuild=True))
    return verdict


def _print(verdict: Verdict, *, rebuild: bool) -> None:
    out.print(_counted(verdict, rebuild=rebuild))
    if not verdict.differences:
        out.print(
            _what_is_right(verdict, rebuild=rebuild), style="green" if verdict.entries else "yellow", soft_wrap=True
        )
        return
    columns = (
        ("任务", "case"),
        ("表", "table"),
        ("行", "row"),
        ("列", "column"),
        ("日志", "journal"),
        ("数据表", "found"),
    )
    count = len(verdict.differences)
    table = wide_table(say(f"不一致 {count} 处", f"{count} differences"), *(say(*name) for name in columns))
    for difference in verdict.differences[:_SHOWN]:
        table.add_row(
            difference.case or "—",
            difference.table,
            difference.key,
            difference.column or say("(整行)", "(whole row)"),
            str(difference.journal),
            str(difference.found),
        )
    out.print(table)
    if len(verdict.differences) > _SHOWN:
        out.print(say(f"仅显示前 {_SHOWN} 处,全部用 --json", f"the first {_SHOWN} only; --json shows all"))


def _counted(verdict: Verdict, *, rebuild: bool) -> str:
    """What was looked at; rows only where they were."""
    cases, entries, rows = verdict.cases, verdict.entries, verdict.rows
    counted = say(f"任务 {cases} 个,日志 {entries} 条", f"{cases} cases, {entries} journal entries")
    return counted + say(f",数据表 {rows} 行", f", {rows} rows of the tables") if rebuild else counted


def _what_is_right(verdict: Verdict, *, rebuild: bool) -> str:
    """What was looked at, and no more."""
    if not verdict.entries:
        return say("没有可核对的日志", "there is no journal to check")
    if not rebuild:
        return say(
            "日志编号无缺;未与数据表比对,比对用 --rebuild",
            "no journal entry is missing; the tables were not compared, --rebuild compares them",
        )
    if not verdict.rows:
        return say("日志编号无缺;没有可比对的数据行", "no journal entry is missing; there are no rows to compare")
    return say("日志编号无缺,与数据表逐行一致", "no journal entry is missing, and it is equal to the tables row by row")
