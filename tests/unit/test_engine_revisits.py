"""Refused or not found stays open and is visited again."""

from datetime import datetime

import pytest
from builders import CRITICAL, ONLY_VISIT, VISIT, at
from harness import World, planned

from dispatcher.engine.decisions import OpenVisit
from schemas.vocabulary import Result, VisitState

NOT_SETTLED = [Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY, Result.NOT_HOME_FAMILY_TOLD]


@pytest.mark.parametrize(
    ("reported", "again"),
    [
        (at("10:00"), at("18:30")),
        (at("06:29"), at("18:30")),
        (at("14:29:59"), at("18:30")),
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
