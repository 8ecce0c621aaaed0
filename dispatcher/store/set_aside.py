"""What was set aside because it raised: one row for each attempt, receipt or case, as long as its fault lasts."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp
from schemas.vocabulary import FaultPoint


class SetAsideRow(Base):
    """Its attempt, its receipt, or with neither the case itself. All times are real."""

    __tablename__ = "set_aside"
    __table_args__ = (
        Index("ix_set_aside_case_id", "case_id"),
        Index("ix_set_aside_open", "first_at", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"))
    attempt_id: Mapped[UUID | None]
    receipt_id: Mapped[UUID | None]
    point: Mapped[FaultPoint]
    error: Mapped[str]  # the kind alone: a message may hold personal data
    place: Mapped[str]  # file:line of ours where it rose
    failures: Mapped[int]
    first_at: Mapped[Timestamp]
    last_at: Mapped[Timestamp]
    retry_at: Mapped[Timestamp]
    ended_at: Mapped[Timestamp | None]
