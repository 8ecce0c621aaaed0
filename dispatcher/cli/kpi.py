"""kpi: the figures of a period, with their denominators and what is shown beside."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import Json, Precinct
from dispatcher.cli.output import json_line, list_table, name_of, out, say
from dispatcher.errors import OperatorError
from dispatcher.reporting import kpi as use_case
from dispatcher.reporting.kpi_groups import By
from dispatcher.setup import build_services
from schemas.vocabulary import Urgency

_LABELS = {
    "accepted": ("签收率", "accepted"),
    "accepted_in_time": ("按时签收率", "accepted in time"),
    "true_contact": ("有效接触率", "true contact"),
    "met": ("见面率", "met"),
    "dissuaded": ("劝阻成功率", "dissuaded"),
    "warned_again_after_dissuasion": ("劝后再预警率", "warned again"),
    "defrauded_after_warning": ("预警后被骗率", "defrauded after warning"),
    "defrauded_after_dissuasion": ("劝后被骗率", "… after dissuasion"),
    "defrauded_without_dissuasion": ("未劝被骗率", "… without dissuasion"),
    "withdrawn_before_push": ("下发前撤回", "withdrawn before push"),
    "not_yet_due": ("未到期", "not yet due"),
    "nobody_on_duty": ("无人值班", "nobody on duty"),
    "ended_before_due": ("期限前办结", "ended before due"),
    "others_answered": ("他人接听", "others answered"),
    "forwarded": ("疑似转接", "forwarded"),
    "voicemail": ("语音信箱", "voicemail"),
    "expired": ("到达时已过期", "expired on arrival"),
    "visit_withdrawn": ("撤回", "withdrawn"),
    "transferred_out": ("移交外地", "transferred out"),
    "self_aware": ("自主防范", "self-aware"),
    "not_a_victim": ("误报", "not a victim"),
    "unreachable": ("无法联系", "unreachable"),
    "unknown": ("不明", "unknown"),
    "returned": ("退回", "returned"),
    "taken_back": ("收回", "taken back"),
    "in_hand": ("在办", "in hand"),
    "attempts": ("尝试", "attempts"),
    "ever_in_doubt": ("曾存疑", "ever in doubt"),
    "possible_duplicates": ("可能重复", "possible duplicates"),
}
_STEPS = {
    "first_sms": ("首条短信", "first SMS"),
    "first_call": ("首次呼叫", "first call"),
    "accepted": ("签收", "accepted"),
    "met": ("见面", "met"),
    "reported": ("反馈", "reported"),
    "upstream": ("上游延迟", "upstream delay"),
}
_MONEY = {
    "transferred": ("已转出", "transferred"),
    "lost": ("损失", "lost"),
    "lost_after_dissuasion": ("其中劝后", "after dissuasion"),
    "lost_without_dissuasion": ("其中未劝", "without dissuasion"),
    "stopped": ("已止付", "stopped"),
    "returned": ("已返还", "returned"),
    "amount_about_to_be_sent": ("按即将转出金额", "amount about to be sent"),
}
# One column each where the figures are rolled up.
_SHORT = {
    "accepted": ("签收", "accepted"),
    "accepted_in_time": ("按时", "in time"),
    "true_contact": ("接触", "contact"),
    "met": ("见面", "met"),
    "dissuaded": ("劝阻", "dissuaded"),
}
_STEP_COLUMNS = (
    *(("步骤", "step"), ("紧急程度", "urgency"), ("完成", "done"), ("超时", "overdue"), ("无人值班", "nobody on duty")),
    *(("未到期", "not yet due"), ("P50 秒", "P50 s"), ("P90 秒", "P90 s")),
)
_SOURCE_COLUMNS = (
    *(("来源", "source"), ("指令", "lines"), ("错人", "wrong person"), ("误报", "not a victim"), ("重复", "again")),
    *(("已过期", "expired"), ("延迟 P50 秒", "delay P50 s"), ("P90 秒", "P90 s")),
)
_Labels = Mapping[str, tuple[str, str]]


def register(app: typer.Typer) -> None:
    app.command()(kpi)


def kpi(
    since: Annotated[str | None, typer.Option(help="起 from, ISO 8601")] = None,
    until: Annotated[str | None, typer.Option(help="止 to, ISO 8601; 缺省为现在 now where left out")] = None,
    precinct: Precinct = None,
    by: Annotated[str | None, typer.Option(help="按县区、派出所或民警分列 each county, station or officer")] = None,
    json: Json = False,
) -> None:
    """考核指标,分母固定 / KPIs with fixed denominators."""
    begin, end = arguments.period(since, until)
    groups = _grouping(by)
    services = build_services()
    with services.sessions() as session:
        now = services.context.clock.now(session)
        place = lookups.unit(session, precinct)
        figures = use_case.kpis(session, now, since=begin, until=end, precinct=place, by=groups)
    if json:
        json_line(figures)
        return
    for each in _screen(figures):
        out.print(each, highlight=False)


def _grouping(by: str | None) -> By | None:
    try:
        return None if by is None else By(by.lower())
    except ValueError:
        known = ", ".join(By)
        raise OperatorError(f"--by 应为 {known} 之一", f"--by: one of {known}") from None


def _screen(figures: Mapping[str, Any]) -> Iterator[Table | str]:
    cases, withdrawn = figures["cases"], len(figures["withdrawn"])
    yield say(f"案件 {cases} 件,其中撤回(不计入){withdrawn} 件", f"{cases} cases; withdrawn, not counted: {withdrawn}")
    if "groups" in figures:
        yield _groups(figures["by"], figures["groups"])
        return
    yield _rates(figures["rates"])
    yield _steps(figures["steps"] | {"upstream": figures["upstream_delay"]})
    yield _sources(figures["sources"])
    yield f"{say('存疑', 'doubtful')}: {_beside(figures['doubtful'])}"
    money = dict(figures["money_yuan"])
    avoided = _beside(money.pop("avoided"), _MONEY) or "0"
    yield f"{say('金额(元,各自独立)', 'money in yuan, never added')}: {_beside(money, _MONEY)}"
    yield f"{say('避免损失(按依据)', 'avoided, by its basis')}: {avoided}"


def _rates(rates: Mapping[str, Any]) -> Table:
    table = list_table(say("指标", "KPIs"))
    table.add_column(say("指标", "KPI"), overflow="fold", max_width=22)
    table.add_column(say("分子/分母", "of"), justify="right", no_wrap=True)
    table.add_column(say("比率", "rate"), justify="right", no_wrap=True)
    table.add_column(say("另列", "shown beside"), overflow="fold")
    for name, rate in rates.items():
        table.add_row(_label(name), _counts(rate), _share(rate), _beside(rate["beside"]))
    return table


def _steps(steps: Mapping[str, Any]) -> Table:
    table = list_table(say("用时与超时", "time taken, overdue"))
    _add_columns(table, _STEP_COLUMNS, texts=2)
    for name, lines in steps.items():
        for urgency, figures in lines.items():
            late = figures.get("overdue", figures.get("expired_on_arrival"))
            done, took = f"{figures['done']}/{figures['of']}", (figures["p50_s"], figures["p90_s"])
            numbers = late, figures.get("nobody_on_duty"), figures.get("not_yet_due"), *took
            table.add_row(_label(name, _STEPS), name_of(Urgency(urgency)), done, *map(_number, numbers))
    return table


def _sources(sources: Mapping[str, Mapping[str, int]]) -> Table:
    table = list_table(say("来源(上游)", "sources (upstream)"))
    _add_columns(table, _SOURCE_COLUMNS, texts=1)
    for system, figures in sources.items():
        table.add_row(system, *map(_number, figures.values()))
    return table


def _groups(by: By, groups: list[dict[str, Any]]) -> Table:
    is_officer = by is By.OFFICER
    what = {By.COUNTY: say("县区", "county"), By.STATION: say("派出所", "station"), By.OFFICER: say("民警", "officer")}
    table = list_table(say(f"按{what[by]}分列", f"by {what[by]}"))
    table.add_column(what[by], overflow="fold")
    table.add_column(say("派单", "visits") if is_officer else say("案件", "cases"), justify="right")
    rates = {name: label for name, label in _SHORT.items() if any(name in group["rates"] for group in groups)}
    for zh, en in rates.values():
        table.add_column(say(zh, en), justify="right", no_wrap=True)
    beside = ("not_yet_due", "returned" if is_officer else "nobody_on_duty")
    for name in beside:
        table.add_column(_label(name), justify="right")
    for group in groups:
        whose = " ".join(filter(None, (group.get("officer"), group["unit"], group.get("name")))) or say("无", "none")
        figures = (f"{_share(group['rates'][name])} {_counts(group['rates'][name])}" for name in rates)
        aside = (str(group["rates"]["accepted"]["beside"][name]) for name in beside)
        table.add_row(whose, str(group["visits" if is_officer else "cases"]), *figures, *aside)
    return table


def _add_columns(table: Table, columns: Iterable[tuple[str, str]], *, texts: int) -> None:
    """The first ones hold texts, the others numbers."""
    for number, (zh, en) in enumerate(columns):
        table.add_column(say(zh, en), overflow="fold", justify="left" if number < texts else "right")


def _share(rate: Mapping[str, Any]) -> str:
    return "—" if rate["rate"] is None else f"{rate['rate']:.0%}"


def _counts(rate: Mapping[str, Any]) -> str:
    return f"{rate['numerator']}/{rate['denominator']}"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f}"


def _beside(counts: Mapping[str, int], labels: _Labels = _LABELS) -> str:
    return "  ".join(f"{_label(name, labels)} {count}" for name, count in counts.items())


def _label(name: str, labels: _Labels = _LABELS) -> str:
    return say(*labels[name]) if name in labels else name
