"""push: the centre's instructions and events, as JSON Lines."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from dispatcher.cli.output import err, json_line, out
from dispatcher.errors import OperatorError
from dispatcher.intake import lines
from dispatcher.intake.answer import Answer
from dispatcher.setup import Services, build_services
from dispatcher.store.retries import retry_on_deadlock
from schemas.vocabulary import IntakeStatus

DOOR = "push"
SOME_REFUSED = 3
_COLOURS = {IntakeStatus.ACCEPTED: "green", IntakeStatus.REFUSED: "red", IntakeStatus.CONFLICT: "yellow"}


def register(app: typer.Typer) -> None:
    app.command()(push)


def push(
    file: Annotated[str, typer.Argument(help="JSON Lines;- 为标准输入 - for standard input")],
    json: Annotated[bool, typer.Option("--json", help="每行输出 JSON / one JSON object a line")] = False,
) -> None:
    """推送预警指令与事件 / push instructions and events. Exit 3 if some were refused."""
    services = build_services()
    refused = 0
    for number, answer in _answers(services, file):
        refused += not answer.taken
        if json:
            json_line(as_line(number, answer))
        else:
            print_answer(number, answer)
    if refused:
        raise typer.Exit(SOME_REFUSED)


@retry_on_deadlock
def take_line(services: Services, raw: bytes) -> Answer:
    """One line in transactions of its own."""
    return lines.take_line(services.begin, raw, door=DOOR)


def _answers(services: Services, file: str) -> Iterator[tuple[int, Answer]]:
    if file == "-":
        yield from _take_lines(services, sys.stdin.buffer)
        return
    path = Path(file)
    try:
        size, stream = path.stat().st_size, path.open("rb")
    except OSError as error:
        raise OperatorError(f"无法读取 {file}", f"can't read {file} ({error.strerror})") from None
    bar = Progress(
        TextColumn("推送 push"), BarColumn(), TextColumn("{task.fields[done]}"), TimeRemainingColumn(), console=err
    )
    with stream, bar:
        task = bar.add_task("push", total=size, done="0")
        for number, answer in _take_lines(services, stream):
            bar.update(task, completed=stream.tell(), done=f"{number}")
            yield number, answer


def _take_lines(services: Services, stream: BinaryIO) -> Iterator[tuple[int, Answer]]:
    for number, raw in enumerate(stream, start=1):
        if raw.strip():
            yield number, take_line(services, raw.strip())


def as_line(number: int, answer: Answer) -> dict[str, object]:
    """The answer as programs read it."""
    return {
        "line": number,
        "instruction_id": answer.instruction_id,
        "status": answer.status,
        "case": answer.case,
        "reason": answer.reason,
    }


def print_answer(number: int, answer: Answer) -> None:
    """The answer as people read it."""
    colour = _COLOURS.get(answer.status, "cyan")
    out.print(
        Text(answer.status, colour),
        answer.status.zh,
        answer.instruction_id or f"第 {number} 行 line {number}",
        answer.case or "",
        answer.reason or "",
        highlight=False,
    )
