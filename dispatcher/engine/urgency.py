"""Rules that raise urgency. Nothing lowers it by itself."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine import numbers
from dispatcher.engine.case import Case
from dispatcher.engine.decisions import Decision, RaiseUrgency
from dispatcher.policy.models import Policy
from schemas.vocabulary import ANSWERED_BY_STRANGER, Channel, Urgency


def somebody_else_answered(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Never a contact, and urgency rises one step: the phone may be in the wrong hands."""
    urgency = case.urgency
    for attempt in (each for party in case.callees for each in case.on(Channel.VOICE, party)):
        is_new = attempt.result in ANSWERED_BY_STRANGER and attempt.id not in case.raise_causes
        if is_new and urgency is not Urgency.CRITICAL:
            urgency = urgency.raised()
            yield RaiseUrgency("somebody_else_answered", urgency, attempt.id)


def phone_route_exhausted(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    to = policy.plan(case.urgency).phone_route_exhausted_raises_to
    if to is not None and to.rank < case.urgency.rank and numbers.phone_route_exhausted(case, policy):
        yield RaiseUrgency("phone_route_exhausted", to, "phone_route_exhausted")


def warned_again(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A person warned again so soon is in deeper than the source may know."""
    to = policy.warned_again.at_least
    if case.warned_before and to.rank < case.urgency.rank:
        yield RaiseUrgency("warned_again", to, "warned_again")
