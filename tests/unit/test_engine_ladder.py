"""The escalation ladder: rung by rung, in time, to a human."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import CRITICAL, HIGH, MINUTE, MONDAY, ONLY_VISIT, SECOND, VISIT, settled
from harness import World, is_planned, planned

from dispatcher.engine.case import Visit
from dispatcher.engine.decisions import AskHuman, EndAssignment, PlanAttempt
from schemas.vocabulary import AttemptState, Result, Rung, Urgency, VisitState


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
    assert world.rules(PlanAttempt) == ["ladder_after_not_accepted"]
    world.send(VISIT, Result.NOBODY_ON_DUTY)
    assert world.rules(PlanAttempt) == ["ladder_after_nobody_on_duty"]
    world.assign()
    world.returns()
    assert world.rules(PlanAttempt) == ["ladder_after_returned"]
    assert planned(world, VISIT).rung == 3


def test_an_empty_rung_is_passed_at_once() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    assert climb(world, lambda w: void(w.send(VISIT, Result.NOBODY_ON_DUTY))) == [0, 1, 2, 3, 4, 5]
    assert world.now == MONDAY


def void(_: object) -> None:
    return None


def test_a_rung_that_could_not_be_asked_is_asked_again() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.send(VISIT, Result.FAILED_TEMPORARY)
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


def test_the_wait_for_acceptance_is_named() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    assert world.waits["visit_not_accepted"] == MONDAY + 2 * MINUTE + SECOND


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
    assert world.waits == {name: MONDAY + minutes * MINUTE + SECOND for name, minutes in expected.items()}


def test_a_rung_that_could_not_be_asked_is_asked_again_a_wait_after_the_failure() -> None:
    visit = Visit("v1", VisitState.WAITING, MONDAY)
    failed = settled(VISIT, visit_id="v1", rung=0)
    world = World.as_found(MONDAY + SECOND, urgency=CRITICAL, visits=(visit,), attempts=(failed,))
    assert planned(world, VISIT).due_at == MONDAY + 2 * SECOND


def test_an_officer_who_did_not_accept_has_the_visit_no_more_and_the_next_rung_follows() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    asked = world.assign()
    world.after(minutes=2, seconds=1)
    ended = world.case.attempt(asked.id)
    assert (ended.state, ended.result, ended.settled_at) == (AttemptState.SETTLED, Result.NOT_ACCEPTED, world.now)
    assert (world.visit.state, world.visit.assigned_at, world.visit.attempt_id) == (VisitState.WAITING, None, None)
    assert planned(world, VISIT).retry_of == asked.id


def test_past_the_top_of_the_ladder_the_question_names_its_visit() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    climb(world, lambda w: void(w.send(VISIT, Result.NOBODY_ON_DUTY)))
    (asked,) = [each for each in world.decided if isinstance(each, AskHuman)]
    assert world.visit.id in asked.cause


def test_an_officer_who_moves_on_after_every_deadline_is_put_before_the_leader_again() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.at(MONDAY + 121 * MINUTE)
    world.officer(VisitState.DEPARTED)
    assert world.decided == [AskHuman("still_overdue", Rung.STATION_LEADER, f"departed:{world.visit.id}")]
