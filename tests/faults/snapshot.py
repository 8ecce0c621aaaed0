"""Everything that the invariants look at, read once when all is quiet."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, literal_column, select

from dispatcher.delivery.capacity import LEASE_MARGIN_S
from dispatcher.intake import quarantine
from dispatcher.reporting import verify
from dispatcher.setup import Services
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.receipts import ReceiptRow
from dispatcher.store.set_aside import SetAsideRow
from dispatcher.store.visits import AssignmentRow
from dispatcher.store.work_items import WorkItemRow
from providers.simulator.record import Line
from providers.simulator.script_words import WORDS
from schemas.vocabulary import WorkItemKind
from tests.faults.launcher import STOPPED_CALLS

Attempt = AttemptRow
Span = tuple[datetime, datetime]  # from when to when a fault lasted
_TIMING = frozenset({"attempt_planned", "attempt_brought_forward"})
_SETTLING = frozenset({"attempt_settled", "attempt_closed", "attempt_accepted"})
# One in a thousand invented people gets a message whose answer the gateway never gives, whatever the drill.
_COMMITTED_AT = func.pg_xact_commit_timestamp(literal_column("journal.xmin"))
_SILENT = frozenset(word for rows in WORDS.values() for word, row in rows.items() if row.silent)


class Transaction(NamedTuple):
    """From its first look at the clock to its commit, both by the database."""

    began_at: datetime
    committed_at: datetime

    def meets(self, other: "Transaction") -> bool:
        return self.began_at <= other.committed_at and other.began_at <= self.committed_at


@dataclass
class Snapshot:
    """`arrivals`: when the gateway took each key, repeats included; `posts`: how often.
    `leases`: how long each provider's are. `stopped_calls`: keys of the calls during which their sender was stopped.
    `due`, `told`, `visible`: what each attempt was last planned for, when that was written, and when committed.
    `urgent_since`: when it was committed that a case had become more urgent.
    `claimed`: the transaction that claimed each attempt; `held`: those that had each case locked.
    `broken`: a word in each message that could not be taken; `quarantined`: the lines that are kept.
    """

    at: datetime
    taken: set[tuple[str, str]]
    lines: list[Line]
    instructions: Sequence[InstructionRow]
    cases: Sequence[CaseRow]
    attempts: Sequence[AttemptRow]
    assignments: Sequence[AssignmentRow]
    receipts: Sequence[ReceiptRow]
    set_aside: Sequence[SetAsideRow]
    work_items: Sequence[WorkItemRow]
    journal: Sequence[JournalRow]
    committed: Mapping[UUID, datetime]  # by journal entry
    differences: list[Any]
    quarantined: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    blocked: timedelta = timedelta()
    leases: Mapping[str, timedelta] = field(default_factory=dict)
    stopped_calls: frozenset[UUID] = frozenset()
    posts: Counter[UUID] = field(default_factory=Counter)
    arrivals: dict[UUID, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    reported: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    due: dict[UUID, datetime] = field(default_factory=dict)
    told: dict[UUID, datetime] = field(default_factory=dict)
    visible: dict[UUID, datetime] = field(default_factory=dict)
    urgent_since: dict[UUID, datetime] = field(default_factory=dict)
    claimed: dict[UUID, Transaction] = field(default_factory=dict)
    held: dict[UUID | None, set[Transaction]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for line in self.lines:
            key = UUID(line.id)
            if line.event in ("message", "repeat"):
                self.posts[key] += 1
                self.arrivals[key].append(datetime.fromisoformat(line.at))
            elif line.event == "receipt":
                self.reported[key].add(line.result)
        for entry in self.journal:
            committed = self.committed[entry.id]
            transaction = Transaction(entry.at, committed)
            self.held[entry.case_id].add(transaction)
            if entry.event in _TIMING:
                due_at = datetime.fromisoformat(entry.data["due_at"])
                attempt = UUID(entry.data["attempt"])
                self.due[attempt], self.told[attempt], self.visible[attempt] = due_at, entry.written_at, committed
            elif entry.event == "attempt_sending":
                self.claimed[UUID(entry.data["attempt"])] = transaction
            elif entry.event == "urgency_raised" and entry.case_id is not None:
                self.urgent_since[entry.case_id] = committed
        self.waiting = {row.case_id for row in self.work_items if row.done_at is None}
        self.fault_items = [row for row in self.work_items if row.kind is WorkItemKind.FAULT]
        self.cases_set_aside = {row.case_id for row in self.set_aside}
        self.marked_keys = {each.send_key for each in self.attempts if each.possible_duplicate}

    def chains(self, rules: frozenset[str]) -> Iterator[list[AttemptRow]]:
        """Attempts by retry chain: each began one, or follows on another under one of these rules."""
        root: dict[UUID, UUID] = {}
        found: dict[UUID, list[AttemptRow]] = defaultdict(list)
        for each in sorted(self.attempts, key=lambda one: one.id):
            follows = each.rule in rules and each.retry_of is not None
            root[each.id] = root[each.retry_of] if follows and each.retry_of else each.id
            found[root[each.id]].append(each)
        yield from found.values()

    @property
    def doubts_of_ours(self) -> int:
        """Attempts in doubt, but for those that the gateway never answered."""
        unanswered = {UUID(line.id) for line in self.lines if line.word in _SILENT}
        return sum(each.was_in_doubt and each.send_key not in unanswered for each in self.attempts)

    @property
    def longest_doubt_s(self) -> float:
        """The longest time from an attempt's doubt to its result, or to the attempt that stands in for it."""
        since: dict[str, datetime] = {}
        longest = timedelta()
        for entry in self.journal:
            about = entry.data.get("attempt") if entry.event in _SETTLING else entry.data.get("retry_of")
            if entry.event == "attempt_in_doubt":
                since[entry.data["attempt"]] = entry.written_at
            elif about in since:
                longest = max(longest, entry.written_at - since.pop(about))
        return longest.total_seconds()


def read(services: Services, record: Path, taken: set[tuple[str, str]], blocked_s: float) -> Snapshot:
    with services.sessions() as session:
        differences = [each for verdict in verify.compare(session) for each in verdict.differences]
    with services.begin() as work:
        kept = quarantine.listed(work.session)
        quarantined = [quarantine.line(work, each.id) or "" for each in kept]
    with services.sessions() as session:
        return Snapshot(
            at=services.context.clock.now(session),
            taken=taken,
            lines=[Line.model_validate_json(line) for line in record.read_bytes().splitlines()],
            instructions=session.scalars(select(InstructionRow)).all(),
            cases=session.scalars(select(CaseRow)).all(),
            attempts=session.scalars(select(AttemptRow)).all(),
            assignments=session.scalars(select(AssignmentRow)).all(),
            receipts=session.scalars(select(ReceiptRow)).all(),
            set_aside=session.scalars(select(SetAsideRow)).all(),
            work_items=session.scalars(select(WorkItemRow)).all(),
            journal=session.scalars(select(JournalRow).order_by(JournalRow.case_id, JournalRow.seq)).all(),
            committed=dict(session.execute(select(JournalRow.id, _COMMITTED_AT)).tuples().all()),
            differences=differences,
            quarantined=quarantined,
            blocked=timedelta(seconds=blocked_s),
            stopped_calls=_stopped_calls(record.parent),
            leases={
                provider.name: timedelta(seconds=provider.timeout_s + LEASE_MARGIN_S)
                for provider in services.registry.all()
            },
        )


def _stopped_calls(home: Path) -> frozenset[UUID]:
    kept = home / STOPPED_CALLS
    return frozenset(map(UUID, kept.read_text("utf-8").split())) if kept.exists() else frozenset()
