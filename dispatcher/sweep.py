"""The sweep: rings for whatever is due, so that a lost message costs a second and not a warning.

A process of its own, outside Celery. Two may run; one holds the advisory lock and works, the other waits.
"""

import threading
import time

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from dispatcher import clock
from dispatcher.casework import due, health, parts
from dispatcher.casework.office import Office
from dispatcher.logging import logger
from dispatcher.setup import House
from dispatcher.store import heartbeats, partitions
from schemas.vocabulary import Health

PERIOD_S = 1.0
_STEPPED_PERIOD_S = 0.1  # a stepped clock that is ours to move stands still between two looks, so they come sooner
_LOCK = 0x44535033
_PARTITIONS_EVERY_S = 3600.0
_log = logger(__name__)


def run(house: House, stop: threading.Event) -> None:
    """Sweep until told to stop; wait for PostgreSQL where it is away."""
    while not stop.is_set():
        try:
            _hold(house, stop)
        except OperationalError as error:
            _log.warning("database_away", error=type(error.orig).__name__)
            stop.wait(PERIOD_S)


def _hold(house: House, stop: threading.Event) -> None:
    """Sweep while the lock is ours; it goes when the connection goes."""
    with house.engine.connect() as holder:
        while not _lock(holder):
            if stop.wait(PERIOD_S):
                return
        partitions_due = judging_due = 0.0
        while not stop.is_set():
            if time.monotonic() >= partitions_due:
                _make_partitions(house)
                partitions_due = time.monotonic() + _PARTITIONS_EVERY_S
            sweep(house)
            if time.monotonic() >= judging_due:
                judge(house)
                judging_due = time.monotonic() + PERIOD_S * 0.9  # a stepped clock's looks come sooner
            has_wheel = house.office.clock.is_stepped and _step(house)
            stop.wait(_STEPPED_PERIOD_S if has_wheel else PERIOD_S)
            heartbeats.beat(holder, heartbeats.SWEEP)  # fails where the connection is lost, and with it the lock
            holder.commit()


def sweep(house: House) -> None:
    """One look: expire leases, ring for lanes, receipts and cases that are due."""
    office = house.office
    with house.sessions.begin() as session:
        expired, lanes = due.expire_leases(session, office)
    if expired:
        _log.warning("leases_expired", attempts=expired)
    with house.sessions() as session:
        seen = due.look(session, office)
    office.wake.deliver(*lanes)
    ring(office, seen)


def judge(house: House) -> None:
    """Judge the providers by their last sends, in real time."""
    with house.sessions() as session:
        names = health.known(session)
    told = house.tally.read(names)
    with house.sessions.begin() as session:
        moved = health.judge(session, house.office, told)
    for each in moved:
        house.tally.forget(each.provider)
        log = _log.info if each.after in (Health.RETURNING, Health.CLOSED) else _log.error
        log("provider_moved", provider=each.provider, before=each.before, after=each.after, cause=each.cause)


def ring(office: Office, seen: due.Seen) -> None:
    """Wake whoever has something to do."""
    office.wake.deliver(*sorted(seen.lanes, reverse=True))
    if seen.has_receipts:
        office.wake.settle()
    if seen.has_struck:
        office.wake.advance()


def _lock(holder: Connection) -> bool:
    found = bool(holder.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}))
    holder.commit()
    return found


def _step(house: House) -> bool:
    """Move a stepped clock on. False where `simulate` has the wheel."""
    with house.sessions.begin() as session:
        may_step = clock.may_step(session)
        if may_step:
            due.step(session, house.office)
        return may_step


def _make_partitions(house: House) -> None:
    with house.sessions.begin() as session:
        parts.forget(session)
    with house.engine.begin() as connection:
        for name in partitions.ensure(connection, clock.real_now()):
            _log.info("partition_made", name=name)
