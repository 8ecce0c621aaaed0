"""push: the centre's instructions and events, as JSON Lines."""

import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Annotated, cast
from uuid import UUID

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from dispatcher.cli import push_table
from dispatcher.cli.output import err, json_line, language, out, say
from dispatcher.errors import OperatorError
from dispatcher.intake import batch, lines
from dispatcher.intake.answer import Answer
from dispatcher.reporting import work_items
from dispatcher.setup import Services, build_services, collect_garbage_seldom
from dispatcher.store.retries import retry_on_deadlock
from dispatcher.terminal import one_line
from schemas.errors import in_one_language
from schemas.vocabulary import IntakeStatus, WorkItemKind

DOOR = "push"
SOME_REFUSED = 3
_READ_BYTES = 256 * 1024  # some slices of lines, and what a pipe holds at once
_COLOURS = {IntakeStatus.ACCEPTED: "green", IntakeStatus.REFUSED: "red", IntakeStatus.CONFLICT: "yellow"}


def register(app: typer.Typer) -> None:
    app.command()(push)


def push(
    file: Annotated[str, typer.Argument(help="JSON Lines、CSV、XLSX;- 为标准输入 - for standard input")],
    json: Annotated[bool, typer.Option("--json", help="每行输出 JSON / one JSON object a line")] = False,
    system: Annotated[str | None, typer.Option(help="表格:来源系统 of a table: its source")] = None,
    columns: Annotated[str | None, typer.Option(help="表格:列对应方案 of a table: columns that were kept")] = None,
    named: Annotated[
        list[str] | None, typer.Option("--map", help="表格:列名=字段,可多次 of a table: COLUMN=FIELD; repeatable")
    ] = None,
    keep: Annotated[str | None, typer.Option(help="表格:保存列对应方案 of a table: keep its columns so")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="表格:只预览,不推送 of a table: look, push nothing")
    ] = False,
    refused_to: Annotated[
        Path | None, typer.Option("--refused", help="表格:未受理的行写入此文件 of a table: its refused rows go there")
    ] = None,
) -> None:
    """推送预警指令与事件 / push instructions and events. Exit 3 if some were refused."""
    services = build_services()
    table = push_table.Table(Path(file), system, named or (), columns, keep)
    is_table = table.path.suffix.lower() in push_table.SUFFIXES
    if is_table and refused_to is not None and refused_to.resolve() == table.path.resolve():
        raise OperatorError("--refused 不可与输入文件相同", "--refused must name another file")
    if is_table and preview:
        push_table.preview(table, services)
        return
    refused = 0
    collect_garbage_seldom()
    answers = _answers_of_table(services, table, refused_to) if is_table else _answers(services, file)
    for number, answer in answers:
        refused += not answer.taken
        if json:
            json_line(as_line(number, answer))
        else:
            print_answer(services, number, answer)
    if refused:
        raise typer.Exit(SOME_REFUSED)


@retry_on_deadlock
def take_line(services: Services, raw: bytes) -> Answer:
    """One line in transactions of its own."""
    return lines.take_line(services.begin, raw, door=DOOR)


def _answers(services: Services, file: str) -> Iterator[tuple[int, Answer]]:
    if file == "-":
        yield from _take_lines(services, cast(BufferedReader, sys.stdin.buffer))
        return
    path = Path(file)
    try:
        size, stream = path.stat().st_size, path.open("rb")
    except OSError as error:
        raise OperatorError(f"无法读取 {file}", f"can't read {file} ({error.strerror})") from None
    bar = Progress(
        TextColumn(say("推送", "push")),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
        console=err,
    )
    with stream, bar:
        task = bar.add_task("push", total=size, done="0")
        for number, answer in _take_lines(services, stream):
            bar.update(task, completed=stream.tell(), done=f"{number}")
            yield number, answer


def _answers_of_table(
    services: Services, table: push_table.Table, refused_to: Path | None
) -> Iterator[tuple[int, Answer]]:
    sheet, answered = push_table.take(table, services, DOOR)
    yield from ((line.row.number, answer) for line, answer in answered)
    bad = [(line.row, answer.reason or "") for line, answer in answered if not answer.taken]
    if bad:
        push_table.write_refused(sheet, bad, refused_to or table.path.with_name(f"refused-{table.path.name}"))


def _take_lines(services: Services, stream: BufferedReader) -> Iterator[tuple[int, Answer]]:
    for numbered in lines_there(stream):
        answers = batch.take_lines(services.begin, [raw for _, raw in numbered], door=DOOR)
        yield from zip((number for number, _ in numbered), answers, strict=True)


def lines_there(stream: BufferedReader) -> Iterator[list[tuple[int, bytes]]]:
    """Lines with their numbers, by slices, without blank ones. None waits for one that is still to come."""
    number, begun = 0, bytearray()
    while read := stream.read1(_READ_BYTES):
        begun += read
        if b"\n" in read:
            *whole, begun = begun.split(b"\n")
            for first in range(0, len(whole), batch.SLICE):
                yield from _filled(whole[first : first + batch.SLICE], number + first)
            number += len(whole)
    yield from _filled([begun], number)


def _filled(lines: list[bytearray], before: int) -> Iterator[list[tuple[int, bytes]]]:
    filled = [(number, bytes(line).strip()) for number, line in enumerate(lines, start=before + 1) if line.strip()]
    if filled:
        yield filled


def as_line(number: int, answer: Answer) -> dict[str, object]:
    """The answer as programs read it."""
    return {
        "line": number,
        "instruction_id": answer.instruction_id,
        "status": answer.status,
        "case": answer.case,
        "reason": answer.reason,
    }


def print_answer(services: Services, number: int, answer: Answer) -> None:
    """The answer as people read it: its code first, which scripts look for; of a conflict also who decides, and how."""
    colour = _COLOURS.get(answer.status, "cyan")
    words = (
        *([answer.status.zh] if language() == "zh" else []),
        answer.instruction_id or say(f"第 {number} 行", f"line {number}"),
        answer.case or "",
        in_one_language(answer.reason or "", language()),
    )
    out.print(Text(answer.status, colour), *map(one_line, filter(None, words)), highlight=False, soft_wrap=True)
    if answer.status is IntakeStatus.CONFLICT and answer.case is not None:
        _print_who_decides(services, UUID(answer.case))


def _print_who_decides(services: Services, case_id: UUID) -> None:
    """A conflict is taken, so the exit code says nothing; its work item waits for a person."""
    with services.begin() as work:
        chosen = work_items.Chosen(kind=WorkItemKind.CONFLICT, case_id=case_id)
        numbers = [each.number for each in work_items.listed(work.session, work.now, chosen)]
    for number in numbers:
        told = say(f"待人工核对:待办 {number}", f"a person compares them: work item {number}")
        out.print(f"  {told}  dispatcher item show {number}", highlight=False, soft_wrap=True)
