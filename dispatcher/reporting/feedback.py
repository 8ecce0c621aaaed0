"""Feedback: what each source said of its instructions, and what it is told at the end."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.store.instructions import FeedbackRow, InstructionRow


def listed(session: Session, *, system: str | None = None, since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """One line for each word, oldest first: `out` is what the source is owed and told, `in` what it said."""
    found = (
        select(FeedbackRow, InstructionRow)
        .join(InstructionRow, InstructionRow.id == FeedbackRow.instruction)
        .order_by(FeedbackRow.id)
    )
    if system is not None:
        found = found.where(FeedbackRow.system == system)
    if since is not None:
        found = found.where(FeedbackRow.at >= since)
    for row, instruction in session.execute(found).tuples():
        yield {
            "system": row.system,
            "instruction_id": instruction.instruction_id,
            "version": instruction.version,
            "ref": instruction.ref,
            "case": str(row.case_id),
            "direction": row.direction,
            "outcome": row.outcome,
            "at": row.at.isoformat(),
            "by": row.by,
        }
