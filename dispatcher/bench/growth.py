"""What the product's steps take on prepared databases: intake to the next decision, what people read, the rebuild.

Each round is played on every database in turn, so that a busy moment of the machine meets all of them. What a round
pushes it withdraws at its end; a database stays as good as it was.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update

from dispatcher.bench.growth_data import Prepared
from dispatcher.casework import unit_of_work
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import due, receipts
from dispatcher.delivery.capacity import Capacity
from dispatcher.delivery.claim import claim
from dispatcher.delivery.provider_call import CallResult, ProviderCall
from dispatcher.delivery.record import record_results
from dispatcher.errors import OperatorError
from dispatcher.intake import instructions
from dispatcher.limits import Limiter, Shared
from dispatcher.reporting import kpi, log
from dispatcher.reporting.case import case_report
from dispatcher.reporting.visits import visits
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array, new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.partitions import first_id
from dispatcher.wake import GENERAL
from providers.base import (
    Accepted,
    Answered,
    Callback,
    Capabilities,
    Inquiry,
    Message,
    NeverTaken,
    Outcome,
    Receipt,
    ReceiptRefused,
    Receipts,
    Status,
)
from providers.registry import Registry
from schemas.vocabulary import Channel, Result, Rung

BATCH = 50
# The steps of a warning's way, in its order; beside them stands what people ask for.
DELIVERY = ("intake", "claim", "record", "settle", "look", "advance")
READS = ("case", "log --since", "visit list", "kpi week", "kpi year")
_SCREEN = 1000
_DAY, _WEEK, _YEAR = timedelta(days=1), timedelta(days=7), timedelta(days=366)
_NO_REDIS = "redis://127.0.0.1:9/0"  # this provider has no limits, so nobody is asked
_numbers = count(1)


@dataclass
class Measured:
    """Milliseconds of each step, one for each round, and the size of the database."""

    attempts: int
    cases: int
    bytes_a_case: int
    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rebuild_s: float | None = None
    rebuild_mb: float | None = None  # the most memory that `verify --rebuild` had

    def median(self, step: str) -> float:
        return statistics.median(self.ms[step])


class AcceptingProvider:
    """Takes every message at once."""

    name = "bench"
    timeout_s = 60.0
    capabilities = Capabilities(
        frozenset({Channel.SMS, Channel.VOICE, Channel.BROADCAST}),
        idempotent=True,
        receipts=True,
        queries=True,
        cancels=True,
    )

    async def send(self, message: Message) -> Outcome:
        return Accepted(message.send_key)

    async def query(self, inquiry: Inquiry) -> Status:
        return NeverTaken()

    async def cancel(self, send_key: str) -> bool:
        return True

    def parse_receipts(self, callback: Callback) -> Receipts:
        raise ReceiptRefused("nothing is reported to this provider")

    async def close(self) -> None:
        return None


def measure(
    databases: Sequence[Prepared], rounds: int, *, rebuild: bool, tell: Callable[[str], None]
) -> list[Measured]:
    """Measure these databases, round by round. Raises OperatorError where one does not do what is asked of it."""
    measured = [_size(each) for each in databases]
    for number in range(rounds + 1):
        for database, found in zip(databases, measured, strict=True):
            tell(f"{number}/{rounds} {found.attempts}")
            # The first round warms up: connections, statements, the pages that are asked for again and again.
            _round(database, found if number else _size(database))
    for database, found in zip(databases, measured, strict=True):
        for step, read in _long_reads(database).items():
            tell(f"{step} {found.attempts}")
            with _timed(found, step):
                read()
        if rebuild:
            tell(f"verify --rebuild {found.attempts}")
            found.rebuild_s, found.rebuild_mb = _rebuild(database)
    return measured


def _size(database: Prepared) -> Measured:
    with database.sessions() as session:
        total = session.scalar(
            text(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind IN ('r', 'm')"
                " AND relnamespace = 'public'::regnamespace"
            )
        )
        attempts = session.scalar(select(func.count()).select_from(AttemptRow)) or 0
        cases = session.scalar(select(func.count()).select_from(CaseRow)) or 0
    return Measured(attempts, cases, int(total or 0) // max(1, cases))


def _round(database: Prepared, found: Measured) -> None:
    registry = Registry([AcceptingProvider()])
    capacity = Capacity(Limiter(Shared(_NO_REDIS), str, 1), registry, database.context)
    names = [f"GROWTH-{new_id()}" for _ in range(BATCH)]
    cases = []
    for name in names:
        with _timed(found, "intake"), _begin(database) as work:
            answer = instructions.take(work, _instruction(name, work.now), door="bench")
        cases.append(UUID(_taken(answer.case, answer.reason)))
    with _timed(found, "claim"), _begin(database) as work:
        calls = claim(work, registry, capacity, GENERAL, BATCH)
    _expect("claim", calls)
    with _timed(found, "record"), _begin(database) as work:
        record_results(work, [CallResult(call, Accepted(call.send_key)) for call in calls])
    with _begin(database) as work:
        receipts.store_all(work, [(AcceptingProvider.name, _receipt(call)) for call in calls])
    with _timed(found, "settle"), _begin(database) as work:
        _expect("settle", range(receipts.settle(work)))
    with _timed(found, "look"), _begin(database) as work:
        due.find_due_work(work)
    with _begin(database) as work:
        # As if the time had come at which each is to be decided on.
        work.session.execute(update(CaseRow).where(in_array(CaseRow.id, cases)).values(next_look_at=work.now))
    with _timed(found, "advance"), _begin(database) as work:
        _expect("advance", range(due.advance(work, cases)))
    for step, read in _short_reads(database).items():
        with _timed(found, step):
            read()
    for name in names:
        with _begin(database) as work:
            _taken(instructions.take(work, _withdrawal(name, work.now), door="bench").case, "withdraw")


@contextmanager
def _begin(database: Prepared) -> Iterator[UnitOfWork]:
    with unit_of_work.begin(database.sessions, database.context) as work:
        yield work


@contextmanager
def _timed(found: Measured, step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    found.ms[step].append(1000 * (time.perf_counter() - began))


def _short_reads(database: Prepared) -> Mapping[str, Callable[[], object]]:
    def one_case() -> object:
        with database.sessions() as session:
            some = session.scalars(select(CaseRow.id).where(CaseRow.id > first_id(last - _YEAR / 2)).limit(1)).one()
            return case_report(session, some)

    def day_of_log() -> object:
        with database.sessions() as session:
            lines = log.log(session, log.Filters(since=last - _DAY), newest_first=True)
            return list(islice(lines, _SCREEN))

    def open_visits() -> object:
        with database.sessions() as session:
            return visits(session, tuple(Rung), last)

    with database.sessions() as session:
        last = session.scalars(select(func.max(AttemptRow.planned_at))).one()
    return {"case": one_case, "log --since": day_of_log, "visit list": open_visits}


def _long_reads(database: Prepared) -> Mapping[str, Callable[[], object]]:
    def figures(since: datetime, until: datetime) -> Callable[[], object]:
        def read() -> object:
            with database.sessions() as session:
                return kpi.kpis(session, until, since=since, until=until)

        return read

    with database.sessions() as session:
        week = func.date_trunc("week", CaseRow.opened_at)
        busiest = session.scalars(select(week).group_by(week).order_by(func.count().desc(), week).limit(1)).one()
        last = session.scalars(select(func.max(CaseRow.opened_at))).one()
    return {"kpi week": figures(busiest, busiest + _WEEK), "kpi year": figures(last - _YEAR, last)}


def _rebuild(database: Prepared) -> tuple[float, float]:
    """Seconds and megabytes of `dispatcher verify --rebuild` as a process of its own. Raises OperatorError."""
    own = {
        "HOME": database.home,
        "DATABASE_URL": database.url,
        "REDIS_URL": _NO_REDIS,
        "KEY_FILE": database.home / "keys.json",
        "CLOCK": "real",
    }
    environment = os.environ | {f"DISPATCHER_{name}": str(value) for name, value in own.items()}
    began = time.perf_counter()
    command = [sys.executable, "-m", "dispatcher.cli", "verify", "--rebuild", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise OperatorError("verify --rebuild 未通过", f"verify --rebuild did not pass under {database.home}")
    return time.perf_counter() - began, used.ru_maxrss / 1024


def _expect(step: str, done: Sequence[object]) -> None:
    if len(done) != BATCH:
        raise OperatorError(f"基准步骤 {step} 只处理了 {len(done)} 条", f"{step} did {len(done)}, not {BATCH}")


def _taken(case: str | None, reason: str | None) -> str:
    if case is None:
        raise OperatorError("基准数据未被受理", f"the bench's own instruction was refused: {reason}")
    return case


def _receipt(call: ProviderCall) -> Receipt:
    return Receipt(call.send_key, call.send_key, Answered(Result.DELIVERED))


def _instruction(name: str, at: datetime) -> bytes:
    """An invented instruction; prefix 154 is assigned to nobody."""
    number = next(_numbers) + time.time_ns() // 1000 * 1000
    body: dict[str, Any] = {
        "op": "create",
        "instruction_id": name,
        "version": 1,
        "source": {"system": "bench"},
        "issued_at": at.isoformat(),
        "urgency": "high",
        "fraud_type": "F01",
        "channels": ["sms", "voice", "visit", "broadcast"],
        "victim": {
            "name": f"样本{number % 10**6}",
            "id_type": "居民身份证",
            "id_number": f"9{number % 10**17:017d}",
            "phones": [{"number": f"154{number % 10**8:08d}"}],
            "addresses": [{"kind": "residence", "text": "(invented)", "precinct_code": "YT-WC-01"}],
        },
    }
    return json.dumps(body, ensure_ascii=False).encode()


def _withdrawal(name: str, at: datetime) -> bytes:
    body = {
        "op": "withdraw",
        "instruction_id": name,
        "version": 1,
        "at": at.isoformat(),
        "by": "bench",
        "reason": "bench",
    }
    return json.dumps(body).encode()
