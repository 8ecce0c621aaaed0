"""What an officer has in hand when the shift ends."""

from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture
from visits_fixture import Load, act, assign, case_with_visit, visit_of

from dispatcher.supervision import assignments
from dispatcher.visits import roster, shifts
from schemas.vocabulary import Result, ReturnReason, VisitState, WorkItemKind

DAY, NIGHT = ["08:00-20:00"], ["20:00-08:00"]


def end_shifts(casework: CaseworkFixture) -> list[UUID]:
    with casework.begin() as work:
        left = shifts.left_at_shift_end(work)
    for visit_id in left:
        with casework.begin() as work:
            shifts.hand_back(work, visit_id)
    assign(casework)
    return left


def begin_shifts(casework: CaseworkFixture) -> list[UUID]:
    with casework.begin() as work:
        begun = shifts.begun_since_exhausted(work)
    for case_id in begun:
        with casework.begin() as work:
            roster.begin_anew(work, [case_id], rule="shift_begun")
    casework.advance()
    assign(casework)
    return begun


def test_a_visit_not_yet_set_out_for_goes_to_the_next_shift(casework: CaseworkFixture, load: Load) -> None:
    load("A", "B", "L", "DESK", "DUTY", A=DAY, B=NIGHT)
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept", officer="A")
    casework.pass_time(hours=10, minutes=59)
    assert end_shifts(casework) == []
    casework.pass_time(minutes=2)
    assert end_shifts(casework) == [visit_of(casework, case_id).id]
    visit = visit_of(casework, case_id)
    assert (visit.officer, visit.state) == ("B", VisitState.ASSIGNED)
    [ended] = [each for each in casework.attempts(case_id, "visit") if each.result == Result.RETURNED]
    assert ended.return_reason is ReturnReason.SHIFT_ENDED
    assert "shift_ended" in {entry.rule for entry in casework.journal(case_id, "visit_returned")}
    assert end_shifts(casework) == []


def test_a_shift_that_begins_is_asked_what_nobody_took_before(casework: CaseworkFixture, load: Load) -> None:
    load("A", "B", "L", "DESK", "DUTY", A=NIGHT, B=NIGHT, L=[], DESK=[], DUTY=[])
    case_id = case_with_visit(casework)
    assert [each.kind for each in casework.items(case_id)] == [WorkItemKind.LADDER_EXHAUSTED]
    assert begin_shifts(casework) == []
    casework.pass_time(hours=11, minutes=1)
    assert begin_shifts(casework) == [case_id]
    assert visit_of(casework, case_id).officer in ("A", "B")
    assert casework.items(case_id) == []
    assert "shift_begun" in {entry.rule for entry in casework.journal(case_id, "ladder_begun_anew")}
    assert begin_shifts(casework) == []


def test_whoever_had_it_before_is_not_asked_again_by_a_shift(casework: CaseworkFixture, load: Load) -> None:
    load("A", "L", "DESK", "DUTY", A=DAY, L=[], DESK=[], DUTY=[])
    case_id = case_with_visit(casework)
    act(casework, case_id, "return", officer="A", reason=ReturnReason.OFFICER_UNAVAILABLE)
    assign(casework)
    assert [each.kind for each in casework.items(case_id)] == [WorkItemKind.LADDER_EXHAUSTED]
    casework.pass_time(hours=24)
    assert begin_shifts(casework) == []


def test_whoever_is_on_the_way_goes_there(casework: CaseworkFixture, load: Load) -> None:
    load("A", "B", "L", "DESK", "DUTY", A=DAY, B=NIGHT)
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept", officer="A")
    act(casework, case_id, "depart", officer="A")
    casework.pass_time(hours=11, minutes=1)
    assert end_shifts(casework) == []
    assert visit_of(casework, case_id).officer == "A"


def test_what_was_given_to_somebody_off_duty_by_name_stays(casework: CaseworkFixture, load: Load) -> None:
    load("A", "B", "L", "DESK", "DUTY", A=DAY, B=NIGHT)
    case_id = case_with_visit(casework)
    with casework.begin() as work:
        assignments.assign(work, visit_of(casework, case_id).id, "B", by="DUTY")
    assign(casework)
    casework.pass_time(minutes=1)
    assert end_shifts(casework) == []
    assert visit_of(casework, case_id).officer == "B"


def test_between_two_looks_an_officer_may_have_set_out(casework: CaseworkFixture, load: Load) -> None:
    load("A", "B", "L", "DESK", "DUTY", A=DAY, B=NIGHT)
    case_id = case_with_visit(casework)
    casework.pass_time(minutes=1)
    act(casework, case_id, "accept", officer="A")
    act(casework, case_id, "depart", officer="A")
    with casework.begin() as work:
        shifts.hand_back(work, visit_of(casework, case_id).id)
    assert visit_of(casework, case_id).state is VisitState.DEPARTED


@pytest.mark.parametrize("shift", [DAY, ["08:00-20:00", "20:30-21:00"]])
def test_whoever_had_it_when_the_shift_ended_is_asked_again_in_the_next_one(
    casework: CaseworkFixture, load: Load, shift: list[str]
) -> None:
    load("A", "L", "DESK", "DUTY", A=shift, L=[], DESK=[], DUTY=[])
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept", officer="A")
    casework.pass_time(hours=11, minutes=1)
    end_shifts(casework)
    assert visit_of(casework, case_id).state is VisitState.WAITING
    casework.pass_time(hours=12 if shift == DAY else 0, minutes=30)
    assert begin_shifts(casework) == [case_id]
    assert visit_of(casework, case_id).officer == "A"


def test_a_roster_that_takes_an_officer_off_duty_hands_back_what_was_not_set_out_for(
    casework: CaseworkFixture, load: Load
) -> None:
    load("A", "B", "L", "DESK", "DUTY", A=DAY)
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept", officer="A")
    load("A", "B", "L", "DESK", "DUTY", A=NIGHT)
    end_shifts(casework)
    assert visit_of(casework, case_id).officer == "B"
