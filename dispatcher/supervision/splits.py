"""Splits: an instruction that joined the wrong person gets a case of its own."""

from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import closing
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.intake import open_case, same_person, split_off, statements
from dispatcher.store.instructions import InstructionRow
from dispatcher.supervision.decisions import SupervisorDecision, lock_open_case, note
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act


def split(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, instruction_id: str) -> UUID:
    """Take one of several joined instructions out of a case. Returns the id of its own case."""
    case_file, case = lock_open_case(work, case_id, order, Act.SPLIT)
    rows = _versions(case_file, case_id, instruction_id)
    before = statements.merged(case_file, case_id)
    read = statements.reread(case_file, rows[-1].raw_value_id, rows[-1].received_at)
    earlier = same_person.warned_before(work, read, case_file.now)
    own = open_case.open_new(case_file, read, open_case.subject_of(case_file, read), earlier)
    note(case_file, case, order, "split", instruction_id=instruction_id, into=str(own))
    split_off.note(case_file, own, rows[-1], case_id, actor=order.by)
    split_off.move(case_file, case_id, own, rows, before)
    if not closing.standing(case_file, case_id):
        # What others withdrew must not go on for want of the one that kept it open.
        case.withdrawn_at = case_file.now
    decide(case_file)
    return own


def _versions(case_file: CaseFile, case_id: UUID, instruction_id: str) -> list[InstructionRow]:
    found = select(InstructionRow).where(InstructionRow.case_id == case_id).order_by(InstructionRow.version)
    joined = list(case_file.session.scalars(found))
    rows = [row for row in joined if row.instruction_id == instruction_id]
    if not rows or len(rows) == len(joined):
        raise Refused(RefusalCode.INSTRUCTION_NOT_JOINED)
    if len({row.system for row in rows}) > 1:
        raise Refused(RefusalCode.INSTRUCTION_OF_TWO_SOURCES)
    if rows[-1].withdrawn_at is not None:
        raise Refused(RefusalCode.INSTRUCTION_WITHDRAWN)
    return rows
