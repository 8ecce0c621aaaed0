"""What is an alarm. Pure: facts and limits in, alarms out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dispatcher.watch.facts import REDIS_FULL, Doubts, Facts
from dispatcher.watch.limits import Limits
from schemas.vocabulary import Health, WorkItemKind


class Code(StrEnum):
    DATABASE_UNREACHABLE = "database_unreachable"
    REDIS_UNREACHABLE = "redis_unreachable"
    REDIS_FULL = "redis_full"
    SWEEP_SILENT = "sweep_silent"
    WORKER_SILENT = "worker_silent"
    CASE_WITHOUT_NEXT_STEP = "case_without_next_step"
    LADDER_EXHAUSTED = "ladder_exhausted"
    DEADLINE_MISSED = "deadline_missed"
    HUMAN_WAITING = "human_waiting"
    ROSTER_EMPTY = "roster_empty"
    URGENT_REFUSED = "urgent_refused"
    ROW_HELD = "row_held"
    EARLY_LINES = "early_lines"
    WEBHOOKS_SILENT = "webhooks_silent"
    WEBHOOK_NOT_TAKEN = "webhook_not_taken"
    WORK_LATE = "work_late"
    CHANNEL_DOWN = "channel_down"
    PROVIDER_OUT = "provider_out"
    PROVIDER_PAUSED = "provider_paused"
    DOUBTS_RISING = "doubts_rising"
    PROBE_STUCK = "probe_stuck"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`about` tells alarms of one code apart: kind and urgency, provider, channel, stage.

    One that is about something `new` is told again at once.
    """

    code: Code
    about: str
    count: int
    since: datetime
    zh: str
    en: str
    new: frozenset[tuple[int, int]] = frozenset()

    @property
    def key(self) -> tuple[Code, str]:
        return self.code, self.about


def judge(facts: Facts, limits: Limits) -> list[Alarm]:
    """Returns every alarm that these facts raise, gravest first."""
    return [alarm for rule in _RULES for alarm in rule(facts, limits)]


def _database(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    if facts.database is not None:
        yield _alarm(Code.DATABASE_UNREACHABLE, facts.at, error=facts.database)


def _redis(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    if facts.redis is not None:
        code = Code.REDIS_FULL if facts.redis == REDIS_FULL else Code.REDIS_UNREACHABLE
        yield _alarm(code, facts.at, error=facts.redis)


def _sweep(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    if facts.database is None and (facts.swept_s is None or facts.swept_s > limits.sweep_s):
        since = facts.at - timedelta(seconds=facts.swept_s or 0)
        yield _alarm(Code.SWEEP_SILENT, since, limit=f"{limits.sweep_s:g}")


def _workers(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    for each in facts.silent:
        yield _alarm(Code.WORKER_SILENT, each.since, each.worker, limit=f"{limits.sweep_s:g}")


def _forgotten(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    if facts.forgotten.number:
        yield _alarm(Code.CASE_WITHOUT_NEXT_STEP, facts.forgotten.since or facts.at, count=facts.forgotten.number)


def _waiting(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    """What nobody took: a visit without an officer, one that is late, and an urgent line that was refused at once.

    All else when it is overdue.
    """
    for each in facts.waiting:
        code = _OF_KIND.get(each.kind, Code.HUMAN_WAITING)
        about = f"{each.kind}:{each.urgency}"
        words = {"zh": f"{each.urgency.zh}:{each.kind.zh}", "en": f"{each.urgency}: {each.kind.en}"}
        alarm = _alarm(code, each.count.since or facts.at, about, count=each.count.number, **words)
        yield replace(alarm, new=each.told)


def _set_aside(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    if facts.set_aside.number:
        yield _alarm(Code.ROW_HELD, facts.set_aside.since or facts.at, count=facts.set_aside.number)


def _early_lines(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    if facts.early_lines.number:
        yield _alarm(Code.EARLY_LINES, facts.early_lines.since or facts.at, count=facts.early_lines.number)


def _unsent(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    if facts.unsent.number:
        yield _alarm(Code.WEBHOOKS_SILENT, facts.unsent.since or facts.at, count=facts.unsent.number)


def _not_taken(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    for each in facts.not_taken:
        since = each.count.since or facts.at
        yield _alarm(Code.WEBHOOK_NOT_TAKEN, since, each.webhook, count=each.count.number)


def _late(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    for each in facts.late:
        about = each.kind if each.urgency is None else f"{each.kind}:{each.urgency}"
        limit = limits.late_receipt_s if each.urgency is None else limits.late(each.urgency)
        what = _KINDS[each.kind]
        which = ("", "") if each.urgency is None else (each.urgency.zh, f"{each.urgency} ")
        words = {"zh": which[0] + what[0], "en": which[1] + what[1], "limit": f"{limit:g}"}
        yield _alarm(Code.WORK_LATE, each.count.since or facts.at, about, count=each.count.number, **words)


def _down(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    for each in facts.down:
        yield _alarm(Code.CHANNEL_DOWN, each.since, each.channel.value, zh=each.channel.zh, en=each.channel.en)


def _out_of_use(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    for each in facts.out_of_use:
        code = Code.PROVIDER_PAUSED if each.health is Health.PAUSED else Code.PROVIDER_OUT
        zh, en = f"{each.health.zh},{each.cause.zh}", f"{each.health.en}: {each.cause.en}"
        yield _alarm(code, each.since, each.provider, zh=zh, en=en)


def _doubts(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    for each in facts.doubts:
        if _rises(each, limits):
            since = facts.at - timedelta(seconds=limits.doubt_window_s)
            words = {"sent": each.recent, "share": f"{_share(each.recent_doubtful, each.recent):.0%}"}
            yield _alarm(Code.DOUBTS_RISING, since, each.provider, count=each.recent_doubtful, **words)


def _rises(each: Doubts, limits: Limits) -> bool:
    """High, or much higher than before: a provider that is always a little in doubt is no news."""
    now, before = _share(each.recent_doubtful, each.recent), _share(each.before_doubtful, each.before)
    is_higher = now >= limits.doubt_rise_share and now >= limits.doubt_rise * before
    return each.recent_doubtful >= limits.doubt_least and (now >= limits.doubt_share or is_higher)


def _probe(facts: Facts, limits: Limits) -> Iterator[Alarm]:
    if facts.probe is not None and facts.probe.stuck is not None:
        zh, en = _STAGES[facts.probe.stuck]
        yield _alarm(Code.PROBE_STUCK, facts.probe.at, facts.probe.stuck, zh=zh, en=en, detail=facts.probe.detail)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _alarm(code: Code, since: datetime, about: str = "", count: int = 1, **words: Any) -> Alarm:
    zh, en = _TEXTS[code]
    words |= {"count": count, "about": about}
    return Alarm(code, about, count, since, zh.format(**words), en.format(**words))


_RULES: tuple[Callable[[Facts, Limits], Iterator[Alarm]], ...] = (
    *(_database, _redis, _sweep, _workers, _forgotten, _waiting, _set_aside, _early_lines),
    *(_down, _late, _out_of_use, _doubts, _unsent, _not_taken, _probe),
)
_TEXTS = {
    Code.DATABASE_UNREACHABLE: ("数据库无法连接({error})", "the database can't be reached ({error})"),
    Code.REDIS_UNREACHABLE: ("Redis 无法连接({error})", "Redis can't be reached ({error})"),
    Code.SWEEP_SILENT: ("巡检进程超过 {limit} 秒没有动静", "no sweep for more than {limit} s"),
    Code.WORKER_SILENT: (
        "工作进程 {about} 超过 {limit} 秒没有动静",
        "no sign of life of worker {about} for more than {limit} s",
    ),
    Code.EARLY_LINES: (
        "{count} 条撤回、更新或反馈已等待其指令超过一小时",
        "{count} withdrawal(s), patch(es) or feedback have waited for their instruction for more than an hour",
    ),
    Code.WEBHOOKS_SILENT: (
        "{count} 条告知来源的进展无人推送,推送进程没有动静",
        "{count} event(s) for sources are sent by nobody: no sign of life of the sender",
    ),
    Code.WEBHOOK_NOT_TAKEN: (
        "推送端点 {about} 有 {count} 条进展超过一小时未被接收,或已放弃",
        "webhook {about}: {count} event(s) not taken for more than an hour, or given up",
    ),
    Code.REDIS_FULL: (
        "Redis 内存已满,唤醒消息与 Celery 指令无法写入,投递改为定时查看",
        "Redis is full: nothing can be written to it; deliveries go on by looking every 2 s",
    ),
    Code.CASE_WITHOUT_NEXT_STEP: (
        "{count} 个进行中的任务既无后续时间,也无人负责",
        "{count} open case(s) have no time to come and nobody who has them",
    ),
    **dict.fromkeys(
        (
            *(Code.LADDER_EXHAUSTED, Code.DEADLINE_MISSED, Code.HUMAN_WAITING),
            *(Code.ROSTER_EMPTY, Code.URGENT_REFUSED),
        ),
        ("{count} 项等人处理,无人认领:{zh}", "{count} wait for a person and nobody has taken them: {en}"),
    ),
    Code.ROW_HELD: (
        "{count} 项处理因程序故障被单独搁置,请人工跟进所涉任务",
        "{count} step(s) set aside by a fault of the program; see to their cases by hand",
    ),
    Code.WORK_LATE: ("{count} 项{zh}到期超过 {limit} 秒未办理", "{count} {en} due for more than {limit} s"),
    Code.CHANNEL_DOWN: ("{zh}没有可用的渠道,消息发不出去", "no provider works for {en}: nothing goes out"),
    Code.PROVIDER_OUT: ("渠道 {about} 停用({zh}),请处理", "provider {about} is out ({en}); see to it"),
    Code.PROVIDER_PAUSED: ("渠道 {about} 已由人工暂停", "provider {about} is paused by a person"),
    Code.DOUBTS_RISING: (
        "渠道 {about} 存疑上升:最近 {sent} 次发送中 {count} 次存疑({share})",
        "provider {about}: {count} of the last {sent} sends are in doubt ({share})",
    ),
    Code.PROBE_STUCK: ("端到端自检未通过:{zh}({detail})", "the end-to-end probe got stuck: {en} ({detail})"),
}
_KINDS = {
    "attempt": ("尝试", "attempt(s)"),
    "case": ("任务决策", "case decision(s)"),
    "receipt": ("回执", "receipt(s)"),
}
_OF_KIND = {
    WorkItemKind.LADDER_EXHAUSTED: Code.LADDER_EXHAUSTED,
    WorkItemKind.VISIT_OVERDUE: Code.DEADLINE_MISSED,
    WorkItemKind.EMPTY_SHIFT: Code.ROSTER_EMPTY,
    WorkItemKind.URGENT_REFUSED: Code.URGENT_REFUSED,
}
_STAGES = {
    "send": ("网关未受理", "the gateway did not take it"),
    "receipt": ("未收到回执", "no receipt came"),
    "worker": ("回执无人处理", "no worker read the receipt"),
}
