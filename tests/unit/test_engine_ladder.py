"""The escalation ladder: rung by rung, in time, to a human."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import CRITICAL, HIGH, MINUTE, MONDAY, ONLY_VISIT, SECOND, VISIT
from harness import World, is_planned, planned

from dispatcher.engine.decisions import AskHuman, EndAssignment, Plan
from schemas.vocabulary import Result, Rung, Urgency, VisitState


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
