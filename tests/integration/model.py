"""What the stateful model plays with: a gateway that knows what it really took, and what must hold after every step."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from casework_fixture import NO_REDIS, CaseworkFixture

from dispatcher.store.tables import metadata
from dispatcher.watch.alarms import judge
from dispatcher.watch.collect import collect
from dispatcher.watch.limits import Limits
from providers.base import (
    Accepted,
    Answered,
    Callback,
    Capabilities,
    InDoubt,
    Inquiry,
    Message,
    NeverTaken,
    OperationsFault,
    Outcome,
    Permanent,
    ReceiptRefused,
    Receipts,
    Status,
    Transient,
)
from schemas.vocabulary import Answer, Channel, Result

FINAL = {Channel.SMS: Result.DELIVERED, Channel.VOICE: Result.NO_ANSWER, Channel.HOOK: Result.STOPPED}
_CONFIRMED = Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
# What it says to a send; of a doubt only the gateway itself knows whether it took the message.
SAYS: Mapping[str, Callable[[Message], Outcome]] = {
    "accepted": lambda message: Accepted("ref"),
    "done": lambda message: Answered(FINAL[message.channel]),
    "confirmed": lambda message: _CONFIRMED if message.channel is Channel.VOICE else Answered(FINAL[message.channel]),
    "doubt_taken": lambda message: InDoubt("ReadTimeout"),
    "doubt_lost": lambda message: InDoubt("ReadTimeout"),
    "transient": lambda message: Transient("429"),
    "permanent": lambda message: Permanent(Result.FAILED_PERMANENT, "refused"),
    "fault": lambda message: OperationsFault("no_credit"),
}
_TAKES = frozenset({"accepted", "done", "confirmed", "doubt_taken"})


@dataclass
class Gateway:
    """Takes a key once, as a gateway does that honours the Idempotency-Key."""

    on_send: Callable[[Message], None]
    words: list[str] = field(default_factory=list)
    answers: bool = True  # to queries
    taken: dict[str, Message] = field(default_factory=dict)
    known: dict[str, Status] = field(default_factory=dict)
    name: str = "scripted"
    timeout_s: float = 10.0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset(FINAL), None, idempotent=True, receipts=True, queries=True, cancels=True)

    async def send(self, message: Message) -> Outcome:
        self.on_send(message)
        word = self.words.pop(0) if self.words else "accepted"
        if word in _TAKES:
            said = SAYS[word](message)
            self.taken[message.send_key] = message
            self.known.setdefault(message.send_key, said if isinstance(said, Answered) else Accepted("ref"))
        return SAYS[word](message)

    async def query(self, inquiry: Inquiry) -> Status:
        return self.known.get(inquiry.send_key, NeverTaken()) if self.answers else InDoubt("ReadTimeout")

    async def cancel(self, send_key: str) -> bool:
        return self.taken.pop(send_key, None) is not None

    def parse_receipts(self, callback: Callback) -> Receipts:
        raise ReceiptRefused("receipts are stored by the test itself")

    async def close(self) -> None:
        return None


def empty(casework: CaseworkFixture) -> None:
    """A database as it was before the first warning: making a new one each time would take most of the test."""
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    casework.sql(f"SET LOCAL session_replication_role = replica; TRUNCATE {tables} CASCADE")
    with casework.sessions.begin() as session:
        casework.context.vault.check(session)
        casework.context.clock.start(session)


def check_not_twice(casework: CaseworkFixture, message: Message) -> None:
    """As it leaves: nothing else to this number is under way or in doubt under another key, unless the log says so."""
    found = casework.sql(_TWICE, key=message.send_key)
    assert not found, f"a second message beside {found}"


def check(casework: CaseworkFixture) -> None:
    now = casework.now
    for name, question in _NEVER.items():
        found = casework.sql(question, now=now)
        assert not found, f"{name}: {found}"
    assert casework.verdict().differences == []
    check_watch(casework)
    numbered = Counter(casework.sql("SELECT case_id, seq FROM journal WHERE case_id IS NOT NULL"))
    assert max(numbered.values(), default=1) == 1


def check_watch(casework: CaseworkFixture) -> None:
    """What is overdue and nobody has taken, the watch tells."""
    late = "SELECT number FROM duties WHERE done_at IS NULL AND taken_at IS NULL AND due_at < :now"
    overdue = {number for (number,) in casework.sql(late, now=casework.now)}
    if overdue:
        facts = collect(casework.sessions.kw["bind"], NO_REDIS, casework.context.clock, Limits(answer_s=120))
        told = {number for alarm in judge(facts, Limits()) for number, _ in alarm.new}
        assert overdue <= told, f"overdue, and the watch says nothing: {overdue - told}"


_TWICE = """
    SELECT other.state, other.rule, me.rule FROM attempts me
    JOIN attempts other ON other.case_id = me.case_id AND other.channel = me.channel AND other.phone_id = me.phone_id
    WHERE me.send_key = CAST(:key AS uuid) AND me.state = 'sending' AND NOT me.possible_duplicate
      AND other.send_key <> me.send_key AND other.state IN ('sending', 'accepted', 'in_doubt')"""
_NEVER = {
    "open, and nothing to come": """
        SELECT c.id, c.urgency FROM cases c
        WHERE c.state = 'open' AND coalesce(c.next_look_at <= :now, true)
          AND NOT EXISTS (SELECT FROM duties d WHERE d.case_id = c.id AND d.done_at IS NULL)
          AND NOT EXISTS (
              SELECT FROM attempts a WHERE a.case_id = c.id AND (a.action IS NOT NULL OR a.state = 'sending'))""",
    "a time that passed without a decision": "SELECT id, next_look_at FROM cases WHERE next_look_at <= :now",
    "overdue, and not told again": "SELECT id, kind FROM duties WHERE done_at IS NULL AND climb_at <= :now",
    "waits for a person though its case has ended": """
        SELECT d.id, d.kind FROM duties d JOIN cases c ON c.id = d.case_id WHERE c.state <> 'open' AND d.done_at IS NULL
          AND d.kind IN ('ladder_exhausted', 'visit_overdue', 'plan_exhausted', 'expired', 'suppressed', 'paused')""",
    "two open visits": """
        SELECT case_id FROM visits WHERE state NOT IN ('reported', 'cancelled', 'transferred')
        GROUP BY 1 HAVING count(*) > 1""",
    "two open cases of one person": """
        SELECT s.id_digest FROM cases c JOIN subjects s ON s.id = c.subject_id
        WHERE c.state = 'open' GROUP BY 1 HAVING count(*) > 1""",
    "planned for a closed case": """
        SELECT a.id, a.channel, a.rule FROM attempts a JOIN cases c ON c.id = a.case_id
        WHERE c.state <> 'open' AND a.state = 'planned' AND a.channel <> 'hook'""",
    "resent under another key": """
        SELECT a.id, a.rule FROM attempts a JOIN attempts b ON b.id = a.retry_of
        WHERE b.state = 'in_doubt' AND a.send_key <> b.send_key AND a.sent_at IS NOT NULL
          AND a.phone_id IS NOT DISTINCT FROM b.phone_id""",
    "resent without a mark": """
        SELECT a.id, a.rule FROM attempts a JOIN attempts b ON b.id = a.retry_of
        WHERE b.was_in_doubt AND NOT a.possible_duplicate AND b.ending IS DISTINCT FROM 'never_taken'
          AND a.send_key = b.send_key AND a.sent_at IS NOT NULL""",
}
