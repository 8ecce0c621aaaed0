"""Rules of SMS: one to a person; another only where urgency rose or the first words did not help."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from dispatcher.engine import caps, numbers
from dispatcher.engine.case import Attempt, Case, Number
from dispatcher.engine.decisions import Decision, PlanAttempt
from dispatcher.engine.sending import again, beside_a_doubt, last_of, plan
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import Channel, Onward, Result

# The first number has it, or would have had the same text refused.
_NO_OTHER_NUMBER = frozenset({Result.DELIVERED, Result.UNKNOWN, Result.REJECTED_CONTENT})
_ARRIVED = frozenset({Result.DELIVERED, Result.UNKNOWN})


def sms(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """The next number on a permanent failure, the same one after a passing fault."""
    party = numbers.to_text(case)
    made = case.on(Channel.SMS, party)
    left = numbers.usable(case, Channel.SMS, party)
    if Channel.SMS not in case.channels or any(map(case.is_pending, made)) or not left:
        return
    if _has_it(case, made):
        return
    last = last_of(made)
    if last is None:
        start = case.opened_at + policy.plan(case.urgency).sms.after
        yield _sms("first_sms", case, policy, left[0], max(now, start))
    elif last.result is Result.FAILED_TEMPORARY:
        yield beside_a_doubt(_retry(case, policy, now, last, left), made)
    elif last.result not in _NO_OTHER_NUMBER:
        yield beside_a_doubt(_sms("next_number", case, policy, left[0], now, retry_of=last.id), made)
    elif last.result in _ARRIVED:
        yield _one_more(case, policy, now, last, left)


def _has_it(case: Case, made: tuple[Attempt, ...]) -> bool:
    """Whether one of them arrived, in whatever order the words on them came, and nothing since calls for another."""
    arrived = max((each.made_at for each in made if each.result in _ARRIVED), default=None)
    grounds = [at for at in (case.rewarned_at, *case.refusals) if at is not None]
    return arrived is not None and max(grounds, default=arrived) <= arrived


def sms_gave_way(case: Case) -> list[datetime]:
    """When a provider said that it won't reach the person by SMS now and another channel may; no number is left."""
    party = numbers.to_text(case)
    last = last_of(case.on(Channel.SMS, party))
    gave_way = last is not None and last.onward is Onward.NEXT_CHANNEL
    if last is None or last.settled_at is None or not gave_way or numbers.usable(case, Channel.SMS, party):
        return []
    return [last.settled_at]


def _retry(case: Case, policy: Policy, now: datetime, last: Attempt, left: tuple[Number, ...]) -> PlanAttempt:
    """On the same number, within the caps of what linked cases sent meanwhile; on the next where that one is gone."""
    if all(number.id != last.number_id for number in left):
        return _sms("next_number", case, policy, left[0], now, retry_of=last.id)
    once_more = again(case, policy, last, now)
    if once_more.send_key is not None:
        return once_more
    due = caps.sms_at(case, policy, last.party, Due(once_more.due_at, once_more.held_by))
    return replace(once_more, due_at=due.at, held_by=due.held_by)


def _one_more(case: Case, policy: Policy, now: datetime, last: Attempt, left: tuple[Number, ...]) -> PlanAttempt:
    number = next((each for each in left if each.id == last.number_id), left[0])
    rule = "urgency_rose" if caps.rise_permits_one(case, last.party) else "other_wording"
    return _sms(rule, case, policy, number, now)


def _sms(
    rule: str, case: Case, policy: Policy, number: Number, due: datetime, retry_of: str | None = None
) -> PlanAttempt:
    held, warning_number = (
        caps.sms_at(case, policy, number.party, Due(due)),
        caps.sms_warning_number(case, number.party),
    )
    return plan(rule, Channel.SMS, number, held, warning_number=warning_number, retry_of=retry_of)
