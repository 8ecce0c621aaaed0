"""Deadlines count from receipt and are never moved later."""

import pytest
from builders import CRITICAL, HIGH, LOW, MEDIUM, MINUTE, MONDAY, ONLY_SMS
from engine_harness import EngineHarness

from dispatcher.engine.decisions import SetDeadline
from schemas.vocabulary import Urgency


@pytest.mark.parametrize(
    ("urgency", "expected"),
    [
        (CRITICAL, {"first_call_by": 1, "met_by": 30, "report_by": 120}),
        (HIGH, {"first_call_by": 5}),
        (MEDIUM, {"first_call_by": 30}),
        (LOW, {}),
    ],
)
def test_deadlines_count_from_receipt(urgency: Urgency, expected: dict[str, int]) -> None:
    assert EngineHarness.of(urgency).case.deadlines == {name: MONDAY + m * MINUTE for name, m in expected.items()}


def test_deadlines_of_a_visit_count_from_the_cases_clock_not_from_its_opening() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    harness.after(minutes=15)
    assert harness.case.deadlines["met_by"] == MONDAY + 120 * MINUTE


def test_a_rise_brings_deadlines_forward_and_nothing_moves_them_back() -> None:
    harness = EngineHarness.of(HIGH, numbers=())
    late = harness.case.deadlines["met_by"]
    harness.after(minutes=10)
    harness.joined(CRITICAL)
    assert harness.case.deadlines["met_by"] == MONDAY + 40 * MINUTE < late
    assert {each.name for each in harness.decided if isinstance(each, SetDeadline)} == {"met_by", "report_by"}
    harness.assign()
    harness.returns()
    assert harness.case.deadlines["met_by"] == MONDAY + 40 * MINUTE


def test_a_rise_late_in_the_day_does_not_move_a_deadline_later() -> None:
    harness = EngineHarness.of(HIGH, numbers=())
    harness.after(minutes=100)
    harness.joined(CRITICAL)
    assert harness.case.deadlines["met_by"] == MONDAY + 120 * MINUTE


def test_deadlines_are_set_under_their_rule() -> None:
    assert EngineHarness.of(HIGH).rules(SetDeadline) == ["deadline"]


def test_there_is_no_deadline_for_a_call_that_nobody_asked_for() -> None:
    assert EngineHarness.of(HIGH, channels=ONLY_SMS).case.deadlines == {}
