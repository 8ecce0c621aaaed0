"""What came under a version already taken, with other content: until a person has decided, it stands beside it."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.store.instructions import InstructionRow, QuarantineRow

EVENT = "instruction_conflict"


def undecided(
    case_file: CaseFile, case_id: UUID, standing: Iterable[InstructionRow]
) -> list[tuple[QuarantineRow, InstructionRow]]:
    """The other contents of this case's versions that nobody has decided on, each beside the version that it is of.

    No later version ends them. Where the instruction itself stands no longer, neither do they.
    """
    stands = {(row.system, row.instruction_id) for row in standing}
    found = (
        select(QuarantineRow, InstructionRow)
        .join(InstructionRow, InstructionRow.id == QuarantineRow.instruction)
        .where(InstructionRow.case_id == case_id, QuarantineRow.decided_at.is_(None))
        .order_by(QuarantineRow.id)
    )
    rows = case_file.session.execute(found).tuples()
    return [(kept, row) for kept, row in rows if (row.system, row.instruction_id) in stands]
