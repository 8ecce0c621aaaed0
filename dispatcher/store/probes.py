"""Probes of the watch: keys that belong to no attempt, and whose receipts are expected all the same."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Timestamp


class ProbeRow(Base):
    __tablename__ = "probes"

    send_key: Mapped[UUID] = mapped_column(primary_key=True)
    sent_at: Mapped[Timestamp]  # real time
