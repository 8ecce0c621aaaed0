"""Where a person is visited, in which order, and what a new address does to a visit under way."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import CRITICAL, HIGH, MINUTE, MONDAY, ONLY_VISIT, SMS, VISIT, VOICE, at, new_case, place
from engine_harness import EngineHarness, is_planned, planned

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
    harness = EngineHarness.of(CRITICAL, places=(place("hotel", None, AddressKind.CURRENT), place("home", "P1")))
    assert harness.rules(OpenVisit) == ["visit_at_receipt"]
    assert harness.visit.precinct == "P1"


def at_home() -> EngineHarness:
    return EngineHarness.of(CRITICAL, channels=ONLY_VISIT, places=(place("home", "P1"),))


def under_way() -> EngineHarness:
    harness = at_home()
    harness.assign()
    harness.officer(VisitState.ACCEPTED)
    harness.after(minutes=5)
    return harness


def test_who_is_found_elsewhere_is_visited_there_and_the_clock_stands() -> None:
    harness = under_way()
    deadlines = dict(harness.case.deadlines)
    harness.located(HOTEL)
    assert ReaddressVisit("re_addressed", harness.visit.id, "P9") in harness.decided
    assert harness.made(VISIT)[0].result is Result.READDRESSED
    assert (harness.visit.precinct, planned(harness, VISIT).rung, planned(harness, VISIT).due_at) == (
        "P9",
        0,
        harness.now,
    )
    assert harness.case.deadlines == deadlines


def test_messages_go_on_while_the_visit_goes_elsewhere() -> None:
    harness = EngineHarness.of(CRITICAL, places=(place("home", "P1"),))
    officer = harness.assign()
    harness.after(minutes=1)
    harness.located(HOTEL)
    assert harness.case.attempt(officer.id).state is AttemptState.SETTLED
    assert is_planned(harness, SMS)


@pytest.mark.parametrize("state", [VisitState.ASSIGNED, VisitState.DEPARTED])
def test_an_officer_who_has_not_arrived_is_sent_elsewhere(state: VisitState) -> None:
    harness = at_home()
    harness.assign()
    harness.officer(state)
    harness.after(minutes=1)
    harness.located(HOTEL)
    assert harness.rules(ReaddressVisit) == ["re_addressed"]


def test_a_visit_nobody_has_yet_goes_elsewhere_too() -> None:
    harness = at_home()
    harness.after(minutes=1)
    harness.located(HOTEL)
    assert (harness.rules(ReaddressVisit), harness.visit.precinct) == (["re_addressed"], "P9")


def test_a_second_move_is_followed_too_and_told_once_each() -> None:
    harness = under_way()
    harness.located(HOTEL)
    harness.after(minutes=1)
    assert harness.rules(ReaddressVisit) == []
    harness.located(place("station", "P7", AddressKind.CURRENT))
    assert harness.visit.precinct == "P7"


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
    harness = under_way()
    harness.located(news)
    assert (harness.rules(ReaddressVisit), harness.visit.state) == ([], VisitState.ACCEPTED)


def test_an_officer_who_has_arrived_is_not_sent_away() -> None:
    harness = under_way()
    harness.officer(VisitState.ARRIVED)
    harness.located(HOTEL)
    assert harness.rules(ReaddressVisit) == []


def test_an_offer_to_another_unit_ends_where_the_person_is_found_elsewhere() -> None:
    harness = under_way()
    harness.returns(offered_for=10 * MINUTE)
    harness.located(HOTEL)
    assert (harness.visit.state, harness.visit.offered_until) == (VisitState.WAITING, None)
    assert planned(harness, VISIT).rung == 0


def test_the_hour_alone_sends_nobody_to_another_place() -> None:
    known = (place("context", "P-work", AddressKind.WORK, at("17:59")), place("home", "P-home", added_at=at("17:59")))
    harness = EngineHarness.of(CRITICAL, at("17:59"), channels=ONLY_VISIT, places=known)
    harness.after(minutes=2)
    assert harness.visit.precinct == "P-work"


@pytest.mark.parametrize("known", [{"warned_before": True}, {"numbers": ()}])
def test_a_visit_goes_where_the_person_is_whatever_opens_it(known: dict[str, Any]) -> None:
    assert EngineHarness.of(HIGH, places=(place("home", "P1"),), **known).visit.precinct == "P1"


def test_a_visit_for_want_of_contact_goes_where_the_person_is() -> None:
    harness = EngineHarness.of(HIGH, places=(place("home", "P1"),))
    harness.after(minutes=15)
    assert harness.visit.precinct == "P1"


def test_a_visit_after_a_refusal_goes_where_the_person_is() -> None:
    harness = EngineHarness.of(HIGH, places=(place("home", "P1"),))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    assert harness.visit.precinct == "P1"
