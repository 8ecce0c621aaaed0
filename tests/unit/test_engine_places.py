"""Where a person is visited, in which order, and what a new address does to a visit under way."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import CRITICAL, HIGH, MINUTE, MONDAY, ONLY_VISIT, SMS, VISIT, VOICE, at, new_case, place
from harness import World, is_planned, planned

from dispatcher.engine import places
from dispatcher.engine.case import Place
from dispatcher.engine.decisions import OpenVisit, ReaddressVisit
from dispatcher.policy import load
from schemas.vocabulary import AddressKind, Answer, AttemptState, Result, VisitState

KINDS = [AddressKind.REGISTERED, AddressKind.WORK, AddressKind.RESIDENCE, AddressKind.CURRENT]
ALL_FOUR = tuple(place(kind, f"P-{kind}", kind) for kind in KINDS)
HOTEL = place("hotel", "P9", AddressKind.CURRENT)


def order(*known: Place, now: datetime = MONDAY) -> list[str]:
    case = new_case(places=known)
    return [each.id for each in places.visiting_order(case, load(), now)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at("08:59:59"), ["current", "residence", "work", "registered"]),
        (at("09:00"), ["current", "work", "residence", "registered"]),
        (at("17:59:59"), ["current", "work", "residence", "registered"]),
        (at("18:00"), ["current", "residence", "work", "registered"]),
        (at("10:00", day=6), ["current", "work", "residence", "registered"]),  # a Friday
        (at("10:00", day=7), ["current", "residence", "work", "registered"]),  # a Saturday
        (at("10:00", day=8), ["current", "residence", "work", "registered"]),  # a Sunday
    ],
)
def test_in_working_hours_work_comes_before_home(now: datetime, expected: list[str]) -> None:
    assert order(*ALL_FOUR, now=now) == expected


@pytest.mark.parametrize("now", [at("10:00"), at("20:00")])
@pytest.mark.parametrize("kind", [AddressKind.HOTEL, AddressKind.BRANCH])
def test_a_hotel_or_a_branch_comes_after_home_and_before_the_registered_address(
    kind: AddressKind, now: datetime
) -> None:
    away = place(kind, "P5", kind)
    found = order(*ALL_FOUR, away, now=now)
    assert found.index("residence") < found.index(kind) < found.index("registered")


def test_a_location_counts_until_its_time_and_the_newest_leads() -> None:
    until = place("until", "P1", AddressKind.CURRENT, valid_until=MONDAY + MINUTE)
    newer = place("newer", "P2", AddressKind.CURRENT, added_at=MONDAY + timedelta(seconds=30))
    home = place("home", "P3")
    assert order(until, home) == ["until", "home"]
    assert order(until, home, now=MONDAY + MINUTE) == ["home"]
    assert order(until, newer, home) == ["newer", "until", "home"]


def test_a_visit_goes_to_the_precinct_of_the_first_place_that_names_one() -> None:
    world = World.of(CRITICAL, places=(place("hotel", None, AddressKind.CURRENT), place("home", "P1")))
    assert world.rules(OpenVisit) == ["visit_at_receipt"]
    assert world.visit.precinct == "P1"


def at_home() -> World:
    return World.of(CRITICAL, channels=ONLY_VISIT, places=(place("home", "P1"),))


def under_way() -> World:
    world = at_home()
    world.assign()
    world.officer(VisitState.ACCEPTED)
    world.after(minutes=5)
    return world


def test_who_is_found_elsewhere_is_visited_there_and_the_clock_stands() -> None:
    world = under_way()
    deadlines = dict(world.case.deadlines)
    world.located(HOTEL)
    assert ReaddressVisit("re_addressed", world.visit.id, "P9") in world.decided
    assert world.made(VISIT)[0].result is Result.READDRESSED
    assert (world.visit.precinct, planned(world, VISIT).rung, planned(world, VISIT).due_at) == ("P9", 0, world.now)
    assert world.case.deadlines == deadlines


def test_messages_go_on_while_the_visit_goes_elsewhere() -> None:
    world = World.of(CRITICAL, places=(place("home", "P1"),))
    officer = world.assign()
    world.after(minutes=1)
    world.located(HOTEL)
    assert world.case.attempt(officer.id).state is AttemptState.SETTLED
    assert is_planned(world, SMS)


@pytest.mark.parametrize("state", [VisitState.ASSIGNED, VisitState.DEPARTED])
def test_an_officer_who_has_not_arrived_is_sent_elsewhere(state: VisitState) -> None:
    world = at_home()
    world.assign()
    world.officer(state)
    world.after(minutes=1)
    world.located(HOTEL)
    assert world.rules(ReaddressVisit) == ["re_addressed"]


def test_a_visit_nobody_has_yet_goes_elsewhere_too() -> None:
    world = at_home()
    world.after(minutes=1)
    world.located(HOTEL)
    assert (world.rules(ReaddressVisit), world.visit.precinct) == (["re_addressed"], "P9")


def test_a_second_move_is_followed_too_and_told_once_each() -> None:
    world = under_way()
    world.located(HOTEL)
    world.after(minutes=1)
    assert world.rules(ReaddressVisit) == []
    world.located(place("station", "P7", AddressKind.CURRENT))
    assert world.visit.precinct == "P7"


@pytest.mark.parametrize(
    "news",
    [
        place("flat", "P1", AddressKind.CURRENT),
        place("nowhere", None, AddressKind.CURRENT),
        place("old", "P8", KINDS[0]),
    ],
    ids=["same precinct", "no precinct", "not the first to visit"],
)
def test_news_that_changes_no_precinct_leaves_the_officer_on_the_way(news: Place) -> None:
    world = under_way()
    world.located(news)
    assert (world.rules(ReaddressVisit), world.visit.state) == ([], VisitState.ACCEPTED)


def test_an_officer_who_has_arrived_is_not_sent_away() -> None:
    world = under_way()
    world.officer(VisitState.ARRIVED)
    world.located(HOTEL)
    assert world.rules(ReaddressVisit) == []


def test_an_offer_to_another_unit_ends_where_the_person_is_found_elsewhere() -> None:
    world = under_way()
    world.returns(offered_for=10 * MINUTE)
    world.located(HOTEL)
    assert (world.visit.state, world.visit.offered_until) == (VisitState.WAITING, None)
    assert planned(world, VISIT).rung == 0


def test_the_hour_alone_sends_nobody_to_another_place() -> None:
    known = (place("context", "P-work", AddressKind.WORK, at("17:59")), place("home", "P-home", added_at=at("17:59")))
    world = World.of(CRITICAL, at("17:59"), channels=ONLY_VISIT, places=known)
    world.after(minutes=2)
    assert world.visit.precinct == "P-work"


@pytest.mark.parametrize("known", [{"warned_before": True}, {"numbers": ()}])
def test_a_visit_goes_where_the_person_is_whatever_opens_it(known: dict[str, Any]) -> None:
    assert World.of(HIGH, places=(place("home", "P1"),), **known).visit.precinct == "P1"


def test_a_visit_for_want_of_contact_goes_where_the_person_is() -> None:
    world = World.of(HIGH, places=(place("home", "P1"),))
    world.after(minutes=15)
    assert world.visit.precinct == "P1"


def test_a_visit_after_a_refusal_goes_where_the_person_is() -> None:
    world = World.of(HIGH, places=(place("home", "P1"),))
    world.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert world.visit.precinct == "P1"
