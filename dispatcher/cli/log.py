"""log: one line per attempt."""

import sys
from dataclasses import replace
from itertools import islice
from typing import Annotated
from uuid import UUID

import typer

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import Precinct
from dispatcher.cli.log_listing import log_listing
from dispatcher.cli.output import model_line, print_lines, say
from dispatcher.errors import OperatorError
from dispatcher.reporting import log as attempt_log
from dispatcher.setup import Services, build_services
from dispatcher.supervision import case_search
from schemas import normalise
from schemas.vocabulary import AttemptState, Channel, Result, Urgency

_SCREEN = 1000


def register(app: typer.Typer) -> None:
    app.command()(log)


def log(
    case: Annotated[str | None, typer.Option(help="任务号 case id")] = None,
    instruction: Annotated[str | None, typer.Option(help="指令号 instruction id")] = None,
    since: Annotated[str | None, typer.Option(help="起 from, ISO 8601")] = None,
    until: Annotated[str | None, typer.Option(help="止 to, ISO 8601")] = None,
    channel: Annotated[str | None, typer.Option(help="渠道 channel")] = None,
    state: Annotated[str | None, typer.Option(help="状态 state: planned, in_doubt, settled, …")] = None,
    result: Annotated[str | None, typer.Option(help="联系结果 contact result")] = None,
    urgency: Annotated[str | None, typer.Option(help="案件紧急程度 of the case: critical, high, medium, low")] = None,
    provider: Annotated[str | None, typer.Option(help="服务商 provider")] = None,
    precinct: Precinct = None,
    phone: Annotated[
        str | None, typer.Option(help="案件所涉号码,- 自标准输入读取;须 --by a number the case knows, - from stdin")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="当事人全名,- 自标准输入读取;须 --by the person's whole name, - from stdin")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="查找人警号,留痕 badge of who searches, on the record")] = None,
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
        state=arguments.code(state, AttemptState, "--state") if state else None,
        urgency=arguments.code(urgency, Urgency, "--urgency") if urgency else None,
        provider=provider,
    )
    services = build_services()
    if phone is not None or name is not None:
        filters = replace(filters, cases=_search(services, phone, name, by))
    with services.sessions() as session:
        lookups.unit(session, precinct)
        # What is shown is cut off, so the newest come first; a program reads all, in their order.
        lines = attempt_log.log(session, filters, newest_first=not json)
        if json:
            for line in lines:
                model_line(line)
            return
        shown = list(islice(lines, _SCREEN))
        log_listing(shown, say(f"劝阻日志 {len(shown)} 条", f"dissuasion log, {len(shown)} lines")).print()
        if next(lines, None) is not None:
            rest = say(
                f"仅显示最近 {_SCREEN} 条;较早的用 --until 或其他条件筛选,全部用 --json",
                f"the newest {_SCREEN} only; --until and other filters show older ones, --json all",
            )
            print_lines(rest)


def _search(services: Services, phone: str | None, name: str | None, by: str | None) -> frozenset[UUID]:
    if by is None:
        raise OperatorError(
            "按号码或姓名查找须用 --by 注明查找人", "a search by number or name needs --by, who searches"
        )
    badge = arguments.badge(by, "--by")
    number = _e164(_read(phone)) if phone is not None else None
    whole_name = _read(name) if name is not None else None
    return case_search.find(services.begin, by=badge, phone=number, name=whole_name)


def _read(value: str) -> str:
    """The shell keeps what is typed as an option; so it may come by standard input."""
    return sys.stdin.readline().strip() if value == "-" else value


def _e164(text: str) -> str:
    try:
        return normalise.number(text).e164
    except ValueError:
        raise OperatorError("--phone 不是可拨打的号码", "--phone is not a number that can be dialled") from None
