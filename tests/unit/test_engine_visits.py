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
from engine_harness import EngineHarness, planned

from dispatcher.engine.case import SUBJECT, Number
from dispatcher.engine.decisions import OpenVisit, OpenWorkItem
from schemas.vocabulary import Answer, Person, Result, ReturnReason, Rung, Urgency, VisitState, WorkItemKind


def test_critical_is_visited_at_receipt() -> None:
    harness = EngineHarness.of(CRITICAL)
    assert harness.rules(OpenVisit) == ["visit_at_receipt"]
    assert (planned(harness, VISIT).rung, planned(harness, VISIT).due_at) == (0, MONDAY)


def test_critical_is_visited_even_where_the_centre_did_not_ask() -> None:
    assert EngineHarness.of(CRITICAL, channels=ONLY_SMS).rules(OpenVisit) == ["visit_at_receipt"]


def test_high_is_visited_after_a_quarter_of_an_hour_without_contact() -> None:
    harness = EngineHarness.of(HIGH)
    assert MONDAY + 15 * MINUTE in harness.looks
    harness.at(MONDAY + 15 * MINUTE - SECOND)
    assert harness.case.visits == ()
    harness.at(MONDAY + 15 * MINUTE)
    assert harness.rules(OpenVisit) == ["visit_no_contact"]


@pytest.mark.parametrize("urgency", [HIGH, MEDIUM, LOW])
def test_who_waits_for_a_channel_without_a_provider_is_visited_at_once(urgency: Urgency) -> None:
    harness = EngineHarness.of(urgency, places=(place("home", "P1"),))
    harness.act(down=frozenset({SMS}))
    assert (harness.rules(OpenVisit), harness.visit.precinct) == (["visit_channel_down"], "P1")
    harness.act(down=frozenset())
    assert harness.visit.is_open


def test_who_is_tried_again_after_a_failure_waits_for_the_channel_too() -> None:
    harness = EngineHarness.of(MEDIUM)
    harness.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(harness, SMS).due_at > harness.now
    harness.act(down=frozenset({SMS}))
    assert harness.rules(OpenVisit) == ["visit_channel_down"]


def test_a_channel_that_nobody_waits_for_yet_needs_no_visit() -> None:
    harness = EngineHarness.of(MEDIUM)
    harness.send(SMS, Result.DELIVERED)
    harness.act(down=frozenset({SMS, VOICE}))
    assert harness.case.visits == ()


@pytest.mark.parametrize("answer", [Answer.UNSURE, Answer.DENIES, Answer.ALREADY_PAID])
@pytest.mark.parametrize("urgency", [HIGH, MEDIUM, LOW])
def test_refused_on_the_phone_opens_a_visit(urgency: Urgency, answer: Answer) -> None:
    harness = EngineHarness.of(urgency)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=answer)
    assert harness.rules(OpenVisit) == ["visit_after_refusal"]


def test_high_is_visited_when_no_number_is_left() -> None:
    harness = EngineHarness.of(HIGH)
    harness.send(VOICE, Result.OUT_OF_SERVICE)
    assert harness.rules(OpenVisit) == ["visit_phone_route_exhausted"]


def test_low_is_not_visited_when_its_calls_are_over() -> None:
    harness = EngineHarness.of(LOW)
    harness.send(VOICE, Result.NO_ANSWER)
    harness.after(days=1)
    assert harness.case.visits == ()


@pytest.mark.parametrize("result", [Result.NOT_FOUND_CONFIRMED, Result.WRONG_ADDRESS, Result.INVALID_VISIT])
def test_a_visit_that_leads_nowhere_asks_the_centre_once(result: Result) -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.officer(VisitState.ACCEPTED)
    harness.reports(result)
    assert harness.asked_whom == [("visit_result", Rung.CENTRE)]
    assert harness.visit.id in [each.cause for each in harness.case.work_items]
    harness.after(hours=1)
    assert harness.asked == []


def test_who_was_warned_before_is_visited_even_if_a_call_succeeds() -> None:
    harness = EngineHarness.of(HIGH, warned_before=True)
    assert harness.rules(OpenVisit) == ["visit_warned_again"]
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert harness.case.is_open
    assert harness.case.open_visit is not None


# --- what the source is asked for


@pytest.mark.parametrize("numbers", [(), (number("n1", SMS, VOICE),)])
def test_without_a_number_to_ring_the_source_is_asked_for_one_once(numbers: tuple[Number, ...]) -> None:
    harness = EngineHarness.of(HIGH, numbers=numbers)
    assert (
        OpenWorkItem("ask_for_number", WorkItemKind.NUMBER_REQUEST, MONDAY + 60 * MINUTE, "number_request")
        in harness.decided
    )
    harness.after(hours=1)
    assert harness.rules(OpenWorkItem) == []


def test_a_landline_is_a_number_to_ring() -> None:
    assert EngineHarness.of(HIGH, numbers=(number("n1", SMS),)).rules(OpenWorkItem) == []


def test_where_no_message_was_asked_for_no_number_is_missed() -> None:
    assert EngineHarness.of(HIGH, channels=ONLY_VISIT, numbers=()).rules(OpenWorkItem) == []


def test_a_wrong_address_asks_the_source_for_a_better_one() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.goes_there()
    harness.reports(Result.WRONG_ADDRESS)
    cause = f"address:{harness.made(VISIT)[0].id}"
    asked = OpenWorkItem("ask_for_address", WorkItemKind.ADDRESS_REQUEST, harness.now + 60 * MINUTE, cause)
    assert asked in harness.decided
    harness.after(minutes=1)
    assert harness.rules(OpenWorkItem) == []


@pytest.mark.parametrize("reason", ReturnReason)
def test_only_an_insufficient_address_asks_the_source_when_a_visit_is_returned(reason: ReturnReason) -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.returns(reason)
    assert ("ask_for_address" in harness.rules(OpenWorkItem)) is (reason is ReturnReason.ADDRESS_INSUFFICIENT)


# --- the visit itself


def test_the_wait_for_a_contact_is_named() -> None:
    assert EngineHarness.of(HIGH).waits["visit_no_contact"] == MONDAY + 15 * MINUTE


def test_a_visit_is_handed_to_the_first_rung_as_the_subjects_own() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    (plan,) = harness.plans
    assert (plan.rule, plan.party, plan.person) == ("visit_assigned", SUBJECT, Person.SUBJECT)
    assert (plan.visit_id, plan.retry_of) == (harness.visit.id, None)
    assert harness.visit.opened_at == MONDAY


def test_who_hung_up_after_the_key_press_was_warned_and_is_not_visited_for_want_of_contact() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    harness.after(minutes=30)
    assert harness.case.visits == ()


def test_a_wait_for_contact_that_no_trigger_asks_for_opens_no_visit() -> None:
    policy = policy_with(MEDIUM, visit={"no_contact_after": 15 * MINUTE})
    harness = EngineHarness.as_found(MONDAY, policy, urgency=MEDIUM)
    assert "visit_no_contact" not in harness.waits
    harness = EngineHarness.as_found(MONDAY + 15 * MINUTE, policy, urgency=MEDIUM)
    assert harness.case.visits == ()
