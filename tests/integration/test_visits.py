"""Door visits: the roster, the ladder in product time, and what officers do."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from casework_fixture import START, CaseworkFixture
from sqlalchemy.exc import IntegrityError
from visits_fixture import BADGES, Load, act, assign, case_with_visit, visit_of

from dispatcher.errors import Refused
from dispatcher.store.visits import AssignmentRow, OfficerRow, UnitRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import Result, ReturnReason


def test_loading_a_roster_twice_changes_nothing(casework: CaseworkFixture, load: Load) -> None:
    load()
    before = [(each.badge, each.unit, each.role, each.position, each.duty) for each in casework.rows(OfficerRow)]
    load()
    after = [(each.badge, each.unit, each.role, each.position, each.duty) for each in casework.rows(OfficerRow)]
    assert before == after
    assert len(casework.rows(UnitRow)) == 5


def test_an_officer_who_left_the_roster_gets_nothing(casework: CaseworkFixture, load: Load) -> None:
    load()
    load(*(BADGES - {"A"}))
    assert [each.duty for each in casework.rows(OfficerRow) if each.badge == "A"] == [[]]
    assert visit_of(casework, case_with_visit(casework)).officer == "B"


def test_the_first_on_duty_gets_the_visit(casework: CaseworkFixture, load: Load) -> None:
    load(A=["10:00-20:00"])
    case_id = case_with_visit(casework)
    visit = visit_of(casework, case_id)
    assert (visit.state, visit.officer, visit.precinct_code, visit.assigned_at) == ("assigned", "B", "P1", START)
    [attempt] = casework.attempts(case_id)
    assert (attempt.state, attempt.ref, attempt.rung, attempt.id) == ("accepted", "B", 0, visit.attempt_id)
    assert [each.badge for each in casework.rows(AssignmentRow)] == ["B"]
    assert casework.journal(case_id, "visit_assigned")[0].data["officer"] == "B"


def test_what_is_not_accepted_climbs_the_ladder_to_a_human(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    for number, officer in enumerate(["A", "B", "C", "L", "DESK", "DUTY"]):
        visit = visit_of(casework, case_id)
        assert (visit.officer, visit.state) == (officer, "assigned")
        assert visit.assigned_at == START + number * timedelta(seconds=121)
        casework.pass_time(minutes=2)
        assert visit_of(casework, case_id).officer == officer  # at the very moment it is still in time
        assert casework.waiting_for(case_id) is None
        casework.pass_time(seconds=1)
        assign(casework)
    assert (casework.waiting_for(case_id), visit_of(casework, case_id).state) == ("centre", "waiting")
    assert casework.journal(case_id, "duty_planned")[0].rule == "ladder_exhausted"
    attempts = casework.attempts(case_id)
    assert [(each.rung, each.result, each.retry_of) for each in attempts] == [
        (rung, "NOT_ACCEPTED", attempts[rung - 1].id if rung else None) for rung in range(6)
    ]
    assert {each.rule for each in attempts[1:]} == {"ladder_after_not_accepted"}
    assert datetime.fromisoformat(casework.case(case_id).deadlines["met_by"]) == START + timedelta(minutes=30)


def test_an_empty_rung_is_passed_at_once(casework: CaseworkFixture, load: Load) -> None:
    load("C", "DESK", "DUTY", "Z")
    case_id = case_with_visit(casework)
    casework.pass_time(seconds=121)
    assign(casework)
    visit = visit_of(casework, case_id)
    assert (visit.officer, visit.assigned_at) == ("DESK", casework.now)
    assert [(each.rung, each.result) for each in casework.attempts(case_id)] == [
        *((0, "NOT_ACCEPTED"), (1, "NOBODY_ON_DUTY"), (2, "NOBODY_ON_DUTY"), (3, "NOBODY_ON_DUTY"), (4, None))
    ]


@pytest.mark.parametrize(("hours", "officer"), [(0, "B"), (10.9, "B"), (11, "A"), (14.5, "A"), (22.9, "A"), (23, "B")])
def test_a_night_shift_goes_over_midnight(casework: CaseworkFixture, load: Load, hours: float, officer: str) -> None:
    load(A=["20:00-08:00"])
    casework.pass_time(hours=hours)
    assert visit_of(casework, case_with_visit(casework)).officer == officer


def test_a_case_without_a_precinct_goes_up_to_the_centre(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, precinct=None)
    assert visit_of(casework, case_id).officer == "DUTY"
    assert [each.result for each in casework.attempts(case_id)] == [*["NOBODY_ON_DUTY"] * 5, None]
    assert casework.now == START


def test_the_officer_accepts_goes_arrives_and_reports(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    for step, state in (("accept", "accepted"), ("depart", "departed"), ("arrive", "arrived")):
        casework.pass_time(minutes=1)
        visit = act(casework, case_id, step, officer="A")
        assert (visit.state, getattr(visit, f"{state}_at")) == (state, casework.now)
        assert casework.journal(case_id, f"visit_{state}")[0].actor == "A"
    act(casework, case_id, "report", officer="A", result=Result.MET_DISSUADED)
    assert visit_of(casework, case_id).state == "reported"
    assert casework.journal(case_id, "visit_reported")[0].rule == "officer_report"
    case, [attempt] = casework.case(case_id), casework.attempts(case_id)
    assert (case.state, case.resolution, case.first_contact_channel) == ("closed", "DISSUADED_IN_TIME", "visit")
    assert (attempt.state, attempt.result, attempt.confirmed) == ("settled", "MET_DISSUADED", True)
    assert len(casework.rows(WorkItemRow)) == 3


def test_a_refusal_stays_open_and_is_visited_again_in_the_evening(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_REFUSED)
    first, second = casework.rows(VisitRow, VisitRow.case_id == case_id)
    assert (casework.case(case_id).state, first.result, second.state, second.rule) == (
        *("open", "MET_REFUSED"),
        *("waiting", "revisit"),
    )
    assert second.not_before == START + timedelta(hours=9, minutes=30)
    casework.pass_time(hours=9, minutes=30)
    assign(casework)
    assert visit_of(casework, case_id).officer == "A"


def test_money_lost_is_counted_with_the_report(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_ALREADY_DEFRAUDED, lost_yuan=9000)
    assert (casework.case(case_id).money_lost, casework.case(case_id).resolution) == (9000, "ALREADY_TRANSFERRED_ALL")


def test_a_returned_visit_goes_to_the_next_rung(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept", officer="A")
    act(casework, case_id, "return", officer="A", reason=ReturnReason.OFFICER_UNAVAILABLE)
    visit = visit_of(casework, case_id)
    assert (visit.state, visit.officer, visit.accepted_at) == ("waiting", None, None)
    assign(casework)
    first, second = casework.attempts(case_id)
    assert (first.result, second.rule, second.rung) == ("RETURNED", "ladder_after_returned", 1)
    assert visit_of(casework, case_id).officer == "B"
    assert casework.journal(case_id, "visit_returned")[0].data["reason"] == "OFFICER_UNAVAILABLE"


def test_another_officer_cannot_work_the_visit(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    with pytest.raises(Refused, match="visit_of_another_officer holder=A officer=B"):
        act(casework, case_id, "accept", officer="B")
    assert visit_of(casework, case_id).state == "assigned"


def test_who_lost_the_visit_cannot_accept_it_any_more(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    casework.pass_time(seconds=121)
    with pytest.raises(Refused, match="visit_unassigned officer=A"):
        act(casework, case_id, "accept", officer="A")


@pytest.mark.parametrize(
    ("before", "step", "how", "message"),
    [
        ([], "depart", {}, "wrong_visit_state state=assigned step=depart allowed=accepted"),
        ([], "report", {"result": Result.MET_DISSUADED}, "wrong_visit_state state=assigned step=report"),
        (["accept"], "accept", {}, "wrong_visit_state state=accepted step=accept allowed=assigned"),
        (["accept"], "report", {}, "wrong_visit_result allowed=INVALID_VISIT,"),
        (["accept"], "report", {"result": Result.DELIVERED}, "wrong_visit_result"),
        (["accept"], "return", {}, "return_reason_missing allowed=NOT_MY_JURISDICTION,"),
        (["accept", "arrive"], "depart", {}, "wrong_visit_state state=arrived step=depart"),
    ],
)
def test_a_step_out_of_turn_is_refused_with_what_it_needs(
    casework: CaseworkFixture, load: Load, before: list[str], step: str, how: dict[str, Any], message: str
) -> None:
    load()
    case_id = case_with_visit(casework)
    for each in before:
        act(casework, case_id, each)
    state, entries = visit_of(casework, case_id).state, len(casework.journal(case_id))
    with pytest.raises(Refused, match=message):
        act(casework, case_id, step, **how)
    assert (visit_of(casework, case_id).state, len(casework.journal(case_id))) == (state, entries)


def test_a_case_has_one_open_visit(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    copy = (
        "INSERT INTO visits (id, number, case_id, state, rule, opened_at) "
        "SELECT gen_random_uuid(), number, case_id, :state, rule, opened_at FROM visits WHERE case_id = :case LIMIT 1"
    )
    casework.is_tampered = True
    casework.sql(copy, case=case_id, state="cancelled")
    with pytest.raises(IntegrityError, match="uq_visits_open_case"):
        casework.sql(copy, case=case_id, state="waiting")


def test_an_assignment_sent_twice_is_made_once(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    casework.sql("UPDATE attempts SET state = 'sending', action = NULL, lease_until = now() - interval '1 s'")
    assert casework.lapse() == 1
    assign(casework)
    assert [each.state for each in casework.attempts(case_id)] == ["accepted"]
    assert (visit_of(casework, case_id).officer, len(casework.rows(AssignmentRow))) == ("A", 1)
