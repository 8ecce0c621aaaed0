"""Signs of life of processes that work on their own, so that an outage can be told from idleness.

All by the database's clock: hosts may disagree on the time.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Timestamp

SWEEP = "sweep"
WEBHOOKS = "webhooks"
_WORKER = "worker:"
_KEPT = timedelta(days=1)


class HeartbeatRow(Base):
    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    beat_at: Mapped[Timestamp]  # real time


def worker(name: str) -> str:
    """The row of this worker, which Celery knows as NAME@HOST."""
    return f"{_WORKER}{name}"


def beat(connection: Connection, name: str) -> None:
    """Leave a sign of life."""
    row = insert(HeartbeatRow).values(name=name, beat_at=func.clock_timestamp())
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"beat_at": row.excluded.beat_at}))


def end(connection: Connection, name: str) -> None:
    """Its end was ordered: its silence is none to be told."""
    connection.execute(delete(HeartbeatRow).where(HeartbeatRow.name == name))


def forget(connection: Connection) -> None:
    """Drop what was silent for a day, such as the workers of a host that is gone."""
    connection.execute(delete(HeartbeatRow).where(HeartbeatRow.beat_at < func.clock_timestamp() - _KEPT))


def workers_since(connection: Connection, since: datetime) -> set[str]:
    """Names of the workers that have left a sign of life since then."""
    row = HeartbeatRow
    names = connection.scalars(select(row.name).where(row.name.startswith(_WORKER), row.beat_at > since))
    return {name.removeprefix(_WORKER) for name in names}


def database_now(connection: Connection) -> datetime:
    """The time of the clock by which signs of life are written."""
    now: datetime = connection.scalars(select(func.clock_timestamp())).one()
    return now
