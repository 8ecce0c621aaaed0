"""Scripted officers: which words there are, and what the next one means for a visit as it stands."""

from datetime import datetime, timedelta

import pytest
from builders import MONDAY

from dispatcher.errors import OperatorError
from dispatcher.simulate.officers import REPORTS, Move, VisitSituation, script
from schemas.officer_report import OfficerReport
from schemas.vocabulary import Result, ReturnReason, VisitState

ASSIGNED_AT = MONDAY - timedelta(minutes=1)
UNDER_WAY = (VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED)


def move(words: list[str], state: VisitState, assigned_at: datetime | None = ASSIGNED_AT) -> Move | None:
    return script(words).next_move(VisitSituation(state, assigned_at), MONDAY)


@pytest.mark.parametrize("word", ["sleeps", "", "accept", "accepted!", "met", "MET_DISSUADED", "+00:01"])
def test_an_unknown_word_is_named(word: str) -> None:
    with pytest.raises(OperatorError, match="unknown visit word") as caught:
        script(["accepted+00:01", word])
    assert repr(word) in str(caught.value)


def test_acceptance_counts_from_the_assignment() -> None:
    expected = Move(ASSIGNED_AT + timedelta(hours=1, minutes=5), ("accept",))
    assert move(["accepted+01:05"], VisitState.ASSIGNED) == expected


def test_arrival_counts_from_the_assignment_and_goes_by_departure() -> None:
    for state in (VisitState.ACCEPTED, VisitState.DEPARTED):
        assert move(["arrived+00:14"], state) == Move(ASSIGNED_AT + timedelta(minutes=14), ("depart", "arrive"))


def test_a_revisit_counts_from_the_last_arrival() -> None:
    scripted = script(["arrived+00:14", "revisit+09:00"])
    first = scripted.next_move(VisitSituation(VisitState.ACCEPTED, ASSIGNED_AT), MONDAY)
    assert first is not None
    scripted.done(first, arrived := MONDAY + timedelta(minutes=14))
    again = scripted.next_move(VisitSituation(VisitState.ACCEPTED, arrived), arrived)
    assert again == Move(arrived + timedelta(hours=9), ("depart", "arrive"))


def test_a_revisit_without_an_arrival_counts_from_now() -> None:
    assert move(["revisit+00:30"], VisitState.ACCEPTED) == Move(MONDAY + timedelta(minutes=30), ("depart", "arrive"))


def test_a_revisit_is_accepted_as_soon_as_it_is_assigned() -> None:
    accepted = Move(MONDAY, ("accept",), goes_on=True)
    assert move(["revisit+00:30"], VisitState.ASSIGNED) == accepted


@pytest.mark.parametrize("word", sorted(REPORTS))
@pytest.mark.parametrize("state", UNDER_WAY)
def test_a_report_is_made_at_once(word: str, state: VisitState) -> None:
    lost = "unknown" if word == "met_already_defrauded" else None
    said = OfficerReport(result=REPORTS[word], guardian_present=word == "met_dissuaded_with_family", lost_yuan=lost)
    assert move([word], state) == Move(MONDAY, ("report",), said)


def test_reports_stand_for_these_results() -> None:
    assert REPORTS["met_dissuaded_with_family"] is REPORTS["met_dissuaded"] is Result.MET_DISSUADED
    assert REPORTS["refused_denies"] is Result.MET_REFUSED
    assert REPORTS["not_home"] is Result.NOT_HOME_FAMILY_TOLD


@pytest.mark.parametrize("state", [VisitState.ASSIGNED, *UNDER_WAY])
@pytest.mark.parametrize("reason", ReturnReason)
def test_a_visit_is_returned_with_its_reason(state: VisitState, reason: ReturnReason) -> None:
    assert move([f"returned:{reason.lower()}"], state) == Move(MONDAY, ("return",), OfficerReport(reason=reason))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("accepted+00:01", VisitState.WAITING),
        ("accepted+00:01", VisitState.ACCEPTED),
        ("arrived+00:01", VisitState.ASSIGNED),
        ("arrived+00:01", VisitState.ARRIVED),
        ("revisit+00:01", VisitState.WAITING),
        ("met_dissuaded", VisitState.ASSIGNED),
        ("met_dissuaded", VisitState.WAITING),
        ("returned:duplicate", VisitState.WAITING),
        ("returned:duplicate", VisitState.REPORTED),
    ],
)
def test_a_word_waits_until_the_visit_is_there(word: str, state: VisitState) -> None:
    assert move([word], state) is None


def test_nothing_is_accepted_that_was_not_assigned() -> None:
    assert move(["accepted+00:01"], VisitState.ASSIGNED, None) is None


def test_a_script_that_is_used_up_moves_no_more() -> None:
    scripted = script(["met_dissuaded"])
    report = scripted.next_move(VisitSituation(VisitState.ARRIVED, ASSIGNED_AT), MONDAY)
    assert report is not None
    scripted.done(report, MONDAY)
    assert scripted.made == ["met_dissuaded"]
    assert scripted.next_move(VisitSituation(VisitState.ARRIVED, ASSIGNED_AT), MONDAY) is None


@pytest.mark.parametrize("word", ["accepted", "accepted+soon", "arrived+1", "revisit+", "returned", "returned:bored"])
def test_a_word_with_a_bad_argument_is_named(word: str) -> None:
    with pytest.raises(OperatorError, match="visit word"):
        script([word])
