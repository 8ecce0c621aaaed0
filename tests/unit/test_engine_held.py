"""Expired, suppressed or paused: nothing is sent by itself, and nothing grave is dropped in silence."""

from datetime import timedelta

import pytest
from builders import CRITICAL, HIGH, LOW, MEDIUM, ONLY_VISIT, SMS, VISIT, VOICE
from engine_harness import EngineHarness, planned

from dispatcher.engine.decisions import CloseCase, PlanAttempt, RaiseUrgency, SkipChannel
from schemas.vocabulary import BankRequest, Resolution, Result, Rung, SkipReason, Urgency, VisitState, WorkItemKind

HELD = [("expired", "expired_on_arrival"), ("suppressed", "suppressed")]


@pytest.mark.parametrize("urgency", [CRITICAL, HIGH])
@pytest.mark.parametrize(("fact", "rule"), HELD)
def test_what_is_grave_is_put_before_the_centre_once_and_sends_nothing(urgency: Urgency, fact: str, rule: str) -> None:
    harness = EngineHarness.of(urgency, **{fact: True})
    assert harness.asked_whom == [(rule, Rung.CENTRE)]
    assert len(harness.decided) == 1
    harness.after(hours=1)
    assert (harness.asked, harness.plans) == ([], [])


@pytest.mark.parametrize("urgency", [MEDIUM, LOW])
@pytest.mark.parametrize(
    ("fact", "rule", "resolution", "reason"),
    [
        ("expired", "expired_on_arrival", Resolution.EXPIRED, SkipReason.EXPIRED),
        ("suppressed", "suppressed", Resolution.NOT_A_VICTIM, SkipReason.SUPPRESSED),
    ],
)
def test_the_rest_is_closed_and_each_channel_says_why_it_was_not_used(
    urgency: Urgency, fact: str, rule: str, resolution: Resolution, reason: SkipReason
) -> None:
    harness = EngineHarness.of(urgency, **{fact: True})
    assert [each for each in harness.decided if isinstance(each, CloseCase)] == [CloseCase(rule, resolution)]
    assert [(each.channel, each.reason) for each in harness.decided if isinstance(each, SkipChannel)] == [
        (SMS, reason),
        (VOICE, reason),
        (VISIT, reason),
    ]


@pytest.mark.parametrize(("fact", "rule"), HELD)
def test_a_person_warned_before_is_grave_and_never_closed_in_silence(fact: str, rule: str) -> None:
    harness = EngineHarness.of(MEDIUM, warned_before=True, **{fact: True})
    assert harness.rules(RaiseUrgency) == ["warned_again"]
    assert harness.asked == [rule]
    assert harness.case.is_open


@pytest.mark.parametrize("fact", ["expired", "suppressed"])
def test_what_a_supervisor_revives_goes_on(fact: str) -> None:
    harness = EngineHarness.of(CRITICAL, **{fact: True})
    harness.revive()
    assert "first_sms" in harness.rules(PlanAttempt)


def test_an_expired_case_that_is_warned_of_again_goes_on() -> None:
    harness = EngineHarness.of(CRITICAL, expired=True)
    harness.joined(expired=False)
    assert "first_sms" in harness.rules(PlanAttempt)


def test_a_pause_stops_what_would_be_planned_until_it_ends() -> None:
    harness = EngineHarness.of(HIGH)
    harness.pause()
    harness.send(VOICE, Result.BUSY)
    harness.after(hours=1)
    assert (harness.rules(PlanAttempt), harness.case.visits) == ([], ())
    harness.resume()
    assert "call_again" in harness.rules(PlanAttempt)


def test_a_pause_has_an_end_whatever_an_officer_does_meanwhile() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.pause()
    assert harness.asked_whom == [("paused", Rung.CENTRE)]
    harness.officer(VisitState.ACCEPTED)
    assert [(each.kind, each.climb_at) for each in harness.case.work_items] == [
        (WorkItemKind.PAUSED, harness.now + timedelta(hours=24))
    ]


def test_a_pause_ends_when_its_supervisor_said() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.act(paused=True, paused_until=harness.now + timedelta(minutes=30))
    assert [each.climb_at for each in harness.case.work_items] == [harness.now + timedelta(minutes=30)]


def test_an_expired_case_that_was_paused_and_resumed_still_waits_for_the_centre() -> None:
    harness = EngineHarness.of(CRITICAL, expired=True)
    harness.pause()
    harness.resume()
    assert [each.kind for each in harness.case.work_items] == [WorkItemKind.EXPIRED]
    assert harness.waiting_for == Rung.CENTRE


def test_a_withdrawal_ends_a_paused_case_too() -> None:
    harness = EngineHarness.of(HIGH)
    call = planned(harness, VOICE)
    harness.pause()
    harness.act(withdrawn=True)
    assert harness.case.resolution is Resolution.WITHDRAWN
    assert harness.case.attempt(call.id).settled_at == harness.now


def test_money_that_has_moved_is_stopped_though_the_warning_came_too_late() -> None:
    harness = EngineHarness.of(CRITICAL, expired=True, money_moved=True)
    assert [each.bank_request for each in harness.plans] == [BankRequest.STOP_PAYMENT]
    harness.after(hours=1)
    assert harness.plans == []


def test_a_pause_is_a_persons_word_also_for_money() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.pause()
    harness.act(money_moved=True)
    assert harness.plans == []
