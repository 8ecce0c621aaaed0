"""Transfers 移交 of a visit to another precinct or centre: offered, then accepted or refused, then reported on."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp
from schemas.vocabulary import ReturnReason, TransferState


class TransferRow(Base):
    __tablename__ = "transfers"
    __table_args__ = (
        Index("uq_transfers_offered_visit", "visit_id", unique=True, postgresql_where=text("state = 'offered'")),
    )

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), index=True)
    visit_id: Mapped[UUID] = mapped_column(DeferredFK("visits.id"), index=True)
    from_unit: Mapped[str | None]
    to_unit: Mapped[str] = mapped_column(DeferredFK("units.code"))
    reason: Mapped[ReturnReason]
    state: Mapped[TransferState]
    offered_at: Mapped[Timestamp]
    offered_by: Mapped[str]
    answer_by: Mapped[Timestamp]
    decided_at: Mapped[Timestamp | None]
    decided_by: Mapped[str | None]
