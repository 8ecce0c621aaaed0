"""Eight producers push the same lines in any order, and what stands in the end is what one producer in order leaves.

DISPATCHER_TEST_PRODUCER_LINES sets how many lines there are; `make concurrent-producers` takes a thousand.
"""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from random import Random
from typing import Any

import psycopg
import pytest
from casework_fixture import CaseworkFixture, event, instruction, phone, resident, withdrawal
from concurrent_producers import final_state, lines, push_all
from sqlalchemy.exc import OperationalError

from dispatcher.casework import personal_data
from dispatcher.cli import push
from dispatcher.intake import instructions
from dispatcher.intake.answer import Answer
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import IntakeStatus

PRODUCERS = 8
LINES = int(os.environ.get("DISPATCHER_TEST_PRODUCER_LINES", "45"))
SEED = int(os.environ.get("SEED", "1"))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("together", [1, 20])
def test_any_order_ends_as_one_producer_in_order(
    casework: CaseworkFixture, new_casework: Callable[[], CaseworkFixture], together: int
) -> None:
    dice = Random(SEED)
    pushed = lines(LINES, dice)
    alone = new_casework()
    push_all(alone, pushed)
    orders = [dice.sample(pushed, len(pushed)) for _ in range(PRODUCERS)]
    with ThreadPoolExecutor(PRODUCERS) as threads:
        pushing = threads.map(lambda order: push_all(casework, order, together), orders)
        answers = [status for statuses in pushing for status in statuses]
    assert set(answers) >= {"accepted", "duplicate", "conflict", "stale"}
    expected, actual = final_state(alone), final_state(casework)
    assert expected["open"] and not expected["orphans"]
    assert {
        name: (actual[name] - rows, rows - actual[name]) for name, rows in expected.items() if actual[name] != rows
    } == {}
    # One that is lost is run again, and nobody would notice.
    assert casework.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]


def test_a_withdrawal_ahead_of_its_version_stands_when_the_version_comes(casework: CaseworkFixture) -> None:
    case_id = casework.open(version=1)
    assert casework.push(withdrawal(version=3)).status == "accepted"
    assert [casework.push(instruction(version=each)).status for each in (2, 3)] == ["stale", "stale"]
    assert [row.id for row in casework.rows(CaseRow)] == [case_id]
    assert casework.open(version=4) != case_id


def test_a_withdrawal_that_names_more_than_the_last_one_counts(casework: CaseworkFixture) -> None:
    casework.open(version=1)
    assert [casework.push(withdrawal(version=each)).status for each in (1, 2, 1)] == [
        "accepted",
        "accepted",
        "duplicate",
    ]
    assert casework.push(instruction(version=2)).status == "stale"


@pytest.mark.parametrize("overtaken_by", ["version", "withdrawal"])
def test_a_conflict_about_what_is_over_is_kept_and_adds_nothing(casework: CaseworkFixture, overtaken_by: str) -> None:
    case_id = casework.open(channels=["sms"])
    casework.open(2, id_number=resident(1), phones=[{"number": phone(1)}], channels=["sms"])
    casework.push(instruction(version=2, channels=["sms"]) if overtaken_by == "version" else withdrawal(version=1))
    late = instruction(urgency="critical", channels=["sms", "voice"], phones=[{"number": phone(7)}])
    assert casework.push(late).status == "conflict"
    case = casework.case(case_id)
    assert (case.state, case.urgency, case.channels) == ("open", "high", ["sms"])
    assert len(casework.rows(PhoneRow)) == 1
    assert [each.status for each in casework.quarantined()] == ["conflict"]


def test_an_update_beside_a_conflict_leaves_both_of_its_contents_standing(casework: CaseworkFixture) -> None:
    other = {"id_number": resident(1), "channels": ["sms"]}
    casework.open(1)
    casework.push(instruction(phones=[{"number": phone(7)}]))
    casework.open(2, **other)
    casework.open(2, version=2, phones=[{"number": phone(8)}], **other)
    retired = {row.position: row.retired_at is not None for row in casework.rows(PhoneRow)}
    assert retired == {0: False, 1: False, 2: True, 3: False}
    casework.open(1, version=2)
    assert [row.position for row in casework.rows(PhoneRow) if row.retired_at is None] == [0, 1, 3]


def test_patches_at_once_lose_nothing(casework: CaseworkFixture) -> None:
    """Each is applied to what the others left; one that came too late is stale."""
    casework.open()
    changes = [{"channels": ["sms", "voice"]}, {"fraud_type": "F01"}, {"urgency": "critical"}, {"note": "x"}]
    for base in range(2, 18, len(changes)):
        patches = [
            event("update", version=version, patch=change)
            for version, change in zip(range(base, base + len(changes)), changes, strict=True)
        ]
        with ThreadPoolExecutor(len(patches)) as threads:
            answers = [each.status for each in threads.map(casework.push, patches)]
        taken = [change for change, answer in zip(changes, answers, strict=True) if answer == "accepted"]
        newest = casework.rows(InstructionRow)[-1]
        with casework.begin() as work:
            body = json.loads(personal_data.read_value(work, newest.raw_value_id))
        assert taken and all(body.items() >= change.items() for change in taken)


def test_a_withdrawal_beside_its_update_is_not_lost(casework: CaseworkFixture) -> None:
    """Whichever is first: the version that was withdrawn does not go on."""
    for number in range(1, 9):
        casework.open(number)
        both = instruction(number, version=2), withdrawal(number, version=2)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(casework.push, both))
    assert {row.state for row in casework.rows(CaseRow)} == {"closed"}


def test_a_warning_does_not_join_a_case_that_ends_while_it_waits(casework: CaseworkFixture) -> None:
    """Another source warns about the same person in the moment in which the first one withdraws."""
    first = casework.open(1)
    other = instruction(1, instruction_id="YJ-OTHER", source={"system": "another source"})
    with ThreadPoolExecutor(1) as threads:
        with casework.begin() as work:
            raw = json.dumps(withdrawal(version=1)).encode()
            assert instructions.take(work, raw, door="test").status == "accepted"
            answer = threads.submit(casework.push, other)
            while not casework.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                assert not answer.done()
        assert answer.result(timeout=60).status == "accepted"
    assert answer.result().case != str(first)
    [second] = [row for row in casework.rows(CaseRow) if row.id != first]
    assert (casework.case(first).state, second.state) == ("closed", "open")
    assert [each.state for each in casework.attempts(second.id)][:1] == ["planned"]


def test_neighbours_that_are_updated_at_once_do_not_deadlock(casework: CaseworkFixture) -> None:
    mother = {"contacts": [{"relation": "母亲", "phone": phone(900)}]}
    numbers = range(1, 7)
    for number in numbers:
        casework.open(number, **mother)
    # The mother is named no more, so nothing but the cases says that they are neighbours.
    updates = [instruction(number, version=version) for version in (2, 3, 4) for number in numbers]
    with ThreadPoolExecutor(6) as threads:
        answers = [each.status for each in threads.map(casework.push, updates)]
    assert set(answers) <= {"accepted", "stale"}


@pytest.mark.parametrize(("lost", "tries"), [(psycopg.errors.DeadlockDetected(), 2), (psycopg.OperationalError(), 1)])
def test_a_lost_deadlock_is_not_the_producers_affair(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch, lost: Exception, tries: int
) -> None:
    asked = []

    def take(*_: Any, **__: Any) -> Any:
        asked.append(1)
        if len(asked) == 1:
            raise OperationalError("", {}, lost)
        return Answer(IntakeStatus.ACCEPTED, "YJ-1", None), set()

    monkeypatch.setattr(instructions, "take", take)
    services = Services(Settings(), casework.sessions, casework.context)
    with nullcontext() if tries > 1 else pytest.raises(OperationalError):
        push.take_line(services, b"{}")
    assert len(asked) == tries
