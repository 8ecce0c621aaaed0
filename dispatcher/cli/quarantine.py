"""quarantine: lines that could not be taken."""

import sys
from typing import Annotated
from uuid import UUID

import typer
from rich.text import Text

from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import json_line, language, minute, name_of, say
from dispatcher.cli.push import SOME_REFUSED, as_line, print_answer, take_line
from dispatcher.errors import OperatorError
from dispatcher.intake import quarantine as use_case
from dispatcher.setup import build_services
from dispatcher.terminal import showable
from schemas.errors import in_one_language

group = typer.Typer(help="隔离区 / lines that could not be taken: list, show, push.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="隔离编号 quarantine id")]

_DOORS = {"push": ("命令行", "command line"), "celery": ("Celery 队列", "Celery queue")}


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="quarantine")


@group.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="含已重新推送 pushed again ones too")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """列出隔离的行及原因 / list them with their reasons."""
    with build_services().sessions() as session:
        entries = use_case.listed(session, everything=everything)
    columns = (
        Column(say("时间", "at")),
        words(say("状态与原因", "status and reason"), readable=40),
        ids(say("编号", "id")),
    )
    listing = Listing(say(f"隔离区 {len(entries)} 行", f"quarantine, {len(entries)} lines"), columns)
    for entry in entries:
        if json:
            json_line(
                {
                    "id": str(entry.id),
                    "at": entry.received_at.isoformat(),
                    "door": entry.door,
                    "status": entry.status,
                    "field": entry.field,
                    "reason": entry.reason,
                    "bytes": entry.bytes,
                    "pushed_again_at": entry.pushed_again_at.isoformat() if entry.pushed_again_at else None,
                }
            )
        listing.add(minute(entry.received_at), _told(entry), str(entry.id))
    if not json:
        listing.print()


def _told(entry: use_case.Kept) -> Text:
    """How it stands and how urgent it is, by which way it came, and why."""
    urgency = Text(f"{name_of(entry.urgency)} ", "red") if entry.urgency is not None else ""
    door = say(*_DOORS.get(entry.door, (entry.door, entry.door)))
    return Text.assemble(urgency, f"{name_of(entry.status)} ({door}): {in_one_language(entry.reason, language())}")


@group.command()
def show(kept_id: Id) -> None:
    """取出原文以便更正(含个人信息) / the line as it came, for mending; personal data."""
    line = _line(kept_id)
    # Into a file it goes as it came; a screen is shown it, and commanded nothing.
    if sys.stdout.isatty():
        sys.stdout.write(showable(line) + "\n")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape") + b"\n")


@group.command()
def push(kept_id: Id, json: Annotated[bool, typer.Option("--json", help="JSON")] = False) -> None:
    """更正配置后重新推送原文 / push the line again as it came."""
    services = build_services()
    answer = take_line(services, _line(kept_id).encode("utf-8", "surrogateescape"))
    # Refused again, it is kept again under a new id with its new reason; this entry is done with either way.
    with services.begin() as work:
        use_case.mark_pushed_again(work, UUID(kept_id))
    if json:
        json_line(as_line(1, answer))
    else:
        print_answer(services, 1, answer)
    if not answer.taken:
        raise typer.Exit(SOME_REFUSED)


def _line(kept_id: str) -> str:
    services = build_services()
    try:
        with services.begin() as work:
            line = use_case.line(work, UUID(kept_id))
    except ValueError:
        line = None
    if line is None:
        raise OperatorError(
            f"隔离区没有 {kept_id}", f"nothing in quarantine under {kept_id}; see `dispatcher quarantine list`"
        )
    return line
