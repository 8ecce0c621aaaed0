"""How much one person is sent: SMS and calls a day, also from linked cases. A human visit is never capped."""

from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate

from dispatcher.engine import numbers, times
from dispatcher.engine.case import Case
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import Channel, Hold, Result

NEVER_ARRIVED = frozenset(
    {
        Result.FAILED_TEMPORARY,
        Result.FAILED_PERMANENT,
        Result.REJECTED_CONTENT,
        Result.UNSUPPORTED,
        Result.INVALID_NUMBER,
        Result.OUT_OF_SERVICE,
    }
)
_MOST_WORDINGS = 3


def sms_at(case: Case, policy: Policy, party: str, due: Due) -> Due:
    """`due`, or the first moment after it that is within this person's caps and outside the quiet hours."""
    due = times.awake(policy, case.urgency, due)
    if rise_permits_one(case, party):
        return due
    sent = sorted([*_own_sms(case, party).values(), *_elsewhere(case, party, Channel.SMS)])
    while (later := _after_a_conflict(policy, sent, due.at)) > due.at:
        due = times.awake(policy, case.urgency, due.until(later, Hold.SMS_CAP))
    return due


def rise_permits_one(case: Case, party: str) -> bool:
    """Whether the one SMS that a rise permits beyond the caps is still to reach this person."""
    return case.rewarned_at is not None and all(at < case.rewarned_at for at in _own_sms(case, party).values())


def call_at(case: Case, policy: Policy, party: str, due: Due) -> Due | None:
    """`due`, or the first moment after it at which this person may be called; None if no day has calls left.

    The calls of the first day go as they come, at night too. Those of later days are spread over the waking hours.
    """
    due = times.awake(policy, case.urgency, due)
    days = policy.plan(case.urgency).voice.days
    if not days:
        return due
    day = _day_of_calls(days, numbers.calls_in_turn(case, party))
    if day is None:
        return None
    rang = [each.made_at for each in numbers.calls(case, party)] + _elsewhere(case, party, Channel.VOICE)
    while (later := _within_day(policy, days, day, rang, due.at)) is None:
        morning, _ = times.waking_hours(policy, times.next_day(policy, due.at))
        due = due.until(morning, Hold.CALL_CAP)
    return due.until(later, Hold.CALL_CAP)


def _day_of_calls(days: tuple[int, ...], made: int) -> int | None:
    """To which day the next call belongs after so many."""
    return next((day for day, most in enumerate(accumulate(days)) if made < most), None)


def _within_day(
    policy: Policy, days: tuple[int, ...], day: int, rang: list[datetime], due: datetime
) -> datetime | None:
    """When the call goes on this calendar day, whose calls that are left share the rest of it; None: on a later day."""
    today = [at for at in rang if times.local_day(policy, at) == times.local_day(policy, due)]
    left = days[0] - len(today)
    if day == 0:
        return due if left > 0 else None
    morning, evening = times.waking_hours(policy, due)
    awake = [at for at in today if at >= morning]
    left = min(left, days[day] - len(awake))
    if left <= 0:
        return None
    last = max(awake, default=None)
    at = morning if last is None else last + (evening - last) / (left + 1)
    later = max(due, at.replace(second=0, microsecond=0))
    return later if later < evening else None


def sms_warning_number(case: Case, party: str) -> int:
    """The how-manieth warning this SMS is; repeat warnings change their wording."""
    return min(1 + len(_own_sms(case, party)) + case.warned_before, _MOST_WORDINGS)


def warning_number(case: Case) -> int:
    """The how-manieth time this person is spoken with."""
    return min(1 + len(case.refusals) + case.warned_before, _MOST_WORDINGS)


def _own_sms(case: Case, party: str) -> dict[str, datetime]:
    """When SMS of this case reached the person, or may have: once for each key."""
    return {each.send_key: each.made_at for each in case.on(Channel.SMS, party) if each.result not in NEVER_ARRIVED}


def _after_a_conflict(policy: Policy, sent: list[datetime], due: datetime) -> datetime:
    """Past what is sent too shortly before or after, also what another case has planned, and past a full day."""
    cap = policy.sms_cap
    for at in sent:
        if abs(due - at) < cap.again_after:
            due = at + cap.again_after
    return times.next_day(policy, due) if _on_day(policy, sent, due) >= cap.per_day else due


def _elsewhere(case: Case, party: str, channel: Channel) -> list[datetime]:
    return [at for number in case.numbers if number.party == party for kind, at in number.used if kind is channel]


def _on_day(policy: Policy, moments: Iterable[datetime], at: datetime) -> int:
    day = times.local_day(policy, at)
    return sum(times.local_day(policy, each) == day for each in moments)
