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
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine import evolve, orders
from dispatcher.engine.decisions import GiveUpDoubt, PlanAttempt
from schemas.vocabulary import Answer, AttemptState, BankRequest, Ending, Onward, Relation, Result, Urgency


def test_what_the_provider_never_took_goes_again_at_once_under_its_key() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS)
    doubtful = harness.sending(planned(harness, SMS))
    harness.in_doubt(doubtful)
    harness.never_taken(doubtful)
    following = planned(harness, SMS)
    assert harness.rules(PlanAttempt) == ["never_taken"]
    assert (following.due_at, following.send_key, following.retry_of) == (harness.now, doubtful.id, doubtful.id)
    assert not following.possible_duplicate


def test_what_its_provider_lacks_while_its_sender_may_go_on_is_sent_again_and_marked() -> None:
    """Marked stays marked, whatever is said of the copy."""
    harness = EngineHarness.of(channels=ONLY_SMS)
    doubtful = harness.sending(planned(harness, SMS))
    harness.in_doubt(doubtful)
    harness.not_there(doubtful)
    assert harness.rules(PlanAttempt) == ["not_there"]
    following = planned(harness, SMS)
    assert (following.due_at, following.send_key, following.possible_duplicate) == (harness.now, doubtful.id, True)
    harness.sending(following)
    harness.in_doubt(following)
    harness.never_taken(following)
    assert planned(harness, SMS).possible_duplicate


def test_a_copy_that_was_never_sent_says_nothing_of_the_first() -> None:
    """Its sender found its lease over; the first may have arrived all the same."""
    harness = EngineHarness.of(channels=ONLY_SMS)
    doubtful = harness.sending(planned(harness, SMS))
    harness.in_doubt(doubtful)
    harness.at(harness.now + 60 * MINUTE)
    copy = planned(harness, SMS)
    assert copy.possible_duplicate
    harness.never_taken(harness.sending(copy))
    again = planned(harness, SMS)
    assert (again.send_key, again.possible_duplicate) == (doubtful.id, True)


def test_what_a_provider_never_takes_is_sent_with_growing_waits() -> None:
    """One that refuses inside of a good answer would be asked without a pause for ever."""
    harness, waits = EngineHarness.of(channels=ONLY_SMS), []
    for _ in range(4):
        doubtful = harness.sending(planned(harness, SMS))
        harness.in_doubt(doubtful)
        harness.never_taken(doubtful)
        assert (harness.rules(PlanAttempt), planned(harness, SMS).send_key) == (["never_taken"], doubtful.send_key)
        waits.append((planned(harness, SMS).due_at - harness.now).total_seconds())
    assert waits == [0, 2, 10, 30]


def test_the_wait_counts_what_was_never_taken_under_this_key_from_when_that_was_known() -> None:
    lost = {"channel": SMS, "ending": Ending.NEVER_TAKEN}
    other = settled(id="a0", send_key="a0", **lost)
    again = [settled(id=name, send_key="a1", **lost) for name in ("a1", "a2")]
    harness = EngineHarness.as_found(MONDAY + SECOND, channels=ONLY_SMS, attempts=(other, again[0]))
    assert planned(harness, SMS).due_at == harness.now
    harness = EngineHarness.as_found(MONDAY + SECOND, channels=ONLY_SMS, attempts=(other, *again))
    assert planned(harness, SMS).due_at == MONDAY + 2 * SECOND


@pytest.mark.parametrize(
    ("urgency", "wait"),
    [(CRITICAL, timedelta(seconds=90)), (HIGH, 3 * MINUTE), (MEDIUM, 15 * MINUTE), (LOW, 60 * MINUTE)],
)
def test_doubt_is_waited_out_and_then_sent_again_as_a_possible_duplicate(urgency: Urgency, wait: timedelta) -> None:
    harness = EngineHarness.of(urgency, channels=ONLY_SMS)
    doubtful = harness.sending(planned(harness, SMS))
    harness.in_doubt(doubtful)
    assert MONDAY + wait in harness.looks
    harness.at(MONDAY + wait - SECOND)
    assert not is_planned(harness, SMS)
    harness.at(MONDAY + wait)
    following = planned(harness, SMS)
    assert harness.rules(PlanAttempt)[0] == "doubt_wait"
    assert (following.send_key, following.possible_duplicate, following.retry_of) == (doubtful.id, True, doubtful.id)


def test_a_doubtful_message_is_sent_again_once() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.after(minutes=3)
    harness.after(minutes=3)
    assert len(harness.made(SMS)) == 2


def test_a_resend_that_is_doubtful_too_is_sent_once_more() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS)
    first = planned(harness, SMS)
    harness.in_doubt(harness.sending(first))
    harness.after(minutes=3)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.after(minutes=3)
    assert [each.send_key for each in harness.made(SMS)] == [first.id] * 3


def test_a_resend_that_fails_for_now_still_may_be_a_duplicate() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.after(minutes=3)
    harness.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(harness, SMS).possible_duplicate


def test_a_doubtful_call_is_not_repeated_after_a_true_contact() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    harness.in_doubt(harness.sending(planned(harness, VOICE, FAMILY)))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    harness.after(minutes=2)
    assert not is_planned(harness, VOICE, FAMILY)


def test_a_doubtful_call_to_the_family_of_who_refused_is_waited_for_and_made_again_under_its_key() -> None:
    """A new round beside it would ring twice, and no mark would say so."""
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    doubtful = harness.sending(planned(harness, VOICE, FAMILY))
    harness.in_doubt(doubtful)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert not is_planned(harness, VOICE, FAMILY)
    harness.after(seconds=90)
    following = planned(harness, VOICE, FAMILY)
    assert (following.send_key, following.possible_duplicate) == (doubtful.id, True)


def test_a_call_that_a_human_ordered_is_repeated_after_a_true_contact_too() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), employer()))
    for decision in orders.call(harness.case, Relation.EMPLOYER, harness.now):
        harness.case = evolve(harness.case, decision, harness.now)
    doubtful = harness.sending(planned(harness, VOICE, EMPLOYER))
    harness.in_doubt(doubtful)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    harness.after(minutes=3)
    assert planned(harness, VOICE, EMPLOYER).send_key == doubtful.id


def test_a_doubtful_call_is_not_repeated_on_a_number_that_turned_out_bad() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=TWO)
    harness.in_doubt(harness.sending(planned(harness, VOICE)))
    harness.send(SMS, Result.INVALID_NUMBER)
    harness.after(minutes=2)
    assert planned(harness, VOICE).number_id == "n2"


def test_a_visit_in_doubt_is_never_doubled() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.in_doubt(harness.sending(planned(harness, VISIT)))
    harness.after(hours=1)
    assert len(harness.made(VISIT)) == 1


def test_a_doubt_waits_no_longer_than_the_urgency_raised_beside_it() -> None:
    """Medium again with no number to ring is raised to high, and high waits three minutes."""
    harness = EngineHarness.of(LOW, numbers=(number("n1", SMS, VOICE),), money_moved=True)
    stop = harness.sending(harness.case.bank_requests(BankRequest.STOP_PAYMENT)[0])
    harness.in_doubt(stop)
    harness.after(minutes=5)
    harness.joined(MEDIUM)
    assert harness.case.urgency is HIGH
    assert [each.possible_duplicate for each in harness.case.bank_requests(BankRequest.STOP_PAYMENT)] == [False, True]


def test_the_wait_in_doubt_is_named() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    assert harness.waits["doubt_wait"] == MONDAY + 3 * MINUTE


def test_a_doubtful_call_is_waited_for_and_then_made_again_under_its_key() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    first = planned(harness, VOICE)
    harness.in_doubt(harness.sending(first))
    assert not is_planned(harness, VOICE)
    harness.after(minutes=3)
    assert (planned(harness, VOICE).send_key, planned(harness, VOICE).possible_duplicate) == (first.id, True)


def test_a_doubtful_sms_is_sent_again_after_a_true_contact_too() -> None:
    harness = EngineHarness.of(HIGH)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    harness.after(minutes=3)
    assert planned(harness, SMS).possible_duplicate


def test_other_messages_do_not_use_up_the_sends_of_a_doubtful_one() -> None:
    harness = EngineHarness.of(CRITICAL)
    for _ in range(3):
        harness.send(VOICE, Result.BUSY)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.after(seconds=90)
    assert planned(harness, SMS).possible_duplicate


def test_a_message_that_stays_doubtful_is_given_up_after_its_last_send() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    for _ in range(harness.policy.retry.doubt_sends):
        last = harness.sending(planned(harness, SMS))
        harness.in_doubt(last)
        harness.after(minutes=3)
    assert GiveUpDoubt("doubt_sends", last.id) in harness.decided
    given_up = harness.case.attempt(last.id)
    assert (given_up.state, given_up.result, given_up.settled_at) == (AttemptState.SETTLED, Result.UNKNOWN, harness.now)
    assert len(harness.made(SMS)) == 3


def test_a_resend_that_fails_keeps_the_key_of_the_first() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    first = planned(harness, SMS)
    harness.in_doubt(harness.sending(first))
    harness.after(minutes=3)
    harness.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(harness, SMS).send_key == first.id


def test_a_resend_that_fails_is_not_retried_once_the_first_turns_out_to_have_arrived() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    first = harness.sending(planned(harness, SMS))
    harness.in_doubt(first)
    harness.after(minutes=3)
    harness.send(SMS, Result.FAILED_TEMPORARY)
    harness.settled(first, Result.DELIVERED)
    assert not is_planned(harness, SMS)


@pytest.mark.parametrize("fault", [Result.FAILED_PERMANENT, Result.INVALID_NUMBER, Result.REJECTED_CONTENT])
def test_a_resend_that_fails_for_good_moves_nothing_to_the_next_number_once_the_first_arrived(fault: Result) -> None:
    """A gateway that refuses one text too many to a number does so because the number has it."""
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    first = harness.sending(planned(harness, SMS))
    harness.in_doubt(first)
    harness.after(minutes=3)
    second = harness.sending(planned(harness, SMS))
    harness.settled(first, Result.DELIVERED)
    harness.settled(second, fault)
    harness.after(hours=3)
    assert not is_planned(harness, SMS)


def test_the_second_number_is_not_tried_again_once_it_is_known_that_the_first_has_the_message() -> None:
    """A call found the number out of service, so the doubtful SMS to it was given up for the next one."""
    harness = EngineHarness.of(HIGH, numbers=TWO)
    first = harness.sending(planned(harness, SMS))
    harness.in_doubt(first)
    harness.send(VOICE, Result.INVALID_NUMBER)
    second = planned(harness, SMS)
    assert second.number_id == "n2"
    harness.settled(first, Result.DELIVERED)
    harness.at(second.due_at)
    harness.settled(harness.sending(second), Result.FAILED_TEMPORARY)
    harness.after(hours=3)
    assert not is_planned(harness, SMS)


def test_an_sms_to_the_second_number_beside_a_doubt_about_the_first_is_marked_and_so_is_its_retry() -> None:
    """Nobody knows whether the person has the first, though a call found its number out of service."""
    harness = EngineHarness.of(HIGH, numbers=TWO)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.send(VOICE, Result.INVALID_NUMBER)
    second = planned(harness, SMS)
    assert (second.number_id, second.possible_duplicate, second.send_key) == ("n2", True, second.id)
    harness.at(second.due_at)
    harness.settled(harness.sending(second), Result.FAILED_TEMPORARY)
    third = planned(harness, SMS)
    assert (third.number_id, third.possible_duplicate, third.send_key) == ("n2", True, third.id)


def test_an_sms_to_a_guardian_beside_a_doubt_about_another_of_the_numbers_is_marked() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=(number("n1"), guardian("g1"), guardian("g2")))
    harness.in_doubt(harness.sending(planned(harness, SMS, GUARDIAN)))
    harness.send(VOICE, Result.INVALID_NUMBER, party=GUARDIAN)
    second = planned(harness, SMS, GUARDIAN)
    assert (second.number_id, second.possible_duplicate) == ("g2", True)


def test_the_next_provider_is_tried_for_an_sms_beside_a_doubt_about_another_number() -> None:
    harness = EngineHarness.of(HIGH, numbers=TWO)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.send(VOICE, Result.INVALID_NUMBER)
    second = planned(harness, SMS)
    harness.at(second.due_at)
    harness.settled(harness.sending(second), Result.FAILED_TEMPORARY, onward=Onward.NEXT_PROVIDER)
    assert harness.rules(PlanAttempt) == ["next_provider"]
    third = planned(harness, SMS)
    assert (third.due_at, third.possible_duplicate) == (harness.now, True)


def test_a_resend_that_fails_for_good_goes_to_the_next_number_where_the_first_failed_too() -> None:
    first = settled(id="a1", channel=SMS, result=Result.FAILED_PERMANENT)
    second = replace(first, id="a2", result=Result.UNSUPPORTED, possible_duplicate=True, retry_of="a1")
    harness = EngineHarness.as_found(MONDAY + SECOND, channels=ONLY_SMS, numbers=TWO, attempts=(first, second))
    assert (planned(harness, SMS).number_id, planned(harness, SMS).retry_of) == ("n2", "a2")


def test_of_the_sends_under_one_key_the_one_that_arrived_counts_before_one_that_failed_for_good() -> None:
    first = settled(id="a1", channel=SMS, result=Result.FAILED_PERMANENT)
    second = replace(first, id="a2", result=Result.UNKNOWN, possible_duplicate=True, retry_of="a1")
    third = replace(second, id="a3", result=Result.FAILED_TEMPORARY, retry_of="a2")
    harness = EngineHarness.as_found(MONDAY + SECOND, channels=ONLY_SMS, numbers=TWO, attempts=(first, second, third))
    assert not is_planned(harness, SMS)


def test_a_message_that_arrives_with_a_later_send_is_not_sent_again_for_an_earlier_fault() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.after(minutes=3)
    harness.send(SMS, Result.FAILED_TEMPORARY)
    harness.send(SMS, Result.DELIVERED)
    harness.after(hours=3)
    assert not is_planned(harness, SMS)


@pytest.mark.parametrize("onward", [Onward.NEXT_PROVIDER, None])
def test_a_call_made_again_beside_a_doubt_stays_marked_whatever_fails_next(onward: Onward | None) -> None:
    harness = EngineHarness.of(CRITICAL)
    first = harness.sending(planned(harness, VOICE))
    harness.in_doubt(first)
    harness.after(seconds=90)
    harness.settled(harness.sending(planned(harness, VOICE)), Result.FAILED_TEMPORARY, number_fault=True)
    third = planned(harness, VOICE)
    harness.at(third.due_at)
    harness.settled(harness.sending(third), Result.FAILED_TEMPORARY, onward=onward)
    again = planned(harness, VOICE)
    assert (again.retry_of, again.send_key != first.id) == (third.id, True)
    assert third.possible_duplicate and again.possible_duplicate
