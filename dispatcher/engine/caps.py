"""How much one person is sent: SMS and calls a day, also from linked cases. A human visit is never capped."""

from collections.abc import Iterable
from datetime import datetime

from dispatcher.engine import times
from dispatcher.engine.case import Attempt, Case
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


def call_at(case: Case, policy: Policy, party: str, made: Iterable[Attempt], due: Due) -> Due:
    """`due`, or the first moment after it outside the quiet hours, on a day whose calls are not used up."""
    per_day = policy.plan(case.urgency).voice.per_day
    rang = [*(each.made_at for each in made), *_elsewhere(case, party, Channel.VOICE)]
    due = times.awake(policy, case.urgency, due)
    while per_day is not None and _on_day(policy, rang, due.at) >= per_day:
        due = times.awake(policy, case.urgency, due.until(times.next_day(policy, due.at), Hold.CALL_CAP))
    return due


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
