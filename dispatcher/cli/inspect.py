"""log, case, schema: what is on record."""

from itertools import islice
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table
from rich.text import Text

from dispatcher.cli import arguments
from dispatcher.cli.output import err, json_line, label, log_table, out, short_time
from dispatcher.cli.why import tell
from dispatcher.errors import OperatorError
from dispatcher.reporting import log as attempt_log
from dispatcher.setup import build_services
from schemas import instruction
from schemas.vocabulary import Channel, Resolution, Result, Urgency

_SCREEN = 1000
_SCHEMAS = {"instruction": instruction.json_schema}


def register(app: typer.Typer) -> None:
    app.command()(log)
    app.command()(case)
    app.command()(schema)


def log(
    case: Annotated[str | None, typer.Option(help="任务号 case id")] = None,
    instruction: Annotated[str | None, typer.Option(help="指令号 instruction id")] = None,
    since: Annotated[str | None, typer.Option(help="起 from, ISO 8601")] = None,
    until: Annotated[str | None, typer.Option(help="止 to, ISO 8601")] = None,
    channel: Annotated[str | None, typer.Option(help="渠道 channel")] = None,
    result: Annotated[str | None, typer.Option(help="联系结果 contact result")] = None,
    precinct: Annotated[str | None, typer.Option(help="派出所代码 precinct code")] = None,
    json: Annotated[bool, typer.Option("--json", help="每行一条 JSON / one JSON object a line")] = False,
) -> None:
    """劝阻日志 / the dissuasion log: one line per attempt."""
    begin, end = arguments.period(since, until)
    filters = attempt_log.Filters(
        case=_uuid(case, "--case"),
        instruction=instruction,
        since=begin,
        until=end,
        channel=_code(channel, Channel, "--channel"),
        result=_code(result, Result, "--result"),
        precinct=precinct,
    )
    services = build_services()
    with services.sessions() as session:
        arguments.unit(session, precinct)
        lines = attempt_log.log(session, filters)
        if json:
            for line in lines:
                json_line(line)
            return
        shown = list(islice(lines, _SCREEN))
        out.print(log_table(shown, f"劝阻日志 dissuasion log ({len(shown)})"))
        if next(lines, None) is not None:
            err.print(f"仅显示前 {_SCREEN} 条 first {_SCREEN} only; use filters or --json")


def case(
    name: Annotated[str, typer.Argument(metavar="ID", help="任务号或指令号 case or instruction id")],
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
    why: Annotated[bool, typer.Option("--why", help="逐条说明理由 each decision in plain words")] = False,
    language: Annotated[str | None, typer.Option(help="理由的语言 language of --why: zh, en")] = None,
) -> None:
    """一个劝阻任务的全部记录 / everything on record about one case."""
    services = build_services()
    with services.sessions() as session:
        found = attempt_log.case_ids(session, name)
        if not found:
            raise OperatorError(f"没有任务或指令 {name}", f"no case or instruction {name}; see `dispatcher log`")
        for case_id in found:
            whole = attempt_log.case(session, case_id)
            if why:
                tell(whole, services.context.policy, language, as_json=json)
            elif json:
                json_line(whole)
            else:
                _show(whole)


def schema(
    name: Annotated[str, typer.Argument(help="instruction")] = "instruction",
) -> None:
    """JSON Schema 格式说明 / JSON Schema of what is pushed."""
    if name not in _SCHEMAS:
        raise OperatorError(f"没有格式 {name}", f"no schema {name}; one of: {', '.join(_SCHEMAS)}")
    import json as json_module

    out.print_json(json_module.dumps(_SCHEMAS[name](), ensure_ascii=False))


def _show(whole: dict[str, Any]) -> None:
    heading = Text(f"劝阻任务 case {whole['case']}", "bold")
    out.print(heading, f" 指令 instructions: {', '.join(whole['instructions'])}")
    ended = Resolution(whole["resolution"]).label if whole["resolution"] else whole["state"]
    out.print(f"  紧急程度 urgency: {Urgency(whole['urgency']).label}   结论 resolution: {ended}")
    if whole["waiting_for"]:
        out.print(f"  等待人工 waiting for: {whole['waiting_for']}", style="yellow")
    for name, at in whole["deadlines"].items():
        out.print(f"  期限 {name}: {short_time(at)}")
    money = {name: value for name, value in whole["money"].items() if value}
    out.print(f"  金额 money (yuan): {money}", highlight=False)
    out.print(log_table(whole["attempts"], "尝试 attempts"))
    table = Table(title="日志 journal", title_justify="left")
    for name in ("seq", "时间 at", "操作者 actor", "事件 event", "规则 rule", "数据 data"):
        table.add_column(name, overflow="fold")
    for entry in whole["journal"]:
        data = ", ".join(
            f"{key}={label(key, str(value))}" for key, value in entry["data"].items() if value not in (None, "", [])
        )
        table.add_row(
            str(entry["seq"]), short_time(entry["at"]), entry["actor"], entry["event"], entry["rule"] or "", data
        )
    out.print(table)


def _uuid(text: str | None, option: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise OperatorError(f"{option} 应为任务号", f"{option} wants a case id (UUID)") from None


def _code(text: str | None, kind: type[Channel] | type[Result], option: str) -> str | None:
    if text is None:
        return None
    if text not in set(kind):
        raise OperatorError(f"{option} 代码有误", f"{option}: one of {', '.join(kind)}")
    return text
