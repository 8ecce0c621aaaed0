"""Delivery, ours beside the naive task, in alternating rounds on one stack; then the receipts of what was delivered.

Like for like: one SMS to the simulated gateway, recorded and committed, no receipt on either side.
Ours does more in the same time (journal, lease, engine, encryption); that is not taken out.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
from celery import Celery
from sqlalchemy import func, select, text, update

from dispatcher import clock, sweep
from dispatcher.bench import naive
from dispatcher.bench.gateway import PROVIDER, bring_receipts
from dispatcher.bench.sample import instruction
from dispatcher.errors import OperatorError
from dispatcher.intake import batch
from dispatcher.setup import Services
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.up import Stack
from schemas.vocabulary import AttemptState

NIGHT = datetime.fromisoformat("2026-03-02T22:00:00+08:00")  # in the quiet hours: SMS are planned for 08:00
_DAY = timedelta(days=1)
_LIMIT_S = 300.0
_SETTLED = select(func.count(AttemptRow.id)).where(AttemptRow.state == AttemptState.SETTLED)


@dataclass(frozen=True)
class Round:
    """Per second of one round: instructions delivered, and receipts from the first one brought to the last settled."""

    naive: float
    ours: float
    receipts: float

    @property
    def ratio(self) -> float:
        return self.ours / self.naive


class Bench:
    def __init__(self, services: Services, stack: Stack, per_round: int, tell: Callable[[str], None]) -> None:
        self._services = services
        self._stack = stack
        self._count = per_round
        self._tell = tell
        self._made = 0
        self._night = NIGHT
        self._gateway = httpx.Client(
            base_url=stack.environment["DISPATCHER_SIMULATOR_URL"],
            headers={"Authorization": f"Bearer {stack.environment['DISPATCHER_SIMULATOR_SECRET']}"},
            trust_env=False,
        )

    def rounds(self, count: int) -> Iterator[Round]:
        """Alternating rounds, the naive one first in each."""
        with self._services.sessions.begin() as session:
            session.execute(text("CREATE TABLE IF NOT EXISTS bench_naive (id text PRIMARY KEY, ref text)"))
        self._receipts(on=False)
        command = [sys.executable, "-m", "celery", "-A", "dispatcher.bench.naive", "worker", "-c", "2"]
        with self._holding_the_wheel():
            for number in range(count):
                self._tell(f"{number + 1}/{count}")
                self._push()
                self._stack.add("naive", [*command, "-Q", naive.QUEUE, "-n", "naive@%h", "-l", "WARNING"])
                per_second_naive = self._naive()
                self._stack.supervisor.remove("naive")
                yield Round(per_second_naive, self._ours(self._has_left), self._receipts_settled())
                self._end_round()

    def with_receipts(self) -> float:
        """Ours to the very end: receipts received, stored, settled, cases decided on."""
        self._receipts(on=True)
        with self._holding_the_wheel():
            self._push()
            return self._ours(self._is_settled)

    def _push(self) -> None:
        """Take instructions by intake, in the quiet hours, so that all their SMS fall due at one moment."""
        self._move_to(self._night)
        numbers = range(self._made, self._made + self._count)
        answers = batch.take_lines(
            self._services.begin, [instruction(each, self._night) for each in numbers], door="bench"
        )
        self._made += self._count
        if refused := next((each for each in answers if not each.taken), None):
            raise OperatorError("基准数据未被受理", f"the bench's own instruction was refused: {refused.reason}")

    def _naive(self) -> float:
        app = Celery(broker=self._stack.environment["DISPATCHER_REDIS_URL"], set_as_current=False)
        _until(lambda: bool(app.control.ping(destination=[f"naive@{_host()}"], timeout=0.5)))
        keys = [str(uuid4()) for _ in range(self._count)]
        before, begin = self._rows(), time.monotonic()
        with app.producer_or_acquire() as producer:
            for key in keys:
                app.send_task("naive.deliver", [key, "+8615400001234", "x" * 60], queue=naive.QUEUE, producer=producer)
        _until(lambda: self._rows() >= before + self._count)
        return self._count / (time.monotonic() - begin)

    def _ours(self, done: Callable[[int], bool]) -> float:
        with self._services.sessions() as session:
            before = session.scalar(select(func.count(AttemptRow.id)).where(AttemptRow.sent_at.is_not(None))) or 0
        begin = time.monotonic()
        self._move_to(self._night.replace(hour=8) + _DAY)
        _until(lambda: done(before + self._count))
        rate = self._count / (time.monotonic() - begin)
        self._night += _DAY
        return rate

    def _receipts_settled(self) -> float:
        """Bring the receipt of each message that has none yet, by many connections, until all are settled."""
        with self._services.sessions() as session:
            sent = select(AttemptRow.send_key, AttemptRow.ref).where(AttemptRow.state == AttemptState.ACCEPTED)
            waiting = session.execute(sent).tuples().all()
            settled = session.scalar(_SETTLED) or 0
        url = f"{self._services.settings.hooks_base}/receipts/{PROVIDER}"
        begin = time.monotonic()
        asyncio.run(bring_receipts(url, self._stack.environment["DISPATCHER_SIMULATOR_SECRET"], waiting))
        _until(lambda: self._is_settled(settled + len(waiting)))
        return len(waiting) / (time.monotonic() - begin)

    def _end_round(self) -> None:
        """Not measured: nothing of it is left to be looked at or to climb beside the next round.

        By statements, since to withdraw each case takes five times as long as the round; nobody verifies this database.
        """
        with self._services.sessions.begin() as session:
            session.execute(update(CaseRow).values(next_look_at=None))
            session.execute(update(WorkItemRow).where(WorkItemRow.done_at.is_(None)).values(done_at=func.now()))

    def _has_left(self, count: int) -> bool:
        """Taken by the gateway, recorded, committed."""
        with self._services.sessions() as session:
            sent = select(func.count(AttemptRow.id)).where(
                AttemptRow.sent_at.is_not(None), AttemptRow.state != AttemptState.SENDING
            )
            return (session.scalar(sent) or 0) >= count

    def _is_settled(self, count: int) -> bool:
        with self._services.sessions() as session:
            return (session.scalar(_SETTLED) or 0) >= count

    def _rows(self) -> int:
        with self._services.sessions() as session:
            return session.scalar(text("SELECT count(*) FROM bench_naive")) or 0

    def _move_to(self, at: datetime) -> None:
        with self._services.sessions.begin() as session:
            clock.step_to(session, at)
        sweep.sweep(self._services)

    def _receipts(self, *, on: bool) -> None:
        self._gateway.put("/control/faults", json={"receipts": on}).raise_for_status()

    @contextmanager
    def _holding_the_wheel(self) -> Iterator[None]:
        """Nobody else moves the clock meanwhile."""
        with clock.hold_clock_driver(self._services.engine):
            yield


def _until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + _LIMIT_S
    pause = threading.Event()
    while not is_so():
        if time.monotonic() > limit:
            raise OperatorError(f"基准未在 {_LIMIT_S:.0f} 秒内结束", f"the bench did not finish in {_LIMIT_S:.0f} s")
        pause.wait(0.05)


def _host() -> str:
    from celery.utils.nodenames import gethostname

    found: str = gethostname()
    return found
