"""Calls: round after round over the numbers, until a true contact."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

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
    ONLY_VOICE,
    SMS,
    TWO,
    VOICE,
    at,
    employer,
    guardian,
    number,
    relative,
)
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine import evolve, orders
from dispatcher.engine.case import SUBJECT, Visit
from dispatcher.engine.decisions import BringAttemptForward, CancelAttempt, OpenWorkItem, PlanAttempt
from schemas.vocabulary import Answer, Hold, Onward, Relation, Result, Urgency, VisitState, WorkItemKind


@pytest.mark.parametrize(("urgency", "wait"), [(CRITICAL, 0), (HIGH, 1), (MEDIUM, 10), (LOW, 60)])
def test_first_call_after_the_wait_of_the_urgency(urgency: Urgency, wait: int) -> None:
    harness = EngineHarness.of(urgency)
    call = planned(harness, VOICE)
    assert (call.number_id, call.due_at) == ("n1", MONDAY + wait * MINUTE)
    assert "first_call" in harness.rules(PlanAttempt)


@pytest.mark.parametrize("result", [Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.VOICEMAIL, Result.UNKNOWN])
@pytest.mark.parametrize(("urgency", "again"), [(CRITICAL, 3), (HIGH, 5), (MEDIUM, 80)])
def test_not_reached_is_called_again_after_the_wait(result: Result, urgency: Urgency, again: int) -> None:
    harness = EngineHarness.of(urgency, channels=ONLY_VOICE)
    harness.send(VOICE, result)
    called = harness.now
    assert harness.rules(PlanAttempt)[0] == "call_again"
    assert planned(harness, VOICE).due_at == called + again * MINUTE


def test_a_round_goes_over_all_numbers_before_the_wait() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=TWO)
    harness.send(VOICE, Result.BUSY)
    assert (harness.rules(PlanAttempt), planned(harness, VOICE).number_id) == (["next_number"], "n2")
    assert planned(harness, VOICE).due_at == MONDAY + MINUTE
    harness.send(VOICE, Result.NO_ANSWER)
    assert (harness.rules(PlanAttempt), planned(harness, VOICE).number_id) == (["call_again"], "n1")
    assert planned(harness, VOICE).due_at == MONDAY + 6 * MINUTE
    harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).number_id == "n2"


def test_the_call_does_not_wait_for_an_sms_that_gave_way() -> None:
    """A limit or a blacklist at the SMS provider: the plan goes on by phone, at once."""
    harness = EngineHarness.of(MEDIUM)
    harness.after(minutes=2)
    harness.send(SMS, Result.FAILED_PERMANENT, onward=Onward.NEXT_CHANNEL)
    assert harness.rules(BringAttemptForward) == ["next_channel"]
    assert planned(harness, VOICE).due_at == MONDAY + 2 * MINUTE


def test_a_guardian_is_rung_at_once_where_their_sms_gave_way() -> None:
    harness = EngineHarness.of(MEDIUM, minor=True, numbers=(number("n1"), guardian()))
    harness.send(SMS, Result.FAILED_PERMANENT, GUARDIAN, onward=Onward.NEXT_CHANNEL)
    assert (harness.rules(BringAttemptForward), planned(harness, VOICE, GUARDIAN).due_at) == (["next_channel"], MONDAY)


def test_an_sms_that_gave_way_goes_to_the_next_number_first() -> None:
    harness = EngineHarness.of(MEDIUM, numbers=TWO)
    harness.send(SMS, Result.FAILED_PERMANENT, onward=Onward.NEXT_CHANNEL)
    assert (harness.rules(PlanAttempt), harness.rules(BringAttemptForward)) == (["next_number"], [])
    harness.send(SMS, Result.FAILED_PERMANENT)
    assert harness.rules(BringAttemptForward) == []
    assert planned(harness, VOICE).due_at == MONDAY + 10 * MINUTE


def test_a_call_that_was_late_moves_the_next_one() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.at(MONDAY + 4 * MINUTE)
    harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).due_at == MONDAY + 9 * MINUTE


def test_a_dead_number_is_left_and_the_next_called_at_once() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=TWO)
    harness.send(VOICE, Result.INVALID_NUMBER)
    assert planned(harness, VOICE).number_id == "n2"
    assert planned(harness, VOICE).due_at == harness.now
    harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).number_id == "n2"


def test_a_call_that_failed_for_now_is_retried_on_its_number_and_counts_for_no_round() -> None:
    harness = EngineHarness.of(LOW, channels=ONLY_VOICE, numbers=TWO)
    harness.send(VOICE, Result.FAILED_TEMPORARY)
    assert (harness.rules(PlanAttempt), planned(harness, VOICE).number_id) == (["transient_failure"], "n1")
    harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).number_id == "n2"


def test_rounds_end_calls() -> None:
    harness = EngineHarness.of(LOW, channels=ONLY_VOICE, numbers=TWO)
    harness.send(VOICE, Result.BUSY)
    harness.send(VOICE, Result.BUSY)
    assert not is_planned(harness, VOICE)


@pytest.mark.parametrize(("urgency", "cap"), [(CRITICAL, 20), (HIGH, 8)])
def test_calls_beyond_the_days_cap_move_to_the_next_day(urgency: Urgency, cap: int) -> None:
    harness = EngineHarness.of(urgency, channels=ONLY_VOICE)
    for _ in range(cap):
        assert planned(harness, VOICE).due_at.date() == MONDAY.date()
        harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).due_at == at("08:00", day=3)


def nobody_answers(harness: EngineHarness, party: str = SUBJECT) -> list[datetime]:
    """Every call of the plan goes out and rings in vain. Returns when."""
    while is_planned(harness, VOICE, party):
        harness.send(VOICE, Result.NO_ANSWER, party)
    return [each.made_at for each in harness.made(VOICE, party) if each.sent_at]


def by_day(moments: list[datetime]) -> list[int]:
    return list(Counter(moment.date() for moment in moments).values())


@pytest.mark.parametrize(
    ("urgency", "calls"),
    [(CRITICAL, [20, 10, 6, 4, 3, 2, 1]), (HIGH, [8, 6, 4, 3, 2, 1]), (MEDIUM, [8, 6, 4, 3, 2, 1])],
)
def test_who_never_answers_is_called_less_each_day_and_then_no_more(urgency: Urgency, calls: list[int]) -> None:
    harness = EngineHarness.of(urgency, channels=ONLY_VOICE)
    assert by_day(nobody_answers(harness)) == calls


def test_calls_of_a_later_day_are_spread_over_its_waking_hours() -> None:
    moments = nobody_answers(EngineHarness.of(CRITICAL, channels=ONLY_VOICE))
    second = [f"{moment:%H:%M}" for moment in moments if moment.date() == at("08:00", day=3).date()]
    assert second == ["08:00", "09:21", "10:42", "12:03", "13:24", "14:45", "16:06", "17:27", "18:48", "20:09"]
    third = [f"{moment:%H:%M}" for moment in moments if moment.date() == at("08:00", day=4).date()]
    assert third == ["08:00", "10:15", "12:30", "14:45", "17:00", "19:15"]


def test_the_first_calls_of_a_warning_in_the_evening_go_on_past_midnight() -> None:
    """Four calls are left of the twenty of the new day; they are spread over it."""
    moments = nobody_answers(EngineHarness.of(CRITICAL, at("23:48"), channels=ONLY_VOICE))
    assert moments[:20] == [at("23:48") + n * 3 * MINUTE for n in range(20)]
    assert by_day(moments)[:3] == [4, 20, 6]
    assert [f"{moment:%d %H:%M}" for moment in moments[20:25]] == [
        *("03 08:00", "03 11:22", "03 14:44", "03 18:07"),
        "04 08:00",
    ]


def test_two_numbers_share_the_calls_of_a_day() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE, numbers=TWO)
    assert by_day(nobody_answers(harness)) == [20, 10, 6, 4, 3, 2, 1]
    assert {each.number_id for each in harness.made(VOICE)} == {"n1", "n2"}


def test_each_guardian_has_calls_of_their_own() -> None:
    harness = EngineHarness.of(
        HIGH, channels=ONLY_VOICE, minor=True, numbers=(guardian(), guardian("g2", "contact:parent:3"))
    )
    assert by_day(nobody_answers(harness, GUARDIAN)) == [8, 6, 4, 3, 2, 1]
    assert by_day(nobody_answers(harness, "contact:parent:3"))


def test_after_the_last_day_of_calls_the_source_is_asked_for_another_number_once() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE)
    nobody_answers(harness)
    asked = [each for each in harness.decided if isinstance(each, OpenWorkItem)]
    assert [each.rule for each in asked] == ["calls_ended", "operator_help"]
    assert (asked[0].rule, asked[0].kind, asked[0].due_at) == (
        "calls_ended",
        WorkItemKind.NUMBER_REQUEST,
        harness.now + 60 * MINUTE,
    )
    harness.after(days=3)
    assert harness.rules(OpenWorkItem) == []


def test_while_a_call_is_to_come_no_other_number_is_asked_for() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE)
    for _ in range(45):
        harness.send(VOICE, Result.BUSY)
        assert harness.rules(OpenWorkItem) == []
    harness.accepted(harness.sending(planned(harness, VOICE)))
    assert harness.rules(OpenWorkItem) == []


def test_while_one_guardian_is_still_to_be_called_no_other_number_is_asked_for() -> None:
    harness = EngineHarness.of(
        HIGH, channels=ONLY_VOICE, minor=True, numbers=(guardian(), guardian("g2", "contact:parent:3"))
    )
    nobody_answers(harness, GUARDIAN)
    assert harness.rules(OpenWorkItem) == []
    nobody_answers(harness, "contact:parent:3")
    assert harness.rules(OpenWorkItem) == ["calls_ended", "operator_help"]


def test_a_number_that_comes_after_the_last_day_is_called_as_on_the_first_and_asked_for_again_in_the_end() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    before = nobody_answers(harness)
    harness.after(days=1)
    harness.joined(numbers=TWO)
    since = harness.now
    after = nobody_answers(harness)[len(before) :]
    assert after[:3] == [since, since + 5 * MINUTE, since + 10 * MINUTE]
    assert harness.rules(OpenWorkItem) == ["calls_ended"]


def test_who_was_reached_on_the_last_day_is_not_asked_a_number_for() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE)
    for _ in range(45):
        harness.send(VOICE, Result.BUSY)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert harness.rules(OpenWorkItem) == []


def test_a_case_that_rises_after_its_last_day_is_called_again() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    nobody_answers(harness)
    harness.joined(CRITICAL)
    assert is_planned(harness, VOICE)


def test_calls_of_long_ago_count_towards_the_days() -> None:
    """They are no longer among the attempts of a long case."""
    harness = EngineHarness.of(
        CRITICAL, at("03:00"), channels=ONLY_VOICE, numbers=(replace(number("n1"), past_calls=30),)
    )
    assert planned(harness, VOICE).due_at == at("08:00")
    over = EngineHarness.of(CRITICAL, channels=ONLY_VOICE, numbers=(replace(number("n1"), past_calls=46),))
    assert not is_planned(over, VOICE)


def test_a_call_that_failed_for_now_on_a_later_day_is_retried_without_waiting_for_the_next_share() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE)
    for _ in range(21):
        harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).due_at == at("09:21", day=3)
    harness.send(VOICE, Result.FAILED_TEMPORARY)
    assert planned(harness, VOICE).due_at == at("09:21:02", day=3)


def test_a_late_call_leaves_the_rest_of_the_day_to_those_that_are_left() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE)
    for _ in range(20):
        harness.send(VOICE, Result.BUSY)
    harness.at(at("19:30", day=3))
    harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).due_at == at("19:42", day=3)


@pytest.mark.parametrize(
    ("late", "following"),
    [
        ("08:00:01", at("09:21", day=3)),
        ("21:26", at("21:29", day=3)),
        ("21:27", at("08:00", day=4)),
        ("21:29", at("08:00", day=4)),
    ],
)
def test_a_call_of_a_later_day_goes_at_a_full_minute_and_not_in_the_evening(late: str, following: datetime) -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE)
    for _ in range(20):
        harness.send(VOICE, Result.BUSY)
    harness.at(at(late, day=3))
    harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).due_at == following
    is_rest_over = following == at("21:29", day=3)
    assert harness.plans[-1].held_by == (() if is_rest_over else (Hold.CALL_CAP,))


def test_who_was_called_all_night_is_not_called_that_day() -> None:
    moments = nobody_answers(EngineHarness.of(CRITICAL, at("00:05"), channels=ONLY_VOICE))
    assert (moments[19], moments[20]) == (at("01:02"), at("08:00", day=3))


def test_a_gateway_that_was_down_uses_up_no_call_of_the_cap() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    for _ in range(12):
        harness.send(VOICE, Result.FAILED_TEMPORARY)
    assert planned(harness, VOICE).due_at.date() == MONDAY.date()


@pytest.mark.parametrize("answer", [Answer.DISSUADED, Answer.HUNG_UP])
def test_after_a_confirmed_answer_that_is_no_refusal_nobody_is_called_any_more(answer: Answer) -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    assert is_planned(harness, VOICE, FAMILY)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=answer)
    assert "true_contact" in harness.rules(CancelAttempt)
    assert not is_planned(harness, VOICE)
    assert not is_planned(harness, VOICE, FAMILY)


def test_an_answer_without_the_key_press_is_no_contact() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.send(VOICE, Result.ANSWERED_SUBJECT)
    assert harness.rules(PlanAttempt) == ["call_again"]


def test_a_number_that_joins_late_is_called_at_once_and_then_waits_its_turn() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    for _ in range(3):
        harness.send(VOICE, Result.BUSY)
    harness.joined(numbers=TWO)
    harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).number_id == "n2"
    called = planned(harness, VOICE)
    harness.send(VOICE, Result.BUSY)
    following = planned(harness, VOICE)
    assert following.number_id == "n1" or following.due_at >= called.due_at + 5 * MINUTE


def test_a_call_that_is_being_made_is_not_planned_a_second_time() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.sending(planned(harness, VOICE))
    harness.after(seconds=10)
    assert len(harness.made(VOICE)) == 1


def test_each_call_names_the_one_before() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    first = harness.send(VOICE, Result.BUSY)
    assert (first.retry_of, planned(harness, VOICE).retry_of) == (None, first.id)


def test_a_call_that_failed_for_now_uses_up_no_round() -> None:
    harness = EngineHarness.of(MEDIUM, channels=ONLY_VOICE)
    harness.send(VOICE, Result.FAILED_TEMPORARY)
    harness.send(VOICE, Result.NO_ANSWER)
    harness.send(VOICE, Result.NO_ANSWER)
    assert is_planned(harness, VOICE)
    assert harness.case.urgency is MEDIUM


def test_who_was_met_is_not_called_any_more() -> None:
    harness = EngineHarness.of(CRITICAL)
    call = planned(harness, VOICE)
    harness.goes_there()
    harness.reports(Result.MET_REFUSED)
    assert CancelAttempt("true_contact", call.id) in harness.decided
    assert not is_planned(harness, VOICE)


def test_a_meeting_is_a_contact_by_itself_whoever_recorded_it() -> None:
    met = Visit("v1", VisitState.REPORTED, MONDAY, result=Result.MET_REFUSED)
    assert not is_planned(EngineHarness.as_found(MONDAY, visits=(met,)), VOICE)


def test_a_rise_does_not_cut_a_numbers_rest_short_because_another_number_joins() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.send(VOICE, Result.BUSY)
    called = harness.now
    harness.joined(CRITICAL, numbers=TWO)
    assert [each.due_at >= called + 3 * MINUTE for each in harness.case.attempts if each.number_id == "n1"][1:] == [
        True
    ]


def test_a_call_to_the_employer_that_a_human_ordered_stands_after_a_true_contact() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), employer()))
    (call,) = orders.call(harness.case, Relation.EMPLOYER, harness.now)
    harness.case = evolve(harness.case, call, harness.now)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    assert is_planned(harness, VOICE, EMPLOYER)
