"""What is odd within the plan of one urgency. Keys are those within its table."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

from dispatcher.policy.fields import duration_text, quiet_span
from dispatcher.policy.finding import Finding
from dispatcher.policy.flatten import duration
from dispatcher.policy.models import Policy
from dispatcher.policy.plans import Plan
from dispatcher.policy.triggers import BankTrigger, VisitTrigger
from schemas.vocabulary import Urgency

_DAY = timedelta(days=1)
_GRAVE = frozenset({Urgency.CRITICAL, Urgency.HIGH})

# The first is odd where it is longer than the second.
_LONGER = (
    ("voice.after", "voice.within", "首次外呼的期限早于外呼本身", "the deadline is over before the first call is made"),
    ("voice.after", "visit.no_contact_after", "还没打电话就已派上门", "the visit is opened before anybody has called"),
    ("voice.after", "family.after", "先通知家属,后联系本人", "family is called before the person is"),
    ("visit.no_contact_after", "visit.met_within", "上门开始时见面期限已过", "the visit begins when it is overdue"),
    ("visit.met_within", "visit.report_within", "未到见面期限就须反馈", "the report is due before the person is met"),
    ("family.after", "visit.met_within", "见面期限过后才通知家属", "family is told after the person should be met"),
    (
        "family.money_moved_after",
        "family.after",
        "资金已转反而更晚通知家属",
        "moved money makes the call to family later",
    ),
    (
        "family.refused_after",
        "visit.met_within",
        "见面期限过后才通知家属",
        "family is told after the person should be met",
    ),
)
_RESTS = {
    "doubt_wait": timedelta(seconds=30),
    "voice.again": timedelta(minutes=1),
    "family.again": timedelta(minutes=1),
    "visit.accept_within": timedelta(seconds=30),
}


def _longer(plan: Plan, policy: Policy) -> Iterator[Finding]:
    for key, other, zh, en in _LONGER:
        long, short = duration(plan, key), duration(plan, other)
        if long is not None and short is not None and long > short:
            compared = f"{duration_text(long)} > {other} {duration_text(short)}"
            yield Finding(key, f"{compared},{zh}", f"{compared}: {en}")


def _no_rest(plan: Plan, policy: Policy) -> Iterator[Finding]:
    for key, least in _RESTS.items():
        rest = duration(plan, key)
        if rest is not None and rest < least:
            told = f"{duration_text(rest)} < {duration_text(least)}"
            yield Finding(key, f"{told},间隔过短", f"{told}: hardly a rest between two tries")


def _silent(plan: Plan, policy: Policy) -> Iterator[Finding]:
    """A channel that comes into its own when the case should be over; an instruction may ask for it alone."""
    key = "visit.met_within" if plan.visit.met_within is not None else "visit.report_within"
    deadline = duration(plan, key) or timedelta()
    first = {each: duration(plan, each) or timedelta() for each in ("sms.after", "voice.after")}
    late = {each: after for each, after in first.items() if after > deadline}
    for each, after in late.items():
        compared = f"{duration_text(after)} > {key} {duration_text(deadline)}"
        if len(late) == len(first):
            zh, en = "此级别在自身期限内不联系任何人", "this urgency says nothing to anybody within its own deadline"
        else:
            zh, en = "该渠道在期限内不联系任何人", "nothing is said there within the deadline"
        yield Finding(each, f"{compared},{zh}", f"{compared}: {en}")
    held = quiet_span(policy.quiet_hours.begin, policy.quiet_hours.end) + min(first.values())
    if plan.held_in_quiet_hours and not late and held > deadline:
        compared = f"{duration_text(held)} > {key} {duration_text(deadline)}"
        yield Finding(
            "held_in_quiet_hours",
            f"{compared},夜间预警在期限内不联系任何人",
            f"{compared}: what comes at night says nothing to anybody within its own deadline",
        )


def _never_opens(plan: Plan, policy: Policy) -> Iterator[Finding]:
    visit = plan.visit
    if visit.no_contact_after is not None and VisitTrigger.NO_CONTACT not in visit.on:
        yield Finding(
            "visit.no_contact_after",
            "visit.on 中没有 no_contact,永不生效",
            'can never fire: "no_contact" is not among visit.on',
        )
    if not visit.on:
        yield Finding("visit.on", "为空,除再次预警外从不上门", "is empty: no visit, but for somebody warned again")
    elif VisitTrigger.RECEIPT in visit.on and len(visit.on) > 1:
        others = ", ".join(each for each in visit.on if each is not VisitTrigger.RECEIPT)
        yield Finding(
            "visit.on", f"{others} 永不生效:受理时已上门", f"{others} can never fire: receipt opens the visit"
        )


def _ladder_too_long(plan: Plan, policy: Policy) -> Iterator[Finding]:
    whole = plan.visit.accept_within * len(policy.ladder)
    if plan.visit.met_within is not None and whole > plan.visit.met_within:
        compared = f"{duration_text(plan.visit.accept_within)} × {len(policy.ladder)} = {duration_text(whole)}"
        yield Finding(
            "visit.accept_within",
            f"{compared},走完 ladder 已超过 visit.met_within",
            f"{compared}: climbing the ladder takes longer than visit.met_within",
        )


def _calls(plan: Plan, policy: Policy) -> Iterator[Finding]:
    voice = plan.voice
    if voice.per_day is None:
        return
    if voice.again * (voice.per_day - 1) >= _DAY:
        yield Finding(
            "voice.per_day", "按 voice.again 的间隔永远达不到", "can never be reached at one call every voice.again"
        )
    if voice.rounds is not None and voice.rounds <= voice.per_day:
        yield Finding(
            "voice.per_day",
            "只有一个号码时 rounds 先到,永不生效",
            "rounds ends first: can't fire where there is one number",
        )
    elif voice.rounds is not None and voice.again * voice.rounds > _DAY:
        yield Finding(
            "voice.rounds", "轮次跨日,per_day 重新计数", "the rounds go on beyond the day: per_day begins anew"
        )


def _later_days(plan: Plan, policy: Policy) -> Iterator[Finding]:
    voice = plan.voice
    if voice.later_days is None:
        return
    if voice.per_day is None:
        yield Finding("voice.later_days", "没有 per_day,永不生效", "can never fire without per_day")
    elif any(later > earlier for earlier, later in pairwise(voice.days)):
        yield Finding("voice.later_days", "后一天的外呼多于前一天", "a day has more calls than the day before")
    elif any(voice.again * (calls - 1) >= _awake(policy) for calls in voice.later_days):
        yield Finding(
            "voice.later_days",
            "按 voice.again 的间隔,白天打不完",
            "can never be reached in the waking hours at one call every voice.again",
        )


def _awake(policy: Policy) -> timedelta:
    """How long a day is without its quiet hours."""
    begin, end = (
        timedelta(hours=at.hour, minutes=at.minute) for at in (policy.quiet_hours.begin, policy.quiet_hours.end)
    )
    return begin - end if begin > end else _DAY - end


def _follow_up(plan: Plan, policy: Policy) -> Iterator[Finding]:
    if any(later <= earlier for earlier, later in pairwise(plan.follow_up)):
        yield Finding("follow_up", "不是递增", "does not ascend")


def _held(plan: Plan, policy: Policy) -> Iterator[Finding]:
    if plan.held_in_quiet_hours and plan.own in _GRAVE:
        yield Finding(
            "held_in_quiet_hours", "高级别预警夜间也会被压到早上", "so grave a warning waits until the morning"
        )


def _money(plan: Plan, policy: Policy) -> Iterator[Finding]:
    if BankTrigger.MONEY_MOVED not in plan.hooks.stop_payment:
        yield Finding(
            "hooks.stop_payment", "资金已转也不请银行止付", "money that has moved is never asked to be stopped"
        )


CHECKS: tuple[Callable[[Plan, Policy], Iterator[Finding]], ...] = (
    *(_longer, _no_rest, _silent, _never_opens, _ladder_too_long, _calls, _later_days, _follow_up, _held, _money),
)
