"""Rules of door visits: when one is needed, where, and what a report leads to."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine import channels, numbers, places, times
from dispatcher.engine.case import Case, Visit
from dispatcher.engine.decisions import AskHuman, DecideAgainAt, Decision, OpenVisit, OpenWorkItem, ReaddressVisit
from dispatcher.engine.visit_states import BEFORE_ARRIVAL
from dispatcher.policy.models import Policy
from schemas.vocabulary import Channel, Result, ReturnReason, Rung, VisitState, WorkItemKind

_COME_AGAIN = frozenset({Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY, Result.NOT_HOME_FAMILY_TOLD})
_HUMAN_DECIDES = frozenset({Result.NOT_FOUND_CONFIRMED, Result.WRONG_ADDRESS, Result.INVALID_VISIT})


def visit_needed(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Opens the first visit, on the first of the policy's triggers."""
    if case.visits:
        return
    visit, where = policy.plan(case.urgency).visit, places.precinct(case, policy, now)
    if "receipt" in visit.on:
        yield OpenVisit("visit_at_receipt", where)
    elif case.warned_before:
        yield OpenVisit("visit_warned_again", where)
    elif "refused" in visit.on and case.refusals:
        yield OpenVisit("visit_after_refusal", where)
    elif "phone_route_exhausted" in visit.on and numbers.phone_route_exhausted(case, policy):
        yield OpenVisit("visit_phone_route_exhausted", where)
    elif visit.on and channels.is_held_up(case, now):
        yield OpenVisit("visit_channel_down", where)
    elif "no_contact" in visit.on and visit.no_contact_after is not None and not case.true_contact:
        at = case.opened_at + visit.no_contact_after
        yield OpenVisit("visit_no_contact", where) if now >= at else DecideAgainAt("visit_no_contact", at)


def revisit(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Refused or not found stays open: another visit in an off-hours window, or a human's decision."""
    last = case.visits[-1] if case.visits else None
    if last is None or last.state is not VisitState.REPORTED:
        return
    if last.result in _COME_AGAIN or _guardian_was_absent(case, last):
        windows = policy.revisit.windows
        begin = times.next_window(windows, policy, now + policy.revisit.after)
        rule = "guardian_absent" if _guardian_was_absent(case, last) else "revisit"
        where = _again_where(case, policy, last, begin)
        yield OpenVisit(rule, where, begin, times.window_end(windows, policy, begin))
    elif last.result in _HUMAN_DECIDES and last.id not in case.asked_causes:
        yield AskHuman("visit_result", Rung.CENTRE, last.id)


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
    dialable = any(number.bad_for < {Channel.SMS, Channel.VOICE} for number in numbers.of_party(case, case.callee))
    if asked and not dialable and "number_request" not in case.asked_causes:
        due_at = now + policy.number_request_within
        yield OpenWorkItem("ask_for_number", WorkItemKind.NUMBER_REQUEST, due_at, "number_request")


def ask_for_address(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """An officer could do nothing with the address: the source is asked for a better one."""
    for attempt in case.attempts:
        returned = attempt.return_reason is ReturnReason.ADDRESS_INSUFFICIENT
        useless = returned or attempt.result is Result.WRONG_ADDRESS
        if attempt.channel is Channel.VISIT and useless and f"address:{attempt.id}" not in case.asked_causes:
            due_at = now + policy.number_request_within
            yield OpenWorkItem("ask_for_address", WorkItemKind.ADDRESS_REQUEST, due_at, f"address:{attempt.id}")
