"""What a corrected report makes of a case, and a case that a supervisor reopens."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import CRITICAL, HIGH, HOOK, SMS, VISIT, VOICE, at, number
from engine_harness import EngineHarness, is_planned

from dispatcher.engine import orders
from dispatcher.engine.decisions import CancelAttempt, OpenVisit, ReopenCase
from dispatcher.policy import load
from dispatcher.policy.models import Policy
from dispatcher.policy.triggers import BankTrigger
from schemas.vocabulary import (
    Answer,
    AttemptState,
    BankRequest,
    CaseState,
    Channel,
    Resolution,
    Result,
    VisitState,
    WorkItemKind,
)

_K = WorkItemKind
ALL = frozenset({Channel.SMS, Channel.VOICE, Channel.VISIT})


def reported(result: Result, lost: int = 0, **known: object) -> EngineHarness:
    """A critical case whose first visit came to this."""
    harness = EngineHarness.of(CRITICAL, channels=ALL, **known)
    harness.goes_there()
    harness.reports(result, lost)
    return harness


def kinds(harness: EngineHarness) -> set[WorkItemKind]:
    return {each.kind for each in harness.case.work_items}


def test_a_case_that_a_wrong_report_ended_goes_on() -> None:
    harness = reported(Result.MET_DISSUADED)
    assert (harness.case.state, kinds(harness)) == (CaseState.CLOSED, {_K.FOLLOW_UP})
    harness.corrects(Result.NOT_FOUND_TEMPORARILY)
    assert (harness.case.state, harness.case.resolution, harness.visit.state) == (
        *(CaseState.OPEN, None),
        VisitState.WAITING,
    )
    assert harness.rules(OpenVisit) == ["revisit"]
    assert not kinds(harness) & {_K.FOLLOW_UP, _K.CASE_REPORT}
    assert not harness.case.true_contact


@pytest.mark.parametrize(
    ("wrong", "lost", "ended"),
    [
        (Result.MET_DISSUADED, 0, Resolution.DISSUADED_IN_TIME),
        (Result.MET_SELF_AWARE, 0, Resolution.SELF_AWARE),
        (Result.MET_ALREADY_DEFRAUDED, 500, Resolution.ALREADY_TRANSFERRED_PARTLY),
        (Result.MET_ALREADY_DEFRAUDED, 0, Resolution.ALREADY_TRANSFERRED_ALL),
    ],
)
def test_however_a_wrong_report_ended_it(wrong: Result, lost: int, ended: Resolution) -> None:
    harness = reported(wrong, lost, amount_at_risk=2000)
    assert harness.case.resolution is ended
    harness.corrects(Result.MET_REFUSED)
    assert harness.case.is_open


@pytest.mark.parametrize("right", [Result.MET_SELF_AWARE, Result.NOT_FOUND_TEMPORARILY])
def test_a_stop_that_is_only_planned_is_not_asked_where_no_money_has_gone(right: Result) -> None:
    harness = reported(Result.MET_ALREADY_DEFRAUDED, 500)
    (asked,) = harness.made(HOOK)
    harness.corrects(right)
    assert harness.case.attempt(asked.id).state is AttemptState.CANCELLED
    assert harness.rules(CancelAttempt) == ["stop_payment_groundless"]


@pytest.mark.parametrize("known", [{"money_moved": True}, {"money_lost": 500}])
def test_a_stop_stands_while_anything_says_that_money_has_gone(known: dict[str, object]) -> None:
    harness = reported(Result.MET_ALREADY_DEFRAUDED, 500)
    harness.case = replace(harness.case, **known)
    harness.corrects(Result.MET_SELF_AWARE, lost=harness.case.money_lost if "money_lost" in known else 0)
    assert is_planned(harness, HOOK)


def test_a_stop_that_failed_is_not_asked_again_where_no_money_has_gone() -> None:
    harness = reported(Result.MET_ALREADY_DEFRAUDED, 500)
    harness.bank(BankRequest.STOP_PAYMENT, Result.FAILED_TEMPORARY)
    harness.corrects(Result.MET_SELF_AWARE)
    assert [each.state for each in harness.made(HOOK)] == [AttemptState.SETTLED, AttemptState.CANCELLED]
    harness.after(hours=1)
    assert len(harness.made(HOOK)) == 2


def stopping_on(*triggers: BankTrigger) -> Policy:
    """The policy with these grounds alone to stop a payment."""
    policy = load()
    hooks = policy.urgency.critical.hooks.model_copy(update={"stop_payment": triggers})
    critical = policy.urgency.critical.model_copy(update={"hooks": hooks})
    return policy.model_copy(update={"urgency": policy.urgency.model_copy(update={"critical": critical})})


def test_a_stop_stands_where_the_policy_that_asked_for_it_has_changed() -> None:
    harness = EngineHarness.of(CRITICAL, money_moved=True)
    harness.policy = stopping_on()
    harness.act()
    assert is_planned(harness, HOOK)


def test_a_stop_stands_where_a_case_of_which_a_loss_is_known_ends_otherwise() -> None:
    harness = EngineHarness.of(CRITICAL, money_lost=1)
    harness.feedback(Resolution.UNREACHABLE)
    assert not harness.case.money_has_moved
    assert is_planned(harness, HOOK)


def test_a_stop_stands_where_the_policy_asks_for_it_on_another_ground() -> None:
    harness = reported(Result.MET_REFUSED)
    harness.policy = stopping_on(BankTrigger.REFUSED)
    harness.act()
    assert is_planned(harness, HOOK)
    harness.act()
    stops = harness.case.bank_requests(BankRequest.STOP_PAYMENT)
    assert [each.state for each in stops] == [AttemptState.PLANNED]


def test_what_is_held_asks_no_bank_to_stop_what_never_left() -> None:
    harness = EngineHarness.of(CRITICAL, money_moved=True, expired=True)
    harness.act(money_moved=False)
    assert [each.state for each in harness.made(HOOK)] == [AttemptState.CANCELLED]


def test_it_is_followed_up_anew_when_it_ends_again() -> None:
    harness = reported(Result.MET_DISSUADED)
    harness.corrects(Result.NOT_FOUND_TEMPORARILY)
    harness.at(at(20))
    harness.goes_there()
    harness.reports(Result.MET_SELF_AWARE)
    assert (harness.case.resolution, kinds(harness)) == (Resolution.SELF_AWARE, {_K.FOLLOW_UP})


def test_another_end_takes_the_place_of_the_wrong_one() -> None:
    harness = reported(Result.MET_DISSUADED)
    harness.corrects(Result.MET_ALREADY_DEFRAUDED, 9000)
    assert harness.case.resolution is Resolution.ALREADY_TRANSFERRED_ALL
    assert kinds(harness) == {_K.FOLLOW_UP, _K.CASE_REPORT, _K.LOOK_BACK}
    assert is_planned(harness, HOOK)
    harness.corrects(Result.MET_DISSUADED)
    assert (harness.case.resolution, kinds(harness)) == (Resolution.DISSUADED_IN_TIME, {_K.FOLLOW_UP})
    harness.corrects(Result.MET_ALREADY_DEFRAUDED, 9000)
    assert kinds(harness) == {_K.FOLLOW_UP, _K.CASE_REPORT, _K.LOOK_BACK}


@pytest.mark.parametrize("wrong", [Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY, Result.NOT_FOUND_CONFIRMED])
def test_a_case_that_stayed_open_ends_and_nobody_goes_again(wrong: Result) -> None:
    harness = reported(wrong)
    assert harness.case.is_open
    harness.corrects(Result.MET_DISSUADED)
    assert harness.case.resolution is Resolution.DISSUADED_IN_TIME
    assert harness.case.open_visit is None and not harness.case.refusals


def test_a_report_that_is_corrected_back_has_somebody_go_again() -> None:
    harness = reported(Result.NOT_FOUND_TEMPORARILY)
    harness.corrects(Result.MET_DISSUADED)
    assert harness.visit.state is VisitState.CANCELLED
    harness.corrects(Result.NOT_FOUND_TEMPORARILY)
    assert harness.case.is_open and harness.rules(OpenVisit) == ["revisit"]


def test_a_child_met_without_a_guardian_is_met_when_the_report_says_so_after_all() -> None:
    harness = reported(Result.MET_DISSUADED, minor=True)
    assert harness.case.is_open and harness.rules(OpenVisit) == ["guardian_absent"]
    harness.corrects(Result.MET_DISSUADED, with_guardian=True)
    assert harness.case.resolution is Resolution.DISSUADED_IN_TIME


def test_what_a_supervisor_decided_stands_unless_money_is_gone() -> None:
    harness = reported(Result.MET_REFUSED)
    harness.feedback(Resolution.REFUSED_UNDER_WATCH)
    harness.corrects(Result.MET_DISSUADED)
    assert harness.case.resolution is Resolution.REFUSED_UNDER_WATCH
    harness.corrects(Result.MET_REFUSED)
    assert harness.case.resolution is Resolution.REFUSED_UNDER_WATCH
    harness.corrects(Result.MET_ALREADY_DEFRAUDED)
    assert harness.case.resolution is Resolution.ALREADY_TRANSFERRED_ALL


@pytest.mark.parametrize("known", ["withdrawn", "earlier"])
def test_a_report_that_no_longer_decides_reopens_nothing(known: str) -> None:
    harness = reported(Result.MET_DISSUADED)
    case = harness.case
    visit_id = case.visits[0].id
    if known == "withdrawn":
        harness.act(withdrawn=True)
    else:
        visit_id = "another"
    assert orders.correct(case, harness.case, visit_id, harness.policy, harness.now) == ()


def test_who_was_contacted_before_a_case_is_reopened_no_longer_counts() -> None:
    harness = reported(Result.MET_DISSUADED, numbers=(number("n1"),))
    harness.reopen()
    assert harness.case.is_open and not harness.case.true_contact
    assert harness.case.visits[-1].is_open and harness.case.visits[-1].opened_at == harness.now
    assert harness.made(VISIT)[-1].visit_id == harness.visit.id
    assert is_planned(harness, VOICE)
    assert harness.case.deadlines["met_by"] == harness.now + timedelta(minutes=30)
    harness.goes_there()
    harness.reports(Result.MET_SELF_AWARE)
    assert (harness.case.resolution, kinds(harness)) == (Resolution.SELF_AWARE, {_K.FOLLOW_UP})


def test_new_deadlines_count_from_when_it_was_reopened() -> None:
    harness = reported(Result.MET_DISSUADED)
    harness.after(hours=30)
    harness.reopen()
    assert harness.case.deadlines["met_by"] == harness.now + timedelta(minutes=30)


def test_a_key_that_was_pressed_before_does_not_end_it_again_and_a_later_one_does() -> None:
    harness = EngineHarness.of(HIGH, channels=ALL, numbers=(number("n1"),))
    harness.after(minutes=5)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert harness.case.resolution is Resolution.DISSUADED_IN_TIME
    harness.after(hours=1)
    harness.reopen()
    assert harness.case.is_open and not harness.case.true_contact
    assert harness.visit.state is VisitState.WAITING
    harness.after(minutes=10)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    assert harness.case.resolution is Resolution.DISSUADED_IN_TIME


@pytest.mark.parametrize("held", ["expired", "suppressed", "paused"])
def test_what_was_on_hold_is_acted_on_when_it_is_reopened(held: str) -> None:
    harness = EngineHarness.of(HIGH, channels=ALL, **{held: True})
    harness.feedback(Resolution.UNREACHABLE)
    harness.reopen()
    assert harness.case.is_open and not harness.case.is_on_hold
    # Left out at the end, because it had not come to its turn: it comes to it now.
    assert is_planned(harness, SMS) and is_planned(harness, VOICE)


def test_the_one_reopens_by_the_report_and_the_other_by_a_person() -> None:
    harness = reported(Result.MET_DISSUADED)
    by_person = orders.reopen(harness.case, harness.policy, harness.now)
    assert by_person == (
        ReopenCase("reopened_by_supervisor", overrules=True),
        OpenVisit("reopened_by_supervisor", None),
    )
