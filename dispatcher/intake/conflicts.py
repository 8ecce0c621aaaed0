"""What came under a version already taken, with other content: until a person has decided, it stands beside it."""

from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.store.instructions import InstructionRow, QuarantineRow

EVENT = "instruction_conflict"


def undecided(case_file: CaseFile, case_id: UUID) -> list[QuarantineRow]:
    """The other contents of this case's versions that nobody has decided on. Of a withdrawn one, or a refuted, none."""
    found = (
        select(QuarantineRow)
        .join(InstructionRow, InstructionRow.id == QuarantineRow.instruction)
        .where(
            InstructionRow.case_id == case_id,
            InstructionRow.withdrawn_at.is_(None),
            InstructionRow.refuted_at.is_(None),
            QuarantineRow.decided_at.is_(None),
        )
        .order_by(QuarantineRow.id)
    )
    return list(case_file.session.scalars(found))
