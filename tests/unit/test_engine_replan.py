"""Another policy: what the one before planned goes as this one says, and nothing else moves."""

from datetime import time, timedelta

from builders import (
    ALL,
    CRITICAL,
    FAMILY,
    HIGH,
    HOOK,
    LOW,
    MEDIUM,
    MINUTE,
    MONDAY,
    ONLY_SMS,
    ONLY_VISIT,
    ONLY_VOICE,
    SMS,
    VISIT,
    VOICE,
    at,
    policy_with,
    relative,
)
from engine_harness import EngineHarness, planned

from dispatcher.engine.decisions import CancelAttempt, CancelVisit, DecideAgainAt, MoveAttempt, PlanAttempt
from dispatcher.policy import load
from dispatcher.policy.models import Policy, QuietHours
from schemas.vocabulary import AttemptState, Hold, Result, VisitState, WorkItemKind

DAYS = timedelta(days=5)


def quiet(begin: time, end: time) -> Policy:
    return load().model_copy(update={"quiet_hours": QuietHours.model_construct(begin=begin, end=end)})


def retrying(*waits: timedelta) -> Policy:
    return load().model_copy(update={"retry": load().retry.model_copy(update={"waits": waits})})


def test_the_same_policy_under_another_name_moves_nothing() -> None:
    for urgency in (CRITICAL, HIGH, MEDIUM, LOW):
        harness = EngineHarness.of(urgency, channels=ALL, money_moved=True)
        harness.send(SMS, Result.FAILED_TEMPORARY)
        before = harness.case
        harness.under(load())
        assert harness.case == before
        assert {type(each) for each in harness.decided} <= {DecideAgainAt}


def test_quiet_hours_newly_extended_hold_what_is_planned_and_what_is_due() -> None:
    harness = EngineHarness.of(LOW, at("16:30"))
    call = planned(harness, VOICE)
    assert call.due_at == at("17:30")
    harness.under(quiet(time(15), time(9)))
    (moved_sms, moved_call) = [each for each in harness.decided if isinstance(each, MoveAttempt)]
    assert (moved_sms.due_at, moved_sms.held_by) == (at("09:00", day=3), (Hold.QUIET_HOURS,))
    assert (moved_call.attempt_id, moved_call.due_at) == (call.id, at("09:00", day=3))
    assert moved_call.rule == "policy_changed"


def test_quiet_hours_that_end_sooner_let_go_sooner() -> None:
    harness = EngineHarness.of(MEDIUM, at("23:00"), channels=ONLY_SMS)
    assert planned(harness, SMS).due_at == at("08:00", day=3)
    harness.under(quiet(time(21, 30), time(6)))
    assert planned(harness, SMS).due_at == at("06:00", day=3)


def test_no_other_time_than_that_of_the_rules_is_kept() -> None:
    """All SMS after 30 days, and the first call after five: mended, they go as if it had never been said."""
    wrong = policy_with(HIGH, sms={"after": 6 * DAYS}, voice={"after": DAYS})
    harness = EngineHarness.as_found(MONDAY, wrong)
    assert planned(harness, SMS).due_at == MONDAY + 6 * DAYS
    assert planned(harness, VOICE).due_at == MONDAY + DAYS
    harness.at(MONDAY + 3 * MINUTE)
    harness.under(load())
    assert planned(harness, SMS).due_at == harness.now
    assert planned(harness, VOICE).due_at == harness.now


def test_a_wait_of_days_after_a_failure_becomes_the_wait_of_now() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ALL, money_moved=True)
    harness.policy = retrying(DAYS)
    for channel in (SMS, VOICE, VISIT, HOOK):
        harness.send(channel, Result.FAILED_TEMPORARY)
        assert planned(harness, channel).due_at == MONDAY + DAYS
    harness.under(load())
    for channel in (SMS, VOICE, VISIT, HOOK):
        assert planned(harness, channel).due_at == MONDAY + timedelta(seconds=2)


def test_a_look_put_days_ahead_is_made_when_this_policy_says() -> None:
    wrong = policy_with(HIGH, visit={"no_contact_after": DAYS})
    harness = EngineHarness.as_found(MONDAY, wrong)
    assert MONDAY + DAYS in harness.looks
    harness.under(load())
    assert MONDAY + DAYS not in harness.looks
    assert MONDAY + 15 * MINUTE in harness.looks


def test_a_call_beyond_the_new_rounds_is_dropped() -> None:
    harness = EngineHarness.of(MEDIUM, channels=ONLY_VOICE)
    harness.at(planned(harness, VOICE).due_at)
    harness.send(VOICE, Result.NO_ANSWER)
    dropped = planned(harness, VOICE)
    harness.under(policy_with(MEDIUM, voice={"rounds": 1}, phone_route_exhausted_raises_to=None))
    assert [each.attempt_id for each in harness.decided if isinstance(each, CancelAttempt)] == [dropped.id]
    assert not any(each.channel is VOICE for each in harness.plans)


def test_a_call_that_is_to_come_later_is_planned_when_its_time_comes() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=(relative(),))
    harness.at(MONDAY + 30 * MINUTE)
    harness.send(VOICE, Result.NO_ANSWER, party=FAMILY)
    again = planned(harness, VOICE, FAMILY)
    assert again.due_at > harness.now
    harness.under(policy_with(HIGH, family={"after": timedelta(hours=2)}))
    assert harness.case.attempt(again.id).state is AttemptState.CANCELLED
    assert MONDAY + timedelta(hours=2) in harness.looks


def test_a_visit_that_waits_for_a_window_waits_for_that_of_now() -> None:
    wrong = load().model_copy(update={"revisit": load().revisit.model_copy(update={"after": DAYS})})
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.policy = wrong
    harness.assign()
    harness.officer(VisitState.ARRIVED)
    harness.reports(Result.MET_REFUSED)
    begin = harness.visit.not_before
    assert begin is not None and begin > MONDAY + DAYS
    harness.under(load())
    assert harness.rules(CancelVisit) == ["policy_changed"]
    assert harness.visit.state is VisitState.WAITING
    assert harness.visit.not_before == at("18:30")
    assert planned(harness, VISIT).due_at == at("18:30")


def test_what_waits_for_a_person_has_no_longer_than_this_policy_gives() -> None:
    wrong = policy_with(CRITICAL, answer_within=DAYS)
    harness = EngineHarness.as_found(MONDAY, wrong, urgency=CRITICAL, channels=ONLY_VISIT)
    for _ in wrong.ladder:
        harness.send(VISIT, Result.NOBODY_ON_DUTY)
    (item,) = [each for each in harness.case.work_items if each.kind is WorkItemKind.LADDER_EXHAUSTED]
    assert item.climb_at == MONDAY + DAYS
    harness.after(minutes=1)
    harness.under(load())
    (item,) = [each for each in harness.case.work_items if each.kind is WorkItemKind.LADDER_EXHAUSTED]
    assert (item.due_at, item.climb_at) == (MONDAY + 5 * MINUTE, MONDAY + 5 * MINUTE)


def test_a_paused_case_is_planned_anew_and_still_rests() -> None:
    harness = EngineHarness.of(MEDIUM, channels=ONLY_VOICE)
    harness.pause()
    harness.under(policy_with(MEDIUM, voice={"after": timedelta(hours=1)}))
    assert planned(harness, VOICE).due_at == MONDAY + timedelta(hours=1)
    assert not any(isinstance(each, PlanAttempt) for each in harness.decided)
