"""Lines that could not be taken: kept whole in the vault, with their reason, to be looked at and pushed again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework import personal_data
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.store.base import new_id
from dispatcher.store.instructions import QuarantineRow
from schemas.vocabulary import IntakeStatus, Urgency

MAX_KEPT = 1024 * 1024  # bytes; of anything larger the head is kept, which is enough to find its sender


@dataclass(frozen=True)
class Kept:
    id: UUID
    received_at: datetime
    door: str
    status: IntakeStatus
    field: str
    reason: str
    bytes: int
    urgency: Urgency | None
    pushed_again_at: datetime | None


def holds(work: UnitOfWork, kept_id: UUID) -> bool:
    """Whether a line was kept under this id, and be it pushed again since."""
    return work.session.get(QuarantineRow, kept_id) is not None


def keep(
    work: UnitOfWork,
    raw: bytes,
    *,
    door: str,
    status: IntakeStatus,
    field: str,
    reason: str,
    kept_as: UUID | None = None,
    urgency: Urgency | None = None,
) -> UUID:
    """Keep a refused line. Returns its id in the quarantine. `urgency`: of one that somebody has to see to."""
    now = work.now
    subject = personal_data.new_subject(work, now, kind="quarantine")
    text = raw[:MAX_KEPT].decode("utf-8", "backslashreplace")
    value = personal_data.keep_value(work, subject, "line", text)
    work.session.flush()
    row = QuarantineRow(
        id=kept_as or new_id(),
        received_at=now,
        door=door,
        status=status,
        field=field,
        reason=reason,
        bytes=len(raw),
        value_id=value,
        urgency=urgency,
    )
    work.session.add(row)
    return row.id


def listed(session: Session, *, everything: bool = False) -> list[Kept]:
    """What waits in quarantine, oldest first; with `everything` also what was pushed again."""
    # An id of a value leads with its time; that of a row may be made of the line.
    rows = select(QuarantineRow).order_by(QuarantineRow.value_id)
    if not everything:
        rows = rows.where(QuarantineRow.pushed_again_at.is_(None))
    return [
        Kept(
            each.id,
            each.received_at,
            each.door,
            each.status,
            each.field,
            each.reason,
            each.bytes,
            each.urgency,
            each.pushed_again_at,
        )
        for each in session.scalars(rows)
    ]


def line(work: UnitOfWork, kept_id: UUID) -> str | None:
    """The line as it came; None where there is no such entry. Personal data: for mending and pushing again only."""
    row = work.session.get(QuarantineRow, kept_id)
    return None if row is None else personal_data.read_value(work, row.value_id)


def mark_pushed_again(work: UnitOfWork, kept_id: UUID) -> None:
    row = work.session.get_one(QuarantineRow, kept_id)
    row.pushed_again_at = work.now
