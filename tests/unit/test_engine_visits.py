"""When a door visit is opened, and what a report leads to."""

import pytest
from builders import (
    CRITICAL,
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
    VISIT,
    VOICE,
    number,
    place,
    policy_with,
)
from harness import World, planned

from dispatcher.engine.case import SUBJECT, Number
from dispatcher.engine.decisions import AskHuman, OpenVisit, OpenWorkItem
from schemas.vocabulary import Answer, Person, Result, ReturnReason, Rung, Urgency, VisitState, WorkItemKind


def test_critical_is_visited_at_receipt() -> None:
    world = World.of(CRITICAL)
    assert world.rules(OpenVisit) == ["visit_at_receipt"]
    assert (planned(world, VISIT).rung, planned(world, VISIT).due_at) == (0, MONDAY)


def test_critical_is_visited_even_where_the_centre_did_not_ask() -> None:
    assert World.of(CRITICAL, channels=ONLY_SMS).rules(OpenVisit) == ["visit_at_receipt"]


def test_high_is_visited_after_a_quarter_of_an_hour_without_contact() -> None:
    world = World.of(HIGH)
    assert MONDAY + 15 * MINUTE in world.looks
    world.at(MONDAY + 15 * MINUTE - SECOND)
    assert world.case.visits == ()
    world.at(MONDAY + 15 * MINUTE)
    assert world.rules(OpenVisit) == ["visit_no_contact"]


@pytest.mark.parametrize("urgency", [HIGH, MEDIUM, LOW])
def test_who_waits_for_a_channel_without_a_provider_is_visited_at_once(urgency: Urgency) -> None:
    world = World.of(urgency, places=(place("home", "P1"),))
    world.act(down=frozenset({SMS}))
    assert (world.rules(OpenVisit), world.visit.precinct) == (["visit_channel_down"], "P1")
    world.act(down=frozenset())
    assert world.visit.is_open


def test_who_is_tried_again_after_a_failure_waits_for_the_channel_too() -> None:
    world = World.of(MEDIUM)
    world.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(world, SMS).due_at > world.now
    world.act(down=frozenset({SMS}))
    assert world.rules(OpenVisit) == ["visit_channel_down"]


def test_a_channel_that_nobody_waits_for_yet_needs_no_visit() -> None:
    world = World.of(MEDIUM)
    world.send(SMS, Result.DELIVERED)
    world.act(down=frozenset({SMS, VOICE}))
    assert world.case.visits == ()


@pytest.mark.parametrize("answer", [Answer.UNSURE, Answer.DENIES, Answer.ALREADY_PAID])
@pytest.mark.parametrize("urgency", [HIGH, MEDIUM, LOW])
def test_refused_on_the_phone_opens_a_visit(urgency: Urgency, answer: Answer) -> None:
    world = World.of(urgency)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=answer)
    assert world.rules(OpenVisit) == ["visit_after_refusal"]


def test_high_is_visited_when_no_number_is_left() -> None:
    world = World.of(HIGH)
    world.send(VOICE, Result.OUT_OF_SERVICE)
    assert world.rules(OpenVisit) == ["visit_phone_route_exhausted"]


def test_low_is_not_visited_when_its_calls_are_over() -> None:
    world = World.of(LOW)
    world.send(VOICE, Result.NO_ANSWER)
    world.after(days=1)
    assert world.case.visits == ()


@pytest.mark.parametrize("result", [Result.NOT_FOUND_CONFIRMED, Result.WRONG_ADDRESS, Result.INVALID_VISIT])
def test_a_visit_that_leads_nowhere_asks_the_centre_once(result: Result) -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.reports(result)
    assert [each for each in world.decided if isinstance(each, AskHuman)] == [
        AskHuman("visit_result", Rung.CENTRE, world.visit.id)
    ]
    world.after(hours=1)
    assert world.rules(AskHuman) == []


def test_who_was_warned_before_is_visited_even_if_a_call_succeeds() -> None:
    world = World.of(HIGH, warned_before=True)
    assert world.rules(OpenVisit) == ["visit_warned_again"]
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert world.case.is_open
    assert world.case.open_visit is not None


# --- what the source is asked for


@pytest.mark.parametrize("numbers", [(), (number("n1", SMS, VOICE),)])
def test_without_a_number_to_ring_the_source_is_asked_for_one_once(numbers: tuple[Number, ...]) -> None:
    world = World.of(HIGH, numbers=numbers)
    assert (
        OpenWorkItem("ask_for_number", WorkItemKind.NUMBER_REQUEST, MONDAY + 60 * MINUTE, "number_request")
        in world.decided
    )
    world.after(hours=1)
    assert world.rules(OpenWorkItem) == []


def test_a_landline_is_a_number_to_ring() -> None:
    assert World.of(HIGH, numbers=(number("n1", SMS),)).rules(OpenWorkItem) == []


def test_where_no_message_was_asked_for_no_number_is_missed() -> None:
    assert World.of(HIGH, channels=ONLY_VISIT, numbers=()).rules(OpenWorkItem) == []


def test_a_wrong_address_asks_the_source_for_a_better_one() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.goes_there()
    world.reports(Result.WRONG_ADDRESS)
    cause = f"address:{world.made(VISIT)[0].id}"
    assert [each for each in world.decided if isinstance(each, OpenWorkItem)] == [
        OpenWorkItem("ask_for_address", WorkItemKind.ADDRESS_REQUEST, world.now + 60 * MINUTE, cause)
    ]
    world.after(minutes=1)
    assert world.rules(OpenWorkItem) == []


@pytest.mark.parametrize("reason", ReturnReason)
def test_only_an_insufficient_address_asks_the_source_when_a_visit_is_returned(reason: ReturnReason) -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.returns(reason)
    assert ("ask_for_address" in world.rules(OpenWorkItem)) is (reason is ReturnReason.ADDRESS_INSUFFICIENT)


# --- the visit itself


def test_the_wait_for_a_contact_is_named() -> None:
    assert World.of(HIGH).waits["visit_no_contact"] == MONDAY + 15 * MINUTE


def test_a_visit_is_handed_to_the_first_rung_as_the_subjects_own() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    (plan,) = world.plans
    assert (plan.rule, plan.party, plan.person) == ("visit_assigned", SUBJECT, Person.SUBJECT)
    assert (plan.visit_id, plan.retry_of) == (world.visit.id, None)
    assert world.visit.opened_at == MONDAY


def test_who_hung_up_after_the_key_press_was_warned_and_is_not_visited_for_want_of_contact() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    world.after(minutes=30)
    assert world.case.visits == ()


def test_a_wait_for_contact_that_no_trigger_asks_for_opens_no_visit() -> None:
    policy = policy_with(MEDIUM, visit={"no_contact_after": 15 * MINUTE})
    world = World.as_found(MONDAY + 15 * MINUTE, policy, urgency=MEDIUM)
    assert world.case.visits == ()
