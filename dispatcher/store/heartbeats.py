"""Signs of life of what works on its own, so that silence can be told from idleness."""

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from dispatcher.store.base import At, Base

SWEEP = "sweep"


class HeartbeatRow(Base):
    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    beat_at: Mapped[At]  # real time


def beat(session: Session | Connection, name: str, at: datetime) -> None:
    """Leave a sign of life."""
    row = insert(HeartbeatRow).values(name=name, beat_at=at)
    session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"beat_at": at}))
