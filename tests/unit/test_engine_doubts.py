"""Doubt: nobody knows whether a message left."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    CRITICAL,
    EMPLOYER,
    FAMILY,
    GUARDIAN,
    HIGH,
    LOW,
    MEDIUM,
    MINUTE,
    MONDAY,
    ONLY_SMS,
    ONLY_VISIT,
    ONLY_VOICE,
    SECOND,
    SMS,
    TWO,
    VISIT,
    VOICE,
    employer,
    guardian,
    number,
    relative,
    settled,
)
from harness import World, is_planned, planned

from dispatcher.engine import evolve, orders
from dispatcher.engine.decisions import GiveUpDoubt, PlanAttempt
from schemas.vocabulary import Answer, AttemptState, BankRequest, Ending, Onward, Relation, Result, Urgency


def test_what_the_provider_never_took_goes_again_at_once_under_its_key() -> None:
    world = World.of(channels=ONLY_SMS)
    doubtful = world.sending(planned(world, SMS))
    world.in_doubt(doubtful)
    world.never_taken(doubtful)
    following = planned(world, SMS)
    assert world.rules(PlanAttempt) == ["never_taken"]
    assert (following.due_at, following.send_key, following.retry_of) == (world.now, doubtful.id, doubtful.id)
    assert not following.possible_duplicate


def test_what_a_provider_never_takes_is_sent_with_growing_waits() -> None:
    """One that refuses inside of a good answer would be asked without a pause for ever."""
    world, waits = World.of(channels=ONLY_SMS), []
    for _ in range(4):
        doubtful = world.sending(planned(world, SMS))
        world.in_doubt(doubtful)
        world.never_taken(doubtful)
        assert (world.rules(PlanAttempt), planned(world, SMS).send_key) == (["never_taken"], doubtful.send_key)
        waits.append((planned(world, SMS).due_at - world.now).total_seconds())
    assert waits == [0, 2, 10, 30]


def test_the_wait_counts_what_was_never_taken_under_this_key_from_when_that_was_known() -> None:
    lost = {"channel": SMS, "ending": Ending.NEVER_TAKEN}
    other = settled(id="a0", send_key="a0", **lost)
    again = [settled(id=name, send_key="a1", **lost) for name in ("a1", "a2")]
    world = World.as_found(MONDAY + SECOND, channels=ONLY_SMS, attempts=(other, again[0]))
    assert planned(world, SMS).due_at == world.now
    world = World.as_found(MONDAY + SECOND, channels=ONLY_SMS, attempts=(other, *again))
    assert planned(world, SMS).due_at == MONDAY + 2 * SECOND


@pytest.mark.parametrize(
    ("urgency", "wait"),
    [(CRITICAL, timedelta(seconds=90)), (HIGH, 3 * MINUTE), (MEDIUM, 15 * MINUTE), (LOW, 60 * MINUTE)],
)
def test_doubt_is_waited_out_and_then_sent_again_as_a_possible_duplicate(urgency: Urgency, wait: timedelta) -> None:
    world = World.of(urgency, channels=ONLY_SMS)
    doubtful = world.sending(planned(world, SMS))
    world.in_doubt(doubtful)
    assert MONDAY + wait in world.looks
    world.at(MONDAY + wait - SECOND)
    assert not is_planned(world, SMS)
    world.at(MONDAY + wait)
    following = planned(world, SMS)
    assert world.rules(PlanAttempt)[0] == "doubt_wait"
    assert (following.send_key, following.possible_duplicate, following.retry_of) == (doubtful.id, True, doubtful.id)


def test_a_doubtful_message_is_sent_again_once() -> None:
    world = World.of(channels=ONLY_SMS)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(minutes=3)
    world.after(minutes=3)
    assert len(world.made(SMS)) == 2


def test_a_resend_that_is_doubtful_too_is_sent_once_more() -> None:
    world = World.of(channels=ONLY_SMS)
    first = planned(world, SMS)
    world.in_doubt(world.sending(first))
    world.after(minutes=3)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(minutes=3)
    assert [each.send_key for each in world.made(SMS)] == [first.id] * 3


def test_a_resend_that_fails_for_now_still_may_be_a_duplicate() -> None:
    world = World.of(channels=ONLY_SMS)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(minutes=3)
    world.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(world, SMS).possible_duplicate


def test_a_doubtful_call_is_not_repeated_after_a_true_contact() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    world.in_doubt(world.sending(planned(world, VOICE, FAMILY)))
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    world.after(minutes=2)
    assert not is_planned(world, VOICE, FAMILY)


def test_a_doubtful_call_to_the_family_of_who_refused_is_waited_for_and_made_again_under_its_key() -> None:
    """A new round beside it would ring twice, and no mark would say so."""
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    doubtful = world.sending(planned(world, VOICE, FAMILY))
    world.in_doubt(doubtful)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert not is_planned(world, VOICE, FAMILY)
    world.after(seconds=90)
    following = planned(world, VOICE, FAMILY)
    assert (following.send_key, following.possible_duplicate) == (doubtful.id, True)


def test_a_call_that_a_human_ordered_is_repeated_after_a_true_contact_too() -> None:
    world = World.of(HIGH, numbers=(number("n1"), employer()))
    for decision in orders.call(world.case, Relation.EMPLOYER, world.now):
        world.case = evolve(world.case, decision, world.now)
    doubtful = world.sending(planned(world, VOICE, EMPLOYER))
    world.in_doubt(doubtful)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    world.after(minutes=3)
    assert planned(world, VOICE, EMPLOYER).send_key == doubtful.id


def test_a_doubtful_call_is_not_repeated_on_a_number_that_turned_out_bad() -> None:
    world = World.of(CRITICAL, numbers=TWO)
    world.in_doubt(world.sending(planned(world, VOICE)))
    world.send(SMS, Result.INVALID_NUMBER)
    world.after(minutes=2)
    assert planned(world, VOICE).number_id == "n2"


def test_a_visit_in_doubt_is_never_doubled() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.in_doubt(world.sending(planned(world, VISIT)))
    world.after(hours=1)
    assert len(world.made(VISIT)) == 1


def test_a_doubt_waits_no_longer_than_the_urgency_raised_beside_it() -> None:
    """Medium again with no number to ring is raised to high, and high waits three minutes."""
    world = World.of(LOW, numbers=(number("n1", SMS, VOICE),), money_moved=True)
    stop = world.sending(world.case.bank_requests(BankRequest.STOP_PAYMENT)[0])
    world.in_doubt(stop)
    world.after(minutes=5)
    world.joined(MEDIUM)
    assert world.case.urgency is HIGH
    assert [each.possible_duplicate for each in world.case.bank_requests(BankRequest.STOP_PAYMENT)] == [False, True]


def test_the_wait_in_doubt_is_named() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    world.in_doubt(world.sending(planned(world, SMS)))
    assert world.waits["doubt_wait"] == MONDAY + 3 * MINUTE


def test_a_doubtful_call_is_waited_for_and_then_made_again_under_its_key() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    first = planned(world, VOICE)
    world.in_doubt(world.sending(first))
    assert not is_planned(world, VOICE)
    world.after(minutes=3)
    assert (planned(world, VOICE).send_key, planned(world, VOICE).possible_duplicate) == (first.id, True)


def test_a_doubtful_sms_is_sent_again_after_a_true_contact_too() -> None:
    world = World.of(HIGH)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    world.after(minutes=3)
    assert planned(world, SMS).possible_duplicate


def test_other_messages_do_not_use_up_the_sends_of_a_doubtful_one() -> None:
    world = World.of(CRITICAL)
    for _ in range(3):
        world.send(VOICE, Result.BUSY)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(seconds=90)
    assert planned(world, SMS).possible_duplicate


def test_a_message_that_stays_doubtful_is_given_up_after_its_last_send() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    for _ in range(world.policy.retry.doubt_sends):
        last = world.sending(planned(world, SMS))
        world.in_doubt(last)
        world.after(minutes=3)
    assert GiveUpDoubt("doubt_sends", last.id) in world.decided
    given_up = world.case.attempt(last.id)
    assert (given_up.state, given_up.result, given_up.settled_at) == (AttemptState.SETTLED, Result.UNKNOWN, world.now)
    assert len(world.made(SMS)) == 3


def test_a_resend_that_fails_keeps_the_key_of_the_first() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    first = planned(world, SMS)
    world.in_doubt(world.sending(first))
    world.after(minutes=3)
    world.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(world, SMS).send_key == first.id


def test_a_resend_that_fails_is_not_retried_once_the_first_turns_out_to_have_arrived() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    first = world.sending(planned(world, SMS))
    world.in_doubt(first)
    world.after(minutes=3)
    world.send(SMS, Result.FAILED_TEMPORARY)
    world.settled(first, Result.DELIVERED)
    assert not is_planned(world, SMS)


@pytest.mark.parametrize("fault", [Result.FAILED_PERMANENT, Result.INVALID_NUMBER, Result.REJECTED_CONTENT])
def test_a_resend_that_fails_for_good_moves_nothing_to_the_next_number_once_the_first_arrived(fault: Result) -> None:
    """A gateway that refuses one text too many to a number does so because the number has it."""
    world = World.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    first = world.sending(planned(world, SMS))
    world.in_doubt(first)
    world.after(minutes=3)
    second = world.sending(planned(world, SMS))
    world.settled(first, Result.DELIVERED)
    world.settled(second, fault)
    world.after(hours=3)
    assert not is_planned(world, SMS)


def test_the_second_number_is_not_tried_again_once_it_is_known_that_the_first_has_the_message() -> None:
    """A call found the number out of service, so the doubtful SMS to it was given up for the next one."""
    world = World.of(HIGH, numbers=TWO)
    first = world.sending(planned(world, SMS))
    world.in_doubt(first)
    world.send(VOICE, Result.INVALID_NUMBER)
    second = planned(world, SMS)
    assert second.number_id == "n2"
    world.settled(first, Result.DELIVERED)
    world.at(second.due_at)
    world.settled(world.sending(second), Result.FAILED_TEMPORARY)
    world.after(hours=3)
    assert not is_planned(world, SMS)


def test_an_sms_to_the_second_number_beside_a_doubt_about_the_first_is_marked_and_so_is_its_retry() -> None:
    """Nobody knows whether the person has the first, though a call found its number out of service."""
    world = World.of(HIGH, numbers=TWO)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.send(VOICE, Result.INVALID_NUMBER)
    second = planned(world, SMS)
    assert (second.number_id, second.possible_duplicate, second.send_key) == ("n2", True, second.id)
    world.at(second.due_at)
    world.settled(world.sending(second), Result.FAILED_TEMPORARY)
    third = planned(world, SMS)
    assert (third.number_id, third.possible_duplicate, third.send_key) == ("n2", True, third.id)


def test_an_sms_to_a_guardian_beside_a_doubt_about_another_of_the_numbers_is_marked() -> None:
    world = World.of(HIGH, minor=True, numbers=(number("n1"), guardian("g1"), guardian("g2")))
    world.in_doubt(world.sending(planned(world, SMS, GUARDIAN)))
    world.send(VOICE, Result.INVALID_NUMBER, party=GUARDIAN)
    second = planned(world, SMS, GUARDIAN)
    assert (second.number_id, second.possible_duplicate) == ("g2", True)


def test_the_next_provider_is_tried_for_an_sms_beside_a_doubt_about_another_number() -> None:
    world = World.of(HIGH, numbers=TWO)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.send(VOICE, Result.INVALID_NUMBER)
    second = planned(world, SMS)
    world.at(second.due_at)
    world.settled(world.sending(second), Result.FAILED_TEMPORARY, onward=Onward.NEXT_PROVIDER)
    assert world.rules(PlanAttempt) == ["next_provider"]
    third = planned(world, SMS)
    assert (third.due_at, third.possible_duplicate) == (world.now, True)


def test_a_resend_that_fails_for_good_goes_to_the_next_number_where_the_first_failed_too() -> None:
    first = settled(id="a1", channel=SMS, result=Result.FAILED_PERMANENT)
    second = replace(first, id="a2", result=Result.UNSUPPORTED, possible_duplicate=True, retry_of="a1")
    world = World.as_found(MONDAY + SECOND, channels=ONLY_SMS, numbers=TWO, attempts=(first, second))
    assert (planned(world, SMS).number_id, planned(world, SMS).retry_of) == ("n2", "a2")


def test_of_the_sends_under_one_key_the_one_that_arrived_counts_before_one_that_failed_for_good() -> None:
    first = settled(id="a1", channel=SMS, result=Result.FAILED_PERMANENT)
    second = replace(first, id="a2", result=Result.UNKNOWN, possible_duplicate=True, retry_of="a1")
    third = replace(second, id="a3", result=Result.FAILED_TEMPORARY, retry_of="a2")
    world = World.as_found(MONDAY + SECOND, channels=ONLY_SMS, numbers=TWO, attempts=(first, second, third))
    assert not is_planned(world, SMS)


def test_a_message_that_arrives_with_a_later_send_is_not_sent_again_for_an_earlier_fault() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(minutes=3)
    world.send(SMS, Result.FAILED_TEMPORARY)
    world.send(SMS, Result.DELIVERED)
    world.after(hours=3)
    assert not is_planned(world, SMS)
