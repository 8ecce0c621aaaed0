"""Instructions that came again as they were: a source that is not sure pushes all of its batch once more."""

from collections.abc import Sequence
from itertools import takewhile

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake.accepted import CENTRE
from dispatcher.intake.answer import Answer
from dispatcher.intake.content import REPEATED
from dispatcher.intake.new_people import ReadLine
from dispatcher.store.base import in_array
from dispatcher.store.instructions import InstructionRow
from schemas.instruction import Instruction
from schemas.vocabulary import IntakeStatus


def stored(work: UnitOfWork, lines: Sequence[ReadLine]) -> list[InstructionRow | None]:
    """For each of these lines the instruction that says the same under the same version; None where there is none."""
    ids = sorted({line.pushed.instruction_id for line in lines})
    found = work.session.scalars(select(InstructionRow).where(in_array(InstructionRow.instruction_id, ids)))
    rows = {(row.system, row.instruction_id, row.version): row for row in found}
    asked = (rows.get((line.pushed.source.system, line.pushed.instruction_id, line.pushed.version)) for line in lines)
    return [
        row if row is not None and row.content_digest == line.digest else None
        for line, row in zip(lines, asked, strict=True)
    ]


def take(work: UnitOfWork, lines: Sequence[ReadLine]) -> list[Answer]:
    """Note these lines, in their order, up to the first that says something else. Their locks are held."""
    same = [row for row in takewhile(lambda row: row is not None, stored(work, lines)) if row is not None]
    case_file = CaseFile(work)
    case_file.open({row.case_id for row in same})
    return [
        note(case_file, row, REPEATED, IntakeStatus.DUPLICATE, line.pushed)
        for row, line in zip(same, lines, strict=False)
    ]


def note(case_file: CaseFile, row: InstructionRow, event: str, status: IntakeStatus, pushed: Instruction) -> Answer:
    """A line that changes nothing, and stands in its case's journal all the same. The case is open in the file."""
    data = {"instruction": str(row.id), "version": pushed.version, "newest": row.version}
    case_file.note(row.case_id, event, data, actor=CENTRE, rule=status)
    return Answer(status, pushed.instruction_id, str(row.case_id), row=row)
