"""Not my jurisdiction: offered to another unit, which has it only when it accepts; the clock stands throughout."""

from datetime import timedelta

import pytest
from builders import CRITICAL, HIGH, MINUTE, MONDAY, ONLY_VISIT, SECOND, VISIT, VOICE, place
from harness import World, is_planned, planned

from dispatcher.engine.decisions import AskHuman, EndVisitOffer, OpenVisit, PlanAttempt
from schemas.vocabulary import AddressKind, AttemptState, Resolution, Result, ReturnReason, Rung, VisitState

ELSEWHERE = ReturnReason.NOT_MY_JURISDICTION


def offered() -> World:
    world = World.of(CRITICAL, channels=ONLY_VISIT, places=(place("home", "P1"),))
    world.assign()
    world.returns(ELSEWHERE, offered_for=2 * MINUTE)
    return world


def test_while_it_is_offered_nobody_of_ours_is_sent() -> None:
    world = offered()
    assert not is_planned(world, VISIT)
    assert world.waits["offer_lapsed"] == world.now + 2 * MINUTE + SECOND


def test_calls_go_on_while_a_visit_is_offered() -> None:
    world = World.of(CRITICAL)
    world.assign()
    world.returns(ELSEWHERE, offered_for=2 * MINUTE)
    world.send(VOICE, Result.BUSY)
    assert planned(world, VOICE).due_at == world.now + 3 * MINUTE


def test_an_answer_at_the_very_deadline_is_in_time() -> None:
    world = offered()
    world.at(world.visit.offered_until or MONDAY)
    assert world.visit.state is VisitState.OFFERED


def test_an_offer_nobody_answers_comes_back_and_the_county_is_told() -> None:
    world = offered()
    deadlines = dict(world.case.deadlines)
    world.after(minutes=2, seconds=1)
    assert world.rules(EndVisitOffer) == ["offer_lapsed"]
    assert (world.visit.state, world.visit.offered_until) == (VisitState.WAITING, None)
    cause = f"offer:{world.visit.id}:{(MONDAY + 2 * MINUTE).isoformat()}"
    assert AskHuman("offer_lapsed", Rung.COUNTY_DESK, cause) in world.decided
    assert (planned(world, VISIT).rung, world.case.deadlines) == (4, deadlines)


def test_a_refused_offer_goes_up_to_the_county_desk() -> None:
    world = offered()
    world.other_unit(None)
    assert (world.rules(PlanAttempt), planned(world, VISIT).rung) == (["ladder_after_returned"], 4)


def test_the_unit_that_accepts_climbs_its_own_ladder_and_the_deadline_stands() -> None:
    world = offered()
    deadlines = dict(world.case.deadlines)
    world.after(minutes=1)
    world.other_unit("P8")
    assert (world.visit.precinct, planned(world, VISIT).rung, planned(world, VISIT).due_at) == ("P8", 0, world.now)
    assert world.case.deadlines == deadlines


def test_a_visit_that_a_supervisor_hands_over_begins_at_the_bottom_of_the_other_units_ladder() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT, places=(place("home", "P1"),))
    world.assign()
    world.taken_back(offered_for=10 * MINUTE)
    world.other_unit("P8")
    assert (world.visit.precinct, planned(world, VISIT).rung) == ("P8", 0)


def test_both_legs_stay_on_one_visit() -> None:
    world = offered()
    world.other_unit("P8")
    world.goes_there()
    world.reports(Result.MET_DISSUADED)
    assert [each.result for each in world.made(VISIT)] == [Result.RETURNED, Result.MET_DISSUADED]
    assert len(world.case.visits) == 1


def abroad() -> World:
    world = offered()
    world.other_unit("C9", abroad=True)
    return world


def test_with_another_centre_none_of_our_officers_is_sent() -> None:
    world = abroad()
    world.after(minutes=10)
    assert world.in_state(AttemptState.PLANNED) == []


def test_another_centre_that_is_late_is_put_before_ours() -> None:
    world = abroad()
    world.at(MONDAY + 30 * MINUTE + SECOND)
    assert [(each.rule, each.who) for each in world.decided if isinstance(each, AskHuman)] == [
        ("overdue_met_by", Rung.CENTRE)
    ]


def test_what_another_centre_reports_ends_the_case() -> None:
    world = abroad()
    world.remote_report(Result.MET_DISSUADED)
    assert world.case.resolution is Resolution.DISSUADED_IN_TIME


def test_who_another_centre_did_not_find_is_visited_again() -> None:
    world = abroad()
    world.remote_report(Result.NOT_FOUND_TEMPORARILY)
    assert world.rules(OpenVisit) == ["revisit"]


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
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    world.assign()
    world.returns(reason)
    assert (world.rules(PlanAttempt), planned(world, VISIT).rung) == (["ladder_after_returned"], rung)


def test_what_the_county_desk_returns_too_goes_up_to_the_centre_and_then_to_a_person() -> None:
    world = World.of(HIGH, channels=ONLY_VISIT)
    world.at(MONDAY + timedelta(minutes=15))
    for rung in (0, 4, 5):
        assert planned(world, VISIT).rung == rung
        world.assign()
        world.returns(ReturnReason.NOT_MY_JURISDICTION)
    assert world.rules(AskHuman) == ["ladder_exhausted"]


def test_a_visit_the_whole_ladder_left_undone_is_asked_about_again_after_an_order() -> None:
    world = World.of(CRITICAL, channels=ONLY_VISIT)
    for _ in world.policy.ladder:
        world.send(VISIT, Result.NOBODY_ON_DUTY)
    assert world.case.waiting_for == Rung.CENTRE
    world.act(waiting_for=None)  # a supervisor orders something else about the case
    assert world.rules(AskHuman) == ["plan_exhausted"]


def taken_over() -> World:
    world = offered()
    world.other_unit("P8")
    world.goes_there()
    return world


def test_a_revisit_stays_with_the_unit_that_took_the_visit_over() -> None:
    world = taken_over()
    world.reports(Result.NOT_FOUND_TEMPORARILY)
    assert world.visit.precinct == "P8"


def test_a_revisit_leaves_that_unit_where_the_person_was_found_elsewhere_since() -> None:
    world = taken_over()
    world.after(minutes=5)
    world.located(place("hotel", "P9", AddressKind.CURRENT))
    world.reports(Result.NOT_FOUND_TEMPORARILY)
    assert world.visit.precinct == "P9"


def test_an_empty_rung_of_the_other_unit_is_passed_at_the_very_moment_of_the_move() -> None:
    world = offered()
    world.other_unit("P8")
    world.send(VISIT, Result.NOBODY_ON_DUTY)
    assert planned(world, VISIT).rung == 1


def test_a_return_within_the_other_unit_goes_up_that_units_ladder() -> None:
    world = offered()
    world.other_unit("P8")
    world.assign()
    world.after(minutes=1)
    world.returns(ReturnReason.OFFICER_UNAVAILABLE)
    assert planned(world, VISIT).rung == 1


def test_another_centre_that_is_past_every_deadline_stays_before_ours() -> None:
    world = abroad()
    world.at(MONDAY + 121 * MINUTE)
    world.act(waiting_for=None)  # a supervisor orders something else about the case
    assert world.decided == [AskHuman("still_overdue", Rung.CENTRE, f"transferred:{world.visit.id}")]


def test_a_unit_that_took_the_visit_over_keeps_it_though_an_address_came_before() -> None:
    world = offered()
    world.after(minutes=1)
    world.located(place("hotel", "P9", AddressKind.CURRENT))
    world.assign()
    world.after(minutes=1)
    world.returns(ELSEWHERE, offered_for=2 * MINUTE)
    world.other_unit("P8")
    assert world.visit.precinct == "P8"
