"""Rules of the escalation ladder: who gets a visit, how long each has, and who is told when time runs out."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from dispatcher.engine import caps
from dispatcher.engine.case import SUBJECT, Attempt, Case, Visit
from dispatcher.engine.decisions import (
    DecideAgainAt,
    Decision,
    EndAssignment,
    EndVisitOffer,
    OpenWorkItem,
    PlanAttempt,
    SetDeadline,
)
from dispatcher.engine.sending import run_of_failures
from dispatcher.policy.models import Policy
from schemas.vocabulary import Channel, Person, Result, ReturnReason, Rung, VisitState, WorkItemKind

# What is done at the very moment of a deadline is in time.
_PAST = timedelta(seconds=1)
_UNDER_WAY = frozenset({VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED, VisitState.TRANSFERRED})
MOVED = frozenset({Result.READDRESSED, Result.RETURNED, Result.TRANSFERRED})
# Who decides what an officer of the same station can't mend.
_RETURN_TO = {
    ReturnReason.NOT_MY_JURISDICTION: Rung.COUNTY_DESK,
    ReturnReason.ADDRESS_INSUFFICIENT: Rung.CENTRE,
    ReturnReason.DUPLICATE: Rung.CENTRE,
}


def acceptance(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Not accepted in time: taken from this officer, so that the next rung gets it."""
    visit = case.open_visit
    if visit is None or visit.state is not VisitState.ASSIGNED:
        return
    if visit.assigned_at is None or visit.attempt_id is None:
        return
    until = visit.assigned_at + policy.plan(case.urgency).visit.accept_within
    if now <= until:
        yield DecideAgainAt("visit_not_accepted", until + _PAST)
    else:
        yield EndAssignment("visit_not_accepted", visit.id, visit.attempt_id, Result.NOT_ACCEPTED)


def transfer_offered(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Another unit is asked to take the visit over: that waits for it until it answers, or the offer lapses."""
    visit = case.open_visit
    cause = _offered_cause(visit) if visit is not None else None
    if visit is None or visit.offered_until is None or cause is None or cause in case.asked_causes:
        return
    if now <= visit.offered_until:
        yield OpenWorkItem("transfer_offered", WorkItemKind.TRANSFER_OFFERED, visit.offered_until + _PAST, cause)


def is_offered(case: Case, cause: str) -> bool:
    """This offer waits for its answer still."""
    visit = case.open_visit
    return visit is not None and cause == _offered_cause(visit)


def _offered_cause(visit: Visit) -> str | None:
    until = visit.offered_until if visit.state is VisitState.OFFERED else None
    return f"transfer:{visit.id}:{until.timestamp()}" if until is not None else None


def offer_lapsed(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """The other unit did not answer in time: the visit stays ours, and the county desk is told."""
    visit = case.open_visit
    if visit is None or visit.state is not VisitState.OFFERED or visit.offered_until is None:
        return
    if now <= visit.offered_until:
        yield DecideAgainAt("offer_lapsed", visit.offered_until + _PAST)
    else:
        yield EndVisitOffer("offer_lapsed", visit.id)
        cause, due_at = f"offer:{visit.id}:{visit.offered_until.isoformat()}", policy.answer_by(case.urgency, now)
        yield OpenWorkItem("offer_lapsed", WorkItemKind.OFFER_LAPSED, due_at, cause)


def assign(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A visit that waits goes to the next rung of the ladder; past the top it waits for the centre to name one."""
    visit = case.open_visit
    if visit is None or visit.state is not VisitState.WAITING:
        return
    made = [each for each in case.on(Channel.VISIT) if each.visit_id == visit.id]
    if any(map(case.is_pending, made)):
        return
    mine = _since_begun(made, visit)
    last = mine[-1] if mine else None
    rung = _next_rung(last, policy)
    if rung >= len(policy.ladder):
        cause = exhausted_cause(visit)
        if not case.has_item(cause):
            due_at = policy.answer_by(case.urgency, now)
            yield OpenWorkItem("ladder_exhausted", WorkItemKind.LADDER_EXHAUSTED, due_at, cause)
        return
    due = max(now, visit.not_before or now)
    if last is not None and last.result is Result.FAILED_TEMPORARY:
        due = max(due, (last.settled_at or now) + policy.retry.wait(len(run_of_failures(mine))))
    yield PlanAttempt(
        "visit_assigned" if last is None else f"ladder_after_{_why(last.result)}",
        Channel.VISIT,
        SUBJECT,
        Person.SUBJECT,
        due,
        visit_id=visit.id,
        rung=rung,
        retry_of=last.id if last else None,
        warning_number=caps.warning_number(case),
    )


def exhausted_cause(visit: Visit) -> str:
    """Names this climb of the ladder; one that begins anew is another."""
    return f"ladder:{visit.id}:{visit.moved_at}:{visit.ladder_after}"


def _since_begun(made: list[Attempt], visit: Visit) -> list[Attempt]:
    """The assignments since the ladder began: for the unit that the visit moved to, or for a roster loaded since."""
    ids = [each.id for each in made]
    after = ids.index(visit.ladder_after) + 1 if visit.ladder_after in ids else 0
    return _since_move(made[after:], visit)


def _since_move(made: list[Attempt], visit: Visit) -> list[Attempt]:
    """A visit that moved to another unit climbs that unit's ladder from the bottom.

    At the very moment of the move, what ended by moving was before it, and an empty rung passed after that was not.
    """
    if visit.moved_at is None:
        return made
    later = [each for each in made if each.settled_at is None or each.settled_at >= visit.moved_at]
    moved = [n for n, each in enumerate(later) if each.settled_at == visit.moved_at and each.result in MOVED]
    return later[moved[-1] + 1 :] if moved else later


def _next_rung(last: Attempt | None, policy: Policy) -> int:
    if last is None or last.rung is None:
        return 0
    if last.result is Result.FAILED_TEMPORARY:
        return last.rung
    after = last.rung + 1
    to = _RETURN_TO.get(last.return_reason) if last.return_reason is not None else None
    if to is not None:
        above = (n for n in range(after, len(policy.ladder)) if policy.ladder[n] is to)
        return next(above, after)
    return after


def _why(result: Result | None) -> str:
    return (result or Result.UNKNOWN).value.lower()


def deadlines(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Set from the case's clock; an urgency that rose can only bring them forward, nothing resets them.

    A case that a supervisor reopens has new ones.
    """
    plan, since = policy.plan(case.urgency), max(case.urgency_since, case.reopened_at or case.urgency_since)
    wanted = {"first_call_by": plan.voice.within if Channel.VOICE in case.channels else None}
    if case.visits:
        wanted |= {"met_by": plan.visit.met_within, "report_by": plan.visit.report_within}
    for name, within in wanted.items():
        at = since + within if within is not None else None
        if at is not None and (name not in case.deadlines or at < case.deadlines[name]):
            yield SetDeadline("deadline", name, at)


def overdue(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A visit in hand that misses its time is put before the station's leader."""
    visit = case.open_visit
    if visit is None or visit.state not in _UNDER_WAY:
        return
    for name, at in _awaited(case, visit).items():
        cause = _late_cause(name, visit)
        if now <= at:
            yield DecideAgainAt(f"overdue_{name}", at + _PAST)
        elif not case.has_item(cause):
            due_at = policy.answer_by(case.urgency, now)
            yield OpenWorkItem(f"overdue_{name}", WorkItemKind.VISIT_OVERDUE, due_at, cause, answerable(visit))


def answerable(visit: Visit) -> Rung:
    """Who sees to a visit that is late: no station of ours has one that another centre took over."""
    return Rung.CENTRE if visit.state is VisitState.TRANSFERRED else Rung.STATION_LEADER


def late_causes(case: Case, visit: Visit) -> tuple[str, ...]:
    """What this visit, in hand as it is, can be late with."""
    return tuple(_late_cause(name, visit) for name in _awaited(case, visit)) if visit.state in _UNDER_WAY else ()


def _late_cause(name: str, visit: Visit) -> str:
    return f"{name}:{visit.id}"


def _awaited(case: Case, visit: Visit) -> dict[str, datetime]:
    """A revisit has its window; a first visit the case's deadlines."""
    if visit.not_after is not None:
        return {"window": visit.not_after}
    names = ("report_by",) if visit.state is VisitState.ARRIVED else ("met_by", "report_by")
    return {name: case.deadlines[name] for name in names if name in case.deadlines}
