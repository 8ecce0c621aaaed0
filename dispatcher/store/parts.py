"""Parts of messages that went over a link, under the ids that the carrier gave them."""

from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Timestamp
from schemas.vocabulary import Result


class PartRow(Base):
    """Written from two sides, in any order: by the carrier's taking it (send_key), and by its receipt (result).

    Nothing of a person, and nothing of a case: it only leads a receipt to its attempt, and goes after some days.
    """

    __tablename__ = "parts"
    __table_args__ = (Index("ix_parts_send_key", "send_key"),)

    provider: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    send_key: Mapped[UUID | None]
    part: Mapped[int | None]  # from 1
    parts: Mapped[int | None]
    result: Mapped[Result | None]
    detail: Mapped[str | None]
    written_at: Mapped[Timestamp] = mapped_column(server_default=func.now())  # real time
