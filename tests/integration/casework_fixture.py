"""What the tests of casework work with: a real database, instructions, and a scripted provider."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session, sessionmaker

from dispatcher import clock
from dispatcher.casework import unit_of_work
from dispatcher.casework.context import Context
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import due, receipts
from dispatcher.delivery.capacity import Capacity
from dispatcher.delivery.claim import claim
from dispatcher.delivery.provider_call import CallResult, ProviderCall, without_provider
from dispatcher.delivery.pump import Pump
from dispatcher.delivery.record import record_results
from dispatcher.intake import instructions
from dispatcher.intake.answer import Answer
from dispatcher.limits import Limiter, Shared
from dispatcher.reporting import verify, work_items
from dispatcher.reporting.verify import Verdict
from dispatcher.setup import Services
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import QuarantineRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.wake import GENERAL
from providers import limits
from providers.base import (
    Accepted,
    Answered,
    Callback,
    Capabilities,
    Inquiry,
    Message,
    Outcome,
    Permanent,
    Receipt,
    ReceiptRefused,
    Receipts,
    Status,
)
from providers.registry import Registry
from schemas.vocabulary import Action, Channel, Result, Rung

START = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
SYSTEM = "省反诈平台(虚构)"
_receipts = count(1)

NO_REDIS = "redis://127.0.0.1:9/0"  # nobody answers there
# The product gives Redis up after a second: for a URL of the tests, in which a busy machine takes longer than that.
PATIENT_REDIS = "?socket_timeout=60&socket_connect_timeout=60"


def instruction(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An instruction about the person of this number; `phones`, `contacts` and the like go into `victim`."""
    victim = {
        "name": f"何样{number}",
        "id_number": resident(number),
        "phones": [{"number": phone(number)}],
    }
    body = {
        "instruction_id": f"YJ-{number}",
        "version": 1,
        "source": {"system": SYSTEM, "unit": "YT-FZ"},
        "issued_at": START.isoformat(),
        "urgency": "high",
        "fraud_type": "F08",
        "channels": ["sms"],
    }
    of_victim = {"phones", "addresses", "contacts", "id_number", "name", "language", "vulnerability"} & changes.keys()
    victim |= {name: changes.pop(name) for name in of_victim}
    return body | {"victim": {name: value for name, value in victim.items() if value is not None}} | changes


def resident(number: int, born: int = 19800101) -> str:
    """An invented person's resident identity number, with its check digit (GB 11643)."""
    place_and_order = f"990101{born + number // 1000}{number % 1000:03d}"
    weighed = sum(int(digit) * (2 ** (17 - at) % 11) for at, digit in enumerate(place_and_order))
    return place_and_order + "10X98765432"[weighed % 11]


def phone(number: int) -> str:
    return f"1540000{number:04d}"


def withdrawal(number: int = 1, version: int = 1, **changes: Any) -> dict[str, Any]:
    return event("withdraw", number, version=version, reason="误报") | changes


def event(op: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    return {"op": op, "instruction_id": f"YJ-{number}", "at": START.isoformat(), "by": "YT-FZ-007"} | changes


@dataclass
class Scripted:
    """A provider that answers from its lists, in turn. Once they are used up, it accepts and cancels all."""

    outcomes: list[Outcome] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    cancels: list[bool] = field(default_factory=list)
    name: str = "scripted"
    channels: tuple[Channel, ...] = (Channel.SMS, Channel.VOICE)
    destinations: frozenset[str] | None = None
    timeout_s: float = 600.0  # a lease of our own making never runs out by itself
    queries_need_number: bool = False
    allowed: dict[str, Any] = field(default_factory=dict)  # its limits, as PROVIDERS_FILE would have them
    on_send: Callable[[Message], object] | None = None
    sent: list[Message] = field(default_factory=list)
    asked: list[Inquiry] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        reach = frozenset(self.channels), self.destinations
        by_number = self.queries_need_number
        able = Capabilities(
            *reach, idempotent=True, receipts=True, queries=True, queries_need_number=by_number, cancels=True
        )
        return replace(able, limits=limits.read(self.allowed))

    async def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        if self.on_send is not None:
            self.on_send(message)
        return self.outcomes.pop(0) if self.outcomes else Accepted(f"ref-{len(self.sent)}")

    async def query(self, inquiry: Inquiry) -> Status:
        self.asked.append(inquiry)
        return self.statuses.pop(0) if self.statuses else Accepted("ref")

    async def cancel(self, send_key: str) -> bool:
        return self.cancels.pop(0) if self.cancels else True

    def parse_receipts(self, callback: Callback) -> Receipts:
        raise ReceiptRefused("this provider reports nothing")

    async def close(self) -> None:
        return None


def pump_of(services: Services) -> Pump:
    """As a worker makes it."""
    return Pump(services.sessions, services.context, services.registry, services.limiter, services.send_counter)


@dataclass
class CaseworkFixture:
    url: str
    sessions: sessionmaker[Session]
    context: Context
    is_tampered: bool = False  # rows were changed behind the journal's back
    weights: dict[str, float] = field(default_factory=dict)
    travel_s: float = 0.0  # of what a sender gave up
    without: frozenset[Channel] = frozenset()  # channels that are meant to have no provider
    limiter: Limiter = field(default_factory=lambda: Limiter(Shared(NO_REDIS), str, 1))

    def begin(self, *, postpones_decisions: bool = False) -> AbstractContextManager[UnitOfWork]:
        return unit_of_work.begin(self.sessions, self.context, postpones_decisions=postpones_decisions)

    def push(self, body: dict[str, Any] | bytes, door: str = "push") -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        with self.begin() as work:
            return instructions.take(work, raw, door=door)

    def open(self, number: int = 1, **changes: Any) -> UUID:
        """Push an instruction that is accepted. Returns its case."""
        answer = self.push(instruction(number, **changes))
        assert answer.status == "accepted", answer.reason
        return UUID(answer.case)

    @property
    def now(self) -> datetime:
        with self.sessions() as session:
            return self.context.clock.now(session)

    def pass_time(self, **duration: float) -> None:
        """Move the product clock on, and let the cases whose time has come be decided on."""
        at = self.now + timedelta(**duration)
        with self.sessions.begin() as session:
            clock.step_to(session, at)
        while self.advance():
            pass

    def advance(self) -> int:
        with self.begin() as work:
            return due.advance(work)

    def sql(self, statement: str, **values: Any) -> list[Any]:
        with self.sessions.begin() as session:
            result = session.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    @contextmanager
    def holding(self, case_id: UUID) -> Iterator[None]:
        """Somebody else's transaction has this case for as long as this block lasts."""
        with self.sessions.begin() as session:
            session.scalars(select(CaseRow).where(CaseRow.id == case_id).with_for_update()).one()
            yield

    def rows(self, table: type, *conditions: Any) -> list[Any]:
        with self.sessions() as session:
            keys = inspect(table).primary_key
            return list(session.scalars(select(table).where(*conditions).order_by(*keys)))

    def case(self, case_id: UUID) -> CaseRow:
        return self.rows(CaseRow, CaseRow.id == case_id)[0]

    def waiting_for(self, case_id: UUID) -> Rung | None:
        """Whom the case waits for."""
        with self.sessions() as session:
            return work_items.waiting_for(session, case_id)

    def items(self, case_id: UUID) -> list[WorkItemRow]:
        """What of the case still waits for a person."""
        return self.rows(WorkItemRow, WorkItemRow.case_id == case_id, WorkItemRow.done_at.is_(None))

    def attempts(self, case_id: UUID, channel: str | None = None) -> list[AttemptRow]:
        rows = self.rows(AttemptRow, AttemptRow.case_id == case_id)
        return [row for row in rows if channel in (None, row.channel)]

    def rows_of_key(self, send_key: UUID) -> list[AttemptRow]:
        return self.rows(AttemptRow, AttemptRow.send_key == send_key)

    def journal(self, case_id: UUID | None, event: str | None = None) -> list[JournalRow]:
        """A case's entries in their order; those of no case where `case_id` is None."""
        rows = self.rows(JournalRow, JournalRow.case_id == case_id)
        return [row for row in sorted(rows, key=lambda row: row.seq) if event in (None, row.event)]

    def verdict(self) -> Verdict:
        """What a rebuild from the journal finds."""
        with self.sessions() as session:
            return list(verify.compare(session))[-1]

    def events(self, case_id: UUID) -> list[str]:
        return [row.event for row in self.journal(case_id)]

    def quarantined(self) -> list[QuarantineRow]:
        return self.rows(QuarantineRow)

    def claim(self, *providers: Any, lane: str | None = None, limit: int = 100) -> list[ProviderCall]:
        """What is due on the general lanes, or on this one."""
        with self.begin() as work:
            travel_s = {provider.name: self.travel_s for provider in providers}
            registry = Registry(list(providers), self.weights, travel_s=travel_s, without=self.without)
            return claim(
                work, registry, Capacity(self.limiter, registry, self.context), (lane,) if lane else GENERAL, limit
            )

    @contextmanager
    def weighing(self, **weights: float) -> Iterator[None]:
        """These providers have these weights meanwhile."""
        self.weights = weights
        yield
        self.weights = {}

    def record(self, *done: CallResult) -> None:
        with self.begin() as work:
            record_results(work, done)

    def deliver(self, *providers: Any, lane: str | None = None) -> list[ProviderCall]:
        """Claim what is due now, do it, and record it: one slice."""
        calls = self.claim(*providers, lane=lane)
        answers = asyncio.run(_run_all({provider.name: provider for provider in providers}, calls))
        self.record(*(CallResult(call, answer) for call, answer in zip(calls, answers, strict=True)))
        return calls

    def receipt(self, send_key: UUID | str, outcome: Accepted | Answered | Result) -> bool:
        """Store a receipt that no other equals, and settle it."""
        outcome = Answered(outcome) if isinstance(outcome, Result) else outcome
        with self.begin() as work:
            receipt = Receipt(str(send_key), f"receipt-{next(_receipts)}", outcome)
            receipts.store(work, "scripted", receipt)
        return self.settle() == 1

    def settle(self) -> int:
        with self.begin() as work:
            return receipts.settle(work)

    def lapse(self) -> int:
        """Every lease has run out; the sweep's look finds those that were sending."""
        self.sql("UPDATE attempts SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")
        with self.begin() as work:
            return due.expire_leases(work)

    def clear_leases(self) -> None:
        self.sql("UPDATE attempts SET lease_until = NULL WHERE state <> 'sending'")


async def _run_all(providers: Mapping[str, Any], calls: Iterable[ProviderCall]) -> list[Any]:
    return list(await asyncio.gather(*(_run(providers, call) for call in calls)))


async def _run(providers: Mapping[str, Any], call: ProviderCall) -> Any:
    provider = providers.get(call.provider or "")
    if provider is None:
        return without_provider(call)
    if call.action is Action.QUERY:
        return await provider.query(call.inquiry)
    if call.action == "cancel":
        return await provider.cancel(call.send_key)
    if call.message is None:
        return Permanent(Result.FAILED_PERMANENT, "erased")
    return await provider.send(call.message)
