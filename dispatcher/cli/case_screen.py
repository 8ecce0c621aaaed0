"""One case as people read it: how it stands, its deadlines, attempts and journal, and what was written about it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from dispatcher.cli.output import (
    MONEY,
    language,
    list_table,
    minute,
    name_of,
    out,
    print_lines,
    result_of,
    say,
    short_time,
)
from dispatcher.policy import Policy
from dispatcher.reporting.explain import Words, sentence
from dispatcher.texts import reasons
from schemas.read_models.case import CaseReport, JournalEntry, Money, Remark
from schemas.read_models.log import LogLine
from schemas.vocabulary import Channel, Hold


def show(report: CaseReport, policy: Policy, now: datetime, down: Collection[Channel] = ()) -> None:
    """Print it. `down`: channels none of whose providers works."""
    words = Words(policy, reasons.load())
    print_lines((f"{say('劝阻任务', 'case')} {report.case}", "bold"))
    for name, value in _facts(report, words, now):
        print_lines(f"  {name}: ", value, indent=4)
    out.print(_attempts(report, now, down))
    out.print(_journal(report, words))
    told = written(report.remarks, words)
    if told:
        print_lines(told, indent=4)


def _facts(report: CaseReport, words: Words, now: datetime) -> Iterator[tuple[str, str | Text]]:
    yield say("指令", "instructions"), ", ".join(report.instructions)
    yield say("紧急程度", "urgency"), name_of(report.urgency)
    yield say("类型", "type"), words.of("fraud_type", report.fraud_type, language())
    ended = name_of(report.resolution) if report.resolution else name_of(report.state)
    yield say("结论", "resolution") if report.resolution else say("状态", "state"), ended
    if report.waiting_for:
        yield say("等待", "waits for"), Text(name_of(report.waiting_for), "yellow")
    for name, at in sorted(report.deadlines.items(), key=lambda each: each[1]):
        yield words.of("name", name, language()), _deadline(report, name, at, now)
    for item in report.duties:
        if item.done_at is None:
            late = say(",已逾期", ", late") if item.due_at < now else ""
            due = say(f"期限 {minute(item.due_at)}{late}", f"due {minute(item.due_at)}{late}")
            style = "red" if late else ""
            yield say(f"待办 {item.number}", f"item {item.number}"), Text(f"{name_of(item.kind)} ({due})", style)
    for visit in report.visits:
        ended = name_of(visit.result) if visit.result else name_of(visit.state)
        yield say(f"上门单 {visit.number}", f"visit {visit.number}"), " ".join(filter(None, (ended, visit.officer)))
    money = _money(report.money)
    if money:
        yield say("金额(元,各自独立)", "money in yuan, never added"), money


def _deadline(report: CaseReport, name: str, at: datetime, now: datetime) -> str | Text:
    """With a mark where nothing had happened by then."""
    met_at = _met_at(report, name)
    if met_at is not None and met_at <= at:
        return short_time(at)
    if at >= (met_at or report.closed_at or now):
        return short_time(at)
    return Text(f"{short_time(at)} {say('已超时', 'missed')}", "red")


def _met_at(report: CaseReport, name: str) -> datetime | None:
    """When what the deadline asks for was done."""
    calls = [each.sent_at for each in report.attempts if each.channel is Channel.VOICE and each.sent_at]
    found = {
        "first_call_by": calls,
        "met_by": [each.arrived_at for each in report.visits if each.arrived_at],
        "report_by": [each.reported_at for each in report.visits if each.reported_at],
    }
    return min(found.get(name, []), default=None)


def _money(money: Money) -> str:
    return " · ".join(f"{say(*text)} {value:,}" for name, text in MONEY.items() if (value := getattr(money, name)))


def _attempts(report: CaseReport, now: datetime, down: Collection[Channel]) -> Table:
    table = list_table(say(f"尝试 {len(report.attempts)} 次", f"{len(report.attempts)} attempts"))
    held = {str(entry.data.get("attempt")): entry.data for entry in report.journal if "held_by" in entry.data}
    columns = (("时间", "at"), ("渠道", "channel"), ("对象", "person"), ("结果", "result"), ("规则", "rule"))
    for name in columns:
        table.add_column(say(*name), overflow="fold")
    for line in report.attempts:
        at = short_time(line.sent_at or line.planned_at)
        waits = _why_it_waits(line, held.get(str(line.attempt), {}), report, now, down)
        how = Text.assemble(result_of(line), _due(line, waits))
        table.add_row(at, name_of(line.channel), name_of(line.person), how, line.rule)
    return table


def _due(line: LogLine, waits: Sequence[str]) -> str:
    """When it is to be sent, and why not sooner."""
    if line.due_at is None:
        return ""
    due = say(f",{minute(line.due_at)} 执行", f", due {minute(line.due_at)}")
    return f"{due} ({', '.join(waits)})" if waits else due


def _why_it_waits(
    line: LogLine, planned: Mapping[str, Any], report: CaseReport, now: datetime, down: Collection[Channel]
) -> list[str]:
    """What holds a planned attempt; of one that is due and held by nothing, that it is about to go."""
    if line.due_at is None:
        return []
    # Once it was brought forward, what held it does so no more.
    is_held = "due_at" in planned and datetime.fromisoformat(planned["due_at"]) == line.due_at
    why = [name_of(Hold(each)) for each in planned["held_by"]] if is_held else []
    if report.paused_at is not None:
        why.append(say("任务已暂停", "the case is paused"))
    if line.channel in down:
        why.append(say("无可用服务商", "no provider of its channel works"))
    if line.retry_of is not None and line.due_at > now:
        why.append(say("上次未成,稍后再试", "to be tried again after one that failed"))
    if not why and line.due_at <= now:
        why.append(say("已到时间,等待发送", "due, waits for its turn"))
    return why


def _journal(report: CaseReport, words: Words) -> Table:
    table = list_table(say(f"日志 {len(report.journal)} 条", f"journal, {len(report.journal)} entries"))
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column(say("时间", "at"), no_wrap=True)
    for name in (say("操作者", "by"), say("事项", "what"), say("规则", "rule")):
        table.add_column(name, overflow="fold")
    texts = {str(each.id): each.text for each in report.remarks if each.text}
    for entry in report.journal:
        told = sentence(entry, words, language())
        said = _remark_of(entry, texts)
        what = say(f"{told}:“{said}”", f"{told}: “{said}”") if said else told
        table.add_row(
            str(entry.seq), short_time(entry.at), words.actor(entry.actor, language()), what, entry.rule or ""
        )
    return table


def _remark_of(entry: JournalEntry, texts: Mapping[str, str]) -> str | None:
    return next((texts[str(value)] for value in entry.data.values() if str(value) in texts), None)


def written(remarks: Sequence[Remark], words: Words) -> str:
    """What was written about a case; where nobody says who reads it, only that there is something."""
    if not remarks:
        return ""
    if all(each.text is None for each in remarks):
        return say(
            f"理由与备注 {len(remarks)} 条:加 --by 警号 查看,查看留痕",
            f"{len(remarks)} reasons and remarks: add --by BADGE to read them; that goes on the record",
        )
    heading = say("理由与备注", "reasons and remarks")
    gone = say("(已随个人信息删除)", "(erased with the person)")
    lines = (
        f"  {short_time(each.at)} {words.actor(each.by, language())}: {each.text if each.text is not None else gone}"
        for each in remarks
    )
    return "\n".join((heading, *lines))
