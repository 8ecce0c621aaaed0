"""Not my jurisdiction: offered to another unit, which has it only when it accepts; the clock stands throughout."""

from datetime import datetime, timedelta

import pytest
from builders import CRITICAL, HIGH, MINUTE, MONDAY, ONLY_VISIT, SECOND, VISIT, VOICE, place
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine.decisions import ClimbWorkItem, EndVisitOffer, OpenVisit, PlanAttempt
from schemas.vocabulary import (
    AddressKind,
    AttemptState,
    Resolution,
    Result,
    ReturnReason,
    Rung,
    VisitState,
    WorkItemKind,
)

ELSEWHERE = ReturnReason.NOT_MY_JURISDICTION


def offered() -> EngineHarness:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT, places=(place("home", "P1"),))
    harness.assign()
    harness.returns(ELSEWHERE, offered_for=2 * MINUTE)
    return harness


def test_while_it_is_offered_nobody_of_ours_is_sent() -> None:
    harness = offered()
    assert not is_planned(harness, VISIT)
    assert harness.waits["offer_lapsed"] == harness.now + 2 * MINUTE + SECOND


def test_calls_go_on_while_a_visit_is_offered() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.assign()
    harness.returns(ELSEWHERE, offered_for=2 * MINUTE)
    harness.send(VOICE, Result.BUSY)
    assert planned(harness, VOICE).due_at == harness.now + 3 * MINUTE


def test_an_answer_at_the_very_deadline_is_in_time() -> None:
    harness = offered()
    harness.at(harness.visit.offered_until or MONDAY)
    assert harness.visit.state is VisitState.OFFERED


def test_an_offer_nobody_answers_comes_back_and_the_county_is_told() -> None:
    harness = offered()
    deadlines = dict(harness.case.deadlines)
    harness.after(minutes=2, seconds=1)
    assert harness.rules(EndVisitOffer) == ["offer_lapsed"]
    assert (harness.visit.state, harness.visit.offered_until) == (VisitState.WAITING, None)
    assert harness.asked_whom == [("offer_lapsed", Rung.COUNTY_DESK)]
    assert [each.cause for each in harness.case.work_items] == [
        f"offer:{harness.visit.id}:{(MONDAY + 2 * MINUTE).isoformat()}"
    ]
    assert (planned(harness, VISIT).rung, harness.case.deadlines) == (4, deadlines)


def asked_of_the_other(harness: EngineHarness) -> list[tuple[Rung, datetime]]:
    waiting = (each for each in harness.case.work_items if each.kind is WorkItemKind.TRANSFER_OFFERED)
    return [(each.role, each.due_at) for each in waiting]


@pytest.mark.parametrize("unit", ["P8", None])
def test_the_other_unit_has_an_item_until_it_answers(unit: str | None) -> None:
    harness = offered()
    assert asked_of_the_other(harness) == [(Rung.STATION_LEADER, harness.now + 2 * MINUTE + SECOND)]
    harness.after(minutes=1)
    assert len(asked_of_the_other(harness)) == 1
    harness.other_unit(unit)
    assert asked_of_the_other(harness) == []


def test_an_offer_that_lapses_is_the_countys_and_no_longer_the_other_units() -> None:
    harness = offered()
    harness.after(minutes=2)
    assert len(asked_of_the_other(harness)) == 1
    harness.after(seconds=1)
    assert [each.kind for each in harness.case.work_items] == [WorkItemKind.OFFER_LAPSED]
    assert harness.rules(ClimbWorkItem) == []


def test_during_a_pause_nobody_is_asked_and_after_it_anew() -> None:
    harness = offered()
    harness.pause()
    assert asked_of_the_other(harness) == []
    harness.after(minutes=30)
    harness.resume()
    assert len(asked_of_the_other(harness)) == 1


def test_a_refused_offer_goes_up_to_the_county_desk() -> None:
    harness = offered()
    harness.other_unit(None)
    assert (harness.rules(PlanAttempt), planned(harness, VISIT).rung) == (["ladder_after_returned"], 4)


def test_the_unit_that_accepts_climbs_its_own_ladder_and_the_deadline_stands() -> None:
    harness = offered()
    deadlines = dict(harness.case.deadlines)
    harness.after(minutes=1)
    harness.other_unit("P8")
    assert (harness.visit.precinct, planned(harness, VISIT).rung, planned(harness, VISIT).due_at) == (
        "P8",
        0,
        harness.now,
    )
    assert harness.case.deadlines == deadlines


def test_a_visit_that_a_supervisor_hands_over_begins_at_the_bottom_of_the_other_units_ladder() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT, places=(place("home", "P1"),))
    harness.assign()
    harness.taken_back(offered_for=10 * MINUTE)
    harness.other_unit("P8")
    assert (harness.visit.precinct, planned(harness, VISIT).rung) == ("P8", 0)


def test_both_legs_stay_on_one_visit() -> None:
    harness = offered()
    harness.other_unit("P8")
    harness.goes_there()
    harness.reports(Result.MET_DISSUADED)
    assert [each.result for each in harness.made(VISIT)] == [Result.RETURNED, Result.MET_DISSUADED]
    assert len(harness.case.visits) == 1


def abroad() -> EngineHarness:
    harness = offered()
    harness.other_unit("C9", abroad=True)
    return harness


def test_with_another_centre_none_of_our_officers_is_sent() -> None:
    harness = abroad()
    harness.after(minutes=10)
    assert harness.in_state(AttemptState.PLANNED) == []


def test_another_centre_that_is_late_is_put_before_ours() -> None:
    harness = abroad()
    harness.at(MONDAY + 30 * MINUTE + SECOND)
    assert harness.asked_whom == [("overdue_met_by", Rung.CENTRE)]


def test_what_another_centre_reports_ends_the_case() -> None:
    harness = abroad()
    harness.remote_report(Result.MET_DISSUADED)
    assert harness.case.resolution is Resolution.DISSUADED_IN_TIME


def test_who_another_centre_did_not_find_is_visited_again() -> None:
    harness = abroad()
    harness.remote_report(Result.NOT_FOUND_TEMPORARILY)
    assert harness.rules(OpenVisit) == ["revisit"]


@pytest.mark.parametrize(
    ("reason", "rung"),
    [
        (ReturnReason.OFFICER_UNAVAILABLE, 1),
        (ReturnReason.NOT_MY_JURISDICTION, 4),
        (ReturnReason.ADDRESS_INSUFFICIENT, 5),
        (ReturnReason.DUPLICATE, 5),
    ],
)
def test_a_return_goes_to_who_can_mend_its_reason(reason: ReturnReason, rung: int) -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.returns(reason)
    assert (harness.rules(PlanAttempt), planned(harness, VISIT).rung) == (["ladder_after_returned"], rung)


def test_what_the_county_desk_returns_too_goes_up_to_the_centre_and_then_to_a_person() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VISIT)
    harness.at(MONDAY + timedelta(minutes=15))
    for rung in (0, 4, 5):
        assert planned(harness, VISIT).rung == rung
        harness.assign()
        harness.returns(ReturnReason.NOT_MY_JURISDICTION)
    assert harness.asked == ["ladder_exhausted"]


def test_a_visit_the_whole_ladder_left_undone_waits_on_after_an_order_about_something_else() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    for _ in harness.policy.ladder:
        harness.send(VISIT, Result.NOBODY_ON_DUTY)
    assert harness.waiting_for == Rung.CENTRE
    harness.act()  # a supervisor orders something else about the case
    assert [each.kind for each in harness.case.work_items] == [WorkItemKind.LADDER_EXHAUSTED]


def taken_over() -> EngineHarness:
    harness = offered()
    harness.other_unit("P8")
    harness.goes_there()
    return harness


def test_a_revisit_stays_with_the_unit_that_took_the_visit_over() -> None:
    harness = taken_over()
    harness.reports(Result.NOT_FOUND_TEMPORARILY)
    assert harness.visit.precinct == "P8"


def test_a_revisit_leaves_that_unit_where_the_person_was_found_elsewhere_since() -> None:
    harness = taken_over()
    harness.after(minutes=5)
    harness.located(place("hotel", "P9", AddressKind.CURRENT))
    harness.reports(Result.NOT_FOUND_TEMPORARILY)
    assert harness.visit.precinct == "P9"


def test_an_empty_rung_of_the_other_unit_is_passed_at_the_very_moment_of_the_move() -> None:
    harness = offered()
    harness.other_unit("P8")
    harness.send(VISIT, Result.NOBODY_ON_DUTY)
    assert planned(harness, VISIT).rung == 1


def test_a_return_within_the_other_unit_goes_up_that_units_ladder() -> None:
    harness = offered()
    harness.other_unit("P8")
    harness.assign()
    harness.after(minutes=1)
    harness.returns(ReturnReason.OFFICER_UNAVAILABLE)
    assert planned(harness, VISIT).rung == 1


def test_another_centre_that_is_past_every_deadline_stays_before_ours() -> None:
    harness = abroad()
    harness.at(MONDAY + 121 * MINUTE)
    harness.act()  # a supervisor orders something else about the case
    assert {each.kind for each in harness.case.work_items} == {WorkItemKind.VISIT_OVERDUE}


def test_a_unit_that_took_the_visit_over_keeps_it_though_an_address_came_before() -> None:
    harness = offered()
    harness.after(minutes=1)
    harness.located(place("hotel", "P9", AddressKind.CURRENT))
    harness.assign()
    harness.after(minutes=1)
    harness.returns(ELSEWHERE, offered_for=2 * MINUTE)
    harness.other_unit("P8")
    assert harness.visit.precinct == "P8"
