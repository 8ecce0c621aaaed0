"""What the fault drills take for an attempt that waited too long, or behind others that go after it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import new_id
from dispatcher.store.journal import JournalRow
from schemas.vocabulary import Ending, Urgency
from tests.faults.invariants import Invariant, sent_in_time, urgent_first
from tests.faults.snapshot import Snapshot

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CRITICAL, ROUTINE = new_id(), new_id()
CLAIMED_AT = 9.0


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


class Seen:
    """What was sent, and what the journal says of it."""

    def __init__(self) -> None:
        self.attempts: list[AttemptRow] = []
        self.journal: list[JournalRow] = []
        self.committed: dict[UUID, datetime] = {}

    def write(self, case_id: UUID, event: str, began: float, committed: float, **data: Any) -> None:
        entry = JournalRow(id=new_id(), case_id=case_id, event=event, at=at(began), written_at=at(began), data=data)
        self.journal.append(entry)
        self.committed[entry.id] = at(committed)

    def send(self, case_id: UUID, urgency: Urgency, planned: Sequence[float], claimed: Sequence[float]) -> None:
        attempt = AttemptRow(id=new_id(), case_id=case_id, urgency_rank=urgency.rank)
        attempt.possible_duplicate = attempt.was_in_doubt = False
        attempt.send_key, attempt.sent_at = attempt.id, at(claimed[0])
        self.attempts.append(attempt)
        self.write(case_id, "attempt_planned", *planned, attempt=str(attempt.id), due_at=NOON.isoformat())
        self.write(case_id, "attempt_sending", *claimed, attempt=str(attempt.id))

    def found(self, invariant: Invariant) -> list[str]:
        nothing: dict[str, Any] = dict.fromkeys(
            ("lines", "instructions", "cases", "assignments", "receipts", "set_aside", "work_items", "differences"), ()
        )
        rows = {"attempts": self.attempts, "journal": self.journal, "committed": self.committed}
        return list(invariant(Snapshot(at=at(60), taken=set(), **nothing, **rows)))


def seen(*, visible: float = 0.1, routine: Sequence[float] = (5.0, 5.1)) -> Seen:
    made = Seen()
    made.send(CRITICAL, Urgency.CRITICAL, (0, visible), (CLAIMED_AT, CLAIMED_AT + 0.1))
    made.send(ROUTINE, Urgency.LOW, (0, 0.1), routine)
    return made


def test_a_routine_one_that_was_claimed_while_a_critical_one_was_free_is_found() -> None:
    assert len(seen().found(urgent_first)) == 1


@pytest.mark.parametrize("routine", [(1.0, 1.1), (10.0, 10.1), (8.0, 9.05)], ids=["soon", "later", "at once"])
def test_one_that_was_claimed_soon_or_later_or_beside_it_is_none(routine: Sequence[float]) -> None:
    assert not seen(routine=routine).found(urgent_first)


def test_nobody_can_claim_what_is_not_committed() -> None:
    assert not seen(visible=4.0).found(urgent_first)


@pytest.mark.parametrize(("span", "count"), [((4.0, 6.0), 0), ((5.05, 5.06), 0), ((4.0, 4.9), 1), ((5.2, 6.0), 1)])
def test_nobody_can_claim_of_a_case_that_a_transaction_holds(span: Sequence[float], count: int) -> None:
    made = seen()
    made.write(CRITICAL, "status_unknown", *span)
    assert len(made.found(urgent_first)) == count


def waited(urgency: Urgency, *claims: float) -> list[str]:
    """One of high urgency waited 31 s, where 20 are allowed; others of this urgency were claimed meanwhile."""
    made = Seen()
    made.send(CRITICAL, Urgency.HIGH, (0, 0.1), (31, 31.1))
    for claimed in claims:
        made.send(ROUTINE, urgency, (claimed - 1, claimed), (claimed, claimed + 0.1))
    return made.found(sent_in_time(20))


def test_what_waits_for_its_turn_is_not_held_up() -> None:
    assert not waited(Urgency.CRITICAL, 12, 19, 24, 29)


def test_what_is_passed_over_is_held_up() -> None:
    assert len(waited(Urgency.LOW, 12, 19, 24, 29)) == 1


def test_what_waits_while_nobody_is_at_work_is_held_up() -> None:
    assert not waited(Urgency.CRITICAL, 21, 29)
    assert len(waited(Urgency.CRITICAL, 12, 19)) == 1


def test_what_its_sender_could_not_send_any_more_has_waited() -> None:
    made = Seen()
    made.send(CRITICAL, Urgency.HIGH, (0, 0.1), (1, 40))
    made.attempts[0].settled_at, made.attempts[0].ending = at(40), Ending.NEVER_TAKEN
    assert len(made.found(sent_in_time(20))) == 1
