"""The journal 劝阻日志: append-only. Triggers refuse UPDATE, DELETE and TRUNCATE (see the first migration)."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Json, Key, Timestamp


class JournalRow(Base):
    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_case_id_seq", "case_id", "seq"),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[Key]
    case_id: Mapped[UUID | None]
    seq: Mapped[int]  # 1, 2, 3 … within its case; 0 without a case
    at: Mapped[Timestamp]  # product time
    written_at: Mapped[Timestamp]  # real time
    actor: Mapped[str]
    event: Mapped[str]
    rule: Mapped[str | None]
    data: Mapped[Json]
    # What its transaction did to the case's rows; see journal_changes.py.
    rows: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
