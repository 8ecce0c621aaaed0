"""Clients of the API 接口客户端, their keys, and what was answered under an Idempotency-Key."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp
from schemas.vocabulary import ClientScope


class ClientRow(Base):
    __tablename__ = "clients"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(unique=True)
    systems: Mapped[list[str]] = mapped_column(ARRAY(SqlText))  # the `source.system` that it speaks for, and sees
    scopes: Mapped[list[ClientScope]]
    calls_per_minute: Mapped[int]
    networks: Mapped[list[str]] = mapped_column(ARRAY(SqlText))  # where it may call from; anywhere if none
    certificates: Mapped[list[str]] = mapped_column(ARRAY(SqlText))  # "ISSUER;SERIAL", as a trusted proxy tells them
    created_at: Mapped[Timestamp]
    revoked_at: Mapped[Timestamp | None]


class ClientKeyRow(Base):
    """A key by its SHA-256: 256 random bits need no slow hash."""

    __tablename__ = "client_keys"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(DeferredFK("clients.id"), index=True)
    hint: Mapped[str]  # its first characters, to tell keys apart
    created_at: Mapped[Timestamp]
    valid_until: Mapped[Timestamp | None]  # of one that was rotated: both are good until then


class ApiAnswerRow(Base):
    """What a client was answered under an Idempotency-Key; kept for a day."""

    __tablename__ = "api_answers"

    client_id: Mapped[UUID] = mapped_column(DeferredFK("clients.id"), primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)  # SHA-256
    request: Mapped[bytes]  # keyed digest of method, path and body
    at: Mapped[Timestamp] = mapped_column(index=True)
    status: Mapped[int]
    body: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # none where it holds personal data
