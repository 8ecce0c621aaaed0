"""Rules of SMS: one to a person; another only where urgency rose or the first words did not help."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine import caps, numbers
from dispatcher.engine.case import Attempt, Case, Number
from dispatcher.engine.decisions import Decision, Plan
from dispatcher.engine.sending import again, awake, last_of, plan
from dispatcher.policy.models import Policy
from schemas.vocabulary import Channel, Result

# The first number has it, or would have had the same text refused.
_NO_OTHER_NUMBER = frozenset({Result.DELIVERED, Result.UNKNOWN, Result.REJECTED_CONTENT})
_ARRIVED = frozenset({Result.DELIVERED, Result.UNKNOWN})


def sms(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """The next number on a permanent failure, the same one after a passing fault."""
    party = case.callee
    made = case.on(Channel.SMS, party)
    left = numbers.usable(case, Channel.SMS, party)
    if Channel.SMS not in case.channels or any(map(case.is_pending, made)) or not left:
        return
    last = last_of(made)
    if last is None:
        start = case.opened_at + policy.plan(case.urgency).sms.after
        yield _sms("first_sms", case, policy, left[0], max(now, start))
    elif last.result is Result.FAILED_TEMPORARY:
        if any(number.id == last.number_id for number in left):
            yield again(case, policy, last, now)
    elif last.result not in _NO_OTHER_NUMBER:
        yield _sms("next_number", case, policy, left[0], now, retry_of=last.id)
    elif last.result in _ARRIVED:
        yield from _one_more(case, policy, now, last, left)


def _one_more(case: Case, policy: Policy, now: datetime, last: Attempt, left: tuple[Number, ...]) -> Iterator[Decision]:
    number = next((each for each in left if each.id == last.number_id), left[0])
    if case.rewarned_at is not None and case.rewarned_at > last.made_at:
        # The one SMS that a rise permits is beyond the caps.
        occasion = caps.sms_occasion(case, number.party)
        yield plan("urgency_rose", Channel.SMS, number, awake(case, policy, now), occasion=occasion)
    elif max(case.refusals, default=last.made_at) > last.made_at:
        yield _sms("other_wording", case, policy, number, now)


def _sms(rule: str, case: Case, policy: Policy, number: Number, due: datetime, retry_of: str | None = None) -> Plan:
    """Within the caps and outside the quiet hours; where one moves it, the other still holds."""
    due = awake(case, policy, caps.sms_allowed(case, policy, number.party, due))
    occasion = caps.sms_occasion(case, number.party)
    return plan(rule, Channel.SMS, number, due, occasion=occasion, retry_of=retry_of)
