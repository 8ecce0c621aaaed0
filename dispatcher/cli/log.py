"""log: one line per attempt."""

from itertools import islice
from typing import Annotated

import typer

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import Precinct
from dispatcher.cli.output import err, log_table, model_line, out
from dispatcher.reporting import log as attempt_log
from dispatcher.setup import build_services
from schemas.vocabulary import Channel, Result

_SCREEN = 1000


def register(app: typer.Typer) -> None:
    app.command()(log)


def log(
    case: Annotated[str | None, typer.Option(help="任务号 case id")] = None,
    instruction: Annotated[str | None, typer.Option(help="指令号 instruction id")] = None,
    since: Annotated[str | None, typer.Option(help="起 from, ISO 8601")] = None,
    until: Annotated[str | None, typer.Option(help="止 to, ISO 8601")] = None,
    channel: Annotated[str | None, typer.Option(help="渠道 channel")] = None,
    result: Annotated[str | None, typer.Option(help="联系结果 contact result")] = None,
    precinct: Precinct = None,
    json: Annotated[bool, typer.Option("--json", help="每行一条 JSON / one JSON object a line")] = False,
) -> None:
    """劝阻日志 / the dissuasion log: one line per attempt."""
    begin, end = arguments.period(since, until)
    filters = attempt_log.Filters(
        case=arguments.uuid(case, "--case", "dispatcher log") if case else None,
        instruction=instruction,
        since=begin,
        until=end,
        channel=arguments.code(channel, Channel, "--channel") if channel else None,
        result=arguments.code(result, Result, "--result") if result else None,
        precinct=precinct,
    )
    services = build_services()
    with services.sessions() as session:
        lookups.unit(session, precinct)
        # What is shown is cut off, so the newest come first; a program reads all, in their order.
        lines = attempt_log.log(session, filters, newest_first=not json)
        if json:
            for line in lines:
                model_line(line)
            return
        shown = list(islice(lines, _SCREEN))
        out.print(log_table(shown, f"劝阻日志 dissuasion log ({len(shown)})"))
        if next(lines, None) is not None:
            err.print(f"仅显示最近 {_SCREEN} 条 newest {_SCREEN} only; use filters or --json")
