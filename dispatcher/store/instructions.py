"""Instructions 预警指令, immutable once stored, and the quarantine of lines that could not be taken."""

from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
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
    refuted_at: Mapped[Timestamp | None]  # when its own source said that it was a false alarm


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
    """A line that was not taken as it is, kept whole in the vault with its reason."""

    __tablename__ = "quarantine"
    __table_args__ = (
        Index("ix_quarantine_awaits", "awaits", postgresql_where=text("awaits IS NOT NULL")),
        Index("ix_quarantine_instruction", "instruction", postgresql_where=text("instruction IS NOT NULL")),
        Index("ix_quarantine_urgent", "id", postgresql_where=text("urgency IS NOT NULL AND pushed_again_at IS NULL")),
    )

    id: Mapped[Key]
    received_at: Mapped[Timestamp]
    door: Mapped[str]  # push, celery
    status: Mapped[IntakeStatus]  # refused, conflict
    field: Mapped[str]
    reason: Mapped[str]
    value_id: Mapped[UUID] = mapped_column(DeferredFK("vault_values.id"))
    pushed_again_at: Mapped[Timestamp | None]
    # Of what came before its instruction: keyed digest of the instruction that it waits for. Of an urgent line that
    # was refused: of the instruction that it names, which may come again, mended.
    awaits: Mapped[bytes | None]
    urgency: Mapped[Urgency | None]  # of a refused line that calls itself critical or high
    # Of a conflict: the instruction beside which it stands until a person has decided.
    instruction: Mapped[UUID | None] = mapped_column(DeferredFK("instructions.id"))
    decided_at: Mapped[Timestamp | None]  # of an urgent line that was refused: when somebody had seen to it
    bytes: Mapped[int]
