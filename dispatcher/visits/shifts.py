"""Shifts: what an officer has in hand at the end of one goes back; one with nobody on duty is seen before it comes."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import and_, not_, select

from dispatcher.casework.decide import decide
from dispatcher.casework.moves import move_visit
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import visit_states
from dispatcher.engine.orders import ASSIGNED_BY_PERSON
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.visits import AssignmentRow, OfficerRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits.officer_steps import settle_assignment
from dispatcher.visits.open_visit import open_visit
from dispatcher.visits.roster import AT_SHIFT_END
from schemas.roster import gaps, minutes_on, on_duty
from schemas.vocabulary import Result, ReturnReason, VisitState, WorkItemKind

# Whoever is on the way goes there.
_NOT_DEPARTED = (VisitState.ASSIGNED, VisitState.ACCEPTED)


@dataclass(frozen=True)
class Gap:
    """From when to when of each day, in local time, nobody of a unit is on duty, and when that is next (or is now)."""

    unit: str
    begin: str
    end: str
    starts_at: datetime


def gaps_ahead(work: UnitOfWork) -> Iterator[Gap]:
    """Of each unit that has officers."""
    local = work.now.astimezone(work.context.policy.timezone)
    shifts: dict[str, list[str]] = defaultdict(list)
    for unit, duty in work.session.execute(select(OfficerRow.unit, OfficerRow.duty)).tuples():
        shifts[unit] += duty
    for unit, of_unit in sorted(shifts.items()):
        for begin, end in gaps(of_unit):
            yield Gap(unit, begin, end, _next(begin, end, local))


def _next(begin: str, end: str, local: datetime) -> datetime:
    if on_duty([f"{begin}-{end}"], local.time()):
        return local
    starts = datetime.combine(local.date(), time.fromisoformat(begin), local.tzinfo)
    return starts if starts > local else starts + timedelta(days=1)


def left_at_shift_end(work: UnitOfWork) -> list[UUID]:
    """Visits of officers who are no longer on duty, and not on the way: by the roster of now, whatever it was then.

    What was assigned by name stays, on duty or not.
    """
    found = select(VisitRow.id, OfficerRow.duty).join(OfficerRow, OfficerRow.badge == VisitRow.officer)
    by_ladder = and_(AttemptRow.id == VisitRow.attempt_id, AttemptRow.rule != ASSIGNED_BY_PERSON)
    found = found.join(AttemptRow, by_ladder).where(VisitRow.state.in_(_NOT_DEPARTED))
    now = work.now.astimezone(work.context.policy.timezone).time()
    held = work.session.execute(found.order_by(VisitRow.id)).tuples()
    return [visit_id for visit_id, duty in held if not on_duty(duty, now)]


def begun_since_exhausted(work: UnitOfWork) -> list[UUID]:
    """Cases with a visit that nobody on the ladder took, and somebody of its precinct who came on duty since.

    Whoever was asked before is not asked again, and so counts for nothing here.
    """
    local = work.now.astimezone(work.context.policy.timezone)
    had = select(AssignmentRow.badge).where(AssignmentRow.visit_id == VisitRow.id, not_(AT_SHIFT_END))
    found = (
        select(WorkItemRow.case_id, WorkItemRow.planned_at, OfficerRow.duty)
        .join(VisitRow, VisitRow.case_id == WorkItemRow.case_id)
        .join(OfficerRow, OfficerRow.unit == VisitRow.precinct_code)
        .where(WorkItemRow.done_at.is_(None), WorkItemRow.kind == WorkItemKind.LADDER_EXHAUSTED)
        .where(VisitRow.state == VisitState.WAITING, OfficerRow.badge.not_in(had))
    )
    begun: set[UUID] = set()
    for case_id, exhausted_at, duty in work.session.execute(found).tuples():
        on = minutes_on(duty, local.time())
        if case_id is not None and on is not None and work.now - timedelta(minutes=on) > exhausted_at:
            begun.add(case_id)
    return sorted(begun)


def hand_back(work: UnitOfWork, visit_id: UUID) -> None:
    """Back to the ladder, as if the officer had returned it; its clock stands."""
    case_file, visit = open_visit(work, visit_id)
    if visit.state not in _NOT_DEPARTED or visit_id not in left_at_shift_end(work):
        return
    reason = visit.return_reason = ReturnReason.SHIFT_ENDED
    settle_assignment(case_file, visit, Result.RETURNED, confirmed=False, reason=reason)
    data = {"visit": visit.id, "attempt": visit.attempt_id, "officer": visit.officer, "reason": reason}
    case_file.note(visit.case_id, "visit_returned", data, rule="shift_ended")
    move_visit(visit, visit_states.free(visit))
    decide(case_file)
