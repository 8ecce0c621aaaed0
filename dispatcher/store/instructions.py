"""Instructions 预警指令, immutable once stored, and the quarantine of lines that could not be taken."""

from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp
from schemas.vocabulary import Channel, IntakeStatus, Resolution, Urgency


class InstructionRow(Base):
    __tablename__ = "instructions"
    __table_args__ = (UniqueConstraint("system", "instruction_id", "version"),)

    id: Mapped[Key]
    system: Mapped[str]
    instruction_id: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    content_digest: Mapped[bytes]  # keyed: tells a redelivery from a conflict without holding the content
    unit: Mapped[str | None]
    ref: Mapped[str | None]
    source_kind: Mapped[str | None]
    issued_at: Mapped[Timestamp]
    received_at: Mapped[Timestamp]
    valid_until: Mapped[Timestamp | None]
    urgency: Mapped[Urgency]
    urgency_label: Mapped[str]
    fraud_type: Mapped[str]
    channels: Mapped[list[Channel]]
    flags: Mapped[list[str]] = mapped_column(JSONB)
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), index=True)
    raw_value_id: Mapped[UUID] = mapped_column(DeferredFK("vault_values.id"))
    withdrawn_at: Mapped[Timestamp | None]
    withdrawn_version: Mapped[int | None]  # the version that the withdrawal named, which may not have come yet


class EventRow(Base):
    """Events already taken, by keyed digest of their content: the same delivery twice counts once."""

    __tablename__ = "events"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    instruction: Mapped[UUID] = mapped_column(DeferredFK("instructions.id"))
    op: Mapped[str]
    received_at: Mapped[Timestamp]


class FeedbackRow(Base):
    """What a source said of its instruction (in), and what it is told at the end (out)."""

    __tablename__ = "feedback"

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), index=True)
    instruction: Mapped[UUID] = mapped_column(DeferredFK("instructions.id"))
    system: Mapped[str] = mapped_column(index=True)
    direction: Mapped[str]  # in, out
    outcome: Mapped[Resolution]
    at: Mapped[Timestamp]
    by: Mapped[str]


class QuarantineRow(Base):
    """A refused line, kept whole in the vault with its reason."""

    __tablename__ = "quarantine"

    id: Mapped[Key]
    received_at: Mapped[Timestamp]
    door: Mapped[str]  # push, celery
    status: Mapped[IntakeStatus]  # refused, conflict
    field: Mapped[str]
    reason: Mapped[str]
    bytes: Mapped[int]
    value_id: Mapped[UUID] = mapped_column(DeferredFK("vault_values.id"))
    pushed_again_at: Mapped[Timestamp | None]
