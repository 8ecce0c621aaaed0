"""The escalation ladder: rung by rung, in time, to a human."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import CRITICAL, HIGH, MINUTE, MONDAY, ONLY_VISIT, SECOND, VISIT, settled
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine.case import Visit
from dispatcher.engine.decisions import EndAssignment, OpenWorkItem, PlanAttempt
from schemas.vocabulary import AttemptState, Result, Rung, Urgency, VisitState


def climb(harness: EngineHarness, step: Callable[[EngineHarness], None]) -> list[int | None]:
    """Let every rung of the ladder fail in the same way; gives the rungs asked."""
    rungs = []
    while is_planned(harness, VISIT):
        rungs.append(planned(harness, VISIT).rung)
        step(harness)
    return rungs


def not_accepted(harness: EngineHarness) -> None:
    harness.assign()
    harness.at((harness.visit.assigned_at or MONDAY) + timedelta(minutes=2, seconds=1))


def test_the_ladder_goes_up_rung_by_rung_and_ends_at_a_human() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    assert climb(harness, not_accepted) == [0, 1, 2, 3, 4, 5]
    assert len(harness.policy.ladder) == 6
    assert harness.asked == ["ladder_exhausted"]
    assert harness.waiting_for == Rung.CENTRE
    assert harness.now == MONDAY + 6 * timedelta(minutes=2, seconds=1)


def test_the_ladder_names_why_it_went_on() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    not_accepted(harness)
    assert harness.rules(EndAssignment) == ["visit_not_accepted"]
    assert harness.rules(PlanAttempt) == ["ladder_after_not_accepted"]
    harness.send(VISIT, Result.NOBODY_ON_DUTY)
    assert harness.rules(PlanAttempt) == ["ladder_after_nobody_on_duty"]
    harness.assign()
    harness.returns()
    assert harness.rules(PlanAttempt) == ["ladder_after_returned"]
    assert planned(harness, VISIT).rung == 3


def test_an_empty_rung_is_passed_at_once() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    assert climb(harness, lambda w: void(w.send(VISIT, Result.NOBODY_ON_DUTY))) == [0, 1, 2, 3, 4, 5]
    assert harness.now == MONDAY


def void(_: object) -> None:
    return None


def test_a_rung_that_could_not_be_asked_is_asked_again() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.send(VISIT, Result.FAILED_TEMPORARY)
    assert (planned(harness, VISIT).rung, planned(harness, VISIT).due_at) == (0, MONDAY + 2 * SECOND)


@pytest.mark.parametrize(("urgency", "minutes"), [(CRITICAL, 2), (HIGH, 10)])
def test_acceptance_at_the_very_deadline_is_in_time(urgency: Urgency, minutes: int) -> None:
    harness = EngineHarness.of(urgency, numbers=())
    harness.assign()
    until = harness.now + minutes * MINUTE
    assert until + SECOND in harness.looks
    harness.at(until)
    assert harness.visit.state is VisitState.ASSIGNED
    harness.officer(VisitState.ACCEPTED)
    harness.at(until + SECOND)
    assert harness.visit.state is VisitState.ACCEPTED


@pytest.mark.parametrize("state", [VisitState.ACCEPTED, VisitState.DEPARTED])
def test_overdue_asks_the_leader_once_for_each_deadline(state: VisitState) -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.officer(state)
    harness.at(MONDAY + 30 * MINUTE)
    assert harness.asked == []
    harness.at(MONDAY + 30 * MINUTE + SECOND)
    assert harness.asked_whom == [("overdue_met_by", Rung.STATION_LEADER)]
    harness.after(minutes=10)
    assert harness.asked == []
    harness.at(MONDAY + 120 * MINUTE + SECOND)
    assert harness.asked == ["overdue_report_by"]


def test_who_has_arrived_is_late_only_with_the_report() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.officer(VisitState.ARRIVED)
    harness.at(MONDAY + 31 * MINUTE)
    assert harness.asked == []


def test_the_wait_for_acceptance_is_named() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    assert harness.waits["visit_not_accepted"] == MONDAY + 2 * MINUTE + SECOND


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (VisitState.ACCEPTED, {"overdue_met_by": 30, "overdue_report_by": 120}),
        (VisitState.ARRIVED, {"overdue_report_by": 120}),
    ],
)
def test_an_officer_under_way_is_watched_until_each_deadline(state: VisitState, expected: dict[str, int]) -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.officer(state)
    assert harness.waits == {name: MONDAY + minutes * MINUTE + SECOND for name, minutes in expected.items()}


def test_a_rung_that_could_not_be_asked_is_asked_again_a_wait_after_the_failure() -> None:
    visit = Visit("v1", VisitState.WAITING, MONDAY)
    failed = settled(VISIT, visit_id="v1", rung=0)
    harness = EngineHarness.as_found(MONDAY + SECOND, urgency=CRITICAL, visits=(visit,), attempts=(failed,))
    assert planned(harness, VISIT).due_at == MONDAY + 2 * SECOND


def test_an_officer_who_did_not_accept_has_the_visit_no_more_and_the_next_rung_follows() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    asked = harness.assign()
    harness.after(minutes=2, seconds=1)
    ended = harness.case.attempt(asked.id)
    assert (ended.state, ended.result, ended.settled_at) == (AttemptState.SETTLED, Result.NOT_ACCEPTED, harness.now)
    assert (harness.visit.state, harness.visit.assigned_at, harness.visit.attempt_id) == (
        VisitState.WAITING,
        None,
        None,
    )
    assert planned(harness, VISIT).retry_of == asked.id


def test_past_the_top_of_the_ladder_the_question_names_its_visit() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    climb(harness, lambda w: void(w.send(VISIT, Result.NOBODY_ON_DUTY)))
    (asked,) = [each for each in harness.decided if isinstance(each, OpenWorkItem)]
    assert harness.visit.id in asked.cause


def test_an_officer_who_moves_on_after_every_deadline_is_late_still() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.officer(VisitState.ACCEPTED)
    harness.at(MONDAY + 121 * MINUTE)
    harness.officer(VisitState.DEPARTED)
    late = [f"met_by:{harness.visit.id}", f"report_by:{harness.visit.id}"]
    assert [each.cause for each in harness.case.work_items] == late
    harness.officer(VisitState.ARRIVED)
    assert [each.cause for each in harness.case.work_items] == late[1:]


def test_the_next_officer_of_a_visit_that_is_late_is_late_from_the_beginning() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.officer(VisitState.ACCEPTED)
    harness.at(MONDAY + 31 * MINUTE)
    harness.returns()
    assert harness.case.work_items == ()
    harness.assign()
    harness.officer(VisitState.ACCEPTED)
    assert harness.asked == ["overdue_met_by"]


def test_a_new_roster_begins_the_ladder_anew() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    climb(harness, lambda w: void(w.send(VISIT, Result.NOBODY_ON_DUTY)))
    harness.begin_anew()  # at the very moment at which nobody was there
    assert (planned(harness, VISIT).rung, harness.case.work_items) == (0, ())
    harness.send(VISIT, Result.NOBODY_ON_DUTY)
    assert planned(harness, VISIT).rung == 1


def test_a_rung_that_can_never_be_asked_is_asked_more_and_more_seldom() -> None:
    """A roster that fails for an hour is not asked every two seconds."""
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    waits = []
    for _ in range(6):
        harness.send(VISIT, Result.FAILED_TEMPORARY)
        waits.append((planned(harness, VISIT).due_at - harness.now).total_seconds())
        harness.at(planned(harness, VISIT).due_at)
    assert waits == [2, 10, 30, 120, 300, 300]
