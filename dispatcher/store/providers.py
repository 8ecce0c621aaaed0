"""Providers 服务商: the health of each, the same for all processes, and its history."""

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Json, Key, Timestamp
from schemas.vocabulary import Cause, Channel, Health


class ProviderRow(Base):
    """One table of PROVIDERS_FILE, as the worker that last started read it. All times are real."""

    __tablename__ = "providers"

    name: Mapped[str] = mapped_column(primary_key=True)
    channels: Mapped[list[Channel]]
    weight: Mapped[float]
    linked: Mapped[bool]
    limits: Mapped[Json]  # as providers/limits.py reads them
    health: Mapped[Health]
    since: Mapped[Timestamp]
    step: Mapped[int]
    trips: Mapped[int]
    last_error: Mapped[str | None]
    last_error_at: Mapped[Timestamp | None]


class ProviderHistoryRow(Base):
    """One change of a provider's standing; append-only, by trigger (see the migration)."""

    __tablename__ = "provider_history"
    __table_args__ = (Index("ix_provider_history_provider_id", "provider", "id"),)

    id: Mapped[Key]
    provider: Mapped[str]
    at: Mapped[Timestamp]
    before: Mapped[Health]
    after: Mapped[Health]
    share: Mapped[float | None]  # of its weight, from then on
    cause: Mapped[Cause]
    by: Mapped[str | None]  # a badge; None: the breaker
    note: Mapped[str | None]  # a person's reason
    seen: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # the counts that it was judged by
