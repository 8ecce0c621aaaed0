"""Expired, suppressed or paused: nothing is sent by itself, and nothing grave is dropped in silence."""

import pytest
from builders import CRITICAL, HIGH, LOW, MEDIUM, ONLY_VISIT, SMS, VISIT, VOICE
from harness import World, planned

from dispatcher.engine.decisions import AskHuman, CloseCase, PlanAttempt, RaiseUrgency, SkipChannel
from schemas.vocabulary import Resolution, Result, Rung, SkipReason, Urgency, VisitState

HELD = [("expired", "expired_on_arrival"), ("suppressed", "suppressed")]


@pytest.mark.parametrize("urgency", [CRITICAL, HIGH])
@pytest.mark.parametrize(("fact", "rule"), HELD)
def test_what_is_grave_is_put_before_the_centre_once_and_sends_nothing(urgency: Urgency, fact: str, rule: str) -> None:
    world = World.of(urgency, **{fact: True})
    assert world.decided == [AskHuman(rule, Rung.CENTRE, fact)]
    world.after(hours=1)
    assert world.decided == []


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
    world = World.of(urgency, **{fact: True})
    assert [each for each in world.decided if isinstance(each, CloseCase)] == [CloseCase(rule, resolution)]
    assert [(each.channel, each.reason) for each in world.decided if isinstance(each, SkipChannel)] == [
        (SMS, reason),
        (VOICE, reason),
        (VISIT, reason),
    ]


@pytest.mark.parametrize(("fact", "rule"), HELD)
def test_a_person_warned_before_is_grave_and_never_closed_in_silence(fact: str, rule: str) -> None:
    world = World.of(MEDIUM, warned_before=True, **{fact: True})
    assert world.rules(RaiseUrgency) == ["warned_again"]
    assert world.rules(AskHuman) == [rule]
    assert world.case.is_open


@pytest.mark.parametrize("fact", ["expired", "suppressed"])
def test_what_a_supervisor_revives_goes_on(fact: str) -> None:
    world = World.of(CRITICAL, **{fact: True})
    world.revive()
    assert "first_sms" in world.rules(PlanAttempt)


def test_an_expired_case_that_is_warned_of_again_goes_on() -> None:
    world = World.of(CRITICAL, expired=True)
    world.joined(expired=False)
    assert "first_sms" in world.rules(PlanAttempt)


def test_a_pause_stops_what_would_be_planned_until_it_ends() -> None:
    world = World.of(HIGH)
    world.pause()
    world.send(VOICE, Result.BUSY)
    world.after(hours=1)
    assert (world.rules(PlanAttempt), world.case.visits) == ([], ())
    world.resume()
    assert "call_again" in world.rules(PlanAttempt)


def test_a_paused_case_whose_supervisor_is_off_its_file_asks_the_centre() -> None:
    """An officer's step takes whoever was waited for off the file; the pause must not become oblivion."""
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.pause()
    world.officer(VisitState.ACCEPTED)
    assert world.decided == [AskHuman("still_held", Rung.CENTRE, "held")]


def test_an_expired_case_that_was_paused_and_resumed_still_waits_for_the_centre() -> None:
    world = World.of(CRITICAL, expired=True)
    world.pause()
    world.resume()
    assert world.rules(AskHuman) == ["still_held"]
    assert world.case.waiting_for == Rung.CENTRE


def test_a_withdrawal_ends_a_paused_case_too() -> None:
    world = World.of(HIGH)
    call = planned(world, VOICE)
    world.pause()
    world.act(withdrawn=True)
    assert world.case.resolution is Resolution.WITHDRAWN
    assert world.case.attempt(call.id).settled_at == world.now
