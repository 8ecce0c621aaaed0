"""Rules of door visits: when one is needed, the ladder, deadlines, what a report leads to."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from dispatcher.engine import numbers, times
from dispatcher.engine.case import SUBJECT, Case, Visit
from dispatcher.engine.decisions import AskHuman, Decision, EndAssignment, Look, OpenVisit, Plan, SetDeadline
from dispatcher.policy.models import Policy
from schemas.vocabulary import Answer, Channel, Person, Result, Rung, VisitState

_REFUSALS = frozenset({Answer.UNSURE, Answer.DENIES, Answer.ALREADY_PAID})
_MAY_DECIDE = frozenset({Person.SUBJECT, Person.GUARDIAN})
_COME_AGAIN = frozenset({Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY, Result.NOT_HOME_FAMILY_TOLD})
_HUMAN_DECIDES = frozenset({Result.NOT_FOUND_CONFIRMED, Result.WRONG_ADDRESS, Result.INVALID_VISIT})
# What is done at the very moment of a deadline is in time.
_PAST = timedelta(seconds=1)
_UNDER_WAY = frozenset({VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED})


def visit_needed(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Opens the first visit, on the first of the policy's triggers."""
    if case.visits:
        return
    visit = policy.plan(case.urgency).visit
    if "receipt" in visit.on:
        yield OpenVisit("visit_at_receipt")
    elif "refused" in visit.on and _refused(case):
        yield OpenVisit("visit_after_refusal")
    elif "phone_route_exhausted" in visit.on and numbers.phone_route_exhausted(case, policy):
        yield OpenVisit("visit_phone_route_exhausted")
    elif "no_contact" in visit.on and visit.no_contact_after is not None and not case.true_contact:
        at = case.opened_at + visit.no_contact_after
        yield OpenVisit("visit_no_contact") if now >= at else Look("visit_no_contact", at)


def _refused(case: Case) -> bool:
    asked = (each for each in case.attempts if each.channel is Channel.VOICE and each.person in _MAY_DECIDE)
    return any(each.confirmed and each.answer in _REFUSALS for each in asked)


def revisit(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Refused or not found stays open: another visit in the next off-hours window, or a human's decision."""
    last = case.visits[-1] if case.visits else None
    if last is None or last.state is not VisitState.REPORTED:
        return
    if last.result in _COME_AGAIN:
        yield OpenVisit("revisit", not_before=times.next_window(policy.revisit_windows, policy, now))
    elif last.result in _HUMAN_DECIDES and last.id not in case.asked_for:
        yield AskHuman("visit_result", Rung.CENTRE, last.id)


def acceptance(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Not accepted in time: taken from this officer, so that the next rung gets it."""
    visit = case.open_visit
    if visit is None or visit.state is not VisitState.ASSIGNED:
        return
    if visit.assigned_at is None or visit.attempt_id is None:
        return
    until = visit.assigned_at + policy.plan(case.urgency).visit.accept_within
    if now <= until:
        yield Look("visit_not_accepted", until + _PAST)
    else:
        yield EndAssignment("visit_not_accepted", visit.id, visit.attempt_id, Result.NOT_ACCEPTED)


def assign(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A visit that waits goes to the next rung of the ladder; past the top, to a human by name."""
    visit = case.open_visit
    if visit is None or visit.state is not VisitState.WAITING:
        return
    mine = [each for each in case.on(Channel.VISIT) if each.visit_id == visit.id]
    if any(map(case.is_pending, mine)):
        return
    last = mine[-1] if mine else None
    failed = last is not None and last.result is Result.FAILED_TEMPORARY
    rung = 0 if last is None or last.rung is None else last.rung + (0 if failed else 1)
    if rung >= len(policy.ladder):
        if visit.id not in case.asked_for:
            yield AskHuman("ladder_exhausted", Rung.CENTRE, visit.id)
        return
    due = max(now, visit.not_before or now)
    if failed and last is not None:
        due = max(due, (last.settled_at or now) + policy.retry.wait(1))
    yield Plan(
        "visit_assigned" if last is None else f"ladder_after_{_why(last.result)}",
        Channel.VISIT,
        SUBJECT,
        Person.SUBJECT,
        due,
        visit_id=visit.id,
        rung=rung,
        retry_of=last.id if last else None,
    )


def _why(result: Result | None) -> str:
    return (result or Result.UNKNOWN).value.lower()


def deadlines(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Set from the case's clock; an urgency that rose can only bring them forward, nothing resets them."""
    plan = policy.plan(case.urgency)
    wanted = {"first_call_by": plan.voice.within if Channel.VOICE in case.channels else None}
    if case.visits:
        wanted |= {"met_by": plan.visit.met_within, "report_by": plan.visit.report_within}
    for name, within in wanted.items():
        at = case.urgency_since + within if within is not None else None
        if at is not None and (name not in case.deadlines or at < case.deadlines[name]):
            yield SetDeadline("deadline", name, at)


def overdue(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """An accepted visit that misses its time is put before the station's leader, once for each deadline."""
    visit = case.open_visit
    if visit is None or visit.state not in _UNDER_WAY:
        return
    for name in _awaited(visit):
        at, cause = case.deadlines.get(name), f"{name}:{visit.id}"
        if at is None or cause in case.asked_for:
            continue
        if now <= at:
            yield Look(f"overdue_{name}", at + _PAST)
        else:
            yield AskHuman(f"overdue_{name}", Rung.STATION_LEADER, cause)


def _awaited(visit: Visit) -> tuple[str, ...]:
    return ("report_by",) if visit.state is VisitState.ARRIVED else ("met_by", "report_by")
