"""Deadlines count from receipt and are never moved later."""

import pytest
from builders import CRITICAL, HIGH, LOW, MEDIUM, MINUTE, MONDAY, ONLY_SMS
from harness import World

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
    assert World.of(urgency).case.deadlines == {name: MONDAY + m * MINUTE for name, m in expected.items()}


def test_deadlines_of_a_visit_count_from_the_cases_clock_not_from_its_opening() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    world.after(minutes=15)
    assert world.case.deadlines["met_by"] == MONDAY + 120 * MINUTE


def test_a_rise_brings_deadlines_forward_and_nothing_moves_them_back() -> None:
    world = World.of(HIGH, numbers=())
    late = world.case.deadlines["met_by"]
    world.after(minutes=10)
    world.joined(CRITICAL)
    assert world.case.deadlines["met_by"] == MONDAY + 40 * MINUTE < late
    assert {each.name for each in world.decided if isinstance(each, SetDeadline)} == {"met_by", "report_by"}
    world.assign()
    world.returns()
    assert world.case.deadlines["met_by"] == MONDAY + 40 * MINUTE


def test_a_rise_late_in_the_day_does_not_move_a_deadline_later() -> None:
    world = World.of(HIGH, numbers=())
    world.after(minutes=100)
    world.joined(CRITICAL)
    assert world.case.deadlines["met_by"] == MONDAY + 120 * MINUTE


def test_deadlines_are_set_under_their_rule() -> None:
    assert World.of(HIGH).rules(SetDeadline) == ["deadline"]


def test_there_is_no_deadline_for_a_call_that_nobody_asked_for() -> None:
    assert World.of(HIGH, channels=ONLY_SMS).case.deadlines == {}
