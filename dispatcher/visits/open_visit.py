"""Opens the case of a visit, so that the visit can be read or changed."""

from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.store.visits import VisitRow
from schemas.refusals import RefusalCode


def open_visit(work: UnitOfWork, visit_id: UUID) -> tuple[CaseFile, VisitRow]:
    """The file with the visit's case, and the visit. Raises Refused if there is no such visit."""
    case_id = work.session.scalar(select(VisitRow.case_id).where(VisitRow.id == visit_id))
    if case_id is None:
        raise Refused(RefusalCode.NO_VISIT, visit=str(visit_id))
    case_file = CaseFile(work)
    case_file.open([case_id])
    return case_file, case_file.visit(case_id, visit_id)
