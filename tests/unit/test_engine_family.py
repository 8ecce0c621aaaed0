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
    SECOND,
    SMS,
    VOICE,
    guardian,
    number,
    policy_with,
    relative,
)
from harness import World, is_planned, planned

from dispatcher.engine.decisions import OpenVisit
from schemas.vocabulary import Answer, Person, Resolution, Result, Urgency


@pytest.mark.parametrize(("urgency", "wait"), [(CRITICAL, 5), (HIGH, 30)])
def test_family_is_called_after_its_wait(urgency: Urgency, wait: int) -> None:
    world = World.of(urgency, numbers=(number("n1"), relative()))
    assert MONDAY + wait * MINUTE in world.looks
    world.at(MONDAY + wait * MINUTE - SECOND)
    assert world.made(VOICE, FAMILY) == []
    world.at(MONDAY + wait * MINUTE)
    assert planned(world, VOICE, FAMILY).due_at == world.now


@pytest.mark.parametrize("urgency", [CRITICAL, HIGH])
def test_family_is_called_at_once_when_money_has_moved(urgency: Urgency) -> None:
    world = World.of(urgency, numbers=(number("n1"), relative()), money_moved=True)
    assert planned(world, VOICE, FAMILY).due_at == MONDAY


@pytest.mark.parametrize("urgency", [MEDIUM, LOW])
def test_family_is_not_called_at_medium_and_low(urgency: Urgency) -> None:
    world = World.of(urgency, numbers=(number("n1"), relative()), money_moved=True)
    world.after(hours=2)
    assert world.made(VOICE, FAMILY) == []


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_family_is_never_told_of_sensitive_types(fraud_type: str) -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True, fraud_type=fraud_type)
    world.after(hours=2)
    assert world.made(VOICE, FAMILY) == []


@pytest.mark.parametrize("person", [Person.FAMILY, Person.GUARDIAN])
def test_family_and_guardians_are_called(person: Person) -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative(person=person)), money_moved=True)
    assert planned(world, VOICE, FAMILY).person is person


def test_employer_and_community_are_not_called() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative(person=Person.OTHER)), money_moved=True)
    assert world.made(VOICE, FAMILY) == []


def test_family_is_not_called_where_the_centre_asked_for_no_calls() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True, channels=ONLY_SMS)
    assert world.made(VOICE, FAMILY) == []


def test_family_is_called_again_for_three_rounds() -> None:
    world = World.of(CRITICAL, numbers=(relative(),), money_moved=True)
    for _ in range(2):
        called = planned(world, VOICE, FAMILY).due_at
        world.send(VOICE, Result.NO_ANSWER, FAMILY)
        assert planned(world, VOICE, FAMILY).due_at == called + 10 * MINUTE
    world.send(VOICE, Result.NO_ANSWER, FAMILY)
    assert not is_planned(world, VOICE, FAMILY)


def test_family_that_answered_is_no_true_contact_and_not_called_again() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.DISSUADED)
    assert world.case.is_open
    assert not is_planned(world, VOICE, FAMILY)
    assert is_planned(world, VOICE)


def guardian_says(answer: Answer) -> World:
    world = World.of(HIGH, numbers=(number("n1"), relative(person=Person.GUARDIAN)), money_moved=True)
    world.send(VOICE, Result.ANSWERED_GUARDIAN, FAMILY, confirmed=True, answer=answer)
    return world


def test_an_adult_who_has_a_guardian_is_warned_in_person() -> None:
    world = World.of(HIGH, numbers=(number("n1"), guardian()))
    assert is_planned(world, SMS)
    assert is_planned(world, VOICE)
    assert world.made(SMS, GUARDIAN) == []


def test_a_guardian_who_confirmed_is_a_true_contact() -> None:
    assert guardian_says(Answer.HUNG_UP).case.true_contact


def test_a_guardian_who_was_dissuaded_closes_like_the_subject() -> None:
    assert guardian_says(Answer.DISSUADED).case.resolution is Resolution.DISSUADED_IN_TIME


def test_a_guardian_who_denies_is_visited_like_the_subject() -> None:
    assert guardian_says(Answer.DENIES).rules(OpenVisit) == ["visit_after_refusal"]


# --- after a refusal


@pytest.mark.parametrize("answer", [Answer.UNSURE, Answer.DENIES, Answer.ALREADY_PAID])
def test_the_family_of_who_refuses_is_called_at_once(answer: Answer) -> None:
    world = World.of(HIGH, numbers=(number("n1"), relative()))
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=answer)
    assert planned(world, VOICE, FAMILY).due_at == world.now
    assert not is_planned(world, VOICE)


def test_the_family_of_who_refused_at_the_door_is_called() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()))
    world.goes_there()
    world.reports(Result.MET_REFUSED)
    assert planned(world, VOICE, FAMILY).due_at == world.now


def test_a_call_to_the_family_that_was_planned_goes_on_after_a_refusal() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    call = planned(world, VOICE, FAMILY)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert planned(world, VOICE, FAMILY) == call


def test_the_family_of_who_was_contacted_and_did_not_refuse_is_left_in_peace() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()))
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    world.after(minutes=10)
    assert world.made(VOICE, FAMILY) == []


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_family_is_told_of_sensitive_types_where_life_is_at_risk(fraud_type: str) -> None:
    people = (number("n1"), relative())
    world = World.of(CRITICAL, numbers=people, money_moved=True, fraud_type=fraud_type, life_at_risk=True)
    assert planned(world, VOICE, FAMILY).due_at == MONDAY


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_family_is_not_told_of_sensitive_types_after_a_refusal_either(fraud_type: str) -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), fraud_type=fraud_type)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert world.made(VOICE, FAMILY) == []


def test_the_wait_for_the_familys_turn_is_named() -> None:
    assert World.of(CRITICAL, numbers=(number("n1"), relative())).waits["family_call"] == MONDAY + 5 * MINUTE


def test_the_waits_of_a_relatives_number_grow_by_its_own_failures() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    grown = []
    for _ in range(3):
        world.send(VOICE, Result.FAILED_TEMPORARY, FAMILY)
        assert planned(world, VOICE, FAMILY).person is Person.FAMILY
        grown.append((planned(world, VOICE, FAMILY).due_at - world.now).total_seconds())
    assert grown == [2, 10, 30]


def test_a_relatives_number_that_failed_for_good_is_not_called_again() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.FAILED_PERMANENT, FAMILY)
    assert not is_planned(world, VOICE, FAMILY)


def test_a_relative_who_answered_does_not_take_the_others_turn() -> None:
    child = "contact:child:1"
    world = World.of(CRITICAL, numbers=(number("n1"), relative(), relative("f2", child)), money_moved=True)
    world.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.HUNG_UP)
    world.send(VOICE, Result.NO_ANSWER, child)
    assert planned(world, VOICE, child).due_at == world.now + 10 * MINUTE


def test_a_relative_who_denies_opens_no_visit() -> None:
    world = World.of(HIGH, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.DENIES)
    assert world.case.visits == ()


def test_the_days_cap_of_calls_is_the_subjects_alone() -> None:
    policy = policy_with(HIGH, voice={"per_day": 1})
    world = World.as_found(MONDAY, policy, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.NO_ANSWER, FAMILY)
    assert planned(world, VOICE, FAMILY).due_at == MONDAY + 15 * MINUTE


def test_family_is_called_a_wait_after_the_refusal_where_the_policy_says_so() -> None:
    policy = policy_with(HIGH, family={"refused_after": 5 * MINUTE})
    world = World.as_found(MONDAY, policy, numbers=(number("n1"), relative()))
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert world.waits["family_call"] == world.now + 5 * MINUTE


def test_a_retried_call_to_the_family_minds_no_cap() -> None:
    policy = policy_with(HIGH, voice={"per_day": 1})
    known = (number("n1"), replace(relative(), used=((VOICE, MONDAY),)))
    world = World.as_found(MONDAY, policy, numbers=known, money_moved=True)
    world.send(VOICE, Result.FAILED_TEMPORARY, FAMILY)
    assert planned(world, VOICE, FAMILY).due_at == world.now + 2 * SECOND
