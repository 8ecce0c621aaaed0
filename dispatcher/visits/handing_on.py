"""Handing on: a visit goes back to the ladder from an officer whose shift is over, or who has left the roster.

Whoever is on the way goes there. What work items somebody took who is gone is told here too.
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, not_, select
from sqlalchemy.orm import Session

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import move_visit
from dispatcher.engine import visit_states
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.visits import AssignmentRow, OfficerRow, StaffRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits.officer_steps import settle_assignment
from dispatcher.visits.open_visit import take_back
from schemas.vocabulary import AttemptState, Result, ReturnReason, VisitState

NOT_DEPARTED = (VisitState.ASSIGNED, VisitState.ACCEPTED)
_ON_THE_WAY = (VisitState.DEPARTED, VisitState.ARRIVED)


def has_left() -> ColumnElement[bool]:
    """Of an officer: the last roster does not have them, or gives them no shift at all."""
    return func.cardinality(OfficerRow.duty) == 0


IS_LEFT = (
    WorkItemRow.done_at.is_(None),
    WorkItemRow.taken_by.is_not(None),
    not_(exists().where(OfficerRow.badge == WorkItemRow.taken_by, not_(has_left()))),
    not_(exists().where(StaffRow.badge == WorkItemRow.taken_by)),
)


def of_those_who_left(session: Session) -> Iterator[VisitRow]:
    """Visits of officers who have left the roster without setting out, or that they were promised by name."""
    held = select(VisitRow).join(OfficerRow, and_(OfficerRow.badge == VisitRow.officer, has_left()))
    yield from session.scalars(held.where(VisitRow.state.in_(NOT_DEPARTED)).order_by(VisitRow.id))
    is_planned = and_(AttemptRow.visit_id == VisitRow.id, AttemptRow.state == AttemptState.PLANNED)
    promised = select(VisitRow).join(AttemptRow, is_planned)
    promised = promised.join(AssignmentRow, AssignmentRow.send_key == AttemptRow.send_key)
    promised = promised.join(OfficerRow, and_(OfficerRow.badge == AssignmentRow.badge, has_left()))
    yield from session.scalars(promised.where(VisitRow.state == VisitState.WAITING).order_by(VisitRow.id))


def on_the_way(session: Session) -> list[int]:
    """Numbers of the visits that officers who have left the roster have set out for, and still make."""
    theirs = select(VisitRow.number).join(OfficerRow, and_(OfficerRow.badge == VisitRow.officer, has_left()))
    return sorted(session.scalars(theirs.where(VisitRow.state.in_(_ON_THE_WAY))))


def items_left(session: Session) -> list[tuple[UUID, int]]:
    """Ids and numbers of the work items that somebody sees to who is neither on the roster nor staff any more."""
    found = select(WorkItemRow.id, WorkItemRow.number).where(*IS_LEFT).order_by(WorkItemRow.number)
    return list(session.execute(found).tuples())


def hand_on(case_file: CaseFile, visit_ids: Collection[UUID]) -> None:
    """These visits go back to the ladder: whoever has them, or was promised them, has left the roster."""
    for case_id, visits in case_file.visits.items():
        for visit in visits:
            if visit.id not in visit_ids:
                continue
            if visit.state in NOT_DEPARTED:
                hand_back(case_file, visit, rule="officer_left")
            elif visit.state == VisitState.WAITING:
                take_back(case_file, visit, Result.REASSIGNED)
                case_file.note(case_id, "visit_taken_back", {"visit": str(visit.id)}, rule="officer_left")


def hand_back(case_file: CaseFile, visit: VisitRow, *, rule: str) -> None:
    """Back to the ladder, as if the officer had returned it; its clock stands, and the officer may be asked again."""
    reason = visit.return_reason = ReturnReason.SHIFT_ENDED
    settle_assignment(case_file, visit, Result.RETURNED, confirmed=False, reason=reason)
    data = {"visit": visit.id, "attempt": visit.attempt_id, "officer": visit.officer, "reason": reason}
    case_file.note(visit.case_id, "visit_returned", data, rule=rule)
    move_visit(visit, visit_states.free(visit))
