"""Each channel that was asked for is attempted or skipped, and says why."""

from builders import ALL, HIGH, MONDAY, ONLY_SMS, ONLY_VOICE, SMS, VISIT, VOICE, employer, number
from engine_harness import EngineHarness

from dispatcher.engine import evolve, orders
from dispatcher.engine.decisions import CancelAttempt, SkipChannel
from schemas.vocabulary import Answer, AttemptState, Person, Relation, Result, SkipReason


def test_only_bad_numbers_skip_the_channel_with_the_reason() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1", SMS),))
    assert SkipChannel("bad_number", SMS, SkipReason.BAD_NUMBER) in harness.decided


def test_no_number_skips_sms_and_voice() -> None:
    harness = EngineHarness.of(HIGH, numbers=())
    assert [(each.channel, each.reason) for each in harness.decided if isinstance(each, SkipChannel)] == [
        (SMS, SkipReason.NO_PHONE),
        (VOICE, SkipReason.NO_PHONE),
    ]


def test_a_channel_that_never_came_to_its_turn_says_that_it_was_not_needed() -> None:
    harness = EngineHarness.of(HIGH, channels=ALL)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert [each for each in harness.decided if isinstance(each, SkipChannel)] == [
        SkipChannel("channel_not_used", VISIT, SkipReason.NOT_NEEDED)
    ]
    harness.after(seconds=1)
    assert harness.rules(SkipChannel) == []


def test_a_channel_that_never_came_to_its_turn_before_the_withdrawal_says_so() -> None:
    harness = EngineHarness.of(HIGH, channels=ALL)
    harness.act(withdrawn=True)
    assert [each for each in harness.decided if isinstance(each, SkipChannel)] == [
        SkipChannel("channel_not_used", VISIT, SkipReason.WITHDRAWN)
    ]


def test_a_channel_that_was_not_asked_for_is_not_skipped() -> None:
    assert EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=()).rules(SkipChannel) == ["no_phone"]


def test_a_skipped_channel_leaves_an_attempt_that_says_why() -> None:
    harness = EngineHarness.of(HIGH, numbers=())
    (skipped,) = harness.made(SMS)
    assert (skipped.state, skipped.result) == (AttemptState.SKIPPED, Result.SKIPPED)
    assert (skipped.skip_reason, skipped.person) == (SkipReason.NO_PHONE, Person.SUBJECT)
    assert (skipped.due_at, skipped.send_key) == (MONDAY, "")


def test_a_channel_that_joins_is_skipped_for_itself() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=())
    harness.joined(channels=ALL)
    assert [each.channel for each in harness.decided if isinstance(each, SkipChannel)] == [VOICE]


def test_a_channel_in_use_keeps_no_other_from_being_skipped() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=(number("n1", VOICE),))
    harness.joined(channels=ALL)
    assert SkipChannel("bad_number", VOICE, SkipReason.BAD_NUMBER) in harness.decided


def test_a_channel_that_was_tried_is_not_skipped() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.send(VOICE, Result.OUT_OF_SERVICE)
    assert harness.rules(SkipChannel) == []


def test_a_channel_of_which_one_number_was_out_of_reach_is_still_skipped_for_who_cannot_hear() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.out_of_reach(harness.made(VOICE)[0])
    harness.joined(hearing_impaired=True)
    assert harness.rules(SkipChannel) == ["hearing_impaired"]


def test_what_is_planned_on_a_channel_that_nobody_asks_for_any_more_is_dropped() -> None:
    harness = EngineHarness.of(HIGH, channels=frozenset({SMS, VOICE}))
    [call] = harness.made(VOICE)
    harness.joined(channels=frozenset({SMS}))
    assert CancelAttempt("channel_dropped", call.id) in harness.decided
    assert harness.in_state(AttemptState.PLANNED) == harness.made(SMS)


def test_a_call_that_a_person_ordered_stands_though_calls_are_not_asked_for() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS, numbers=(number("n1"), employer()))
    [order] = orders.call(harness.case, Relation.EMPLOYER, harness.now)
    harness.case = evolve(harness.case, order, harness.now)
    harness.after(seconds=1)
    assert harness.rules(CancelAttempt) == []
