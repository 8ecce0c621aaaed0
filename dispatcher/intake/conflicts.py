"""What came under a version already taken, with other content: until a newer version comes, it stands beside it."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import personal_data
from dispatcher.casework.case_file import CaseFile
from dispatcher.store.instructions import InstructionRow, QuarantineRow
from dispatcher.store.journal import JournalRow
from schemas import parse
from schemas.instruction import Instruction

EVENT = "instruction_conflict"


def contents(case_file: CaseFile, case_id: UUID, rows: Sequence[InstructionRow]) -> Iterator[Instruction]:
    """The other contents of these versions, as they were kept in quarantine."""
    told = select(JournalRow.data).where(JournalRow.case_id == case_id, JournalRow.event == EVENT)
    standing = {str(row.id) for row in rows}
    kept = [UUID(data["quarantine"]) for data in case_file.session.scalars(told) if data["instruction"] in standing]
    values = select(QuarantineRow.value_id).where(QuarantineRow.id.in_(kept))
    for value_id in case_file.session.scalars(values).all() if kept else ():
        found = parse.line(personal_data.read_value(case_file.work, value_id).encode())
        if isinstance(found, Instruction):
            yield found
