"""Quiet hours hold medium and low, and a rise frees what they held."""

from datetime import datetime, time

import pytest
from builders import CRITICAL, HIGH, LOW, MEDIUM, MONDAY, ONLY_SMS, ONLY_VOICE, SMS, VOICE, at
from engine_harness import EngineHarness, planned

from dispatcher.engine import times
from dispatcher.policy import load
from dispatcher.policy.models import Policy
from schemas.vocabulary import Hold, Result, Urgency


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        (at("21:29:59"), at("21:29:59")),
        (at("21:30"), at("08:00", day=3)),
        (at("23:59:59"), at("08:00", day=3)),
        (at("00:00"), at("08:00")),
        (at("07:59:59"), at("08:00")),
        (at("08:00"), at("08:00")),
    ],
)
@pytest.mark.parametrize("urgency", [MEDIUM, LOW])
def test_quiet_hours_hold_an_sms(urgency: Urgency, received: datetime, sent: datetime) -> None:
    assert planned(EngineHarness.of(urgency, received), SMS).due_at == sent


@pytest.mark.parametrize("urgency", [CRITICAL, HIGH])
def test_quiet_hours_do_not_hold_the_grave(urgency: Urgency) -> None:
    assert planned(EngineHarness.of(urgency, at("23:30")), SMS).due_at == at("23:30")


@pytest.mark.parametrize(
    ("urgency", "received", "holds"),
    [(HIGH, "23:30", ()), (MEDIUM, "23:30", (Hold.QUIET_HOURS,)), (MEDIUM, "09:00", ()), (MEDIUM, "08:00", ())],
)
def test_what_the_quiet_hours_hold_says_so(urgency: Urgency, received: str, holds: tuple[Hold, ...]) -> None:
    harness = EngineHarness.of(urgency, at(received))
    assert [each.held_by for each in harness.plans if each.channel is SMS] == [holds]


def test_quiet_hours_hold_a_call_that_would_fall_into_them() -> None:
    assert planned(EngineHarness.of(MEDIUM, at("21:25")), VOICE).due_at == at("08:00", day=3)


def test_quiet_hours_hold_a_retry() -> None:
    harness = EngineHarness.of(MEDIUM, at("21:29:59"), channels=ONLY_SMS)
    harness.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(harness, SMS).due_at == at("08:00", day=3)
    assert harness.plans[-1].held_by == (Hold.QUIET_HOURS,)


def test_quiet_hours_hold_a_retried_call() -> None:
    harness = EngineHarness.of(MEDIUM, at("21:19:59"), channels=ONLY_VOICE)
    harness.at(planned(harness, VOICE).due_at)
    harness.send(VOICE, Result.FAILED_TEMPORARY)
    assert planned(harness, VOICE).due_at == at("08:00", day=3)
    assert harness.plans[-1].held_by == (Hold.QUIET_HOURS,)


def test_quiet_hours_hold_a_doubtful_message() -> None:
    harness = EngineHarness.of(MEDIUM, at("21:25"), channels=ONLY_SMS)
    harness.in_doubt(harness.sending(planned(harness, SMS)))
    harness.after(minutes=15)
    assert planned(harness, SMS).due_at == at("08:00", day=3)


def test_quiet_hours_hold_what_was_never_taken() -> None:
    harness = EngineHarness.of(MEDIUM, at("21:29"), channels=ONLY_SMS)
    doubtful = harness.sending(planned(harness, SMS))
    harness.in_doubt(doubtful)
    harness.at(at("21:31"))
    harness.never_taken(doubtful)
    assert planned(harness, SMS).due_at == at("08:00", day=3)


def test_a_rise_in_the_night_frees_what_the_quiet_hours_held() -> None:
    harness = EngineHarness.of(MEDIUM, at("22:00"))
    harness.after(minutes=5)
    harness.joined(CRITICAL)
    assert planned(harness, SMS).due_at == harness.now
    assert planned(harness, VOICE).due_at == harness.now


def test_a_rise_brings_the_first_call_forward() -> None:
    harness = EngineHarness.of(LOW)
    harness.joined(CRITICAL)
    assert planned(harness, VOICE).due_at == MONDAY


# --- quiet hours as a centre may set them


def quiet(begin: time, end: time) -> Policy:
    policy = load()
    return policy.model_copy(update={"quiet_hours": policy.quiet_hours.model_copy(update={"begin": begin, "end": end})})


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        (at("06:00"), at("06:00")),
        (at("11:59"), at("11:59")),
        (at("12:00"), at("14:00")),
        (at("13:59"), at("14:00")),
        (at("14:00"), at("14:00")),
        (at("22:00"), at("22:00")),
    ],
)
def test_quiet_hours_may_lie_within_one_day(received: datetime, sent: datetime) -> None:
    harness = EngineHarness.as_found(received, quiet(time(12), time(14)), urgency=MEDIUM, at=received)
    assert planned(harness, SMS).due_at == sent


def test_quiet_hours_that_end_as_they_begin_hold_nothing() -> None:
    noon = at("12:00")
    assert planned(EngineHarness.as_found(noon, quiet(time(12), time(12)), urgency=MEDIUM, at=noon), SMS).due_at == noon


@pytest.mark.parametrize(
    ("begin", "end", "until"),
    [
        (time(21, 30), time(8), at("21:30")),
        (time(1), time(6), at("00:00", day=3)),
        (time(8), time(8), at("00:00", day=3)),  # there are none
    ],
)
def test_people_are_awake_from_the_end_of_the_quiet_hours(begin: time, end: time, until: datetime) -> None:
    policy = load()
    quiet = policy.quiet_hours.model_copy(update={"begin": begin, "end": end})
    policy = policy.model_copy(update={"quiet_hours": quiet})
    awake = times.waking_hours(policy, at("12:00"))
    assert awake == (datetime.combine(MONDAY.date(), end, policy.timezone), until)
