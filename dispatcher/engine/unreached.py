"""Rules of a person who is not reached by phone: what people are asked to do where the plan leads nowhere."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine import caps, numbers
from dispatcher.engine.case import KIN, Attempt, Case, Number
from dispatcher.engine.decisions import Decision, OpenWorkItem
from dispatcher.engine.sending import failures_in_a_row, same_errand
from dispatcher.engine.times import Due
from dispatcher.policy.models import MANY_FAILURES, Policy
from schemas.vocabulary import AttemptState, Channel, Ending, Onward, Relation, Result, Urgency, WorkItemKind

_GRAVE = frozenset({Urgency.CRITICAL, Urgency.HIGH})
_BY_PHONE = frozenset({Channel.SMS, Channel.VOICE})
_NOTHING_KNOWN = frozenset({None, Result.UNKNOWN, Result.FAILED_TEMPORARY})
_NOT_OUT = (AttemptState.PLANNED, AttemptState.SENDING)
_OPERATOR_HELP = "operator_help"  # once a case


def operator_help(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """No number of the person leads anywhere: the telecom operator is asked for help."""
    if case.urgency in _GRAVE and _OPERATOR_HELP not in case.asked_causes and _is_unreachable(case, policy, now):
        due_at = policy.answer_by(case.urgency, now)
        yield OpenWorkItem("operator_help", WorkItemKind.OPERATOR_HELP, due_at, _OPERATOR_HELP)


def employer_approval(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Nobody else was reached: a supervisor decides whether the employer is called, each time anew."""
    if Channel.VOICE not in case.channels or case.true_contact or not has_employer_to_call(case):
        return
    parties = tuple(_called_by_plan(case, policy))
    if not parties or not all(_was_called_in_vain(case, party) for party in parties):
        return
    is_time = _family_would_be_called(case, policy, now)
    if not is_time and any(numbers.usable(case, Channel.VOICE, party) for party in parties):
        return
    employers = {number.party for number in _employers(case)}
    calls = [each.id for each in case.attempts if each.channel is Channel.VOICE and each.party in employers]
    cause = f"employer_approval:{calls[-1] if calls else 'first'}"
    if cause not in case.asked_causes:
        due_at = policy.answer_by(case.urgency, now)
        yield OpenWorkItem("employer_approval", WorkItemKind.EMPLOYER_APPROVAL, due_at, cause)


def has_employer_to_call(case: Case) -> bool:
    """There is one, and no call to them is under way."""
    return any(
        number in numbers.usable(case, Channel.VOICE, number.party)
        and not any(map(case.is_pending, case.on(Channel.VOICE, number.party)))
        for number in _employers(case)
    )


def _employers(case: Case) -> tuple[Number, ...]:
    return tuple(number for number in case.numbers if number.relation is Relation.EMPLOYER)


def _called_by_plan(case: Case, policy: Policy) -> Iterator[str]:
    """Whoever is called without anybody's order: the person or a child's guardians, and named family."""
    yield from filter(case.may_be_called, case.callees)
    is_told = case.fraud_type not in policy.family_not_told or case.life_at_risk
    if is_told and policy.plan(case.urgency).family is not None:
        kin = (number.party for number in case.numbers if number.person in KIN)
        yield from dict.fromkeys(party for party in kin if party not in case.callees)


def _was_called_in_vain(case: Case, party: str) -> bool:
    has_answered = any(each.confirmed for each in case.on(Channel.VOICE, party))
    return not has_answered and not numbers.untried(case, party)


def _family_would_be_called(case: Case, policy: Policy, now: datetime) -> bool:
    """The employer is asked about no sooner than the family; where nobody is left to call, at once."""
    family = policy.plan(case.urgency).family
    if family is None:
        return False
    return now >= case.opened_at + (family.money_moved_after if case.money_has_moved else family.after)


def doubt(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Sent as often as the policy allows, and nobody knows whether it arrived: a person rings, once a channel."""
    if case.urgency not in _GRAVE or case.true_contact:
        return
    asked = set(case.asked_causes)
    for attempt in case.attempts:
        cause = f"doubt:{attempt.channel}"
        sends = sum(each.send_key == attempt.send_key for each in case.attempts)
        is_used_up = sends >= policy.retry.doubt_sends
        if is_used_up and _is_given_up(case, attempt) and cause not in asked:
            asked.add(cause)
            yield OpenWorkItem("doubt", WorkItemKind.DOUBT, policy.answer_by(case.urgency, now), cause)


def stays_in_doubt(case: Case, cause: str) -> bool:
    """Nobody knows yet what came of a message on the channel that was asked about."""
    return any(cause == f"doubt:{each.channel}" and _is_given_up(case, each) for each in case.attempts)


def _is_given_up(case: Case, attempt: Attempt) -> bool:
    """A message to whoever is warned first, of which nothing is known under its key."""
    is_message = attempt.channel in _BY_PHONE and attempt.party in case.callees
    if not is_message or attempt.ending is not Ending.DOUBT_GIVEN_UP or attempt.result is not Result.UNKNOWN:
        return False
    same = (each.result for each in case.attempts if each.send_key == attempt.send_key)
    return all(result in _NOTHING_KNOWN for result in same)


def sending_fails(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What fails for now, again and again, is tried on ever more seldom; a person is told, once for each such run."""
    asked = set(case.asked_causes)
    for attempt in case.attempts:
        cause = f"failing:{attempt.id}"
        if cause not in asked and _is_many_th_failure(case, attempt):
            asked.add(cause)
            yield OpenWorkItem("sending_fails", WorkItemKind.NOT_SENT, policy.answer_by(case.urgency, now), cause)


def still_fails(case: Case, cause: str) -> bool:
    """Nothing else has come of that errand since."""
    since = next((each for each in case.attempts if cause == f"failing:{each.id}"), None)
    return since is not None and _runs_on(case, since)


def _is_many_th_failure(case: Case, attempt: Attempt) -> bool:
    """The one by which a run of failures, which still goes on, became long."""
    if attempt.result is not Result.FAILED_TEMPORARY or attempt.onward is Onward.NEXT_PROVIDER:
        return False
    if attempt.channel is Channel.HOOK:
        return False  # somebody rings the bank, and much sooner
    errand = same_errand(case, attempt)
    until_it = errand[: errand.index(attempt) + 1]
    return failures_in_a_row(until_it) == MANY_FAILURES and _runs_on(case, attempt)


def _runs_on(case: Case, attempt: Attempt) -> bool:
    """It is still tried, nothing else has come of it, and the person was not reached otherwise."""
    errand = same_errand(case, attempt)
    after = errand[errand.index(attempt) + 1 :]
    fails = all(each.result is Result.FAILED_TEMPORARY or each.state in _NOT_OUT for each in after)
    is_needed = attempt.channel is Channel.VISIT or not case.true_contact
    return fails and is_needed and any(map(case.is_pending, after))


def has_new_number(case: Case) -> bool:
    """Whoever is warned first has a number on which nothing has come to an end yet."""
    for party in case.callees:
        new = numbers.untried(case, party) if _is_called(case, party) else numbers.usable(case, Channel.SMS, party)
        if new:
            return True
    return False


def _is_unreachable(case: Case, policy: Policy, now: datetime) -> bool:
    """There are numbers, and all of them are bad, in other hands, or called on every day that has calls."""
    is_known = any(numbers.of_party(case, party) for party in case.callees)
    is_asked = not case.channels.isdisjoint(_BY_PHONE)
    is_used_up = all(_is_used_up(case, policy, party, now) for party in case.callees)
    return is_known and is_asked and is_used_up and not case.true_contact


def _is_used_up(case: Case, policy: Policy, party: str, now: datetime) -> bool:
    if not _is_called(case, party):
        is_under_way = any(map(case.is_pending, case.on(Channel.SMS, party)))
        return not is_under_way and not numbers.usable(case, Channel.SMS, party)
    if numbers.is_exhausted(case, policy, party):
        return True
    is_under_way = any(map(case.is_pending, case.on(Channel.VOICE, party)))
    return not is_under_way and caps.call_at(case, policy, party, Due(now)) is None


def _is_called(case: Case, party: str) -> bool:
    return Channel.VOICE in case.channels and case.may_be_called(party)
