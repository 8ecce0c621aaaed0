"""A plan as a time line: one step a row, each counted from the event that starts it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice, pairwise
from typing import Any

from dispatcher.policy.fields import duration_text
from dispatcher.policy.flatten import plain
from dispatcher.policy.models import Policy
from dispatcher.policy.plans import Plan
from dispatcher.policy.triggers import BankTrigger, VisitTrigger

_AT_ONCE = timedelta()
_DAY = timedelta(days=1)
_MOST_SHOWN = 20  # of a step that repeats
# Where a moment stands between two of these is where it is drawn.
TICKS = tuple(
    timedelta(**each)
    for each in (
        *({"minutes": 0}, {"minutes": 1}, {"minutes": 5}, {"minutes": 15}),
        *({"hours": 1}, {"hours": 4}, {"days": 1}, {"days": 3}, {"days": 7}),
    )
)
NAMES = {
    "sms": ("短信", "SMS"),
    "voice": ("外呼", "calls"),
    "later_calls": ("次日起外呼", "later calls"),
    "first_call_by": ("首呼", "first call by"),
    "visit": ("上门", "door visit"),
    "accepted_by": ("签收", "accepted by"),
    "met_by": ("见面", "met by"),
    "report_by": ("反馈", "report by"),
    "family": ("家属", "family called"),
    "stop_payment": ("止付", "stop payment"),
    "protect_account": ("账户保护", "protection"),
    "raised": ("升级", "urgency raised"),
    "sent_again": ("存疑重发", "sent again"),
    "case_closed": ("结案", "case closed"),
    "follow_up": ("回访", "follow-up"),
}
ORIGINS = {
    **{each.value: (each.zh, each.en) for each in (*VisitTrigger, *BankTrigger)},
    "assigned": ("每级派单", "each rung"),
    "in_doubt": ("存疑", "in doubt"),
    "confirmed": ("按键确认", "key press"),
    "closed": ("结案", "closing"),
}


@dataclass(frozen=True)
class Step:
    """One row. `origin` is what time is counted from, `at` when it happens, `every` and `bound` how it goes on."""

    step: str
    origin: str
    at: tuple[timedelta, ...] = (_AT_ONCE,)
    is_deadline: bool = False
    every: timedelta | None = None
    bound: str = ""
    to: str = ""

    @property
    def text(self) -> str:
        """When, in few words."""
        first = [duration_text(self.at[0])] if self.every else [duration_text(each) for each in self.at]
        again = f"+{duration_text(self.every)}" if self.every else ""
        return ", ".join(filter(None, [*first, again, self.bound, self.to]))


def steps(plan: Plan, policy: Policy) -> Iterator[Step]:
    """What happens to a case of one urgency, in the order in which it may."""
    for each in _STEPS:
        yield from each(plan, policy)


def record(step: Step) -> dict[str, Any]:
    """A row as programs read it."""
    return {name: plain(value) for name, value in asdict(step).items()}


def column(at: timedelta, width: int) -> int | None:
    """Where a moment stands on the axis, with `width` columns between two ticks; None where it is beyond."""
    for number, (begin, end) in enumerate(pairwise(TICKS)):
        if at < end:
            return round((number + (at - begin) / (end - begin)) * width)
    return (len(TICKS) - 1) * width if at == TICKS[-1] else None


def _hooks(plan: Plan, policy: Policy) -> Iterator[Step]:
    yield from (Step("stop_payment", trigger) for trigger in plan.hooks.stop_payment)
    yield from (Step("protect_account", trigger) for trigger in plan.hooks.protect_account)


def _messages(plan: Plan, policy: Policy) -> Iterator[Step]:
    voice = plan.voice
    bounds = [f"≤{voice.per_day}/1d" if voice.per_day else "", f"×{voice.rounds}" if voice.rounds else ""]
    times = min(filter(None, (voice.per_day, voice.rounds)))
    yield Step("sms", "receipt", (plan.sms.after,))
    calls = _repeated(voice.after, voice.again, times)
    yield Step("voice", "receipt", calls, every=voice.again, bound=" ".join(filter(None, bounds)))
    later = voice.days[1:]
    if later:
        yield Step(
            "later_calls", "receipt", _repeated(_DAY, _DAY, len(later)), every=_DAY, bound=" ".join(map(str, later))
        )
    if voice.within is not None:
        yield Step("first_call_by", "receipt", (voice.within,), is_deadline=True)
    again = _repeated(plan.doubt_wait, plan.doubt_wait, policy.retry.doubt_sends - 1)
    if again:
        yield Step("sent_again", "in_doubt", again, every=plan.doubt_wait, bound=f"×{len(again)}")


def _visit(plan: Plan, policy: Policy) -> Iterator[Step]:
    visit, rungs = plan.visit, len(policy.ladder)
    for trigger in visit.on:
        after = visit.no_contact_after if trigger is VisitTrigger.NO_CONTACT else None
        yield Step("visit", trigger, (after or _AT_ONCE,))
    handed_on = _repeated(visit.accept_within, visit.accept_within, rungs)
    yield Step("accepted_by", "assigned", handed_on, True, visit.accept_within, f"×{rungs}")
    if visit.met_within is not None:
        yield Step("met_by", "receipt", (visit.met_within,), is_deadline=True)
    yield Step("report_by", "receipt", (visit.report_within,), is_deadline=True)


def _family(plan: Plan, policy: Policy) -> Iterator[Step]:
    family = plan.family
    if family is None:
        return
    begins = {"receipt": family.after, "money_moved": family.money_moved_after, "refused": family.refused_after}
    for origin, after in begins.items():
        calls = _repeated(after, family.again, family.rounds)
        yield Step("family", origin, calls, every=family.again, bound=f"×{family.rounds}")


def _later(plan: Plan, policy: Policy) -> Iterator[Step]:
    if plan.phone_route_exhausted_raises_to is not None:
        yield Step("raised", "phone_route_exhausted", to=plan.phone_route_exhausted_raises_to.value)
    if plan.voice.confirmed_closes:
        yield Step("case_closed", "confirmed")
    if plan.follow_up:
        yield Step("follow_up", "closed", plan.follow_up)


def _repeated(first: timedelta, every: timedelta, times: int) -> tuple[timedelta, ...]:
    return tuple(islice((first + every * number for number in range(times)), _MOST_SHOWN))


_STEPS: tuple[Callable[[Plan, Policy], Iterator[Step]], ...] = (_hooks, _messages, _visit, _family, _later)
