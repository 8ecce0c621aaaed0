"""The edges of the engine's rules: what mutation testing showed that no example had said yet. See docs/testing.md."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from harness import ALL, FAMILY, MONDAY, SMS, VISIT, VOICE, World, new_case, number, relative

from dispatcher.engine import times
from dispatcher.engine.case import SUBJECT, Attempt, Visit
from dispatcher.engine.decisions import (
    AskHuman,
    BringForward,
    Cancel,
    CancelVisit,
    GiveUp,
    Look,
    OpenVisit,
    Plan,
    RaiseUrgency,
    Recall,
    SetDeadline,
    Skip,
)
from dispatcher.policy import load
from dispatcher.policy.models import Policy, Window
from schemas.vocabulary import Answer, AttemptState, Channel, Person, Result, Rung, SkipReason, Urgency, VisitState

CRITICAL, HIGH, MEDIUM, LOW = Urgency
ONLY_SMS, ONLY_VOICE, ONLY_VISIT = frozenset({SMS}), frozenset({VOICE}), frozenset({VISIT})
TWO = (number("n1"), number("n2"))
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
CHILD = "contact:child:1"


def planned(world: World, channel: Channel, party: str = SUBJECT) -> Attempt:
    (found,) = [each for each in world.made(channel, party) if each.state is AttemptState.PLANNED]
    return found


def is_planned(world: World, channel: Channel, party: str = SUBJECT) -> bool:
    return any(each.state is AttemptState.PLANNED for each in world.made(channel, party))


def waits(world: World) -> dict[str, datetime]:
    """What the last step waits for, and until when."""
    return {each.rule: each.at for each in world.decided if isinstance(each, Look)}


def failed(channel: Channel = SMS, **facts: Any) -> Attempt:
    """An attempt that failed for now on Monday at ten."""
    known: dict[str, Any] = {
        "state": AttemptState.SETTLED,
        "due_at": MONDAY,
        "send_key": "a1",
        "number_id": "n1",
        "result": Result.FAILED_TEMPORARY,
        "sent_at": MONDAY,
        "settled_at": MONDAY,
    }
    return Attempt("a1", channel, SUBJECT, Person.SUBJECT, **(known | facts))


def looked_at(moment: datetime, policy: Policy | None = None, **facts: Any) -> World:
    """A case as found at a moment, and decided on."""
    world = World(new_case(**facts), policy or load(), moment)
    world.act()
    return world


def policy_with(urgency: Urgency, **parts: Any) -> Policy:
    """The default policy with other figures for one urgency; a dictionary changes a part of its plan."""
    policy = load()
    plan = policy.plan(urgency)
    changed = {
        name: getattr(plan, name).model_copy(update=part) if isinstance(part, dict) else part
        for name, part in parts.items()
    }
    plans = policy.urgency.model_copy(update={urgency.value: plan.model_copy(update=changed)})
    return policy.model_copy(update={"urgency": plans})


# --- what is waited for has a name and a time


def test_the_wait_for_a_contact_is_named() -> None:
    assert waits(World.of(HIGH))["visit_no_contact"] == MONDAY + 15 * MINUTE


def test_the_wait_for_acceptance_is_named() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    assert waits(world)["visit_not_accepted"] == MONDAY + 2 * MINUTE + SECOND


def test_the_wait_for_the_familys_turn_is_named() -> None:
    assert waits(World.of(CRITICAL, numbers=(number("n1"), relative())))["family_call"] == MONDAY + 5 * MINUTE


def test_the_wait_in_doubt_is_named() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    world.in_doubt(world.sending(planned(world, SMS)))
    assert waits(world)["doubt_wait"] == MONDAY + 3 * MINUTE


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (VisitState.ACCEPTED, {"overdue_met_by": 30, "overdue_report_by": 120}),
        (VisitState.ARRIVED, {"overdue_report_by": 120}),
    ],
)
def test_an_officer_under_way_is_watched_until_each_deadline(state: VisitState, expected: dict[str, int]) -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(state)
    assert waits(world) == {name: MONDAY + minutes * MINUTE + SECOND for name, minutes in expected.items()}


# --- messages in flight


@pytest.mark.parametrize("channel", [SMS, VOICE])
def test_what_is_being_sent_is_not_planned_a_second_time(channel: Channel) -> None:
    world = World.of(CRITICAL, channels=frozenset({channel}))
    world.sending(planned(world, channel))
    world.after(seconds=10)
    assert len(world.made(channel)) == 1


def test_an_attempt_that_failed_is_retried_a_wait_after_its_failure_whenever_it_is_looked_at() -> None:
    assert planned(looked_at(MONDAY + SECOND, attempts=(failed(),)), SMS).due_at == MONDAY + 2 * SECOND


def test_a_retry_whose_wait_is_over_goes_now() -> None:
    assert planned(looked_at(MONDAY + MINUTE, attempts=(failed(),)), SMS).due_at == MONDAY + MINUTE


def test_a_provider_that_names_its_own_wait_is_heard() -> None:
    world = looked_at(MONDAY, attempts=(failed(retry_not_before=MONDAY + MINUTE),))
    assert planned(world, SMS).due_at == MONDAY + MINUTE


def test_a_providers_own_wait_that_is_over_puts_nothing_into_the_past() -> None:
    world = looked_at(MONDAY + MINUTE, attempts=(failed(retry_not_before=MONDAY + 5 * SECOND),))
    assert planned(world, SMS).due_at == MONDAY + MINUTE


def test_a_rung_that_could_not_be_asked_is_asked_again_a_wait_after_the_failure() -> None:
    visit = Visit("v1", VisitState.WAITING, MONDAY)
    world = looked_at(
        MONDAY + SECOND, urgency=CRITICAL, visits=(visit,), attempts=(failed(VISIT, visit_id="v1", rung=0),)
    )
    assert planned(world, VISIT).due_at == MONDAY + 2 * SECOND


def test_the_waits_of_a_relatives_number_grow_by_its_own_failures() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    grown = []
    for _ in range(3):
        world.send(VOICE, Result.FAILED_TEMPORARY, FAMILY)
        grown.append((planned(world, VOICE, FAMILY).due_at - world.now).total_seconds())
    assert grown == [2, 10, 30]


def test_each_call_names_the_one_before() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    first = world.send(VOICE, Result.BUSY)
    assert (first.retry_of, planned(world, VOICE).retry_of) == (None, first.id)


def test_a_wait_before_the_first_sms_is_kept() -> None:
    world = looked_at(MONDAY, policy_with(HIGH, sms={"after": 5 * MINUTE}))
    assert planned(world, SMS).due_at == MONDAY + 5 * MINUTE


# --- doubt


def test_a_doubtful_call_is_waited_for_and_then_made_again_under_its_key() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    first = planned(world, VOICE)
    world.in_doubt(world.sending(first))
    assert not is_planned(world, VOICE)
    world.after(minutes=3)
    assert (planned(world, VOICE).send_key, planned(world, VOICE).possible_duplicate) == (first.id, True)


def test_a_doubtful_sms_is_sent_again_after_a_true_contact_too() -> None:
    world = World.of(HIGH)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    world.after(minutes=3)
    assert planned(world, SMS).possible_duplicate


def test_other_messages_do_not_use_up_the_sends_of_a_doubtful_one() -> None:
    world = World.of(CRITICAL)
    for _ in range(3):
        world.send(VOICE, Result.BUSY)
    world.in_doubt(world.sending(planned(world, SMS)))
    world.after(seconds=90)
    assert planned(world, SMS).possible_duplicate


def test_a_message_that_stays_doubtful_is_given_up_after_its_last_send() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    for _ in range(world.policy.retry.doubt_sends):
        world.in_doubt(world.sending(planned(world, SMS)))
        last = world.last(SMS)
        world.after(minutes=3)
    assert GiveUp("doubt_sends", last.id) in world.decided
    given_up = world.case.attempt(last.id)
    assert (given_up.state, given_up.result, given_up.settled_at) == (AttemptState.SETTLED, Result.UNKNOWN, world.now)
    assert len(world.made(SMS)) == 3


def test_a_resend_that_fails_keeps_the_key_of_the_first() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    first = planned(world, SMS)
    world.in_doubt(world.sending(first))
    world.after(minutes=3)
    world.send(SMS, Result.FAILED_TEMPORARY)
    assert planned(world, SMS).send_key == first.id


def test_a_resend_that_fails_is_not_retried_once_the_first_turns_out_to_have_arrived() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    first = world.sending(planned(world, SMS))
    world.in_doubt(first)
    world.after(minutes=3)
    world.send(SMS, Result.FAILED_TEMPORARY)
    world.settled(first, Result.DELIVERED)
    assert not is_planned(world, SMS)


# --- numbers


@pytest.mark.parametrize("result", [Result.DELIVERED, Result.UNKNOWN])
def test_an_sms_that_may_have_arrived_is_not_sent_to_the_next_number_when_its_own_goes_dead(result: Result) -> None:
    world = World.of(HIGH, numbers=TWO)
    world.send(SMS, result)
    world.send(VOICE, Result.OUT_OF_SERVICE)
    assert not is_planned(world, SMS)


@pytest.mark.parametrize(
    "result", [Result.ANSWERED_NOT_SUBJECT, Result.SUSPECTED_FORWARDING, Result.REJECTED_CONTENT, Result.UNSUPPORTED]
)
def test_a_number_in_other_hands_or_out_of_reach_is_not_called_again(result: Result) -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, result)
    assert not is_planned(world, VOICE)
    assert world.rules(OpenVisit)


def test_a_relatives_number_that_failed_for_good_is_not_called_again() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.FAILED_PERMANENT, FAMILY)
    assert not is_planned(world, VOICE, FAMILY)


def test_a_call_that_failed_for_now_uses_up_no_round() -> None:
    world = World.of(MEDIUM, channels=ONLY_VOICE)
    world.send(VOICE, Result.FAILED_TEMPORARY)
    world.send(VOICE, Result.NO_ANSWER)
    world.send(VOICE, Result.NO_ANSWER)
    assert is_planned(world, VOICE)
    assert world.case.urgency is MEDIUM


def test_a_number_that_takes_no_calls_is_no_part_of_a_round() -> None:
    world = World.of(LOW, channels=ONLY_VOICE, numbers=(number("n1"), number("n2", VOICE)))
    world.send(VOICE, Result.NO_ANSWER)
    assert not is_planned(world, VOICE)


def test_a_planned_attempt_on_a_number_that_went_bad_is_cancelled_there_and_then() -> None:
    world = World.of(HIGH)
    call = planned(world, VOICE)
    world.send(SMS, Result.INVALID_NUMBER)
    assert Cancel("bad_number", call.id) in world.decided
    cancelled = world.case.attempt(call.id)
    assert (cancelled.state, cancelled.settled_at) == (AttemptState.CANCELLED, world.now)


# --- channels left out


def test_a_skipped_channel_leaves_an_attempt_that_says_why() -> None:
    world = World.of(HIGH, numbers=())
    assert Skip("no_phone", SMS, SkipReason.NO_PHONE) in world.decided
    (skipped,) = world.made(SMS)
    assert (skipped.state, skipped.result) == (AttemptState.SKIPPED, Result.SKIPPED)
    assert (skipped.skip_reason, skipped.person) == (SkipReason.NO_PHONE, Person.SUBJECT)
    assert (skipped.due_at, skipped.send_key) == (MONDAY, "")


def test_a_channel_that_joins_is_skipped_for_itself() -> None:
    world = World.of(HIGH, channels=ONLY_SMS, numbers=())
    world.joined(channels=ALL)
    assert [each.channel for each in world.decided if isinstance(each, Skip)] == [VOICE]


def test_a_channel_in_use_keeps_no_other_from_being_skipped() -> None:
    world = World.of(HIGH, channels=ONLY_SMS, numbers=(number("n1", VOICE),))
    world.joined(channels=ALL)
    assert Skip("bad_number", VOICE, SkipReason.BAD_NUMBER) in world.decided


def test_a_channel_that_was_tried_is_not_skipped() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, Result.OUT_OF_SERVICE)
    assert world.rules(Skip) == []


# --- family


def test_a_relative_who_answered_does_not_take_the_others_turn() -> None:
    world = World.of(CRITICAL, numbers=(number("n1"), relative(), relative("f2", CHILD)), money_moved=True)
    world.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.HUNG_UP)
    world.send(VOICE, Result.NO_ANSWER, CHILD)
    assert planned(world, VOICE, CHILD).due_at == world.now + 10 * MINUTE


def test_a_relative_who_denies_opens_no_visit() -> None:
    world = World.of(HIGH, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True, answer=Answer.DENIES)
    assert world.case.visits == ()


def test_the_days_cap_of_calls_is_the_subjects_alone() -> None:
    policy = policy_with(HIGH, voice={"per_day": 1})
    world = looked_at(MONDAY, policy, numbers=(number("n1"), relative()), money_moved=True)
    world.send(VOICE, Result.NO_ANSWER, FAMILY)
    assert planned(world, VOICE, FAMILY).due_at == MONDAY + 15 * MINUTE


# --- contact


def test_who_hung_up_after_the_key_press_was_warned_and_is_not_visited_for_want_of_contact() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    world.after(minutes=30)
    assert world.case.visits == ()


def test_who_was_met_is_not_called_any_more() -> None:
    world = World.of(CRITICAL)
    call = planned(world, VOICE)
    world.assign()
    world.officer(VisitState.ARRIVED)
    world.reports(Result.MET_REFUSED)
    assert Cancel("true_contact", call.id) in world.decided
    assert not is_planned(world, VOICE)


def test_a_meeting_is_a_contact_by_itself_whoever_recorded_it() -> None:
    met = Visit("v1", VisitState.REPORTED, MONDAY, result=Result.MET_REFUSED)
    assert not is_planned(looked_at(MONDAY, visits=(met,)), VOICE)


# --- urgency


def test_a_rise_brings_forward_under_its_name() -> None:
    world = World.of(LOW)
    call = planned(world, VOICE)
    world.joined(CRITICAL)
    assert BringForward("urgency_rose", call.id, MONDAY) in world.decided


def test_a_rise_does_not_cut_a_numbers_rest_short_because_another_number_joins() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, Result.BUSY)
    called = world.now
    world.joined(CRITICAL, numbers=TWO)
    assert [each.due_at >= called + 3 * MINUTE for each in world.case.attempts if each.number_id == "n1"][1:] == [True]


def test_the_clock_of_an_urgency_that_rose_starts_at_the_rise() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    call = world.send(VOICE, Result.ANSWERED_NOT_SUBJECT)
    assert (call.sent_at, world.case.urgency_since) == (MONDAY + MINUTE, MONDAY + MINUTE)
    assert world.case.deadlines["met_by"] == MONDAY + 31 * MINUTE


def test_an_exhausted_phone_route_raises_once_and_says_so() -> None:
    world = World.of(MEDIUM, numbers=())
    assert RaiseUrgency("phone_route_exhausted", HIGH, "phone_route_exhausted") in world.decided
    assert "phone_route_exhausted" in world.case.raised_for


def test_a_policy_that_raises_to_the_urgency_itself_raises_nothing() -> None:
    policy = policy_with(MEDIUM, phone_route_exhausted_raises_to=MEDIUM)
    world = looked_at(MONDAY, policy, urgency=MEDIUM, numbers=())
    assert world.rules(RaiseUrgency) == []


# --- visits


def test_a_visit_is_handed_to_the_first_rung_as_the_subjects_own() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    (plan,) = world.plans
    assert (plan.rule, plan.party, plan.person) == ("visit_assigned", SUBJECT, Person.SUBJECT)
    assert (plan.visit_id, plan.retry_of) == (world.visit.id, None)
    assert world.visit.opened_at == MONDAY


def test_an_officer_who_did_not_accept_has_the_visit_no_more_and_the_next_rung_follows_him() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    asked = world.assign()
    world.after(minutes=2, seconds=1)
    ended = world.case.attempt(asked.id)
    assert (ended.state, ended.result, ended.settled_at) == (AttemptState.SETTLED, Result.NOT_ACCEPTED, world.now)
    assert (world.visit.state, world.visit.assigned_at, world.visit.attempt_id) == (VisitState.WAITING, None, None)
    assert planned(world, VISIT).retry_of == asked.id


def test_past_the_top_of_the_ladder_the_question_names_its_visit() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    while is_planned(world, VISIT):
        world.send(VISIT, Result.NOBODY_ON_DUTY)
    (asked,) = [each for each in world.decided if isinstance(each, AskHuman)]
    assert world.visit.id in asked.cause


def test_an_officer_who_moves_on_after_every_deadline_is_put_before_the_leader_again() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.at(MONDAY + 121 * MINUTE)
    world.officer(VisitState.DEPARTED)
    assert world.decided == [AskHuman("still_overdue", Rung.STATION_LEADER, f"departed:{world.visit.id}")]


def test_a_revisit_window_is_one_of_the_policys_time_zone_wherever_the_machine_stands() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    evening = Window(begin=time(18, 30), end=time(21, 30))
    at_five = datetime(2026, 3, 2, 17, tzinfo=zone)
    policy = load().model_copy(update={"timezone": zone})
    assert times.next_window((evening,), policy, at_five.astimezone(UTC)) == at_five.replace(hour=18, minute=30)


# --- deadlines


def test_deadlines_are_set_under_their_rule() -> None:
    assert World.of(HIGH).rules(SetDeadline) == ["deadline"]


def test_there_is_no_deadline_for_a_call_that_nobody_asked_for() -> None:
    assert World.of(HIGH, channels=ONLY_SMS).case.deadlines == {}


# --- quiet hours


def quiet(begin: time, end: time) -> Policy:
    policy = load()
    return policy.model_copy(update={"quiet_hours": policy.quiet_hours.model_copy(update={"begin": begin, "end": end})})


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        (time(6), time(6)),
        (time(11, 59), time(11, 59)),
        (time(12), time(14)),
        (time(13, 59), time(14)),
        (time(14), time(14)),
        (time(22), time(22)),
    ],
)
def test_quiet_hours_may_lie_within_one_day(received: time, sent: time) -> None:
    at = datetime.combine(MONDAY, received, MONDAY.tzinfo)
    world = looked_at(at, quiet(time(12), time(14)), urgency=MEDIUM, at=at)
    assert planned(world, SMS).due_at == datetime.combine(MONDAY, sent, MONDAY.tzinfo)


def test_quiet_hours_that_end_as_they_begin_hold_nothing() -> None:
    assert planned(looked_at(MONDAY, quiet(time(12), time(12)), urgency=MEDIUM), SMS).due_at == MONDAY


# --- the end


def test_a_message_in_doubt_at_the_end_is_asked_about_and_then_given_up_but_never_sent_again() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    world.after(minutes=1)
    sms = world.sending(planned(world, SMS))
    world.in_doubt(sms)
    world.act(withdrawn=True)
    assert waits(world) == {"doubt_wait": MONDAY + 4 * MINUTE}
    world.at(MONDAY + 4 * MINUTE - SECOND)
    assert world.rules(GiveUp) == []
    world.at(MONDAY + 4 * MINUTE)
    assert world.decided == [GiveUp("withdrawn", sms.id)]
    assert world.last(SMS).result is Result.UNKNOWN
    assert len(world.made(SMS)) == 1


def test_what_was_planned_after_the_visit_is_cancelled_too() -> None:
    world = World.of(CRITICAL)
    world.send(VOICE, Result.BUSY)
    call = planned(world, VOICE)
    world.act(withdrawn=True)
    assert Cancel("withdrawn", call.id) in world.decided


def test_a_call_is_recalled_once() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.accepted(world.sending(planned(world, VOICE)))
    world.act(withdrawn=True)
    assert world.last(VOICE).detail == "recalled"
    world.after(seconds=1)
    assert world.rules(Recall) == []


def test_the_end_cancels_the_visit_in_hand_and_nothing_else_that_has_gone_out() -> None:
    world = World.of(CRITICAL)
    sms = world.sending(planned(world, SMS))
    world.accepted(sms)
    officer = world.assign()
    world.officer(VisitState.ARRIVED)
    world.act(withdrawn=True)
    assert CancelVisit("withdrawn", world.visit.id) in world.decided
    assert world.case.attempt(sms.id).state is AttemptState.ACCEPTED
    ended = world.case.attempt(officer.id)
    assert (ended.state, ended.settled_at) == (AttemptState.CANCELLED, world.now)


def test_a_visit_that_was_reported_stays_reported_when_the_next_is_cancelled() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ARRIVED)
    world.reports(Result.MET_REFUSED)
    world.act(withdrawn=True)
    assert [each.state for each in world.case.visits] == [VisitState.REPORTED, VisitState.CANCELLED]


def test_a_case_that_has_ended_waits_for_nobody() -> None:
    world = World.of(CRITICAL, expired=True)
    assert world.case.waiting_for == Rung.CENTRE
    world.act(withdrawn=True)
    assert (world.case.is_open, world.case.state.value, world.case.waiting_for) == (False, "closed", None)


def test_follow_ups_stand_under_their_rule() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert [each.rule for each in world.decided].count("follow_up") == 2


def test_an_exhausted_plan_is_put_before_the_centre_by_its_cause() -> None:
    world = World.of(LOW, channels=ONLY_SMS)
    world.send(SMS, Result.DELIVERED)
    assert AskHuman("plan_exhausted", Rung.CENTRE, "plan_exhausted") in world.decided


# --- rows


def test_every_row_that_decisions_add_has_a_name_of_its_own() -> None:
    world = World.of(CRITICAL, numbers=(), channels=ALL)
    world.joined(numbers=TWO)
    world.assign()
    names = [each.id for each in (*world.case.attempts, *world.case.visits)]
    assert len(set(names)) == len(names) == world.case.made
    assert [each for each in world.decided if isinstance(each, Plan)] == []
