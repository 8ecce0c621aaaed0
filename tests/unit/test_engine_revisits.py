"""Refused or not found stays open and is visited again."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from builders import CRITICAL, ONLY_VISIT, VISIT, at, place
from engine_harness import EngineHarness, planned

from dispatcher.engine import times
from dispatcher.engine.decisions import OpenVisit
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
    harness = EngineHarness.of(CRITICAL, reported, channels=ONLY_VISIT)
    harness.assign()
    harness.officer(VisitState.ACCEPTED)
    harness.reports(result)
    assert harness.rules(OpenVisit) == ["revisit"]
    assert (harness.visit.not_before, planned(harness, VISIT).due_at, planned(harness, VISIT).rung) == (again, again, 0)


def revisit() -> EngineHarness:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.goes_there()
    harness.reports(Result.MET_REFUSED)
    return harness


def test_a_revisit_has_its_window_and_its_wording() -> None:
    harness = revisit()
    assert (harness.visit.not_before, harness.visit.not_after) == (at("18:30"), at("21:30"))
    assert planned(harness, VISIT).warning_number == 2


def test_a_revisit_that_misses_its_window_is_put_before_the_station_leader_once() -> None:
    harness = revisit()
    harness.assign()
    harness.officer(VisitState.ACCEPTED)
    harness.at(at("21:30"))
    assert harness.asked == []
    harness.at(at("21:30:01"))
    assert harness.asked_whom == [("overdue_window", Rung.STATION_LEADER)]
    harness.after(minutes=1)
    assert "overdue_window" not in harness.asked


def test_a_revisit_goes_where_the_person_will_be_at_that_hour() -> None:
    known = (place("context", "P-work", AddressKind.WORK), place("home", "P-home"))
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT, places=known)
    assert harness.visit.precinct == "P-work"
    harness.goes_there()
    harness.reports(Result.NOT_FOUND_TEMPORARILY)
    assert harness.visit.precinct == "P-home"


def test_a_person_who_refuses_again_and_again_stays_open_and_is_visited_again() -> None:
    harness = revisit()
    for visits in (2, 3, 4):
        assert (len(harness.case.visits), harness.case.is_open) == (visits, True)
        harness.goes_there()
        harness.reports(Result.MET_REFUSED)
    assert planned(harness, VISIT).warning_number == 3


def test_a_window_is_one_of_the_policys_time_zone_wherever_the_machine_stands() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    evening = Window(begin=time(18, 30), end=time(21, 30))
    at_five = datetime(2026, 3, 2, 17, tzinfo=zone)
    policy = load().model_copy(update={"timezone": zone})
    begin = at_five.replace(hour=18, minute=30)
    assert times.next_window((evening,), policy, at_five.astimezone(UTC)) == begin
    assert times.window_end((evening,), policy, begin.astimezone(UTC)) == at_five.replace(hour=21, minute=30)
