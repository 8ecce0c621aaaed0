"""How much one person is sent: SMS and calls a day, also from linked cases. A human visit is never capped."""

from collections.abc import Iterable
from datetime import datetime

from dispatcher.engine import times
from dispatcher.engine.case import Attempt, Case
from dispatcher.policy.models import Policy
from schemas.vocabulary import Channel, Result

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


def sms_sent(case: Case, party: str) -> list[datetime]:
    """When SMS went to this person, or may have: once for each key, other cases included."""
    arrived = (each for each in case.on(Channel.SMS, party) if each.result not in NEVER_ARRIVED)
    own = {each.send_key: each.made_at for each in arrived}
    return sorted([*own.values(), *_elsewhere(case, party, Channel.SMS)])


def sms_allowed(case: Case, policy: Policy, party: str, due: datetime) -> datetime:
    """`due`, or the first moment after it at which one more SMS to this person is within the caps."""
    sent, cap = sms_sent(case, party), policy.sms_cap
    if sent:
        due = max(due, sent[-1] + cap.again_after)
    today = _on_day(policy, sent, due)
    return times.next_day(policy, due) if today >= cap.per_day else due


def call_allowed(case: Case, policy: Policy, party: str, made: Iterable[Attempt], due: datetime) -> datetime:
    """`due`, or the next day where the day's calls to this person are used up."""
    per_day = policy.plan(case.urgency).voice.per_day
    rang = [*(each.made_at for each in made), *_elsewhere(case, party, Channel.VOICE)]
    return times.next_day(policy, due) if per_day is not None and _on_day(policy, rang, due) >= per_day else due


def sms_occasion(case: Case, party: str) -> int:
    """The how-manieth warning this SMS is; repeat warnings change their wording."""
    arrived = {each.send_key for each in case.on(Channel.SMS, party) if each.result not in NEVER_ARRIVED}
    return min(1 + len(arrived) + case.warned_before, _MOST_WORDINGS)


def occasion(case: Case) -> int:
    """The how-manieth time this person is spoken with."""
    return min(1 + len(case.refusals) + case.warned_before, _MOST_WORDINGS)


def _elsewhere(case: Case, party: str, channel: Channel) -> list[datetime]:
    return [at for number in case.numbers if number.party == party for kind, at in number.used if kind is channel]


def _on_day(policy: Policy, moments: Iterable[datetime], at: datetime) -> int:
    day = times.local_day(policy, at)
    return sum(times.local_day(policy, each) == day for each in moments)
