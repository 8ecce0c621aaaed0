"""Refused or not found stays open and is visited again."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from builders import CRITICAL, ONLY_VISIT, VISIT, at, place
from harness import World, planned

from dispatcher.engine import times
from dispatcher.engine.decisions import AskHuman, OpenVisit
from dispatcher.policy import load
from dispatcher.policy.models import Window
from schemas.vocabulary import AddressKind, Result, Rung, VisitState

NOT_SETTLED = [Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY, Result.NOT_HOME_FAMILY_TOLD]


@pytest.mark.parametrize(
    ("reported", "again"),
    [
        (at("10:00"), at("18:30")),
        (at("06:29"), at("18:30")),
        (at("14:29:59"), at("18:30")),
        (at("14:30"), at("06:30", day=3)),
        (at("06:30"), at("18:30")),
        (at("18:30"), at("06:30", day=3)),
        (at("23:00"), at("06:30", day=3)),
    ],
)
@pytest.mark.parametrize("result", [Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY, Result.NOT_HOME_FAMILY_TOLD])
def test_not_settled_rests_four_hours_and_is_visited_again_in_the_next_window(
    result: Result, reported: datetime, again: datetime
) -> None:
    world = World.of(CRITICAL, reported, channels=ONLY_VISIT)
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.reports(result)
    assert world.rules(OpenVisit) == ["revisit"]
    assert (world.visit.not_before, planned(world, VISIT).due_at, planned(world, VISIT).rung) == (again, again, 0)


def revisit() -> World:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.goes_there()
    world.reports(Result.MET_REFUSED)
    return world


def test_a_revisit_has_its_window_and_its_wording() -> None:
    world = revisit()
    assert (world.visit.not_before, world.visit.not_after) == (at("18:30"), at("21:30"))
    assert planned(world, VISIT).warning_number == 2


def test_a_revisit_that_misses_its_window_is_put_before_the_station_leader_once() -> None:
    world = revisit()
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.at(at("21:30"))
    assert world.rules(AskHuman) == []
    world.at(at("21:30:01"))
    assert [(each.rule, each.who) for each in world.decided if isinstance(each, AskHuman)] == [
        ("overdue_window", Rung.STATION_LEADER)
    ]
    world.after(minutes=1)
    assert "overdue_window" not in world.rules(AskHuman)


def test_a_revisit_goes_where_the_person_will_be_at_that_hour() -> None:
    known = (place("context", "P-work", AddressKind.WORK), place("home", "P-home"))
    world = World.of(CRITICAL, channels=ONLY_VISIT, places=known)
    assert world.visit.precinct == "P-work"
    world.goes_there()
    world.reports(Result.NOT_FOUND_TEMPORARILY)
    assert world.visit.precinct == "P-home"


def test_a_person_who_refuses_again_and_again_stays_open_and_is_visited_again() -> None:
    world = revisit()
    for visits in (2, 3, 4):
        assert (len(world.case.visits), world.case.is_open) == (visits, True)
        world.goes_there()
        world.reports(Result.MET_REFUSED)
    assert planned(world, VISIT).warning_number == 3


def test_a_window_is_one_of_the_policys_time_zone_wherever_the_machine_stands() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    evening = Window(begin=time(18, 30), end=time(21, 30))
    at_five = datetime(2026, 3, 2, 17, tzinfo=zone)
    policy = load().model_copy(update={"timezone": zone})
    begin = at_five.replace(hour=18, minute=30)
    assert times.next_window((evening,), policy, at_five.astimezone(UTC)) == begin
    assert times.window_end((evening,), policy, begin.astimezone(UTC)) == at_five.replace(hour=21, minute=30)
