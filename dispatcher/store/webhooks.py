"""Webhooks: where events of a source are sent, with which secrets, and what became of each."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp
from schemas.vocabulary import DeliveryState

_IS_WAITING = text("state = 'waiting'")


class WebhookEndpointRow(Base):
    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        # A name is free again once its endpoint is removed.
        Index("uq_webhook_endpoints_name", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
    )

    id: Mapped[Key]
    name: Mapped[str]
    client_id: Mapped[UUID] = mapped_column(DeferredFK("clients.id"), index=True)  # whose sources' events it gets
    url: Mapped[str]
    created_at: Mapped[Timestamp]
    removed_at: Mapped[Timestamp | None]


class WebhookSecretRow(Base):
    """A secret by which its endpoint knows us, under the vault's key ring; destroyed with the endpoint."""

    __tablename__ = "webhook_secrets"

    id: Mapped[Key]
    endpoint_id: Mapped[UUID] = mapped_column(DeferredFK("webhook_endpoints.id"), index=True)
    key_id: Mapped[str]  # of the key ring
    wrapped: Mapped[bytes]
    created_at: Mapped[Timestamp]
    valid_until: Mapped[Timestamp | None]  # of one that was rotated: both sign until then


class WebhookDeliveryRow(Base):
    """One event on its way to one endpoint. Sent, recorded and followed by the next of its case, in this order."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "endpoint_id", "due_at", "position", postgresql_where=_IS_WAITING),
        Index("ix_webhook_deliveries_of_case", "endpoint_id", "case_id", "position", postgresql_where=_IS_WAITING),
        Index("ix_webhook_deliveries_dead", "endpoint_id", "position", postgresql_where=text("state = 'dead'")),
    )

    endpoint_id: Mapped[UUID] = mapped_column(DeferredFK("webhook_endpoints.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # of the event
    case_id: Mapped[UUID]
    state: Mapped[DeliveryState]
    due_at: Mapped[Timestamp]  # product time
    tries: Mapped[int]
    status: Mapped[int | None]  # of HTTP, of the last try that was answered
    fault: Mapped[str | None]  # of the last try that was not: the kind of error
    ended_at: Mapped[Timestamp | None]
