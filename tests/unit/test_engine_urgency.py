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
from harness import World, planned

from dispatcher.engine.decisions import BringAttemptForward, OpenVisit, RaiseUrgency
from schemas.vocabulary import Result, Urgency


@pytest.mark.parametrize("result", [Result.ANSWERED_NOT_SUBJECT, Result.SUSPECTED_FORWARDING])
def test_a_stranger_on_the_phone_raises_one_step_and_ends_the_number(result: Result) -> None:
    world = World.of(MEDIUM, numbers=TWO)
    call = world.send(VOICE, result)
    assert RaiseUrgency("somebody_else_answered", HIGH, call.id) in world.decided
    assert world.case.urgency is HIGH
    assert planned(world, VOICE).number_id == "n2"


def test_each_stranger_raises_one_step_and_only_once() -> None:
    world = World.of(LOW, numbers=(*TWO, number("n3")))
    steps = []
    for _ in range(3):
        world.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
        steps.append(world.case.urgency)
        world.after(seconds=1)
    assert steps == [MEDIUM, HIGH, CRITICAL]
    assert world.case.urgency is CRITICAL


def test_critical_stays_critical() -> None:
    world = World.of(CRITICAL)
    world.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
    assert world.rules(RaiseUrgency) == []


def test_a_stranger_at_a_relatives_number_raises_nothing() -> None:
    world = World.of(HIGH, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.ANSWERED_NOT_SUBJECT, FAMILY)
    assert world.case.urgency is HIGH


def test_medium_whose_rounds_are_over_becomes_high_and_is_visited() -> None:
    world = World.of(MEDIUM)
    for _ in range(2):
        world.send(VOICE, Result.NO_ANSWER)
        assert world.case.urgency is MEDIUM
    world.send(VOICE, Result.NO_ANSWER)
    assert world.rules(RaiseUrgency) == ["phone_route_exhausted"]
    assert world.case.urgency is HIGH
    assert world.case.open_visit is not None


def test_a_last_call_that_is_still_under_way_exhausts_nothing() -> None:
    world = World.of(MEDIUM)
    for _ in range(2):
        world.send(VOICE, Result.NO_ANSWER)
    call = world.sending(planned(world, VOICE))
    world.accepted(call)
    assert world.case.urgency is MEDIUM
    world.settled(call, Result.NO_ANSWER)
    assert world.case.urgency is HIGH


def test_where_no_call_was_asked_for_no_phone_route_is_exhausted() -> None:
    assert World.of(MEDIUM, channels=ONLY_SMS, numbers=()).case.urgency is MEDIUM


def test_medium_without_a_usable_number_becomes_high_and_is_visited_at_once() -> None:
    world = World.of(MEDIUM, numbers=())
    assert world.rules(RaiseUrgency) == ["phone_route_exhausted"]
    assert world.rules(OpenVisit) == ["visit_phone_route_exhausted"]


@pytest.mark.parametrize(("urgency", "raised"), [(LOW, HIGH), (MEDIUM, HIGH), (HIGH, HIGH), (CRITICAL, CRITICAL)])
def test_who_was_warned_before_is_at_least_high(urgency: Urgency, raised: Urgency) -> None:
    world = World.of(urgency, warned_before=True)
    assert world.case.urgency is raised
    assert (RaiseUrgency("warned_again", HIGH, "warned_again") in world.decided) is (urgency is not raised)


def test_a_rise_brings_forward_under_its_name() -> None:
    world = World.of(LOW)
    call = planned(world, VOICE)
    world.joined(CRITICAL)
    assert BringAttemptForward("urgency_rose", call.id, MONDAY) in world.decided


def test_the_clock_of_an_urgency_that_rose_starts_at_the_rise() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    call = world.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
    assert (call.sent_at, world.case.urgency_since) == (MONDAY + MINUTE, MONDAY + MINUTE)
    assert world.case.deadlines["met_by"] == MONDAY + 31 * MINUTE


def test_an_exhausted_phone_route_raises_once_and_says_so() -> None:
    world = World.of(MEDIUM, numbers=())
    assert RaiseUrgency("phone_route_exhausted", HIGH, "phone_route_exhausted") in world.decided
    assert "phone_route_exhausted" in world.case.raise_causes


def test_a_policy_that_raises_to_the_urgency_itself_raises_nothing() -> None:
    policy = policy_with(MEDIUM, phone_route_exhausted_raises_to=MEDIUM)
    assert World.as_found(MONDAY, policy, urgency=MEDIUM, numbers=()).rules(RaiseUrgency) == []


def test_what_is_planned_in_time_is_not_brought_forward() -> None:
    world = World.of(HIGH)
    world.after(seconds=1)
    assert world.rules(BringAttemptForward) == []
