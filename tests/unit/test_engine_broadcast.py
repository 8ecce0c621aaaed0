"""Group notices: the scam's pattern and the area, no person, once in a while."""

from datetime import datetime, timedelta

import pytest
from builders import BROADCAST, HIGH, MEDIUM, MONDAY, SECOND, SMS, at
from engine_harness import EngineHarness, planned

from dispatcher.engine.case import SUBJECT
from dispatcher.engine.decisions import PlanAttempt, SkipChannel
from schemas.vocabulary import Hold, Person, Result, SkipReason, Urgency

ONLY_BROADCAST = frozenset({BROADCAST})


def test_a_notice_goes_to_the_area_and_names_nobody() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_BROADCAST, area="C1")
    (notice,) = harness.plans
    assert (notice.rule, notice.channel, notice.due_at) == ("group_notice", BROADCAST, MONDAY)
    assert (notice.party, notice.person, notice.number_id) == (SUBJECT, Person.OTHER, None)


def test_no_notice_goes_where_the_centre_did_not_ask_for_one() -> None:
    assert EngineHarness.of(HIGH, area="C1").made(BROADCAST) == []


def test_without_an_area_the_notice_is_skipped() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_BROADCAST)
    assert SkipChannel("no_area", BROADCAST, SkipReason.UNSUPPORTED_DESTINATION) in harness.decided


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_groups_hear_of_no_private_case(fraud_type: str) -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_BROADCAST, area="C1", fraud_type=fraud_type)
    assert SkipChannel("private_not_noticed", BROADCAST, SkipReason.PRIVATE) in harness.decided
    assert harness.rules(PlanAttempt) == []


def test_another_channel_that_is_skipped_takes_no_notice_with_it() -> None:
    harness = EngineHarness.of(HIGH, channels=frozenset({SMS, BROADCAST}), numbers=(), area="C1")
    assert planned(harness, BROADCAST).due_at == MONDAY


@pytest.mark.parametrize(("before", "is_skipped"), [(timedelta(hours=24) - SECOND, True), (timedelta(hours=24), False)])
def test_the_same_notice_is_not_repeated_within_a_day(before: timedelta, is_skipped: bool) -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_BROADCAST, area="C1", noticed_at=MONDAY - before)
    assert (SkipChannel("noticed_lately", BROADCAST, SkipReason.CAP_REACHED) in harness.decided) is is_skipped
    assert (harness.rules(PlanAttempt) == ["group_notice"]) is not is_skipped


@pytest.mark.parametrize(
    ("urgency", "sent", "holds"), [(HIGH, at("23:00"), ()), (MEDIUM, at("08:00", day=3), (Hold.QUIET_HOURS,))]
)
def test_quiet_hours_hold_a_notice_and_it_says_so(urgency: Urgency, sent: datetime, holds: tuple[Hold, ...]) -> None:
    harness = EngineHarness.of(urgency, at("23:00"), channels=ONLY_BROADCAST, area="C1")
    assert planned(harness, BROADCAST).due_at == sent
    assert harness.plans[-1].held_by == holds


def test_a_notice_is_retried_after_a_passing_fault_and_else_sent_once() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_BROADCAST, area="C1")
    harness.send(BROADCAST, Result.FAILED_TEMPORARY)
    assert harness.rules(PlanAttempt) == ["transient_failure"]
    harness.send(BROADCAST, Result.DELIVERED)
    harness.after(days=2)
    assert len(harness.made(BROADCAST)) == 2
