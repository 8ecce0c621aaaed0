"""SMS: one to a person, retried, and another only where it is permitted."""

import pytest
from builders import HIGH, MINUTE, MONDAY, ONLY_SMS, SECOND, SMS, TWO, policy_with, settled
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine.decisions import PlanAttempt
from schemas.vocabulary import Onward, Person, Result, Urgency


@pytest.mark.parametrize("urgency", Urgency)
def test_first_sms_goes_at_once_by_day(urgency: Urgency) -> None:
    harness = EngineHarness.of(urgency)
    first = harness.plans[0]
    assert (first.rule, first.channel, first.number_id, first.due_at) == ("first_sms", SMS, "n1", MONDAY)


@pytest.mark.parametrize("result", [Result.DELIVERED, Result.UNKNOWN])
def test_one_sms_is_enough(result: Result) -> None:
    harness = EngineHarness.of(channels=ONLY_SMS, numbers=TWO)
    harness.send(SMS, result)
    harness.after(minutes=5)
    assert len(harness.made(SMS)) == 1


def test_sms_goes_to_the_next_number_at_once_after_a_permanent_failure() -> None:
    harness = EngineHarness.of(numbers=TWO)
    failed = harness.send(SMS, Result.FAILED_PERMANENT)
    following = planned(harness, SMS)
    assert harness.rules(PlanAttempt) == ["next_number"]
    assert (following.number_id, following.due_at, following.retry_of) == ("n2", MONDAY, failed.id)
    assert not following.possible_duplicate


@pytest.mark.parametrize("result", [Result.INVALID_NUMBER, Result.OUT_OF_SERVICE, Result.UNSUPPORTED])
def test_sms_goes_to_the_next_number_where_the_first_cannot_be_reached(result: Result) -> None:
    harness = EngineHarness.of(channels=ONLY_SMS, numbers=TWO)
    harness.send(SMS, result)
    assert planned(harness, SMS).number_id == "n2"


def test_refused_content_is_not_sent_to_the_next_number() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS, numbers=TWO)
    harness.send(SMS, Result.REJECTED_CONTENT)
    assert not is_planned(harness, SMS)


def test_sms_ends_with_the_last_number() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS, numbers=TWO)
    harness.send(SMS, Result.FAILED_PERMANENT)
    harness.send(SMS, Result.FAILED_PERMANENT)
    assert not is_planned(harness, SMS)


def test_providers_are_tried_one_after_another_before_a_wait() -> None:
    """Waits grow with the rounds over the providers, not with their number."""
    harness = EngineHarness.of(channels=ONLY_SMS)
    waits = []
    for _ in range(3):
        for left in (Onward.NEXT_PROVIDER, Onward.NEXT_PROVIDER):
            failed = harness.send(SMS, Result.FAILED_TEMPORARY, onward=left)
            assert (harness.rules(PlanAttempt), planned(harness, SMS).due_at) == (["next_provider"], failed.settled_at)
            assert planned(harness, SMS).retry_of == failed.id
        failed = harness.send(SMS, Result.FAILED_TEMPORARY)
        assert harness.rules(PlanAttempt) == ["transient_failure"]
        waits.append((planned(harness, SMS).due_at - failed.settled_at).total_seconds())
    assert waits == [2, 10, 30]


def test_what_may_be_a_duplicate_goes_to_no_other_provider() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.after(minutes=3)
    harness.send(SMS, Result.FAILED_TEMPORARY, onward=Onward.NEXT_PROVIDER)
    assert harness.rules(PlanAttempt) == ["transient_failure"]
    assert planned(harness, SMS).possible_duplicate


def test_a_passing_fault_is_retried_with_growing_waits() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS)
    waits = []
    for _ in range(6):
        failed = harness.send(SMS, Result.FAILED_TEMPORARY)
        following = planned(harness, SMS)
        assert (harness.rules(PlanAttempt), following.retry_of, following.number_id) == (
            ["transient_failure"],
            failed.id,
            "n1",
        )
        assert following.send_key == following.id
        waits.append((following.due_at - harness.now).total_seconds())
    assert waits == [2, 10, 30, 120, 300, 300]


def test_after_very_many_failures_no_wait_is_a_storm() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS)
    short = harness.policy.retry.model_copy(update={"waits": (SECOND,)})
    harness.policy = harness.policy.model_copy(update={"retry": short})
    waits = []
    for _ in range(22):
        harness.send(SMS, Result.FAILED_TEMPORARY)
        waits.append((planned(harness, SMS).due_at - harness.now).total_seconds())
        harness.at(planned(harness, SMS).due_at)
    assert waits == [1] * 20 + [60, 120]


def test_an_sms_that_is_being_sent_is_not_planned_a_second_time() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS)
    harness.sending(planned(harness, SMS))
    harness.after(seconds=10)
    assert len(harness.made(SMS)) == 1


def test_a_failed_sms_is_retried_a_wait_after_its_failure_whenever_it_is_looked_at() -> None:
    harness = EngineHarness.as_found(MONDAY + SECOND, attempts=(settled(SMS),))
    assert planned(harness, SMS).due_at == MONDAY + 2 * SECOND


def test_a_retry_whose_wait_is_over_goes_now() -> None:
    assert planned(EngineHarness.as_found(MONDAY + MINUTE, attempts=(settled(SMS),)), SMS).due_at == MONDAY + MINUTE


def test_a_provider_that_names_its_own_wait_is_heard() -> None:
    harness = EngineHarness.as_found(MONDAY, attempts=(settled(SMS, retry_not_before=MONDAY + MINUTE),))
    assert planned(harness, SMS).due_at == MONDAY + MINUTE


def test_a_providers_own_wait_that_is_over_puts_nothing_into_the_past() -> None:
    harness = EngineHarness.as_found(MONDAY + MINUTE, attempts=(settled(SMS, retry_not_before=MONDAY + 5 * SECOND),))
    assert planned(harness, SMS).due_at == MONDAY + MINUTE


def test_a_wait_before_the_first_sms_is_kept() -> None:
    harness = EngineHarness.as_found(MONDAY, policy_with(HIGH, sms={"after": 5 * MINUTE}))
    assert planned(harness, SMS).due_at == MONDAY + 5 * MINUTE


def test_a_retry_keeps_its_person_and_its_wording() -> None:
    harness = EngineHarness.of(channels=ONLY_SMS, warned_before=True)
    harness.send(SMS, Result.FAILED_TEMPORARY)
    assert (planned(harness, SMS).person, planned(harness, SMS).warning_number) == (Person.SUBJECT, 2)
