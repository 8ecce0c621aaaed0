"""Numbers that can not be reached, and what happens to what was planned on them."""

import pytest
from builders import CRITICAL, EMPLOYER, HIGH, LOW, ONLY_SMS, ONLY_VOICE, SMS, TWO, VOICE, employer, number
from harness import World, is_planned, planned

from dispatcher.engine import evolve, orders
from dispatcher.engine.decisions import CancelAttempt, MarkNumberBad, OpenVisit, PlanAttempt
from schemas.vocabulary import AttemptState, Channel, Relation, Result


@pytest.mark.parametrize("channel", [SMS, VOICE])
@pytest.mark.parametrize("result", [Result.INVALID_NUMBER, Result.OUT_OF_SERVICE])
def test_a_dead_number_is_bad_for_sms_and_voice(channel: Channel, result: Result) -> None:
    world = World.of(CRITICAL, numbers=TWO)
    failed = world.send(channel, result)
    assert MarkNumberBad("bad_number", "n1", frozenset({SMS, VOICE}), failed.id) in world.decided
    other = VOICE if channel is SMS else SMS
    assert "bad_number" in world.rules(CancelAttempt)
    assert planned(world, other).number_id == "n2"


def test_a_landline_cannot_take_sms_but_rings() -> None:
    world = World.of(HIGH)
    world.send(SMS, Result.FAILED_PERMANENT, number_fault=True)
    assert world.case.numbers[0].bad_for == {SMS}
    assert planned(world, VOICE).number_id == "n1"


def test_a_number_limit_marks_no_number() -> None:
    world = World.of(HIGH)
    world.send(SMS, Result.FAILED_PERMANENT)
    assert world.case.numbers[0].bad_for == frozenset()


def test_a_number_known_to_be_bad_is_never_used() -> None:
    world = World.of(HIGH, numbers=(number("n1", SMS, VOICE), number("n2")))
    assert {each.number_id for each in world.plans} == {"n2"}


def test_a_retry_leaves_a_number_that_turned_out_bad() -> None:
    world = World.of(CRITICAL, numbers=TWO)
    world.send(VOICE, Result.FAILED_TEMPORARY)
    world.send(SMS, Result.INVALID_NUMBER)
    assert planned(world, VOICE).number_id == "n2"


@pytest.mark.parametrize("retired", [True, False])
def test_an_sms_after_a_passing_fault_goes_to_the_next_number_where_the_first_is_gone(retired: bool) -> None:
    world = World.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    failed = world.send(SMS, Result.FAILED_TEMPORARY)
    gone = (TWO[1],) if retired else (number("n1", SMS, VOICE), TWO[1])
    world.act(numbers=gone)
    assert world.rules(CancelAttempt) == ["number_retired" if retired else "bad_number"]
    assert (world.rules(PlanAttempt), planned(world, SMS).number_id) == (["next_number"], "n2")
    assert planned(world, SMS).retry_of == failed.id


def test_a_number_that_a_newer_version_no_longer_names_is_used_no_more() -> None:
    world = World.of(HIGH, numbers=TWO)
    call = planned(world, VOICE)
    world.act(numbers=(TWO[1],))
    assert CancelAttempt("number_retired", call.id) in world.decided
    assert (planned(world, VOICE).number_id, planned(world, SMS).number_id) == ("n2", "n2")


def test_a_doubtful_message_is_not_repeated_to_a_retired_number() -> None:
    world = World.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.act(numbers=(TWO[1],))
    world.after(minutes=3)
    assert [each.number_id for each in world.made(SMS)] == ["n1", "n2"]


def test_a_destination_that_no_provider_reaches_is_left_for_the_next_number() -> None:
    world = World.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    world.out_of_reach(planned(world, SMS))
    assert planned(world, SMS).number_id == "n2"
    world.out_of_reach(planned(world, SMS))
    assert not is_planned(world, SMS)


@pytest.mark.parametrize("result", [Result.DELIVERED, Result.UNKNOWN])
def test_an_sms_that_may_have_arrived_is_not_sent_to_the_next_number_when_its_own_goes_dead(result: Result) -> None:
    world = World.of(HIGH, numbers=TWO)
    world.send(SMS, result)
    world.send(VOICE, Result.OUT_OF_SERVICE)
    assert not is_planned(world, SMS)


@pytest.mark.parametrize(
    "result", [Result.ANSWERED_NOT_SUBJECT, Result.SUSPECTED_FORWARDING, Result.REJECTED_CONTENT, Result.UNSUPPORTED]
)
def test_a_number_in_other_hands_or_out_of_reach_is_not_called_again(result: Result) -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, result)
    assert not is_planned(world, VOICE)
    assert world.rules(OpenVisit)


@pytest.mark.parametrize("result", [Result.INVALID_NUMBER, Result.OUT_OF_SERVICE])
def test_a_number_found_dead_in_a_pause_is_not_called_on_order(result: Result) -> None:
    """While a case is paused no number is marked, and a supervisor may order calls all the same."""
    known = (number("n1"), employer("e1"), employer("e2"))
    world = World.of(HIGH, numbers=known)
    world.pause()
    for expected in ("e1", "e2"):
        (call,) = orders.call(world.case, Relation.EMPLOYER, world.now)
        world.case = evolve(world.case, call, world.now)
        assert world.send(VOICE, result, EMPLOYER).number_id == expected
    assert orders.call(world.case, Relation.EMPLOYER, world.now) == ()


def test_a_number_that_takes_no_calls_is_no_part_of_a_round() -> None:
    world = World.of(LOW, channels=ONLY_VOICE, numbers=(number("n1"), number("n2", VOICE)))
    world.send(VOICE, Result.NO_ANSWER)
    assert not is_planned(world, VOICE)


def test_a_planned_attempt_on_a_number_that_went_bad_is_cancelled_there_and_then() -> None:
    world = World.of(HIGH)
    call = planned(world, VOICE)
    world.send(SMS, Result.INVALID_NUMBER)
    assert CancelAttempt("bad_number", call.id) in world.decided
    cancelled = world.case.attempt(call.id)
    assert (cancelled.state, cancelled.settled_at) == (AttemptState.CANCELLED, world.now)
