"""What sources are told of their cases 告知来源, in the order in which it may be read.

Rows are written with the journal entries that they follow from. They become visible in the order of the commits, which
no number that is given before the commit follows: so one process gives positions afterwards, and readers ask by those.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func, select, text
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from dispatcher.store.base import Base, Json, Timestamp
from schemas.vocabulary import SourceEvent

BATCH = 1000


class SourceEventRow(Base):
    __tablename__ = "source_events"
    __table_args__ = (
        Index("ix_source_events_unnumbered", "number", postgresql_where=text("position IS NULL")),
        Index("ix_source_events_system_position", "system", "position"),
    )

    # In the order of the journal within a case: whoever writes has the case's lock.
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    system: Mapped[str]  # the source that is told
    type: Mapped[SourceEvent]
    case_id: Mapped[UUID]
    seq: Mapped[int]  # of the journal entry, within its case
    at: Mapped[Timestamp]  # product time
    instructions: Mapped[list[str]] = mapped_column(ARRAY(SqlText))  # of this source in the case, by their own ids
    data: Mapped[Json]


class Told(NamedTuple):
    """What is told to every source of a case, or to the source of one instruction alone (by the id of its row)."""

    type: SourceEvent
    case_id: UUID
    seq: int
    at: datetime
    data: dict[str, Any]
    instruction: str | None


# The sources of a case are those of its instructions, also of withdrawn ones.
_WRITE = text("""
    INSERT INTO source_events (id, system, type, case_id, seq, at, instructions, data)
    SELECT gen_random_uuid(), said.system, told.type, told.case_id, told.seq, told.at, said.names, told.data
    FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS told(
        turn int, type text, case_id uuid, seq int, at timestamptz, data jsonb, instruction uuid
    ), LATERAL (
        SELECT system, array_agg(DISTINCT instruction_id) AS names FROM instructions
        WHERE case_id = told.case_id AND (told.instruction IS NULL OR id = told.instruction)
        GROUP BY system
    ) AS said
    ORDER BY told.turn, said.system
""")
_NUMBER = text("""
    UPDATE source_events SET position = :last + next.turn FROM (
        SELECT number, row_number() OVER (ORDER BY number) AS turn
        FROM (SELECT number FROM source_events WHERE position IS NULL ORDER BY number LIMIT :most) AS unnumbered
    ) AS next
    WHERE source_events.number = next.number
""")


def write(session: Session, told: Sequence[Told]) -> None:
    """Write what sources are told, in this order. Their instructions have been flushed."""
    rows = [each._asdict() | {"turn": turn} for turn, each in enumerate(told)]
    session.execute(_WRITE, {"told": json.dumps(rows, default=_plain)})


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def give_positions(session: Session) -> tuple[int, int]:
    """Give the next positions to what has become visible. Returns the last one before, and the last one now.

    For one process at a time: of two that did so at once, one would fail.
    """
    last = session.scalar(select(func.max(SourceEventRow.position))) or 0
    given: Any = session.execute(_NUMBER, {"last": last, "most": BATCH})
    return last, last + given.rowcount
