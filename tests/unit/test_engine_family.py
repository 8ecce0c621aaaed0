"""Named family and guardians: who is called, when, and of what."""

from dataclasses import replace

import pytest
from builders import (
    CRITICAL,
    FAMILY,
    GUARDIAN,
    HIGH,
    LOW,
    MEDIUM,
    MINUTE,
    MONDAY,
    ONLY_SMS,
    ONLY_VOICE,
    SECOND,
    SMS,
    VOICE,
    guardian,
    number,
    policy_with,
    relative,
)
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine.decisions import OpenVisit
from schemas.vocabulary import Answer, Person, Resolution, Result, Urgency


@pytest.mark.parametrize(("urgency", "wait"), [(CRITICAL, 5), (HIGH, 30)])
def test_family_is_called_after_its_wait(urgency: Urgency, wait: int) -> None:
    harness = EngineHarness.of(urgency, numbers=(number("n1"), relative()))
    assert MONDAY + wait * MINUTE in harness.looks
    harness.at(MONDAY + wait * MINUTE - SECOND)
    assert harness.made(VOICE, FAMILY) == []
    harness.at(MONDAY + wait * MINUTE)
    assert planned(harness, VOICE, FAMILY).due_at == harness.now


@pytest.mark.parametrize("urgency", [CRITICAL, HIGH])
def test_family_is_called_at_once_when_money_has_moved(urgency: Urgency) -> None:
    harness = EngineHarness.of(urgency, numbers=(number("n1"), relative()), money_moved=True)
    assert planned(harness, VOICE, FAMILY).due_at == MONDAY


@pytest.mark.parametrize("urgency", [MEDIUM, LOW])
def test_family_is_not_called_at_medium_and_low(urgency: Urgency) -> None:
    harness = EngineHarness.of(urgency, numbers=(number("n1"), relative()), money_moved=True)
    harness.after(hours=2)
    assert harness.made(VOICE, FAMILY) == []


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_family_is_never_told_of_sensitive_types(fraud_type: str) -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True, fraud_type=fraud_type)
    harness.after(hours=2)
    assert harness.made(VOICE, FAMILY) == []


@pytest.mark.parametrize("person", [Person.FAMILY, Person.GUARDIAN])
def test_family_and_guardians_are_called(person: Person) -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative(person=person)), money_moved=True)
    assert planned(harness, VOICE, FAMILY).person is person


def test_employer_and_community_are_not_called() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative(person=Person.OTHER)), money_moved=True)
    assert harness.made(VOICE, FAMILY) == []


def test_family_is_not_called_where_the_centre_asked_for_no_calls() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True, channels=ONLY_SMS)
    assert harness.made(VOICE, FAMILY) == []


def test_family_is_called_again_for_three_rounds() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(relative(),), money_moved=True)
    for _ in range(2):
        called = planned(harness, VOICE, FAMILY).due_at
        harness.send(VOICE, Result.NO_ANSWER, FAMILY)
        assert planned(harness, VOICE, FAMILY).due_at == called + 10 * MINUTE
    harness.send(VOICE, Result.NO_ANSWER, FAMILY)
    assert not is_planned(harness, VOICE, FAMILY)


def test_family_that_answered_is_no_true_contact_and_not_called_again() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    harness.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.DISSUADED)
    assert harness.case.is_open
    assert not is_planned(harness, VOICE, FAMILY)
    assert is_planned(harness, VOICE)


def guardian_says(answer: Answer) -> EngineHarness:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), relative(person=Person.GUARDIAN)), money_moved=True)
    harness.send(VOICE, Result.ANSWERED_GUARDIAN, FAMILY, confirmed=True, answer=answer)
    return harness


def test_an_adult_who_has_a_guardian_is_warned_in_person() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), guardian()))
    assert is_planned(harness, SMS)
    assert is_planned(harness, VOICE)
    assert harness.made(SMS, GUARDIAN) == []


def test_a_guardian_who_confirmed_is_a_true_contact() -> None:
    assert guardian_says(Answer.HUNG_UP).case.true_contact


def test_a_guardian_who_was_dissuaded_closes_like_the_subject() -> None:
    assert guardian_says(Answer.DISSUADED).case.resolution is Resolution.DISSUADED_IN_TIME


def test_a_guardian_who_denies_is_visited_like_the_subject() -> None:
    assert guardian_says(Answer.DENIES).rules(OpenVisit) == ["visit_after_refusal"]


# --- after a refusal


@pytest.mark.parametrize("answer", [Answer.UNSURE, Answer.DENIES, Answer.ALREADY_PAID])
def test_the_family_of_who_refuses_is_called_at_once(answer: Answer) -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), relative()))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=answer)
    assert planned(harness, VOICE, FAMILY).due_at == harness.now
    assert not is_planned(harness, VOICE)


def test_the_family_of_who_refused_at_the_door_is_called() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()))
    harness.goes_there()
    harness.reports(Result.MET_REFUSED)
    assert planned(harness, VOICE, FAMILY).due_at == harness.now


def test_a_call_to_the_family_that_was_planned_goes_on_after_a_refusal() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    call = planned(harness, VOICE, FAMILY)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert planned(harness, VOICE, FAMILY) == call


def test_the_family_of_who_was_contacted_and_did_not_refuse_is_left_in_peace() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    harness.after(minutes=10)
    assert harness.made(VOICE, FAMILY) == []


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_family_is_told_of_sensitive_types_where_life_is_at_risk(fraud_type: str) -> None:
    people = (number("n1"), relative())
    harness = EngineHarness.of(CRITICAL, numbers=people, money_moved=True, fraud_type=fraud_type, life_at_risk=True)
    assert planned(harness, VOICE, FAMILY).due_at == MONDAY


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_family_is_not_told_of_sensitive_types_after_a_refusal_either(fraud_type: str) -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), fraud_type=fraud_type)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert harness.made(VOICE, FAMILY) == []


def test_the_wait_for_the_familys_turn_is_named() -> None:
    assert EngineHarness.of(CRITICAL, numbers=(number("n1"), relative())).waits["family_call"] == MONDAY + 5 * MINUTE


def test_the_waits_of_a_relatives_number_grow_by_its_own_failures() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    grown = []
    for _ in range(3):
        harness.send(VOICE, Result.FAILED_TEMPORARY, FAMILY)
        assert planned(harness, VOICE, FAMILY).person is Person.FAMILY
        grown.append((planned(harness, VOICE, FAMILY).due_at - harness.now).total_seconds())
    assert grown == [2, 10, 30]


def test_a_relatives_number_that_failed_for_good_is_not_called_again() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    harness.send(VOICE, Result.FAILED_PERMANENT, FAMILY)
    assert not is_planned(harness, VOICE, FAMILY)


def test_a_relative_who_answered_does_not_take_the_others_turn() -> None:
    child = "contact:child:1"
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), relative(), relative("f2", child)), money_moved=True)
    harness.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.HUNG_UP)
    harness.send(VOICE, Result.NO_ANSWER, child)
    assert planned(harness, VOICE, child).due_at == harness.now + 10 * MINUTE


def test_a_relative_who_denies_opens_no_visit() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), relative()), money_moved=True)
    harness.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.DENIES)
    assert harness.case.visits == ()


def test_the_days_cap_of_calls_is_the_subjects_alone() -> None:
    policy = policy_with(HIGH, voice={"per_day": 1})
    harness = EngineHarness.as_found(MONDAY, policy, numbers=(number("n1"), relative()), money_moved=True)
    harness.send(VOICE, Result.NO_ANSWER, FAMILY)
    assert planned(harness, VOICE, FAMILY).due_at == MONDAY + 15 * MINUTE


def test_family_is_called_a_wait_after_the_refusal_where_the_policy_says_so() -> None:
    policy = policy_with(HIGH, family={"refused_after": 5 * MINUTE})
    harness = EngineHarness.as_found(MONDAY, policy, numbers=(number("n1"), relative()))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert harness.waits["family_call"] == harness.now + 5 * MINUTE


def test_a_retried_call_to_the_family_minds_no_cap() -> None:
    policy = policy_with(HIGH, voice={"per_day": 1})
    known = (number("n1"), replace(relative(), used=((VOICE, MONDAY),)))
    harness = EngineHarness.as_found(MONDAY, policy, numbers=known, money_moved=True)
    harness.send(VOICE, Result.FAILED_TEMPORARY, FAMILY)
    assert planned(harness, VOICE, FAMILY).due_at == harness.now + 2 * SECOND


def test_a_guardian_who_would_not_be_dissuaded_is_not_called_on_another_number() -> None:
    """The first call's answer comes late, when the next number's call is planned already."""
    numbers = (guardian("g1"), guardian("g2"))
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE, numbers=numbers, life_at_risk=True)
    harness.after(minutes=30)
    first = harness.sending(planned(harness, VOICE, GUARDIAN))
    harness.settled(first, Result.UNKNOWN)
    harness.settled(first, Result.ANSWERED_GUARDIAN, confirmed=True, answer=Answer.UNSURE)
    assert not is_planned(harness, VOICE, GUARDIAN)
