"""How much one person is sent, whatever number and whatever case; and the one SMS more that a rise permits."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MONDAY,
    ONLY_SMS,
    ONLY_VOICE,
    SECOND,
    SMS,
    TWO,
    VOICE,
    at,
    new_case,
    number,
    settled,
)
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine import caps
from dispatcher.engine.case import SUBJECT, Number
from dispatcher.engine.decisions import BringAttemptForward, PlanAttempt
from schemas.vocabulary import Answer, Channel, Hold, Result, Urgency

HOUR = timedelta(hours=1)


def used(channel: Channel, *moments: datetime) -> Number:
    """A number to which linked cases sent at these moments, or are to send."""
    return replace(number("n1"), used=tuple((channel, moment) for moment in moments))


def delivered(urgency: Urgency = HIGH) -> EngineHarness:
    harness = EngineHarness.of(urgency, channels=ONLY_SMS)
    harness.send(SMS, Result.DELIVERED)
    return harness


# --- who holds it is told


def test_what_the_cap_of_sms_holds_says_so() -> None:
    held, free = (EngineHarness.of(numbers=(used(SMS, MONDAY - before),)) for before in (HOUR, 2 * HOUR))
    assert [each.held_by for each in held.plans if each.channel is SMS] == [(Hold.SMS_CAP,)]
    assert [each.held_by for each in free.plans if each.channel is SMS] == [()]


def test_what_the_cap_of_calls_holds_says_so() -> None:
    rang = [MONDAY - n * timedelta(minutes=5) for n in range(1, 21)]
    harness = EngineHarness.of(HIGH, numbers=(used(VOICE, *rang),))
    assert [each.held_by for each in harness.plans if each.channel is VOICE] == [(Hold.CALL_CAP,)]


def test_what_cap_and_quiet_hours_hold_names_both_in_their_order() -> None:
    harness = EngineHarness.of(MEDIUM, at("21:00"), numbers=(used(SMS, at("20:00")),))
    assert [each.held_by for each in harness.plans if each.channel is SMS] == [(Hold.SMS_CAP, Hold.QUIET_HOURS)]


# --- two hours, six a day


@pytest.mark.parametrize(
    ("before", "waits"), [(HOUR, HOUR), (2 * HOUR, 0 * HOUR), (2 * HOUR - SECOND, SECOND), (0 * HOUR, 2 * HOUR)]
)
def test_a_linked_cases_sms_puts_two_hours_between(before: timedelta, waits: timedelta) -> None:
    harness = EngineHarness.of(HIGH, numbers=(used(SMS, MONDAY - before),))
    assert planned(harness, SMS).due_at == MONDAY + waits


def test_an_sms_to_another_person_takes_nothing_from_this_one() -> None:
    mother = Number("m1", "contact:parent:0", number("m1").person, used=((SMS, MONDAY),))
    assert planned(EngineHarness.of(HIGH, numbers=(number("n1"), mother)), SMS).due_at == MONDAY


def test_a_call_takes_nothing_from_the_cap_of_sms() -> None:
    assert planned(EngineHarness.of(HIGH, numbers=(used(VOICE, MONDAY),)), SMS).due_at == MONDAY


def test_after_six_on_one_day_the_next_goes_tomorrow() -> None:
    moments = [MONDAY - 9 * HOUR + n * timedelta(minutes=10) for n in range(6)]
    assert planned(EngineHarness.of(HIGH, numbers=(used(SMS, *moments),)), SMS).due_at == at("00:00", day=3)
    assert planned(EngineHarness.of(HIGH, numbers=(used(SMS, *moments[1:]),)), SMS).due_at == MONDAY


def test_an_sms_that_a_linked_case_has_planned_for_tomorrow_holds_up_nothing_now() -> None:
    """A routine SMS held until morning is no reason to keep a grave one back all night."""
    harness = EngineHarness.of(CRITICAL, at("23:00"), numbers=(used(SMS, at("08:00", day=3)),))
    assert planned(harness, SMS).due_at == at("23:00")


def test_an_sms_that_a_linked_case_has_planned_for_the_next_hour_counts() -> None:
    harness = EngineHarness.of(HIGH, numbers=(used(SMS, MONDAY + HOUR),))
    assert planned(harness, SMS).due_at == MONDAY + 3 * HOUR


def test_an_sms_that_a_linked_case_has_planned_two_hours_later_holds_up_nothing() -> None:
    assert planned(EngineHarness.of(HIGH, numbers=(used(SMS, MONDAY + 2 * HOUR),)), SMS).due_at == MONDAY


def test_cap_and_quiet_hours_hold_together() -> None:
    morning = at("08:30", day=3)
    harness = EngineHarness.of(MEDIUM, at("21:00"), numbers=(used(SMS, at("20:00"), morning),))
    assert planned(harness, SMS).due_at == morning + 2 * HOUR


def test_a_retry_minds_what_a_linked_case_sent_meanwhile() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    sending = harness.sending(planned(harness, SMS))
    harness.act(numbers=(used(SMS, MONDAY),))
    harness.settled(sending, Result.FAILED_TEMPORARY)
    assert planned(harness, SMS).due_at == MONDAY + 2 * HOUR
    assert harness.plans[-1].held_by == (Hold.SMS_CAP,)


def test_a_resend_under_one_key_is_no_second_sms() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.act(numbers=(used(SMS, MONDAY),))
    harness.after(minutes=3)
    assert planned(harness, SMS).due_at == harness.now


# --- the one that a rise permits


def test_a_rise_permits_one_sms_at_once() -> None:
    harness = delivered()
    harness.after(minutes=5)
    harness.joined(CRITICAL)
    assert "urgency_rose" in harness.rules(PlanAttempt)
    assert (planned(harness, SMS).due_at, planned(harness, SMS).warning_number) == (harness.now, 2)


def test_a_rise_permits_one_sms_also_where_nobody_knows_whether_the_first_arrived() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    harness.send(SMS, Result.UNKNOWN)
    harness.after(minutes=5)
    harness.joined(CRITICAL)
    assert "urgency_rose" in harness.rules(PlanAttempt)
    message = planned(harness, SMS)
    assert (message.due_at, message.number_id, message.retry_of) == (harness.now, "n1", None)


def test_a_rise_permits_one_sms_and_no_more() -> None:
    harness = delivered()
    harness.after(minutes=5)
    harness.joined(CRITICAL)
    harness.send(SMS, Result.DELIVERED)
    harness.after(hours=3)
    assert len(harness.made(SMS)) == 2


def test_after_the_sms_that_a_rise_permits_the_cap_holds_again() -> None:
    harness = EngineHarness.of(HIGH)
    harness.send(SMS, Result.DELIVERED)
    harness.after(minutes=5)
    harness.joined(CRITICAL)
    harness.send(SMS, Result.DELIVERED)
    sent = harness.now
    harness.after(minutes=1)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert "other_wording" in harness.rules(PlanAttempt)
    assert planned(harness, SMS).due_at == sent + 2 * HOUR


def test_a_warning_that_raises_nothing_sends_no_second_sms() -> None:
    harness = delivered()
    harness.after(hours=3)
    harness.joined(HIGH, numbers=TWO)
    assert not is_planned(harness, SMS)


def test_a_rise_by_the_engine_itself_sends_no_second_sms() -> None:
    harness = EngineHarness.of(HIGH, numbers=TWO)
    harness.send(SMS, Result.DELIVERED)
    harness.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
    assert harness.case.urgency is CRITICAL
    assert not is_planned(harness, SMS)


def test_what_a_rise_permits_goes_to_the_next_number_and_is_retried_without_waiting_for_the_cap() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=TWO)
    harness.send(SMS, Result.DELIVERED)
    harness.after(minutes=5)
    harness.joined(CRITICAL)
    harness.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(harness, SMS).due_at == harness.now + 2 * SECOND
    harness.send(SMS, Result.FAILED_PERMANENT)
    assert (planned(harness, SMS).number_id, planned(harness, SMS).due_at) == ("n2", harness.now)


def test_a_rise_frees_a_first_sms_that_a_linked_case_held_back() -> None:
    harness = EngineHarness.of(HIGH, numbers=(used(SMS, MONDAY - HOUR),))
    first = planned(harness, SMS)
    harness.joined(CRITICAL)
    assert BringAttemptForward("urgency_rose", first.id, MONDAY) in harness.decided


# --- another wording


def test_who_refuses_is_sent_one_more_sms_in_other_words() -> None:
    harness = EngineHarness.of(HIGH)
    harness.send(SMS, Result.DELIVERED)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert "other_wording" in harness.rules(PlanAttempt)
    assert (planned(harness, SMS).due_at, planned(harness, SMS).warning_number) == (MONDAY + 2 * HOUR, 2)
    harness.send(SMS, Result.DELIVERED)
    harness.after(days=1)
    assert len(harness.made(SMS)) == 2


def test_other_words_go_to_the_next_number_where_the_one_that_had_the_first_is_dead_since() -> None:
    harness = EngineHarness.of(HIGH, numbers=TWO)
    harness.send(SMS, Result.DELIVERED)
    harness.send(VOICE, Result.INVALID_NUMBER)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert planned(harness, SMS).number_id == "n2"


def test_a_refusal_counts_from_the_end_of_the_call() -> None:
    harness = EngineHarness.of(HIGH)
    call = harness.sending(planned(harness, VOICE))
    harness.after(minutes=1)
    harness.send(SMS, Result.DELIVERED)
    harness.after(minutes=1)
    harness.settled(call, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert "other_wording" in harness.rules(PlanAttempt)


def test_the_wording_follows_how_often_a_person_was_warned() -> None:
    assert planned(EngineHarness.of(HIGH), SMS).warning_number == 1
    harness = EngineHarness.of(HIGH, warned_before=True)
    assert (planned(harness, SMS).warning_number, planned(harness, VOICE).warning_number) == (2, 2)
    for _ in range(2):
        harness.send(SMS, Result.DELIVERED)
        harness.after(hours=3)
        harness.act(rewarned_at=harness.now)
    assert planned(harness, SMS).warning_number == 3


@pytest.mark.parametrize(
    "result",
    [
        Result.FAILED_TEMPORARY,
        Result.FAILED_PERMANENT,
        Result.REJECTED_CONTENT,
        Result.UNSUPPORTED,
        Result.INVALID_NUMBER,
        Result.OUT_OF_SERVICE,
    ],
)
def test_an_sms_that_never_arrived_was_no_warning(result: Result) -> None:
    assert caps.sms_warning_number(new_case(attempts=(settled(SMS, result),)), SUBJECT) == 1


# --- calls


def test_a_linked_cases_calls_count_for_the_day() -> None:
    earlier = [MONDAY - n * timedelta(minutes=20) for n in range(8)]
    assert planned(EngineHarness.of(HIGH, numbers=(used(VOICE, *earlier[1:]),)), VOICE).due_at == MONDAY + 60 * SECOND
    assert planned(EngineHarness.of(HIGH, numbers=(used(VOICE, *earlier),)), VOICE).due_at == at("08:00", day=3)


def test_a_retried_call_minds_a_day_that_a_linked_case_used_up_meanwhile() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    sending = harness.sending(planned(harness, VOICE))
    harness.act(numbers=(used(VOICE, *[MONDAY] * 8),))
    harness.settled(sending, Result.FAILED_TEMPORARY)
    assert planned(harness, VOICE).due_at == at("08:00", day=3)
    assert harness.plans[-1].held_by == (Hold.CALL_CAP,)


def test_low_is_called_by_rounds_not_by_the_day() -> None:
    harness = EngineHarness.of(LOW, numbers=(used(VOICE, *[MONDAY] * 30),))
    assert planned(harness, VOICE).due_at == MONDAY + HOUR


@pytest.mark.parametrize("channel", [SMS, VOICE])
def test_what_a_provider_never_took_goes_again_whatever_a_linked_case_used_up_meanwhile(channel: Channel) -> None:
    harness = EngineHarness.of(HIGH, channels=frozenset({channel}))
    doubtful = harness.sending(planned(harness, channel))
    harness.act(numbers=(used(channel, *[MONDAY] * 8),))
    harness.never_taken(doubtful)
    assert planned(harness, channel).due_at == harness.now
