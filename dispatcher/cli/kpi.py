"""kpi: the figures of a period, with their denominators and what is shown beside."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import Json, Precinct
from dispatcher.cli.output import json_line, out
from dispatcher.reporting import kpi as use_case
from dispatcher.setup import build_services
from schemas.vocabulary import Urgency

_LABELS = {
    "accepted": "签收率 accepted",
    "accepted_in_time": "按时签收率 accepted in time",
    "true_contact": "有效接触率 true contact",
    "met": "见面率 met",
    "dissuaded": "劝阻成功率 dissuaded",
    "defrauded_after_warning": "劝后被骗率 defrauded after warning",
    "withdrawn_before_push": "下发前撤回 withdrawn before push",
    "others_answered": "他人接听 others answered",
    "forwarded": "疑似转接 forwarded",
    "voicemail": "语音信箱 voicemail",
    "expired": "到达时已过期 expired",
    "visit_withdrawn": "撤回 withdrawn",
    "transferred_out": "移交外地 transferred out",
    "self_aware": "自主防范 self-aware",
    "not_a_victim": "误报 not a victim",
    "unreachable": "无法联系 unreachable",
    "unknown": "不明 unknown",
    "first_sms": "首条短信 first SMS",
    "first_call": "首次呼叫 first call",
    "reported": "反馈 reported",
    "upstream": "上游延迟 upstream delay",
    "transferred": "已转出 transferred",
    "lost": "损失 lost",
    "stopped": "已止付 stopped",
    "returned": "已返还 returned",
    "attempts": "尝试 attempts",
    "ever_in_doubt": "曾存疑 ever in doubt",
    "possible_duplicates": "可能重复 possible duplicates",
    "amount_about_to_be_sent": "按即将转出金额 amount about to be sent",
}
_STEPS = {"met": "见面 met", "accepted": "签收 accepted"}


def register(app: typer.Typer) -> None:
    app.command()(kpi)


def kpi(
    since: Annotated[str | None, typer.Option(help="起 from, ISO 8601")] = None,
    until: Annotated[str | None, typer.Option(help="止 to, ISO 8601; 缺省为现在 now where left out")] = None,
    precinct: Precinct = None,
    json: Json = False,
) -> None:
    """考核指标,分母固定 / KPIs with fixed denominators."""
    begin, end = arguments.period(since, until)
    services = build_services()
    with services.sessions() as session:
        now = services.context.clock.now(session)
        figures = use_case.kpis(session, now, since=begin, until=end, precinct=lookups.unit(session, precinct))
    if json:
        json_line(figures)
        return
    out.print(f"任务 cases: {figures['cases']}   撤回(不计入) withdrawn, not counted: {len(figures['withdrawn'])}")
    out.print(_rates(figures["rates"]))
    out.print(_steps(figures["steps"] | {"upstream": figures["upstream_delay"]}))
    out.print(f"存疑 doubtful: {_beside(figures['doubtful'])}", highlight=False)
    money = dict(figures["money_yuan"])
    avoided = _beside(money.pop("avoided")) or "0"
    out.print(f"金额(元,各自独立) money in yuan, never added: {_beside(money)}", highlight=False)
    out.print(f"避免损失(按依据) avoided, by its basis: {avoided}", highlight=False)


def _rates(rates: Mapping[str, Any]) -> Table:
    table = Table(title="指标 KPIs", title_justify="left")
    for name in ("指标 KPI", "分子/分母", "比率 rate", "另列 shown beside"):
        table.add_column(name, overflow="fold")
    for name, rate in rates.items():
        share = "—" if rate["rate"] is None else f"{rate['rate']:.1%}"
        counts = f"{rate['numerator']}/{rate['denominator']}"
        table.add_row(_LABELS[name], counts, share, _beside(rate["beside"]))
    return table


def _steps(steps: Mapping[str, Any]) -> Table:
    table = Table(title="用时与超时 time taken, overdue", title_justify="left")
    for name in ("步骤 step", "紧急程度 urgency", "完成 done", "超时 overdue", "P50 s", "P90 s"):
        table.add_column(name, overflow="fold")
    for name, lines in steps.items():
        for urgency, step_figures in lines.items():
            late = step_figures.get("overdue", step_figures.get("expired_on_arrival"))
            shown = "—" if late is None else str(late)
            took = ("—" if step_figures[part] is None else str(step_figures[part]) for part in ("p50_s", "p90_s"))
            step = _STEPS.get(name, _LABELS.get(name, name))
            table.add_row(step, Urgency(urgency).label, f"{step_figures['done']}/{step_figures['of']}", shown, *took)
    return table


def _beside(counts: Mapping[str, int]) -> str:
    return "   ".join(f"{_LABELS.get(name, name)}: {count}" for name, count in counts.items())
