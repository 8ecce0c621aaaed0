"""Rules of door visits: when one is needed, where, and what a report leads to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from dispatcher.engine import channels, numbers, places, times
from dispatcher.engine.case import Case, Visit
from dispatcher.engine.decisions import DecideAgainAt, Decision, OpenVisit, OpenWorkItem, ReaddressVisit
from dispatcher.engine.visit_states import BEFORE_ARRIVAL
from dispatcher.policy.models import Policy
from dispatcher.policy.triggers import VisitTrigger
from schemas.vocabulary import Channel, Result, ReturnReason, WorkItemKind

_COME_AGAIN = frozenset({Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY, Result.NOT_HOME_FAMILY_TOLD})
NUMBER_REQUEST = "number_request"  # why a number is asked for: there is none
_HUMAN_DECIDES = frozenset({Result.NOT_FOUND_CONFIRMED, Result.WRONG_ADDRESS, Result.INVALID_VISIT})


def visit_needed(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Opens the first visit, on the first ground that there is; the policy names those that it wants."""
    if case.visits:
        return
    visit = policy.plan(case.urgency).visit
    for ground in _GROUNDS:
        is_wanted = ground.trigger is None or ground.trigger in visit.on
        if is_wanted and ground.holds(case, policy, now):
            yield OpenVisit(ground.rule, places.precinct(case, policy, now))
            return
    waits_until = _no_contact_at(case, policy)
    if waits_until is not None:
        yield DecideAgainAt("visit_no_contact", waits_until)


def _no_contact_at(case: Case, policy: Policy) -> datetime | None:
    """When a visit opens for want of a contact, where the policy wants one then."""
    visit = policy.plan(case.urgency).visit
    if VisitTrigger.NO_CONTACT not in visit.on or visit.no_contact_after is None or case.true_contact:
        return None
    return case.opened_at + visit.no_contact_after


def _no_contact(case: Case, policy: Policy, now: datetime) -> bool:
    at = _no_contact_at(case, policy)
    return at is not None and now >= at


def _channel_is_down(case: Case, policy: Policy, now: datetime) -> bool:
    return bool(policy.plan(case.urgency).visit.on) and channels.is_held_up(case, now)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What opens a visit under which rule; without a trigger the policy can't leave it out."""

    rule: str
    trigger: VisitTrigger | None
    holds: Callable[[Case, Policy, datetime], bool]

    def __str__(self) -> str:
        return self.rule


_GROUNDS = (
    _Ground("visit_at_receipt", VisitTrigger.RECEIPT, lambda case, policy, now: True),
    _Ground("visit_warned_again", None, lambda case, policy, now: case.warned_before),
    _Ground("visit_after_refusal", VisitTrigger.REFUSED, lambda case, policy, now: bool(case.refusals)),
    _Ground(
        "visit_phone_route_exhausted",
        VisitTrigger.PHONE_ROUTE_EXHAUSTED,
        lambda case, policy, now: numbers.phone_route_exhausted(case, policy),
    ),
    _Ground("visit_channel_down", None, _channel_is_down),
    _Ground("visit_no_contact", VisitTrigger.NO_CONTACT, _no_contact),
)


def revisit(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Refused or not found stays open: another visit in an off-hours window, or a human's decision."""
    last = case.last_report
    if last is None or case.open_visit is not None:
        return
    if last.result in _COME_AGAIN or _guardian_was_absent(case, last):
        windows = policy.revisit.windows
        begin = times.next_window(windows, policy, now + policy.revisit.after)
        rule = "guardian_absent" if _guardian_was_absent(case, last) else "revisit"
        where = _again_where(case, policy, last, begin)
        yield OpenVisit(rule, where, begin, times.window_end(windows, policy, begin))
    elif last.result in _HUMAN_DECIDES and last.id not in case.asked_causes:
        yield OpenWorkItem("visit_result", WorkItemKind.VISIT_RESULT, policy.answer_by(case.urgency, now), last.id)


def _again_where(case: Case, policy: Policy, last: Visit, begin: datetime) -> str | None:
    """A unit that took the visit over keeps the person, unless they were found elsewhere since."""
    moved_at, known = last.moved_at, {place.precinct for place in case.places}
    if moved_at is not None and last.precinct not in known and all(each.added_at <= moved_at for each in case.places):
        return last.precinct
    return places.precinct(case, policy, begin) or last.precinct


def _guardian_was_absent(case: Case, visit: Visit) -> bool:
    met = visit.result is not None and visit.result.value.startswith("MET_")
    return met and not case.was_met(visit)


def re_address(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """The person turns out to be elsewhere: the visit goes there, and its clock stands."""
    visit = case.open_visit
    order = places.visiting_order(case, policy, now)
    if visit is None or not order or visit.state not in BEFORE_ARRIVAL:
        return
    first = order[0]
    is_news = first.added_at > (visit.moved_at or visit.opened_at)
    if is_news and first.precinct is not None and first.precinct != visit.precinct:
        yield ReaddressVisit("re_addressed", visit.id, first.precinct)


def ask_for_number(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Nobody can be rung: the source is asked for a number."""
    asked = case.channels & {Channel.SMS, Channel.VOICE}
    if asked and not can_be_rung(case) and NUMBER_REQUEST not in case.asked_causes:
        due_at = now + policy.number_request_within
        yield OpenWorkItem("ask_for_number", WorkItemKind.NUMBER_REQUEST, due_at, NUMBER_REQUEST)


def can_be_rung(case: Case) -> bool:
    """Whoever is warned first has a number that is not known to be bad."""
    known = (number for party in case.callees for number in numbers.of_party(case, party))
    return any(number.bad_for < {Channel.SMS, Channel.VOICE} for number in known)


def ask_for_address(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """An officer could do nothing with the address: the source is asked for a better one."""
    for attempt in case.attempts:
        returned = attempt.return_reason is ReturnReason.ADDRESS_INSUFFICIENT
        useless = returned or attempt.result is Result.WRONG_ADDRESS
        if attempt.channel is Channel.VISIT and useless and f"address:{attempt.id}" not in case.asked_causes:
            due_at = now + policy.number_request_within
            yield OpenWorkItem("ask_for_address", WorkItemKind.ADDRESS_REQUEST, due_at, f"address:{attempt.id}")
