"""What raises urgency, by how much, and how often."""

import pytest
from builders import (
    CRITICAL,
    FAMILY,
    HIGH,
    LOW,
    MEDIUM,
    MINUTE,
    MONDAY,
    ONLY_SMS,
    ONLY_VOICE,
    TWO,
    VOICE,
    number,
    policy_with,
    relative,
)
from engine_harness import EngineHarness, planned

from dispatcher.engine.decisions import BringAttemptForward, OpenVisit, RaiseUrgency
from schemas.vocabulary import Result, Urgency


@pytest.mark.parametrize("result", [Result.ANSWERED_NOT_SUBJECT, Result.SUSPECTED_FORWARDING])
def test_a_stranger_on_the_phone_raises_one_step_and_ends_the_number(result: Result) -> None:
    harness = EngineHarness.of(MEDIUM, numbers=TWO)
    call = harness.send(VOICE, result)
    assert RaiseUrgency("somebody_else_answered", HIGH, call.id) in harness.decided
    assert harness.case.urgency is HIGH
    assert planned(harness, VOICE).number_id == "n2"


def test_each_stranger_raises_one_step_and_only_once() -> None:
    harness = EngineHarness.of(LOW, numbers=(*TWO, number("n3")))
    steps = []
    for _ in range(3):
        harness.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
        steps.append(harness.case.urgency)
        harness.after(seconds=1)
    assert steps == [MEDIUM, HIGH, CRITICAL]
    assert harness.case.urgency is CRITICAL


def test_critical_stays_critical() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
    assert harness.rules(RaiseUrgency) == []


def test_a_stranger_at_a_relatives_number_raises_nothing() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), relative()), money_moved=True)
    harness.send(VOICE, Result.ANSWERED_NOT_SUBJECT, FAMILY)
    assert harness.case.urgency is HIGH


def test_medium_whose_rounds_are_over_becomes_high_and_is_visited() -> None:
    harness = EngineHarness.of(MEDIUM)
    for _ in range(2):
        harness.send(VOICE, Result.NO_ANSWER)
        assert harness.case.urgency is MEDIUM
    harness.send(VOICE, Result.NO_ANSWER)
    assert harness.rules(RaiseUrgency) == ["phone_route_exhausted"]
    assert harness.case.urgency is HIGH
    assert harness.case.open_visit is not None


def test_a_last_call_that_is_still_under_way_exhausts_nothing() -> None:
    harness = EngineHarness.of(MEDIUM)
    for _ in range(2):
        harness.send(VOICE, Result.NO_ANSWER)
    call = harness.sending(planned(harness, VOICE))
    harness.accepted(call)
    assert harness.case.urgency is MEDIUM
    harness.settled(call, Result.NO_ANSWER)
    assert harness.case.urgency is HIGH


def test_where_no_call_was_asked_for_no_phone_route_is_exhausted() -> None:
    assert EngineHarness.of(MEDIUM, channels=ONLY_SMS, numbers=()).case.urgency is MEDIUM


def test_medium_without_a_usable_number_becomes_high_and_is_visited_at_once() -> None:
    harness = EngineHarness.of(MEDIUM, numbers=())
    assert harness.rules(RaiseUrgency) == ["phone_route_exhausted"]
    assert harness.rules(OpenVisit) == ["visit_phone_route_exhausted"]


@pytest.mark.parametrize(("urgency", "raised"), [(LOW, HIGH), (MEDIUM, HIGH), (HIGH, HIGH), (CRITICAL, CRITICAL)])
def test_who_was_warned_before_is_at_least_high(urgency: Urgency, raised: Urgency) -> None:
    harness = EngineHarness.of(urgency, warned_before=True)
    assert harness.case.urgency is raised
    assert (RaiseUrgency("warned_again", HIGH, "warned_again") in harness.decided) is (urgency is not raised)


def test_a_rise_brings_forward_under_its_name() -> None:
    harness = EngineHarness.of(LOW)
    call = planned(harness, VOICE)
    harness.joined(CRITICAL)
    assert BringAttemptForward("urgency_rose", call.id, MONDAY) in harness.decided


def test_the_clock_of_an_urgency_that_rose_starts_at_the_rise() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    call = harness.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
    assert (call.sent_at, harness.case.urgency_since) == (MONDAY + MINUTE, MONDAY + MINUTE)
    assert harness.case.deadlines["met_by"] == MONDAY + 31 * MINUTE


def test_an_exhausted_phone_route_raises_once_and_says_so() -> None:
    harness = EngineHarness.of(MEDIUM, numbers=())
    assert RaiseUrgency("phone_route_exhausted", HIGH, "phone_route_exhausted") in harness.decided
    assert "phone_route_exhausted" in harness.case.raise_causes


def test_a_policy_that_raises_to_the_urgency_itself_raises_nothing() -> None:
    policy = policy_with(MEDIUM, phone_route_exhausted_raises_to=MEDIUM)
    assert EngineHarness.as_found(MONDAY, policy, urgency=MEDIUM, numbers=()).rules(RaiseUrgency) == []


def test_what_is_planned_in_time_is_not_brought_forward() -> None:
    harness = EngineHarness.of(HIGH)
    harness.after(seconds=1)
    assert harness.rules(BringAttemptForward) == []
