"""What a repeated attempt says of the one before, and what a decision makes of an attempt."""

from collections.abc import Callable

import pytest
from builders import HIGH, MINUTE, ONLY_SMS, SECOND, SMS, VOICE
from engine_harness import EngineHarness, planned

from dispatcher.engine import evolve
from dispatcher.engine.case import Attempt
from dispatcher.engine.decisions import BringAttemptForward, GiveUpDoubt, RecallAttempt, SkipChannel
from schemas.vocabulary import AttemptState, Channel, Ending, Onward, Result, RetryKind, SkipReason


def failed(harness: EngineHarness) -> None:
    harness.send(SMS, Result.FAILED_TEMPORARY)


def failed_over(harness: EngineHarness) -> None:
    harness.send(SMS, Result.FAILED_TEMPORARY, onward=Onward.NEXT_PROVIDER)


def never_taken(harness: EngineHarness) -> None:
    attempt = harness.sending(planned(harness, SMS))
    harness.in_doubt(attempt)
    harness.never_taken(attempt)


@pytest.mark.parametrize(
    ("happens", "kind"),
    [
        (failed, RetryKind.TRANSIENT_FAILURE),
        (failed_over, RetryKind.NEXT_PROVIDER),
        (never_taken, RetryKind.NEVER_TAKEN),
    ],
)
def test_a_repeat_says_why_it_is_made(happens: Callable[[EngineHarness], None], kind: RetryKind) -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    happens(harness)
    assert harness.plans[-1].retry_kind is kind
    assert planned(harness, SMS).retry_kind is kind


def accepted(harness: EngineHarness, channel: Channel) -> Attempt:
    attempt = harness.sending(planned(harness, channel))
    harness.accepted(attempt)
    return harness.case.attempt(attempt.id)


def test_what_is_brought_forward_goes_alone() -> None:
    harness = EngineHarness.of(HIGH)
    sms, call = planned(harness, SMS), planned(harness, VOICE)
    earlier = call.due_at - SECOND
    assert earlier != sms.due_at
    after = evolve(harness.case, BringAttemptForward("x", call.id, earlier), harness.now)
    assert (after.attempt(sms.id).due_at, after.attempt(call.id).due_at) == (sms.due_at, earlier)


def test_what_is_taken_back_is_to_be_done_now_and_nothing_else_changes() -> None:
    harness = EngineHarness.of(HIGH)
    call = accepted(harness, VOICE)
    harness.at(harness.now + MINUTE)
    after = evolve(harness.case, RecallAttempt("x", call.id), harness.now)
    recalled = after.attempt(call.id)
    assert (recalled.recalled_at, recalled.due_at) == (harness.now, harness.now)
    assert [each for each in after.attempts if each.id != call.id] == [
        each for each in harness.case.attempts if each.id != call.id
    ]


def test_a_doubt_that_is_given_up_says_so() -> None:
    harness = EngineHarness.of(HIGH)
    sms = harness.sending(planned(harness, SMS))
    harness.in_doubt(sms)
    given_up = evolve(harness.case, GiveUpDoubt("x", sms.id), harness.now).attempt(sms.id)
    assert (given_up.state, given_up.ending) == (AttemptState.SETTLED, Ending.DOUBT_GIVEN_UP)


def test_a_channel_that_is_left_out_is_settled_at_once() -> None:
    harness = EngineHarness.of(HIGH)
    skipped = evolve(harness.case, SkipChannel("x", SMS, SkipReason.NO_PHONE), harness.now).attempts[-1]
    assert (skipped.state, skipped.result, skipped.settled_at) == (
        AttemptState.SKIPPED,
        Result.SKIPPED,
        harness.now,
    )
