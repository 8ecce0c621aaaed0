"""How a case ends, and what is left to do."""

from datetime import timedelta

import pytest
from builders import CRITICAL, HIGH, LOW, MEDIUM, MINUTE, MONDAY, ONLY_SMS, ONLY_VOICE, SECOND, SMS, VOICE
from harness import World, planned

from dispatcher.engine.decisions import (
    AskHuman,
    CancelAttempt,
    CancelVisit,
    CloseCase,
    GiveUpDoubt,
    OpenWorkItem,
    RecallAttempt,
)
from schemas.vocabulary import (
    Answer,
    AttemptState,
    CaseState,
    Resolution,
    Result,
    Rung,
    Urgency,
    VisitState,
    WorkItemKind,
)


@pytest.mark.parametrize("urgency", [HIGH, MEDIUM, LOW])
def test_a_confirmed_call_closes(urgency: Urgency) -> None:
    world = World.of(urgency, amount_at_risk=3000)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    close = CloseCase("confirmed_call", Resolution.DISSUADED_IN_TIME, 3000, "amount_about_to_be_sent")
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
        (Result.MET_ALREADY_DEFRAUDED, 20_000, 8_000, Resolution.ALREADY_TRANSFERRED_PARTLY, 12_000),
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
    (close,) = [each for each in world.decided if isinstance(each, CloseCase)]
    assert (close.rule, close.resolution, close.avoided) == ("met", resolution, avoided)
    assert (close.avoided_basis is None) == (avoided is None)


def test_closing_clears_up_and_plans_the_follow_ups() -> None:
    world = World.of(CRITICAL)
    world.accepted(world.sending(planned(world, VOICE)))
    world.assign()
    world.officer(VisitState.ARRIVED)
    world.reports(Result.MET_DISSUADED)
    assert world.rules(CancelAttempt) == ["case_closed"]
    assert world.rules(RecallAttempt) == ["case_closed"]
    assert [each.due_at - world.now for each in world.decided if isinstance(each, OpenWorkItem)] == [
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
        CloseCase("withdrawn", Resolution.WITHDRAWN),
        CancelVisit("withdrawn", world.visit.id),
        CancelAttempt("withdrawn", sms.id),
        RecallAttempt("withdrawn", call.id),
    ]
    assert world.visit.state is VisitState.CANCELLED
    world.after(seconds=1)
    assert world.decided == []


def test_what_was_sending_at_the_withdrawal_is_recalled_when_it_is_accepted() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    call = world.sending(planned(world, VOICE))
    world.act(withdrawn=True)
    world.accepted(call)
    assert world.decided == [RecallAttempt("withdrawn", call.id)]


@pytest.mark.parametrize(
    "resolution",
    [Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.EXPIRED, Resolution.DUPLICATE_MERGED],
)
def test_no_follow_up_where_there_was_no_victim(resolution: Resolution) -> None:
    world = World.of(HIGH)
    world.act(withdrawn=resolution is Resolution.WITHDRAWN)
    world.feedback(resolution)
    assert world.rules(OpenWorkItem) == []


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


@pytest.mark.parametrize("lost", [8_000, 20_000])
def test_a_person_already_defrauded_is_handed_over_and_looked_back_at(lost: int) -> None:
    world = World.of(CRITICAL, amount_at_risk=20_000)
    world.goes_there()
    world.reports(Result.MET_ALREADY_DEFRAUDED, lost)
    duties = [each for each in world.decided if isinstance(each, OpenWorkItem) and each.rule == "already_transferred"]
    assert [(each.kind, each.due_at - world.now, each.cause) for each in duties] == [
        (WorkItemKind.CASE_REPORT, timedelta(0), "case_report"),
        (WorkItemKind.LOOK_BACK, timedelta(days=7), "look_back"),
    ]
    world.after(seconds=1)
    assert world.decided == []


def test_who_was_dissuaded_is_not_handed_over() -> None:
    world = World.of(CRITICAL)
    world.goes_there()
    world.reports(Result.MET_DISSUADED)
    assert "already_transferred" not in world.rules(OpenWorkItem)


def test_money_that_left_before_is_never_counted_as_avoided() -> None:
    world = World.of(HIGH, amount_at_risk=20_000, money_transferred=5_000)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert [each.avoided for each in world.decided if isinstance(each, CloseCase)] == [15_000]


@pytest.mark.parametrize("urgency", Urgency)
def test_who_refuses_on_the_phone_stays_open_and_is_visited(urgency: Urgency) -> None:
    world = World.of(urgency)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    world.after(days=1)
    assert world.case.is_open
    assert world.case.open_visit is not None


# --- what is under way at the end


def test_a_message_in_doubt_at_the_end_is_asked_about_and_then_given_up_but_never_sent_again() -> None:
    world = World.of(HIGH, channels=ONLY_SMS)
    world.after(minutes=1)
    sms = world.sending(planned(world, SMS))
    world.in_doubt(sms)
    world.act(withdrawn=True)
    assert world.waits == {"doubt_wait": MONDAY + 4 * MINUTE}
    world.at(MONDAY + 4 * MINUTE - SECOND)
    assert world.rules(GiveUpDoubt) == []
    world.at(MONDAY + 4 * MINUTE)
    assert world.decided == [GiveUpDoubt("withdrawn", sms.id)]
    assert world.case.attempt(sms.id).result is Result.UNKNOWN
    assert len(world.made(SMS)) == 1


def test_what_was_planned_after_the_visit_is_cancelled_too() -> None:
    world = World.of(CRITICAL)
    world.send(VOICE, Result.BUSY)
    call = planned(world, VOICE)
    world.act(withdrawn=True)
    assert CancelAttempt("withdrawn", call.id) in world.decided


def test_a_call_is_recalled_once() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    call = world.sending(planned(world, VOICE))
    world.accepted(call)
    world.act(withdrawn=True)
    assert world.case.attempt(call.id).recalled_at == world.now
    world.after(seconds=1)
    assert world.rules(RecallAttempt) == []


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
    world = World.of(CRITICAL)
    world.goes_there()
    world.reports(Result.MET_REFUSED)
    world.act(withdrawn=True)
    assert [each.state for each in world.case.visits] == [VisitState.REPORTED, VisitState.CANCELLED]


def test_a_case_that_has_ended_waits_for_nobody() -> None:
    world = World.of(CRITICAL, expired=True)
    assert world.case.waiting_for == Rung.CENTRE
    world.act(withdrawn=True)
    assert (world.case.state, world.case.waiting_for) == (CaseState.CLOSED, None)


def test_follow_ups_are_duties_each_with_its_own_cause() -> None:
    world = World.of(HIGH, channels=ONLY_VOICE)
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert [each for each in world.decided if isinstance(each, OpenWorkItem)] == [
        OpenWorkItem("follow_up", WorkItemKind.FOLLOW_UP, world.now + timedelta(hours=48), "follow_up:1"),
        OpenWorkItem("follow_up", WorkItemKind.FOLLOW_UP, world.now + timedelta(days=7), "follow_up:2"),
    ]


def test_an_exhausted_plan_is_put_before_the_centre_by_its_cause() -> None:
    world = World.of(LOW, channels=ONLY_SMS)
    world.send(SMS, Result.DELIVERED)
    assert AskHuman("plan_exhausted", Rung.CENTRE, "plan_exhausted") in world.decided
