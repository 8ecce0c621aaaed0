"""Opens the case of a visit, so that the visit can be read or changed, and takes a visit back from its officer."""

from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import move_attempt, move_visit
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import attempt_states, visit_states
from dispatcher.errors import Refused
from dispatcher.store.visits import VisitRow
from schemas.refusals import RefusalCode
from schemas.vocabulary import AttemptState, Result


def case_of(work: UnitOfWork, visit_id: UUID) -> UUID:
    """The case of a visit. Raises Refused if there is no such visit."""
    case_id = work.session.scalar(select(VisitRow.case_id).where(VisitRow.id == visit_id))
    if case_id is None:
        raise Refused(RefusalCode.NO_VISIT, visit=str(visit_id))
    return case_id


def open_visit(work: UnitOfWork, visit_id: UUID) -> tuple[CaseFile, VisitRow]:
    """The file with the visit's case, and the visit. Raises Refused if there is no such visit."""
    case_id = case_of(work, visit_id)
    case_file = CaseFile(work)
    case_file.open([case_id])
    return case_file, case_file.visit(case_id, visit_id)


def take_back(case_file: CaseFile, visit: VisitRow, result: Result) -> None:
    """Ends the assignment with this result; one that has not been sent has not been."""
    for attempt in case_file.attempts[visit.case_id]:
        if attempt.visit_id != visit.id or attempt.settled_at is not None:
            continue
        if attempt.state == AttemptState.PLANNED:
            move_attempt(attempt, attempt_states.cancel(attempt, case_file.now))
        else:
            move_attempt(attempt, attempt_states.settle(attempt, result, case_file.now))
    move_visit(visit, visit_states.free(visit))
