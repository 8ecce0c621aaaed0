"""Numbers that can not be reached, and what happens to what was planned on them."""

from dataclasses import replace

import pytest
from builders import CRITICAL, EMPLOYER, HIGH, LOW, ONLY_SMS, ONLY_VOICE, SMS, TWO, VOICE, employer, number
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine import evolve, numbers, orders
from dispatcher.engine.case import Number
from dispatcher.engine.decisions import CancelAttempt, MarkNumberBad, OpenVisit, PlanAttempt
from schemas.channel_results import RESULTS_OF
from schemas.vocabulary import AttemptState, Channel, Onward, Relation, Result


@pytest.mark.parametrize("channel", [SMS, VOICE])
@pytest.mark.parametrize("result", [Result.INVALID_NUMBER, Result.OUT_OF_SERVICE])
def test_a_dead_number_is_bad_for_sms_and_voice(channel: Channel, result: Result) -> None:
    harness = EngineHarness.of(CRITICAL, numbers=TWO)
    failed = harness.send(channel, result)
    assert MarkNumberBad("bad_number", "n1", frozenset({SMS, VOICE}), failed.id) in harness.decided
    other = VOICE if channel is SMS else SMS
    assert "bad_number" in harness.rules(CancelAttempt)
    assert planned(harness, other).number_id == "n2"


def test_a_call_after_a_dead_number_goes_to_the_next_though_none_has_rung() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=TWO)
    dead = harness.send(VOICE, Result.INVALID_NUMBER)
    assert harness.rules(PlanAttempt) == ["next_number"]
    following = planned(harness, VOICE)
    assert (following.number_id, following.retry_of) == ("n2", dead.id)


def test_a_landline_cannot_take_sms_but_rings() -> None:
    harness = EngineHarness.of(HIGH)
    harness.send(SMS, Result.FAILED_PERMANENT, number_fault=True)
    assert harness.case.numbers[0].bad_for == {SMS}
    assert planned(harness, VOICE).number_id == "n1"


def test_what_one_route_knows_no_number_for_goes_on_as_after_a_call_and_stays_in_use() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=TWO)
    first = harness.send(VOICE, Result.FAILED_TEMPORARY, number_fault=True)
    assert planned(harness, VOICE).number_id == "n2"
    harness.send(VOICE, Result.FAILED_TEMPORARY, number_fault=True)
    again = planned(harness, VOICE)
    assert (again.number_id, again.due_at) == ("n1", first.made_at + harness.policy.plan(HIGH).voice.again)
    assert all(each.bad_for == frozenset() for each in harness.case.numbers)


def test_what_one_route_knows_no_number_for_goes_to_the_next_route_first() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=TWO)
    harness.send(VOICE, Result.FAILED_TEMPORARY, number_fault=True, onward=Onward.NEXT_PROVIDER)
    assert (harness.rules(PlanAttempt), planned(harness, VOICE).number_id) == (["next_provider"], "n1")


@pytest.mark.parametrize("numbers", [(number("n1"),), TWO])
def test_a_turn_that_a_repeat_ends_while_the_first_call_is_in_doubt_marks_the_next_call(
    numbers: tuple[Number, ...],
) -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=numbers)
    doubtful = harness.sending(planned(harness, VOICE))
    harness.in_doubt(doubtful)
    harness.at(doubtful.made_at + harness.policy.plan(HIGH).doubt_wait)
    harness.send(VOICE, Result.FAILED_TEMPORARY, number_fault=True)
    following = planned(harness, VOICE)
    assert (following.number_id, following.send_key) == (numbers[-1].id, following.id)
    assert following.possible_duplicate
    harness.at(following.due_at)
    harness.settled(doubtful, Result.NO_ANSWER)
    harness.send(VOICE, Result.BUSY)
    assert not planned(harness, VOICE).possible_duplicate


def test_rounds_of_calls_end_where_the_only_route_knows_no_number() -> None:
    harness = EngineHarness.of(LOW, channels=ONLY_VOICE)
    rounds = harness.policy.plan(LOW).voice.rounds
    assert rounds is not None
    for _ in range(rounds):
        harness.at(planned(harness, VOICE).due_at)
        harness.send(VOICE, Result.FAILED_TEMPORARY, number_fault=True)
    assert not is_planned(harness, VOICE)
    assert harness.case.numbers[0].bad_for == frozenset()


def test_a_number_limit_marks_no_number() -> None:
    harness = EngineHarness.of(HIGH)
    harness.send(SMS, Result.FAILED_PERMANENT)
    assert harness.case.numbers[0].bad_for == frozenset()


def test_a_number_known_to_be_bad_is_never_used() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1", SMS, VOICE), number("n2")))
    assert {each.number_id for each in harness.plans} == {"n2"}


def test_a_retry_leaves_a_number_that_turned_out_bad() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=TWO)
    harness.send(VOICE, Result.FAILED_TEMPORARY)
    harness.send(SMS, Result.INVALID_NUMBER)
    assert planned(harness, VOICE).number_id == "n2"


@pytest.mark.parametrize("retired", [True, False])
def test_an_sms_after_a_passing_fault_goes_to_the_next_number_where_the_first_is_gone(retired: bool) -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    failed = harness.send(SMS, Result.FAILED_TEMPORARY)
    gone = (TWO[1],) if retired else (number("n1", SMS, VOICE), TWO[1])
    harness.act(numbers=gone)
    assert harness.rules(CancelAttempt) == ["number_retired" if retired else "bad_number"]
    assert (harness.rules(PlanAttempt), planned(harness, SMS).number_id) == (["next_number"], "n2")
    assert planned(harness, SMS).retry_of == failed.id


def test_a_number_that_a_newer_version_no_longer_names_is_used_no_more() -> None:
    harness = EngineHarness.of(HIGH, numbers=TWO)
    call = planned(harness, VOICE)
    harness.act(numbers=(TWO[1],))
    assert CancelAttempt("number_retired", call.id) in harness.decided
    assert (planned(harness, VOICE).number_id, planned(harness, SMS).number_id) == ("n2", "n2")


def test_a_doubtful_message_is_not_repeated_to_a_retired_number() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.act(numbers=(TWO[1],))
    harness.after(minutes=3)
    assert [each.number_id for each in harness.made(SMS)] == ["n1", "n2"]


def test_a_destination_that_no_provider_reaches_is_left_for_the_next_number() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    harness.out_of_reach(planned(harness, SMS))
    assert planned(harness, SMS).number_id == "n2"
    harness.out_of_reach(planned(harness, SMS))
    assert not is_planned(harness, SMS)


@pytest.mark.parametrize("result", [Result.DELIVERED, Result.UNKNOWN])
def test_an_sms_that_may_have_arrived_is_not_sent_to_the_next_number_when_its_own_goes_dead(result: Result) -> None:
    harness = EngineHarness.of(HIGH, numbers=TWO)
    harness.send(SMS, result)
    harness.send(VOICE, Result.OUT_OF_SERVICE)
    assert not is_planned(harness, SMS)


@pytest.mark.parametrize(
    "result", [Result.ANSWERED_NOT_SUBJECT, Result.SUSPECTED_FORWARDING, Result.REJECTED_CONTENT, Result.UNSUPPORTED]
)
def test_a_number_in_other_hands_or_out_of_reach_is_not_called_again(result: Result) -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.send(VOICE, result)
    assert not is_planned(harness, VOICE)
    assert harness.rules(OpenVisit)


@pytest.mark.parametrize("result", [Result.INVALID_NUMBER, Result.OUT_OF_SERVICE])
def test_a_number_found_dead_in_a_pause_is_not_called_on_order(result: Result) -> None:
    """While a case is paused no number is marked, and a supervisor may order calls all the same."""
    known = (number("n1"), employer("e1"), employer("e2"))
    harness = EngineHarness.of(HIGH, numbers=known)
    harness.pause()
    for expected in ("e1", "e2"):
        (call,) = orders.call(harness.case, Relation.EMPLOYER, harness.now)
        harness.case = evolve(harness.case, call, harness.now)
        assert harness.send(VOICE, result, EMPLOYER).number_id == expected
    assert orders.call(harness.case, Relation.EMPLOYER, harness.now) == ()


def test_a_number_that_takes_no_calls_is_no_part_of_a_round() -> None:
    harness = EngineHarness.of(LOW, channels=ONLY_VOICE, numbers=(number("n1"), number("n2", VOICE)))
    harness.send(VOICE, Result.NO_ANSWER)
    assert not is_planned(harness, VOICE)


def test_a_planned_attempt_on_a_number_that_went_bad_is_cancelled_there_and_then() -> None:
    harness = EngineHarness.of(HIGH)
    call = planned(harness, VOICE)
    harness.send(SMS, Result.INVALID_NUMBER)
    assert CancelAttempt("bad_number", call.id) in harness.decided
    cancelled = harness.case.attempt(call.id)
    assert (cancelled.state, cancelled.settled_at) == (AttemptState.CANCELLED, harness.now)


def test_what_leaves_a_number_to_be_called_again_may_be_counted() -> None:
    """Nobody was spoken with, and the number is still good: only how often it was called matters to the plan."""
    counted = set()
    for result in RESULTS_OF[VOICE] - {Result.ACCEPTED, Result.UNKNOWN}:
        harness = EngineHarness.of(LOW, channels=ONLY_VOICE, numbers=(number("n1"),))
        call = harness.send(VOICE, result)
        in_use = call.number_id in {each.id for each in numbers.usable(harness.case, VOICE)}
        if in_use and call in numbers.calls(harness.case) and not result.startswith("ANSWERED"):
            counted.add(result)
    assert counted == numbers.IN_VAIN


def test_calls_of_long_ago_count_as_turns_of_their_number() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=(replace(number("n1"), past_calls=1), number("n2")))
    assert (harness.rules(PlanAttempt), planned(harness, VOICE).number_id) == (["next_number"], "n2")
