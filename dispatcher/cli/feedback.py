"""feedback: what each source is told of its instructions, and what it said."""

from datetime import datetime
from typing import Annotated

import typer

from dispatcher.cli import arguments
from dispatcher.cli.arguments import Json
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import json_line, label, say, short_time
from dispatcher.reporting import feedback
from dispatcher.setup import build_services

group = typer.Typer(help="反馈 / what sources are told, and what they said: list.", no_args_is_help=True)
_DIRECTIONS = {"out": ("告知来源", "told"), "in": ("来源反馈", "said")}


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="feedback")


@group.callback()
def _group() -> None:
    """A group of one command keeps its name."""


@group.command("list")
def list_(
    system: Annotated[str | None, typer.Option(help="来源系统 source system")] = None,
    since: Annotated[str | None, typer.Option(help="起 from, ISO 8601")] = None,
    json: Json = False,
) -> None:
    """列出反馈 / list it, oldest first."""
    moment = arguments.moment(since, "--since")
    with build_services().sessions() as session:
        lines = list(feedback.listed(session, system=system, since=moment))
    if json:
        for line in lines:
            json_line(line)
        return
    columns = (
        *(Column(say("时间", "at")), Column(say("方向", "direction")), words(say("结论", "outcome"))),
        *(words(say("来源", "source")), ids(say("指令", "instruction"))),
    )
    listing = Listing(say(f"反馈 {len(lines)} 条", f"feedback, {len(lines)} lines"), columns)
    for line in lines:
        at = short_time(datetime.fromisoformat(line["at"]))
        said = (say(*_DIRECTIONS[line["direction"]]), label("resolution", line["outcome"]))
        listing.add(at, *said, line["system"], line["instruction_id"])
    listing.print()
