"""How a case ends, and what is left to do."""

from datetime import timedelta

import pytest
from builders import CRITICAL, HIGH, LOW, MEDIUM, MINUTE, MONDAY, ONLY_SMS, ONLY_VOICE, SECOND, SMS, VOICE
from engine_harness import EngineHarness, planned

from dispatcher.engine.closing import BASIS
from dispatcher.engine.decisions import (
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
    BankRequest,
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
    harness = EngineHarness.of(urgency, amount_at_risk=3000)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    close = CloseCase("confirmed_call", Resolution.DISSUADED_IN_TIME, 3000, "amount_about_to_be_sent")
    assert close in harness.decided
    assert harness.case.resolution is Resolution.DISSUADED_IN_TIME


def test_a_confirmed_call_does_not_close_a_critical_case() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert harness.case.is_open
    assert harness.case.open_visit is not None


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
    harness = EngineHarness.of(CRITICAL, amount_at_risk=at_risk)
    harness.assign()
    harness.officer(VisitState.ARRIVED)
    harness.reports(result, lost)
    (close,) = [each for each in harness.decided if isinstance(each, CloseCase)]
    assert (close.rule, close.resolution, close.avoided) == ("met", resolution, avoided)
    assert (close.avoided_basis is None) == (avoided is None)


def test_closing_clears_up_and_plans_the_follow_ups() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.accepted(harness.sending(planned(harness, VOICE)))
    harness.assign()
    harness.officer(VisitState.ARRIVED)
    harness.reports(Result.MET_DISSUADED)
    assert harness.rules(CancelAttempt) == ["case_closed"]
    assert harness.rules(RecallAttempt) == ["case_closed"]
    assert [each.due_at - harness.now for each in harness.decided if isinstance(each, OpenWorkItem)] == [
        timedelta(hours=24),
        timedelta(hours=72),
        timedelta(days=7),
    ]
    harness.after(seconds=1)
    assert harness.decided == []


def test_withdrawal_cancels_recalls_and_tells_the_officer() -> None:
    harness = EngineHarness.of(CRITICAL)
    call = harness.sending(planned(harness, VOICE))
    harness.accepted(call)
    harness.assign()
    sms = planned(harness, SMS)
    harness.act(withdrawn=True)
    assert harness.case.resolution is Resolution.WITHDRAWN
    assert harness.decided == [
        CloseCase("withdrawn", Resolution.WITHDRAWN),
        CancelVisit("withdrawn", harness.visit.id),
        CancelAttempt("withdrawn", sms.id),
        RecallAttempt("withdrawn", call.id),
    ]
    assert harness.visit.state is VisitState.CANCELLED
    harness.after(seconds=1)
    assert harness.decided == []


def test_what_was_sending_at_the_withdrawal_is_recalled_when_it_is_accepted() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    call = harness.sending(planned(harness, VOICE))
    harness.act(withdrawn=True)
    harness.accepted(call)
    assert harness.decided == [RecallAttempt("withdrawn", call.id)]


@pytest.mark.parametrize(
    "resolution",
    [Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.EXPIRED, Resolution.DUPLICATE_MERGED],
)
def test_no_follow_up_where_there_was_no_victim(resolution: Resolution) -> None:
    harness = EngineHarness.of(HIGH)
    harness.act(withdrawn=resolution is Resolution.WITHDRAWN)
    harness.feedback(resolution)
    assert harness.rules(OpenWorkItem) == []


def test_a_plan_that_is_exhausted_asks_a_human_once() -> None:
    harness = EngineHarness.of(LOW, channels=ONLY_SMS)
    harness.send(SMS, Result.DELIVERED)
    assert harness.asked == ["plan_exhausted"]
    assert harness.waiting_for == Rung.CENTRE
    harness.after(hours=1)
    assert harness.asked == []


def test_a_plan_that_goes_on_asks_nobody() -> None:
    harness = EngineHarness.of(HIGH)
    harness.send(SMS, Result.DELIVERED)
    assert harness.asked == []


@pytest.mark.parametrize("lost", [8_000, 20_000])
def test_a_person_already_defrauded_is_handed_over_and_looked_back_at(lost: int) -> None:
    harness = EngineHarness.of(CRITICAL, amount_at_risk=20_000)
    harness.goes_there()
    harness.reports(Result.MET_ALREADY_DEFRAUDED, lost)
    duties = [each for each in harness.decided if isinstance(each, OpenWorkItem) and each.rule == "already_transferred"]
    assert [(each.kind, each.due_at - harness.now, each.cause) for each in duties] == [
        (WorkItemKind.CASE_REPORT, timedelta(minutes=5), "case_report"),
        (WorkItemKind.LOOK_BACK, timedelta(days=7), "look_back"),
    ]
    harness.after(seconds=1)
    assert harness.decided == []


def test_who_was_dissuaded_is_not_handed_over() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.goes_there()
    harness.reports(Result.MET_DISSUADED)
    assert "already_transferred" not in harness.rules(OpenWorkItem)


@pytest.mark.parametrize(
    ("result", "lost", "resolution", "avoided"),
    [
        (Result.MET_DISSUADED, 8_000, Resolution.ALREADY_TRANSFERRED_PARTLY, 12_000),
        (Result.MET_DISSUADED, 20_000, Resolution.ALREADY_TRANSFERRED_ALL, None),
        (Result.MET_SELF_AWARE, 8_000, Resolution.ALREADY_TRANSFERRED_PARTLY, 12_000),
    ],
)
def test_money_that_is_lost_is_never_dissuaded_in_time_at_the_door(
    result: Result, lost: int, resolution: Resolution, avoided: int | None
) -> None:
    harness = EngineHarness.of(CRITICAL, amount_at_risk=20_000)
    harness.goes_there()
    harness.reports(result, lost)
    assert [(each.resolution, each.avoided) for each in harness.decided if isinstance(each, CloseCase)] == [
        (resolution, avoided)
    ]
    assert harness.rules(OpenWorkItem)[-2:] == ["already_transferred"] * 2


def test_money_that_is_lost_is_never_dissuaded_in_time_by_phone() -> None:
    harness = EngineHarness.of(HIGH, amount_at_risk=20_000, money_moved=True, money_transferred=8_000, money_lost=8_000)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert CloseCase("confirmed_call", Resolution.ALREADY_TRANSFERRED_PARTLY, 12_000, BASIS) in harness.decided


def test_money_that_the_bank_has_stopped_is_not_lost() -> None:
    harness = EngineHarness.of(HIGH, money_moved=True, money_transferred=8_000, money_lost=8_000)
    harness.bank(BankRequest.STOP_PAYMENT, Result.STOPPED)
    harness.act(money_lost=0)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert harness.case.resolution is Resolution.DISSUADED_IN_TIME


@pytest.mark.parametrize(
    ("bank", "resolution"),
    [
        (Result.STOPPED, Resolution.DISSUADED_IN_TIME),
        (Result.STOPPED_PARTLY, Resolution.ALREADY_TRANSFERRED_ALL),
        (Result.NOT_STOPPED, Resolution.ALREADY_TRANSFERRED_ALL),
    ],
)
def test_who_said_that_they_have_paid_was_dissuaded_in_time_only_if_the_bank_stopped_it(
    bank: Result, resolution: Resolution
) -> None:
    """Nobody knows how much it was, so nothing counts as avoided."""
    harness = EngineHarness.of(HIGH, amount_at_risk=20_000)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.ALREADY_PAID)
    harness.bank(BankRequest.STOP_PAYMENT, bank)
    harness.goes_there()
    harness.reports(Result.MET_DISSUADED)
    (close,) = [each for each in harness.decided if isinstance(each, CloseCase)]
    assert close.resolution is resolution
    assert close.avoided == (20_000 if bank is Result.STOPPED else None)


def test_a_meeting_with_somebody_who_has_paid_an_unknown_amount_avoids_nothing() -> None:
    harness = EngineHarness.of(CRITICAL, amount_at_risk=20_000)
    harness.goes_there()
    harness.reports(Result.MET_ALREADY_DEFRAUDED)
    assert CloseCase("met", Resolution.ALREADY_TRANSFERRED_ALL) in harness.decided


def test_money_that_left_before_is_never_counted_as_avoided() -> None:
    harness = EngineHarness.of(HIGH, amount_at_risk=20_000, money_transferred=5_000)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert [each.avoided for each in harness.decided if isinstance(each, CloseCase)] == [15_000]


@pytest.mark.parametrize("urgency", Urgency)
def test_who_refuses_on_the_phone_stays_open_and_is_visited(urgency: Urgency) -> None:
    harness = EngineHarness.of(urgency)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    harness.after(days=1)
    assert harness.case.is_open
    assert harness.case.open_visit is not None


# --- what is under way at the end


def test_a_message_in_doubt_at_the_end_is_asked_about_and_then_given_up_but_never_sent_again() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    harness.after(minutes=1)
    sms = harness.sending(planned(harness, SMS))
    harness.in_doubt(sms)
    harness.act(withdrawn=True)
    assert harness.waits == {"doubt_wait": MONDAY + 4 * MINUTE}
    harness.at(MONDAY + 4 * MINUTE - SECOND)
    assert harness.rules(GiveUpDoubt) == []
    harness.at(MONDAY + 4 * MINUTE)
    assert harness.decided == [GiveUpDoubt("withdrawn", sms.id)]
    assert harness.case.attempt(sms.id).result is Result.UNKNOWN
    assert len(harness.made(SMS)) == 1


def test_what_was_planned_after_the_visit_is_cancelled_too() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.send(VOICE, Result.BUSY)
    call = planned(harness, VOICE)
    harness.act(withdrawn=True)
    assert CancelAttempt("withdrawn", call.id) in harness.decided


def test_a_call_is_recalled_once() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    call = harness.sending(planned(harness, VOICE))
    harness.accepted(call)
    harness.act(withdrawn=True)
    assert harness.case.attempt(call.id).recalled_at == harness.now
    harness.after(seconds=1)
    assert harness.rules(RecallAttempt) == []


def test_the_end_cancels_the_visit_in_hand_and_nothing_else_that_has_gone_out() -> None:
    harness = EngineHarness.of(CRITICAL)
    sms = harness.sending(planned(harness, SMS))
    harness.accepted(sms)
    officer = harness.assign()
    harness.officer(VisitState.ARRIVED)
    harness.act(withdrawn=True)
    assert CancelVisit("withdrawn", harness.visit.id) in harness.decided
    assert harness.case.attempt(sms.id).state is AttemptState.ACCEPTED
    ended = harness.case.attempt(officer.id)
    assert (ended.state, ended.settled_at) == (AttemptState.CANCELLED, harness.now)


def test_a_visit_that_was_reported_stays_reported_when_the_next_is_cancelled() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.goes_there()
    harness.reports(Result.MET_REFUSED)
    harness.act(withdrawn=True)
    assert [each.state for each in harness.case.visits] == [VisitState.REPORTED, VisitState.CANCELLED]


def test_a_case_that_has_ended_waits_for_nobody() -> None:
    harness = EngineHarness.of(CRITICAL, expired=True)
    assert harness.waiting_for == Rung.CENTRE
    harness.act(withdrawn=True)
    assert (harness.case.state, harness.waiting_for) == (CaseState.CLOSED, None)


def test_follow_ups_are_duties_each_with_its_own_cause() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert [each for each in harness.decided if isinstance(each, OpenWorkItem)] == [
        OpenWorkItem("follow_up", WorkItemKind.FOLLOW_UP, harness.now + timedelta(hours=48), "follow_up:1"),
        OpenWorkItem("follow_up", WorkItemKind.FOLLOW_UP, harness.now + timedelta(days=7), "follow_up:2"),
    ]


def test_an_exhausted_plan_is_put_before_the_centre_by_its_cause() -> None:
    harness = EngineHarness.of(LOW, channels=ONLY_SMS)
    harness.send(SMS, Result.DELIVERED)
    due_at = harness.now + timedelta(hours=8)
    assert OpenWorkItem("plan_exhausted", WorkItemKind.PLAN_EXHAUSTED, due_at, "plan_exhausted") in harness.decided
