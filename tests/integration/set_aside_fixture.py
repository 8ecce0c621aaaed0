"""What the tests of what is set aside work with: steps that raise for some cases, until they are cured."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture

from dispatcher import engine
from dispatcher.casework import set_aside
from dispatcher.delivery import outcomes, receipts
from dispatcher.delivery.compose import MessageComposer
from dispatcher.store.set_aside import SetAsideRow
from dispatcher.store.work_items import WorkItemRow
from providers.base import Answered, Receipt
from schemas.vocabulary import Result, WorkItemKind

SECRET_NAME = "何某某的姓名"
# In place of seconds, which are over on a busy machine before a test has looked; `let_waits_pass` ends each.
LONG_WAITS = tuple(timedelta(minutes=each) for each in (20, 30, 40, 50, 60))


class Poison(RuntimeError):
    """Its message holds what must not be written down."""


class Poisoned:
    """Makes a step raise for some cases, until `cure`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(set_aside, "WAITS", LONG_WAITS)
        self._monkeypatch = monkeypatch
        self.cases: set[str] = set()

    def step(self, owner: Any, name: str, case_of: Callable[..., Any]) -> None:
        done = getattr(owner, name)

        def raising(*given: Any, **named: Any) -> Any:
            if str(case_of(*given, **named)) in self.cases:
                raise Poison(SECRET_NAME)
            return done(*given, **named)

        self._monkeypatch.setattr(owner, name, raising)

    def claim(self) -> None:
        self.step(MessageComposer, "message", lambda composer, attempt, case: case.id)

    def outcome(self) -> None:
        self.step(outcomes, "record", lambda case_file, case_id, *_, **__: case_id)

    def decide(self) -> None:
        self.step(engine, "decide_anew", lambda case, *_: case.id)
        self.step(engine, "decide", lambda case, *_: case.id)

    def cure(self) -> None:
        self.cases.clear()


def opened(casework: CaseworkFixture, count: int = 8, **changes: Any) -> list[UUID]:
    return [casework.open(number, **changes) for number in range(1, count + 1)]


def bad_ones(cases: list[UUID], places: set[int]) -> set[str]:
    return {str(cases[place]) for place in places}


def faults(casework: CaseworkFixture) -> list[SetAsideRow]:
    return casework.rows(SetAsideRow)


def duties(casework: CaseworkFixture) -> list[WorkItemRow]:
    return casework.rows(WorkItemRow, WorkItemRow.kind == WorkItemKind.FAULT.value)


def let_waits_pass(casework: CaseworkFixture) -> None:
    """Every wait of a held attempt, receipt and case is over."""
    earlier = "- interval '2 hours' FROM set_aside s WHERE s.ended_at IS NULL"
    casework.sql(f"UPDATE attempts SET lease_until = lease_until {earlier} AND s.attempt_id = attempts.id")  # noqa: S608
    casework.sql(f"UPDATE receipts SET not_before = not_before {earlier} AND s.receipt_id = receipts.id")  # noqa: S608
    casework.sql("UPDATE set_aside SET retry_at = retry_at - interval '2 hours' WHERE ended_at IS NULL")
    casework.sql("UPDATE cases SET next_look_at = next_look_at - interval '2 hours' WHERE set_aside_at IS NOT NULL")


def look(casework: CaseworkFixture, batch: set_aside.Batch) -> int:
    return set_aside.run(casework.begin, batch)


def assert_told_once_each(casework: CaseworkFixture, bad: set[str], point: str) -> None:
    assert {(str(row.case_id), row.point, row.error, row.failures) for row in faults(casework)} == {
        (case_id, point, "Poison", 1) for case_id in bad
    }
    assert {str(row.case_id) for row in duties(casework)} == bad
    for case_id in map(UUID, bad):
        [entry] = casework.journal(case_id, "case_set_aside")
        assert (entry.rule, entry.data["point"], entry.data["error"]) == ("fault_isolated", point, "Poison")
        assert SECRET_NAME not in json.dumps(entry.data, ensure_ascii=False)


def assert_over(casework: CaseworkFixture, bad: set[str]) -> None:
    assert all(row.ended_at is not None for row in faults(casework))
    assert {(str(row.case_id), row.done_by) for row in duties(casework)} == {(case_id, "engine") for case_id in bad}
    for case_id in map(UUID, bad):
        assert casework.case(case_id).set_aside_at is None
        assert len(casework.journal(case_id, "set_aside_ended")) == 1


def store_receipts(casework: CaseworkFixture, cases: list[UUID]) -> None:
    with casework.begin() as work:
        for case_id in cases:
            key = str(casework.attempts(case_id)[0].send_key)
            receipts.store(work, "scripted", Receipt(key, f"of {key}", Answered(Result.DELIVERED)))
