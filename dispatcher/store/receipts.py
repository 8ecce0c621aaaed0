"""Receipts that providers sent, each stored once, then settled in batches."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Key, Timestamp, Yuan
from schemas.vocabulary import Answer, Result


class ReceiptRow(Base):
    __tablename__ = "receipts"
    __table_args__ = (
        Index("ix_receipts_send_key", "send_key"),
        Index("ix_receipts_unsettled", "id", postgresql_where=text("settled_at IS NULL")),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[Key]
    provider: Mapped[str]
    send_key: Mapped[UUID]
    result: Mapped[Result | None]  # None: the provider holds it, an interim word
    held: Mapped[bool]
    confirmed: Mapped[bool]
    answer: Mapped[Answer | None]
    detail: Mapped[str | None]
    ref: Mapped[str | None]
    stopped_yuan: Mapped[Yuan | None]
    hours: Mapped[int | None]
    stored_at: Mapped[Timestamp]
    settled_at: Mapped[Timestamp | None]
    not_before: Mapped[Timestamp | None]  # real time: set aside until then


class ReceiptKeyRow(Base):
    """Small and unpartitioned, so that one unique key spans all time."""

    __tablename__ = "receipt_keys"

    provider: Mapped[str] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(primary_key=True)
    receipt_id: Mapped[UUID]
