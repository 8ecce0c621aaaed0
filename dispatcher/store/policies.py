"""Policies 处置策略 that were used: what each version said, by the digest of it."""

from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Json, Timestamp


class PolicyRow(Base):
    """Under one name one content alone; one content may have had several names. All times are real."""

    __tablename__ = "policies"

    digest: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True, unique=True)
    content: Mapped[Json]  # its keys with their values, as dispatcher/policy/content.py writes them
    kept_at: Mapped[Timestamp]
    in_force_at: Mapped[Timestamp | None]  # when the sweep last began to go by it
