"""Rules of a person who is not reached by phone: what people are asked to do where the plan leads nowhere."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine import caps, numbers
from dispatcher.engine.case import Case
from dispatcher.engine.decisions import Decision, OpenWorkItem
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import Channel, Urgency, WorkItemKind

_GRAVE = frozenset({Urgency.CRITICAL, Urgency.HIGH})
_OPERATOR_HELP = "operator_help"  # once a case


def operator_help(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """No number of the person leads anywhere: the telecom operator is asked for help."""
    if case.urgency in _GRAVE and _OPERATOR_HELP not in case.asked_causes and _is_unreachable(case, policy, now):
        due_at = policy.answer_by(case.urgency, now)
        yield OpenWorkItem("operator_help", WorkItemKind.OPERATOR_HELP, due_at, _OPERATOR_HELP)


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
    is_asked = not case.channels.isdisjoint({Channel.SMS, Channel.VOICE})
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
