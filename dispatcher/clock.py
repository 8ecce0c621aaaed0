"""Product time: issued, due, deadlines, quiet hours. One source, the same for all processes.

DISPATCHER_CLOCK = real | scaled:N | stepped:START. Unless real, it lies in one row in PostgreSQL.
Leases and network timeouts never use it: they run in real time. What machines compare with each other is the
database's time: a worker whose own clock is off neither sends too early nor lets its leases run out at once.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from dispatcher.errors import OperatorError
from dispatcher.store import advisory_locks
from dispatcher.store.product_clock import ClockRow

_SCALED = re.compile(r"scaled:([0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True, slots=True)
class Spec:
    kind: str
    rate: float = 1.0
    start: datetime | None = None


def lease_clock() -> float:
    """Seconds of this machine, which go on while the process, or the machine itself, stands still."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def real_now() -> datetime:
    """Returns this machine's time; the only place that asks for it."""
    return datetime.now(UTC)


def shared_now(session: Session) -> datetime:
    """Returns real time, the same for all machines."""
    at: datetime = session.scalars(select(func.clock_timestamp())).one()
    return at.astimezone(UTC)


def parse(text_: str) -> Spec:
    """Read DISPATCHER_CLOCK. Raises OperatorError."""
    if text_ == "real":
        return Spec("real")
    scaled = _SCALED.fullmatch(text_)
    if scaled and float(scaled[1]) > 0:
        return Spec("scaled", rate=float(scaled[1]))
    try:
        start = datetime.fromisoformat(text_.removeprefix("stepped:"))
    except ValueError:
        start = None
    if text_.startswith("stepped:") and start is not None and start.tzinfo is not None:
        return Spec("stepped", start=start)
    raise OperatorError(
        "DISPATCHER_CLOCK 应为 real、scaled:N 或 stepped:带时区的起始时间",
        "DISPATCHER_CLOCK must be real, scaled:N, or stepped:START with a zone, e.g. stepped:2026-03-02T09:00:00+08:00",
    )


class Clock:
    """Asks PostgreSQL if product time is not real time."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self._parsed = parse(spec)
        self.is_stepped = self._parsed.kind == "stepped"

    def start(self, session: Session) -> None:
        """Set the row up once. Raises OperatorError if the database runs on another clock."""
        if self._parsed.kind == "real":
            kept = session.scalar(select(ClockRow.spec))
            if kept is not None:
                raise _other_clock(kept)
            return
        kept = session.scalar(select(ClockRow.spec))
        if kept is None:
            real = shared_now(session)
            row = {"id": 1, "spec": self.spec, "product_at": self._parsed.start or real, "real_at": real}
            session.execute(insert(ClockRow).values(row).on_conflict_do_nothing())
            kept = session.scalars(select(ClockRow.spec)).one()
        if kept != self.spec:
            raise _other_clock(kept)

    def now(self, session: Session) -> datetime:
        if self._parsed.kind == "real":
            return shared_now(session)
        row = session.execute(select(ClockRow.product_at, ClockRow.real_at)).one()
        if self.is_stepped:
            at: datetime = row.product_at
            return at
        now: datetime = row.product_at + (shared_now(session) - row.real_at) * self._parsed.rate
        return now

    def real_seconds(self, product_seconds: float) -> float:
        """Returns how much real time a stretch of product time takes; none on a stepped clock."""
        return 0.0 if self.is_stepped else product_seconds / self._parsed.rate

    def product_time(self, real_seconds: float) -> timedelta:
        """Returns how much product time passes in a stretch of real time."""
        return timedelta(seconds=real_seconds * self._parsed.rate)


@contextmanager
def hold_clock_driver(engine: Engine) -> Iterator[None]:
    """Be the only one who may move a stepped clock, waiting up to 10 s for it. Raises OperatorError."""
    with ExitStack() as held:
        # A connection of its own, kept to the end: the lock belongs to it, not to a pooled session.
        holder = held.enter_context(engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
        try:
            held.enter_context(advisory_locks.hold(holder, advisory_locks.CLOCK_DRIVER, wait_s=10))
        except OperationalError:
            raise OperatorError("时钟正由他人驱动", "somebody else moves the clock; end the other simulate") from None
        yield


def try_hold_clock_driver(session: Session) -> bool:
    """For this transaction, be the one who may move a stepped clock; False if somebody else may."""
    return advisory_locks.try_lock(session, advisory_locks.CLOCK_DRIVER)


def step_to(session: Session, at: datetime) -> None:
    """Move a stepped clock forward; never back."""
    session.execute(text("UPDATE product_clock SET product_at = GREATEST(product_at, :at) WHERE id = 1"), {"at": at})


def _other_clock(kept: str) -> OperatorError:
    return OperatorError(
        f"该数据库使用时钟 {kept};请设置 DISPATCHER_CLOCK={kept} 或换用其他数据库",
        f"this database runs on clock {kept}; set DISPATCHER_CLOCK={kept}, or use another database",
    )
