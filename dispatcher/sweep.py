"""The sweep: wakes workers for what is due, so that a lost message costs a second and not a warning.

A process of its own, outside Celery. Two may run; one holds the advisory lock and works, the other waits.
"""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from dispatcher import clock
from dispatcher.casework import set_aside
from dispatcher.casework.context import Context
from dispatcher.delivery import due, smpp_parts
from dispatcher.delivery.judge_providers import judge, known
from dispatcher.logging import logger
from dispatcher.policy.content import digest
from dispatcher.setup import Services
from dispatcher.store import advisory_locks, heartbeats, partitions, silent_sessions
from dispatcher.supervision import left_items, policy_change, service_items
from dispatcher.visits import handing_on, roster, shifts
from schemas.vocabulary import Health

PERIOD_S = 1.0
_STEPPED_PERIOD_S = 0.1  # a stepped clock that is ours to move stands still between two sweeps, so they come sooner
_PARTITIONS_EVERY_S = 3600.0
_SHIFTS_EVERY_S = 20.0
_POLICY_EVERY_S = 5.0  # what another process decided under another policy is found as soon
_log = logger(__name__)
Found = TypeVar("Found")


def run(services: Services, stop: threading.Event) -> None:
    """Sweep until told to stop; wait for PostgreSQL if it is away."""
    while not stop.is_set():
        try:
            _sweep_while_locked(services, stop)
        except OperationalError as error:  # a time limit of the lock's own session too: it is taken anew
            _log.warning("database_away", error=type(error.orig).__name__)
            stop.wait(PERIOD_S)


def _sweep_while_locked(services: Services, stop: threading.Event) -> None:
    """Sweep while the lock is ours; it goes when the connection goes."""
    with services.engine.connect() as holder:
        holder.detach()  # its end, not its way back into the pool, gives the lock to the next
        while not advisory_locks.try_lock_connection(holder, advisory_locks.SWEEP):
            if stop.wait(PERIOD_S):
                return
        _do_alone(_put_policy_in_force, services)
        anew = DecidingAnew(services)
        partitions_due = judging_due = shifts_due = 0.0
        while not stop.is_set():
            sweep(services)
            if time.monotonic() >= partitions_due:
                _do_alone(_make_partitions, services)
                partitions_due = time.monotonic() + _PARTITIONS_EVERY_S
            if time.monotonic() >= judging_due:
                _do_alone(_end_silent_sessions, services)
                _do_alone(judge_providers, services)
                _do_alone(_tend_service_items, services)
                judging_due = time.monotonic() + PERIOD_S * 0.9  # a stepped clock's sweeps come sooner
            if time.monotonic() >= shifts_due:
                _do_alone(_change_shifts, services)
                shifts_due = time.monotonic() + _SHIFTS_EVERY_S
            anew.use(PERIOD_S, stop)
            may_step = services.context.clock.is_stepped and anew.is_done
            moves_clock = may_step and _do_alone(_step, services)
            if anew.is_done:
                stop.wait(_STEPPED_PERIOD_S if moves_clock else PERIOD_S)
            heartbeats.beat(holder, heartbeats.SWEEP)  # fails if the connection is lost, and with it the lock
            holder.commit()


def sweep(services: Services) -> None:
    """Sweep once: expire leases, wake lanes, receipts and cases that are due."""
    _do_alone(_expire_leases, services)
    _do_alone(_wake_due, services)


def _do_alone(step: Callable[[Services], Found], services: Services) -> Found | None:
    """One step, whatever becomes of the others: a fault in it stops none of them, an outage all."""
    try:
        return step(services)
    except Exception as error:
        if set_aside.is_outage(error):
            raise
        name = getattr(step, "func", step).__name__.strip("_")
        _log.error("sweep_step_failed", step=name, **set_aside.kind_of(error))
        return None


class DecidingAnew:
    """Decides on open cases under the policy of now, between two sweeps, so that nothing else waits for it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._next_look_s = 0.0
        self._decided = 0

    @property
    def is_done(self) -> bool:
        """Nothing was left at the last look, and the next is not due yet."""
        return time.monotonic() < self._next_look_s

    def use(self, seconds: float, stop: threading.Event) -> None:
        """Decide on slices for so long, or until none is left."""
        until = time.monotonic() + seconds
        while not self.is_done and not stop.is_set() and time.monotonic() < until:
            decided = _do_alone(_decide_a_slice_anew, self._services)
            self._decided += decided or 0
            if not decided:  # what is left is in somebody's hands, if anything is
                self._next_look_s = time.monotonic() + _POLICY_EVERY_S
                if self._decided:
                    _log.info("cases_decided_anew", cases=self._decided)
                self._decided = 0


def _put_policy_in_force(services: Services) -> None:
    with services.begin() as work:
        is_new = policy_change.put_in_force(work)
    if is_new:
        policy = services.context.policy
        _log.info("policy_in_force", version=policy.version, digest=digest(policy))


def _decide_a_slice_anew(services: Services) -> int:
    return set_aside.run(services.begin, policy_change.DECIDING_ANEW)


def _expire_leases(services: Services) -> None:
    expired = set_aside.run(services.begin, due.EXPIRING)
    if expired:
        _log.warning("leases_expired", attempts=expired)


def _wake_due(services: Services) -> None:
    with services.begin() as work:
        seen = due.find_due_work(work)
    wake_due(services.context, seen)


def _end_silent_sessions(services: Services) -> None:
    """Whoever stands still in the middle of a write holds no case for long."""
    with services.engine.connect() as connection:
        ended = silent_sessions.end(connection)
    if ended:
        _log.warning("silent_sessions_ended", sessions=ended)


def judge_providers(services: Services) -> None:
    """Judge the providers by their last sends, in real time."""
    with services.sessions() as session:
        names = known(session)
    told = services.send_counter.read(names)
    with services.begin() as work:
        moved = judge(work, told)
    for each in moved:
        services.send_counter.forget(each.provider)
        log = _log.info if each.after in (Health.RETURNING, Health.CLOSED) else _log.error
        log("provider_moved", provider=each.provider, before=each.before, after=each.after, cause=each.cause)


def _tend_service_items(services: Services) -> None:
    with services.begin() as work:
        service_items.tend(work)


def _change_shifts(services: Services) -> None:
    """What is left at the end of a shift goes back, each alone; who begins one is asked what nobody took before.

    So does what somebody took who has left the roster.
    """
    with services.begin() as work:
        left, begun = shifts.left_at_shift_end(work), shifts.begun_since_exhausted(work)
    for visit_id in left:
        _do_alone(partial(_hand_back, visit_id=visit_id), services)
    for case_id in begun:
        _do_alone(partial(_begin_anew, case_id=case_id), services)
    with services.sessions() as session:
        items = handing_on.items_left(session)
    for item_id, _ in items:
        _do_alone(partial(_free_item, item_id=item_id), services)
    with services.begin() as work:
        service_items.tend_shifts(work)


def _free_item(services: Services, item_id: UUID) -> None:
    with services.begin() as work:
        left_items.free(work, [item_id])


def _begin_anew(services: Services, case_id: UUID) -> None:
    with services.begin() as work:
        roster.begin_anew(work, [case_id], rule="shift_begun")


def _hand_back(services: Services, visit_id: UUID) -> None:
    with services.begin() as work:
        shifts.hand_back(work, visit_id)


def wake_due(context: Context, seen: due.DueWork) -> None:
    """Wake the workers that have something to do."""
    context.wake.deliver(*sorted(seen.lanes, reverse=True))
    if seen.has_receipts:
        context.wake.settle()
    if seen.has_struck:
        context.wake.advance()


def _step(services: Services) -> bool:
    """Move a stepped clock on. False if `simulate` moves it."""
    with services.begin() as work:
        is_ours = clock.try_hold_clock_driver(work.session)
        if is_ours:
            due.step(work)
        return is_ours


def _make_partitions(services: Services) -> None:
    with services.sessions.begin() as session:
        smpp_parts.forget(session)
        heartbeats.forget(session.connection())
    with services.engine.begin() as connection:
        # Whoever reads the tables for long, as a dump does, is not waited for: everybody would wait behind us.
        connection.execute(text("SET LOCAL lock_timeout = '500ms'"))
        for name in partitions.ensure(connection, clock.real_now()):
            _log.info("partition_made", name=name)
