"""Signs of life of processes that work on their own, so that an outage can be told from idleness."""

from sqlalchemy import Connection, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Timestamp

SWEEP = "sweep"


class HeartbeatRow(Base):
    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    beat_at: Mapped[Timestamp]  # real time


def beat(connection: Connection, name: str) -> None:
    """Leave a sign of life, by the database's clock: hosts may disagree on the time."""
    row = insert(HeartbeatRow).values(name=name, beat_at=func.clock_timestamp())
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"beat_at": row.excluded.beat_at}))
