"""Each rule of the engine by example: what it decides, when, and under which name."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from harness import ALL, FAMILY, MONDAY, SMS, VISIT, VOICE, ZONE, World, number, relative

from dispatcher.engine.case import Attempt
from dispatcher.engine.decisions import (
    AskHuman,
    Cancel,
    CancelVisit,
    Close,
    EndAssignment,
    MarkBad,
    Oblige,
    OpenVisit,
    Plan,
    RaiseUrgency,
    Recall,
    SetDeadline,
    Skip,
)
from schemas.vocabulary import (
    Answer,
    AttemptState,
    Channel,
    Person,
    Resolution,
    Result,
    Rung,
    SkipReason,
    Urgency,
    VisitState,
)

CRITICAL, HIGH, MEDIUM, LOW = Urgency
ONLY_SMS, ONLY_VOICE, ONLY_VISIT = frozenset({SMS}), frozenset({VOICE}), frozenset({VISIT})
TWO = (number("n1"), number("n2"))
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def at(clock: str, day: int = 2) -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02d}T{clock}").replace(tzinfo=ZONE)


def planned(world: World, channel: Channel, party: str = "subject") -> Attempt:
    found = [each for each in world.made(channel, party) if each.state is AttemptState.PLANNED]
    assert len(found) == 1, f"{len(found)} planned on {channel}"
    return found[0]


def is_planned(world: World, channel: Channel, party: str = "subject") -> bool:
    return any(each.state is AttemptState.PLANNED for each in world.made(channel, party))


# --- SMS


@pytest.mark.parametrize("urgency", Urgency)
def test_first_sms_goes_at_once_by_day(urgency: Urgency) -> None:
    world = World.of(urgency)
    first = world.plans[0]
    assert (first.rule, first.channel, first.number_id, first.due_at) == ("first_sms", SMS, "n1", MONDAY)


@pytest.mark.parametrize("result", [Result.DELIVERED, Result.UNKNOWN])
def test_one_sms_is_enough(result: Result) -> None:
    world = World.of(channels=ONLY_SMS, numbers=TWO)
    world.send(SMS, result)
    world.after(minutes=5)
    assert len(world.made(SMS)) == 1


def test_sms_goes_to_the_next_number_at_once_after_a_permanent_failure() -> None:
    world = World.of(numbers=TWO)
    failed = world.send(SMS, Result.FAILED_PERMANENT)
    following = planned(world, SMS)
    assert world.rules(Plan) == ["next_number"]
    assert (following.number_id, following.due_at, following.retry_of) == ("n2", MONDAY, failed.id)


@pytest.mark.parametrize("result", [Result.INVALID_NUMBER, Result.OUT_OF_SERVICE, Result.UNSUPPORTED])
def test_sms_goes_to_the_next_number_where_the_first_cannot_be_reached(result: Result) -> None:
    world = World.of(channels=ONLY_SMS, numbers=TWO)
    world.send(SMS, result)
    assert planned(world, SMS).number_id == "n2"


def test_refused_content_is_not_sent_to_the_next_number() -> None:
    world = World.of(channels=ONLY_SMS, numbers=TWO)
    world.send(SMS, Result.REJECTED_CONTENT)
    assert not is_planned(world, SMS)


def test_sms_ends_with_the_last_number() -> None:
    world = World.of(channels=ONLY_SMS, numbers=TWO)
    world.send(SMS, Result.FAILED_PERMANENT)
    world.send(SMS, Result.FAILED_PERMANENT)
    assert not is_planned(world, SMS)


def test_a_passing_fault_is_retried_with_growing_waits() -> None:
    world = World.of(channels=ONLY_SMS)
    waits = []
    for _ in range(6):
        failed = world.send(SMS, Result.FAILED_TEMPORARY, detail="gateway answered 503")
        following = planned(world, SMS)
        assert (world.rules(Plan), following.retry_of, following.number_id) == (["transient_failure"], failed.id, "n1")
        assert following.send_key == following.id
        waits.append((following.due_at - world.now).total_seconds())
    assert waits == [2, 10, 30, 120, 300, 300]


def test_what_the_provider_never_took_goes_again_at_once_under_its_key() -> None:
    world = World.of(channels=ONLY_SMS)
    doubtful = world.sending(planned(world, SMS))
    world.in_doubt(doubtful)
    world.never_taken(doubtful)
    following = planned(world, SMS)
    assert world.rules(Plan) == ["never_taken"]
    assert (following.due_at, following.send_key, following.retry_of) == (world.now, doubtful.id, doubtful.id)
    assert not following.possible_duplicate


@pytest.mark.parametrize(
    ("urgency", "wait"),
    [(CRITICAL, timedelta(seconds=90)), (HIGH, 3 * MINUTE), (MEDIUM, 15 * MINUTE), (LOW, 60 * MINUTE)],
)
def test_doubt_is_waited_out_and_then_sent_again_as_a_possible_duplicate(urgency: Urgency, wait: timedelta) -> None:
    world = World.of(urgency, channels=ONLY_SMS)
    doubtful = world.sending(planned(world, SMS))
    world.in_doubt(doubtful)
    assert MONDAY + wait in world.looks
    world.at(MONDAY + wait - SECOND)
    assert not is_planned(world, SMS)
    world.at(MONDAY + wait)
    following = planned(world, SMS)
    assert world.rules(Plan)[0] == "doubt_wait"
    assert (following.send_key, following.possible_duplicate, following.retry_of) == (doubtful.id, True, doubtful.id)


def test_a_doubtful_message_is_sent_again_once() -> None:
    world = World.of(channels=ONLY_SMS)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(minutes=3)
    world.after(minutes=3)
    assert len(world.made(SMS)) == 2


def test_a_resend_that_is_doubtful_too_is_sent_once_more() -> None:
    world = World.of(channels=ONLY_SMS)
    first = planned(world, SMS)
    world.in_doubt(world.sending(first))
    world.after(minutes=3)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(minutes=3)
    assert [each.send_key for each in world.made(SMS)] == [first.id] * 3


def test_a_resend_that_fails_for_now_still_may_be_a_duplicate() -> None:
    world = World.of(channels=ONLY_SMS)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(minutes=3)
    world.send(SMS, Result.FAILED_TEMPORARY, detail="gateway answered 503")
    assert planned(world, SMS).possible_duplicate


# --- calls


@pytest.mark.parametrize(("urgency", "wait"), [(CRITICAL, 0), (HIGH, 1), (MEDIUM, 10), (LOW, 60)])
def test_first_call_after_the_wait_of_the_urgency(urgency: Urgency, wait: int) -> None:
    world = World.of(urgency)
    call = planned(world, VOICE)
    assert (call.number_id, call.due_at) == ("n1", MONDAY + wait * MINUTE)
    assert "first_call" in world.rules(Plan)


@pytest.mark.parametrize("result", [Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.VOICEMAIL, Result.UNKNOWN])
@pytest.mark.parametrize(("urgency", "again"), [(CRITICAL, 3), (HIGH, 5), (MEDIUM, 80)])
def test_not_reached_is_called_again_after_the_wait(result: Result, urgency: Urgency, again: int) -> None:
    world = World.of(urgency, channels=ONLY_VOICE)
    world.send(VOICE, result)
    called = world.now
    assert world.rules(Plan)[0] == "call_again"
    assert planned(world, VOICE).due_at == called + again * MINUTE


def test_a_round_goes_over_all_numbers_before_the_wait() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE, numbers=TWO)
    world.send(VOICE, Result.BUSY)
    assert (world.rules(Plan), planned(world, VOICE).number_id) == (["next_number"], "n2")
    assert planned(world, VOICE).due_at == MONDAY + MINUTE
    world.send(VOICE, Result.NO_ANSWER)
    assert (world.rules(Plan), planned(world, VOICE).number_id) == (["call_again"], "n1")
    assert planned(world, VOICE).due_at == MONDAY + 6 * MINUTE
    world.send(VOICE, Result.BUSY)
    assert planned(world, VOICE).number_id == "n2"


def test_a_call_that_was_late_moves_the_next_one() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.at(MONDAY + 4 * MINUTE)
    world.send(VOICE, Result.BUSY)
    assert planned(world, VOICE).due_at == MONDAY + 9 * MINUTE


def test_a_dead_number_is_left_and_the_next_called_at_once() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE, numbers=TWO)
    world.send(VOICE, Result.INVALID_NUMBER)
    assert planned(world, VOICE).number_id == "n2"
    assert planned(world, VOICE).due_at == world.now
    world.send(VOICE, Result.BUSY)
    assert planned(world, VOICE).number_id == "n2"


def test_a_call_that_failed_for_now_is_retried_on_its_number_and_counts_for_no_round() -> None:
    world = World.of(LOW, channels=ONLY_VOICE, numbers=TWO)
    world.send(VOICE, Result.FAILED_TEMPORARY)
    assert (world.rules(Plan), planned(world, VOICE).number_id) == (["transient_failure"], "n1")
    world.send(VOICE, Result.BUSY)
    assert planned(world, VOICE).number_id == "n2"


def test_rounds_end_calls() -> None:
    world = World.of(LOW, channels=ONLY_VOICE, numbers=TWO)
    world.send(VOICE, Result.BUSY)
    world.send(VOICE, Result.BUSY)
    assert not is_planned(world, VOICE)


@pytest.mark.parametrize(("urgency", "cap"), [(CRITICAL, 20), (HIGH, 8)])
def test_calls_beyond_the_days_cap_move_to_the_next_day(urgency: Urgency, cap: int) -> None:
    world = World.of(urgency, channels=ONLY_VOICE)
    for _ in range(cap):
        assert planned(world, VOICE).due_at.date() == MONDAY.date()
        world.send(VOICE, Result.BUSY)
    assert planned(world, VOICE).due_at == at("00:00", day=3)


def test_a_gateway_that_was_down_uses_up_no_call_of_the_cap() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    for _ in range(12):
        world.send(VOICE, Result.FAILED_TEMPORARY)
    assert planned(world, VOICE).due_at.date() == MONDAY.date()


@pytest.mark.parametrize("answer", Answer)
def test_after_a_confirmed_answer_nobody_is_called_any_more(answer: Answer) -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    assert is_planned(world, VOICE, FAMILY)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=answer)
    assert "true_contact" in world.rules(Cancel)
    assert not is_planned(world, VOICE)
    assert not is_planned(world, VOICE, FAMILY)


def test_an_answer_without_the_key_press_is_no_contact() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, Result.ANSWERED_SUBJECT)
    assert world.rules(Plan) == ["call_again"]


def test_a_doubtful_call_is_not_repeated_after_a_true_contact() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    world.in_doubt(world.sending(planned(world, VOICE, FAMILY)))
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.UNSURE)
    world.after(minutes=2)
    assert not is_planned(world, VOICE, FAMILY)


def test_a_number_that_joins_late_is_called_at_once_and_then_waits_its_turn() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    for _ in range(3):
        world.send(VOICE, Result.BUSY)
    world.joined(numbers=TWO)
    world.send(VOICE, Result.BUSY)
    assert planned(world, VOICE).number_id == "n2"
    called = planned(world, VOICE)
    world.send(VOICE, Result.BUSY)
    following = planned(world, VOICE)
    assert following.number_id == "n1" or following.due_at >= called.due_at + 5 * MINUTE


# --- bad numbers


@pytest.mark.parametrize("channel", [SMS, VOICE])
@pytest.mark.parametrize("result", [Result.INVALID_NUMBER, Result.OUT_OF_SERVICE])
def test_a_dead_number_is_bad_for_sms_and_voice(channel: Channel, result: Result) -> None:
    world = World.of(CRITICAL, numbers=TWO)
    failed = world.send(channel, result)
    assert MarkBad("bad_number", "n1", frozenset({SMS, VOICE}), failed.id) in world.decided
    other = VOICE if channel is SMS else SMS
    assert "bad_number" in world.rules(Cancel)
    assert planned(world, other).number_id == "n2"


def test_a_landline_cannot_take_sms_but_rings() -> None:
    world = World.of(HIGH)
    world.send(SMS, Result.FAILED_PERMANENT, detail="invalid_number")
    assert world.case.numbers[0].bad_for == {SMS}
    assert planned(world, VOICE).number_id == "n1"


def test_a_number_limit_marks_no_number() -> None:
    world = World.of(HIGH)
    world.send(SMS, Result.FAILED_PERMANENT, detail="number_limit")
    assert world.case.numbers[0].bad_for == frozenset()


def test_a_number_known_to_be_bad_is_never_used() -> None:
    world = World.of(HIGH, numbers=(number("n1", SMS, VOICE), number("n2")))
    assert {each.number_id for each in world.plans} == {"n2"}


def test_only_bad_numbers_skip_the_channel_with_the_reason() -> None:
    world = World.of(HIGH, numbers=(number("n1", SMS),))
    assert Skip("bad_number", SMS, SkipReason.BAD_NUMBER) in world.decided


def test_no_number_skips_sms_and_voice() -> None:
    world = World.of(HIGH, numbers=())
    assert [(each.channel, each.reason) for each in world.decided if isinstance(each, Skip)] == [
        (SMS, SkipReason.NO_PHONE),
        (VOICE, SkipReason.NO_PHONE),
    ]


def test_a_channel_without_a_provider_is_skipped_once() -> None:
    world = World.of(HIGH, channels=ALL | {Channel.BROADCAST})
    assert Skip("channel_not_served", Channel.BROADCAST, SkipReason.UNSUPPORTED_DESTINATION) in world.decided
    world.after(seconds=1)
    assert world.rules(Skip) == []


def test_a_retry_leaves_a_number_that_turned_out_bad() -> None:
    world = World.of(CRITICAL, numbers=TWO)
    world.send(VOICE, Result.FAILED_TEMPORARY)
    world.send(SMS, Result.INVALID_NUMBER)
    assert planned(world, VOICE).number_id == "n2"


def test_a_doubtful_call_is_not_repeated_on_a_number_that_turned_out_bad() -> None:
    world = World.of(CRITICAL, numbers=TWO)
    world.in_doubt(world.sending(planned(world, VOICE)))
    world.send(SMS, Result.INVALID_NUMBER)
    world.after(minutes=2)
    assert planned(world, VOICE).number_id == "n2"


# --- family


@pytest.mark.parametrize(("urgency", "wait"), [(CRITICAL, 5), (HIGH, 30)])
def test_family_is_called_after_its_wait(urgency: Urgency, wait: int) -> None:
    world = World.of(urgency, numbers=(number("n1"), relative()))
    assert MONDAY + wait * MINUTE in world.looks
    world.at(MONDAY + wait * MINUTE - SECOND)
    assert world.made(VOICE, FAMILY) == []
    world.at(MONDAY + wait * MINUTE)
    assert planned(world, VOICE, FAMILY).due_at == world.now


@pytest.mark.parametrize("urgency", [CRITICAL, HIGH])
def test_family_is_called_at_once_when_money_has_moved(urgency: Urgency) -> None:
    world = World.of(urgency, numbers=(number("n1"), relative()), money_moved=True)
    assert planned(world, VOICE, FAMILY).due_at == MONDAY


@pytest.mark.parametrize("urgency", [MEDIUM, LOW])
def test_family_is_not_called_at_medium_and_low(urgency: Urgency) -> None:
    world = World.of(urgency, numbers=(number("n1"), relative()), money_moved=True)
    world.after(hours=2)
    assert world.made(VOICE, FAMILY) == []


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_family_is_never_told_of_sensitive_types(fraud_type: str) -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True, fraud_type=fraud_type)
    world.after(hours=2)
    assert world.made(VOICE, FAMILY) == []


@pytest.mark.parametrize("person", [Person.FAMILY, Person.GUARDIAN])
def test_family_and_guardians_are_called(person: Person) -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative(person=person)), money_moved=True)
    assert planned(world, VOICE, FAMILY).person is person


def test_employer_and_community_are_not_called() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative(person=Person.OTHER)), money_moved=True)
    assert world.made(VOICE, FAMILY) == []


def test_family_is_not_called_where_the_centre_asked_for_no_calls() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True, channels=ONLY_SMS)
    assert world.made(VOICE, FAMILY) == []


def test_family_is_called_again_for_three_rounds() -> None:
    world = World.of(CRITICAL, numbers=(relative(),), money_moved=True)
    for _ in range(2):
        called = planned(world, VOICE, FAMILY).due_at
        world.send(VOICE, Result.NO_ANSWER, FAMILY)
        assert planned(world, VOICE, FAMILY).due_at == called + 10 * MINUTE
    world.send(VOICE, Result.NO_ANSWER, FAMILY)
    assert not is_planned(world, VOICE, FAMILY)


def test_family_that_answered_is_no_true_contact_and_not_called_again() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.DISSUADED)
    assert world.case.is_open
    assert not is_planned(world, VOICE, FAMILY)
    assert is_planned(world, VOICE)


def guardian_says(answer: Answer) -> World:
    world = World.of(HIGH, numbers=(number("n1"), relative(person=Person.GUARDIAN)), money_moved=True)
    world.send(VOICE, Result.ANSWERED_GUARDIAN, FAMILY, confirmed=True, answer=answer)
    return world


def test_a_guardian_who_confirmed_is_a_true_contact() -> None:
    assert guardian_says(Answer.HUNG_UP).case.true_contact


def test_a_guardian_who_was_dissuaded_closes_like_the_subject() -> None:
    assert guardian_says(Answer.DISSUADED).case.resolution is Resolution.DISSUADED_IN_TIME


def test_a_guardian_who_denies_is_visited_like_the_subject() -> None:
    assert guardian_says(Answer.DENIES).rules(OpenVisit) == ["visit_after_refusal"]


# --- quiet hours


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
    assert planned(World.of(urgency, received), SMS).due_at == sent


@pytest.mark.parametrize("urgency", [CRITICAL, HIGH])
def test_quiet_hours_do_not_hold_the_grave(urgency: Urgency) -> None:
    assert planned(World.of(urgency, at("23:30")), SMS).due_at == at("23:30")


def test_quiet_hours_hold_a_call_that_would_fall_into_them() -> None:
    assert planned(World.of(MEDIUM, at("21:25")), VOICE).due_at == at("08:00", day=3)


def test_quiet_hours_hold_a_retry() -> None:
    world = World.of(MEDIUM, at("21:29:59"), channels=ONLY_SMS)
    world.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(world, SMS).due_at == at("08:00", day=3)


def test_quiet_hours_hold_a_doubtful_message() -> None:
    world = World.of(MEDIUM, at("21:25"), channels=ONLY_SMS)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(minutes=15)
    assert planned(world, SMS).due_at == at("08:00", day=3)


def test_quiet_hours_hold_what_was_never_taken() -> None:
    world = World.of(MEDIUM, at("21:29"), channels=ONLY_SMS)
    doubtful = world.sending(planned(world, SMS))
    world.in_doubt(doubtful)
    world.at(at("21:31"))
    world.never_taken(doubtful)
    assert planned(world, SMS).due_at == at("08:00", day=3)


def test_a_rise_in_the_night_frees_what_the_quiet_hours_held() -> None:
    world = World.of(MEDIUM, at("22:00"))
    world.after(minutes=5)
    world.joined(CRITICAL)
    assert planned(world, SMS).due_at == world.now
    assert planned(world, VOICE).due_at == world.now


def test_a_rise_brings_the_first_call_forward() -> None:
    world = World.of(LOW)
    world.joined(CRITICAL)
    assert planned(world, VOICE).due_at == MONDAY


# --- urgency


@pytest.mark.parametrize("result", [Result.ANSWERED_NOT_SUBJECT, Result.SUSPECTED_FORWARDING])
def test_a_stranger_on_the_phone_raises_one_step_and_ends_the_number(result: Result) -> None:
    world = World.of(MEDIUM, numbers=TWO)
    call = world.send(VOICE, result)
    assert RaiseUrgency("somebody_else_answered", HIGH, call.id) in world.decided
    assert world.case.urgency is HIGH
    assert planned(world, VOICE).number_id == "n2"


def test_each_stranger_raises_one_step_and_only_once() -> None:
    world = World.of(LOW, numbers=(*TWO, number("n3")))
    steps = []
    for _ in range(3):
        world.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
        steps.append(world.case.urgency)
        world.after(seconds=1)
    assert steps == [MEDIUM, HIGH, CRITICAL]
    assert world.case.urgency is CRITICAL


def test_critical_stays_critical() -> None:
    world = World.of(CRITICAL)
    world.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
    assert world.rules(RaiseUrgency) == []


def test_a_stranger_at_a_relatives_number_raises_nothing() -> None:
    world = World.of(HIGH, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.ANSWERED_NOT_SUBJECT, FAMILY)
    assert world.case.urgency is HIGH


def test_medium_whose_rounds_are_over_becomes_high_and_is_visited() -> None:
    world = World.of(MEDIUM)
    for _ in range(2):
        world.send(VOICE, Result.NO_ANSWER)
        assert world.case.urgency is MEDIUM
    world.send(VOICE, Result.NO_ANSWER)
    assert world.rules(RaiseUrgency) == ["phone_route_exhausted"]
    assert world.case.urgency is HIGH
    assert world.case.open_visit is not None


def test_medium_without_a_usable_number_becomes_high_and_is_visited_at_once() -> None:
    world = World.of(MEDIUM, numbers=())
    assert world.rules(RaiseUrgency) == ["phone_route_exhausted"]
    assert world.rules(OpenVisit) == ["visit_phone_route_exhausted"]


# --- visits


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


def climb(world: World, step: Callable[[World], None]) -> list[int | None]:
    """Let every rung of the ladder fail in the same way; gives the rungs asked."""
    rungs = []
    while is_planned(world, VISIT):
        rungs.append(planned(world, VISIT).rung)
        step(world)
    return rungs


def not_accepted(world: World) -> None:
    world.assign()
    world.at((world.visit.assigned_at or MONDAY) + timedelta(minutes=2, seconds=1))


def test_the_ladder_goes_up_rung_by_rung_and_ends_at_a_human() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    assert climb(world, not_accepted) == [0, 1, 2, 3, 4, 5]
    assert len(world.policy.ladder) == 6
    assert world.rules(AskHuman) == ["ladder_exhausted"]
    assert world.case.waiting_for == Rung.CENTRE
    assert world.now == MONDAY + 6 * timedelta(minutes=2, seconds=1)


def test_the_ladder_names_why_it_went_on() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    not_accepted(world)
    assert world.rules(EndAssignment) == ["visit_not_accepted"]
    assert world.rules(Plan) == ["ladder_after_not_accepted"]
    world.send(VISIT, Result.NOBODY_ON_DUTY)
    assert world.rules(Plan) == ["ladder_after_nobody_on_duty"]
    world.assign()
    world.returns()
    assert world.rules(Plan) == ["ladder_after_returned"]
    assert planned(world, VISIT).rung == 3


def test_an_empty_rung_is_passed_at_once() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    assert climb(world, lambda w: void(w.send(VISIT, Result.NOBODY_ON_DUTY))) == [0, 1, 2, 3, 4, 5]
    assert world.now == MONDAY


def void(_: object) -> None:
    return None


def test_a_rung_that_could_not_be_asked_is_asked_again() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.send(VISIT, Result.FAILED_TEMPORARY, detail="roster")
    assert (planned(world, VISIT).rung, planned(world, VISIT).due_at) == (0, MONDAY + 2 * SECOND)


@pytest.mark.parametrize(("urgency", "minutes"), [(CRITICAL, 2), (HIGH, 10)])
def test_acceptance_at_the_very_deadline_is_in_time(urgency: Urgency, minutes: int) -> None:
    world = World.of(urgency, numbers=())
    world.assign()
    until = world.now + minutes * MINUTE
    assert until + SECOND in world.looks
    world.at(until)
    assert world.visit.state is VisitState.ASSIGNED
    world.officer(VisitState.ACCEPTED)
    world.at(until + SECOND)
    assert world.visit.state is VisitState.ACCEPTED


def test_a_visit_in_doubt_is_never_doubled() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.in_doubt(world.sending(planned(world, VISIT)))
    world.after(hours=1)
    assert len(world.made(VISIT)) == 1


@pytest.mark.parametrize("state", [VisitState.ACCEPTED, VisitState.DEPARTED])
def test_overdue_asks_the_leader_once_for_each_deadline(state: VisitState) -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(state)
    world.at(MONDAY + 30 * MINUTE)
    assert world.rules(AskHuman) == []
    world.at(MONDAY + 30 * MINUTE + SECOND)
    assert [(each.rule, each.who) for each in world.decided if isinstance(each, AskHuman)] == [
        ("overdue_met_by", Rung.STATION_LEADER)
    ]
    world.after(minutes=10)
    assert world.rules(AskHuman) == []
    world.at(MONDAY + 120 * MINUTE + SECOND)
    assert world.rules(AskHuman) == ["overdue_report_by"]


def test_who_has_arrived_is_late_only_with_the_report() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ARRIVED)
    world.at(MONDAY + 31 * MINUTE)
    assert world.rules(AskHuman) == []


def test_an_officer_who_goes_on_after_every_deadline_is_still_watched() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.at(MONDAY + 121 * MINUTE)
    world.officer(VisitState.DEPARTED)
    assert world.looks or world.case.waiting_for


@pytest.mark.parametrize(
    ("reported", "again"),
    [
        (at("10:00"), at("18:30")),
        (at("06:29"), at("06:30")),
        (at("06:30"), at("18:30")),
        (at("18:30"), at("06:30", day=3)),
        (at("23:00"), at("06:30", day=3)),
    ],
)
@pytest.mark.parametrize("result", [Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY, Result.NOT_HOME_FAMILY_TOLD])
def test_not_settled_is_visited_again_in_the_next_window(result: Result, reported: datetime, again: datetime) -> None:
    world = World.of(CRITICAL, reported, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.reports(result)
    assert world.rules(OpenVisit) == ["revisit"]
    assert (world.visit.not_before, planned(world, VISIT).due_at, planned(world, VISIT).rung) == (again, again, 0)


@pytest.mark.parametrize("result", [Result.NOT_FOUND_CONFIRMED, Result.WRONG_ADDRESS, Result.INVALID_VISIT])
def test_a_visit_that_leads_nowhere_asks_the_centre_once(result: Result) -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.reports(result)
    assert world.rules(AskHuman) == ["visit_result"]
    world.after(hours=1)
    assert world.rules(AskHuman) == []


# --- deadlines


@pytest.mark.parametrize(
    ("urgency", "expected"),
    [
        (CRITICAL, {"first_call_by": 1, "met_by": 30, "report_by": 120}),
        (HIGH, {"first_call_by": 5}),
        (MEDIUM, {"first_call_by": 30}),
        (LOW, {}),
    ],
)
def test_deadlines_count_from_receipt(urgency: Urgency, expected: dict[str, int]) -> None:
    assert World.of(urgency).case.deadlines == {name: MONDAY + m * MINUTE for name, m in expected.items()}


def test_deadlines_of_a_visit_count_from_the_cases_clock_not_from_its_opening() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    world.after(minutes=15)
    assert world.case.deadlines["met_by"] == MONDAY + 120 * MINUTE


def test_a_rise_brings_deadlines_forward_and_nothing_moves_them_back() -> None:
    world = World.of(HIGH, numbers=())
    late = world.case.deadlines["met_by"]
    world.after(minutes=10)
    world.joined(CRITICAL)
    assert world.case.deadlines["met_by"] == MONDAY + 40 * MINUTE < late
    assert {each.name for each in world.decided if isinstance(each, SetDeadline)} == {"met_by", "report_by"}
    world.assign()
    world.returns()
    assert world.case.deadlines["met_by"] == MONDAY + 40 * MINUTE


def test_a_rise_late_in_the_day_does_not_move_a_deadline_later() -> None:
    world = World.of(HIGH, numbers=())
    world.after(minutes=100)
    world.joined(CRITICAL)
    assert world.case.deadlines["met_by"] == MONDAY + 120 * MINUTE


# --- closing


@pytest.mark.parametrize("urgency", [HIGH, MEDIUM, LOW])
def test_a_confirmed_call_closes(urgency: Urgency) -> None:
    world = World.of(urgency, amount_at_risk=3000)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    close = Close("confirmed_call", Resolution.DISSUADED_IN_TIME, 3000, "amount_about_to_be_sent")
    assert close in world.decided
    assert world.case.resolution is Resolution.DISSUADED_IN_TIME


def test_a_confirmed_call_does_not_close_a_critical_case() -> None:
    world = World.of(CRITICAL)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert world.case.is_open
    assert world.case.open_visit is not None


@pytest.mark.parametrize(
    ("result", "at_risk", "lost", "resolution", "avoided"),
    [
        (Result.MET_DISSUADED, 20_000, 0, Resolution.DISSUADED_IN_TIME, 20_000),
        (Result.MET_DISSUADED, None, 0, Resolution.DISSUADED_IN_TIME, None),
        (Result.MET_SELF_AWARE, 20_000, 0, Resolution.SELF_AWARE, 20_000),
        (Result.MET_ALREADY_DEFRAUDED, 20_000, 8_000, Resolution.ALREADY_TRANSFERRED_PARTLY, None),
        (Result.MET_ALREADY_DEFRAUDED, 20_000, 20_000, Resolution.ALREADY_TRANSFERRED_ALL, None),
        (Result.MET_ALREADY_DEFRAUDED, None, 0, Resolution.ALREADY_TRANSFERRED_ALL, None),
    ],
)
def test_who_was_met_ends_the_case(
    result: Result, at_risk: int | None, lost: int, resolution: Resolution, avoided: int | None
) -> None:
    world = World.of(CRITICAL, amount_at_risk=at_risk)
    world.assign()
    world.officer(VisitState.ARRIVED)
    world.reports(result, lost)
    (close,) = [each for each in world.decided if isinstance(each, Close)]
    assert (close.rule, close.resolution, close.avoided) == ("met", resolution, avoided)
    assert (close.avoided_basis is None) == (avoided is None)


def test_closing_clears_up_and_plans_the_follow_ups() -> None:
    world = World.of(CRITICAL)
    world.accepted(world.sending(planned(world, VOICE)))
    world.assign()
    world.officer(VisitState.ARRIVED)
    world.reports(Result.MET_DISSUADED)
    assert world.rules(Cancel) == ["case_closed"]
    assert world.rules(Recall) == ["case_closed"]
    assert [each.due_at - world.now for each in world.decided if isinstance(each, Oblige)] == [
        timedelta(hours=24),
        timedelta(hours=72),
        timedelta(days=7),
    ]
    world.after(seconds=1)
    assert world.decided == []


def test_withdrawal_cancels_recalls_and_tells_the_officer() -> None:
    world = World.of(CRITICAL)
    call = world.sending(planned(world, VOICE))
    world.accepted(call)
    world.assign()
    sms = planned(world, SMS)
    world.act(withdrawn=True)
    assert world.case.resolution is Resolution.WITHDRAWN
    assert world.decided == [
        Close("withdrawn", Resolution.WITHDRAWN),
        CancelVisit("withdrawn", world.visit.id),
        Cancel("withdrawn", sms.id),
        Recall("withdrawn", call.id),
    ]
    assert world.visit.state is VisitState.CANCELLED


def test_what_was_sending_at_the_withdrawal_is_recalled_when_it_is_accepted() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    call = world.sending(planned(world, VOICE))
    world.act(withdrawn=True)
    world.accepted(call)
    assert world.decided == [Recall("withdrawn", call.id)]


@pytest.mark.parametrize("resolution", [Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.EXPIRED])
def test_no_follow_up_where_there_was_no_victim(resolution: Resolution) -> None:
    world = World.of(HIGH)
    world.act(withdrawn=resolution is Resolution.WITHDRAWN)
    world.feedback(resolution)
    assert world.rules(Oblige) == []


@pytest.mark.parametrize("urgency", [CRITICAL, HIGH])
def test_grave_and_expired_on_arrival_asks_the_centre_and_sends_nothing(urgency: Urgency) -> None:
    world = World.of(urgency, expired=True)
    assert world.decided == [AskHuman("expired_on_arrival", Rung.CENTRE, "expired")]
    world.after(hours=1)
    assert world.decided == []


@pytest.mark.parametrize("urgency", [MEDIUM, LOW])
def test_expired_on_arrival_closes_the_rest(urgency: Urgency) -> None:
    assert World.of(urgency, expired=True).decided == [Close("expired_on_arrival", Resolution.EXPIRED)]


def test_an_expired_case_that_is_warned_of_again_goes_on() -> None:
    world = World.of(CRITICAL, expired=True)
    world.joined(expired=False)
    assert "first_sms" in world.rules(Plan)


def test_a_plan_that_is_exhausted_asks_a_human_once() -> None:
    world = World.of(LOW, channels=ONLY_SMS)
    world.send(SMS, Result.DELIVERED)
    assert world.rules(AskHuman) == ["plan_exhausted"]
    assert world.case.waiting_for == Rung.CENTRE
    world.after(hours=1)
    assert world.rules(AskHuman) == []


def test_a_plan_that_goes_on_asks_nobody() -> None:
    world = World.of(HIGH)
    world.send(SMS, Result.DELIVERED)
    assert world.rules(AskHuman) == []
