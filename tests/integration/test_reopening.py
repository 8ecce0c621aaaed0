"""A case that had ended goes on, while a warning of the same person comes: the one waits for the other."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, event, instruction, phone, resident
from visits_fixture import ORDER, Load, act, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.errors import Refused
from dispatcher.intake import instructions
from dispatcher.store.cases import CaseRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import corrections, decisions, pauses, work_items
from schemas.officer_report import OfficerReport
from schemas.vocabulary import Resolution, Result, WorkItemKind


def closed(casework: CaseworkFixture, outcome: str = "DISSUADED_IN_TIME", **person: Any) -> UUID:
    case_id = casework.open(1, **person)
    casework.push(event("feedback", outcome=outcome))
    assert casework.case(case_id).state == "closed"
    return case_id


def open_cases(casework: CaseworkFixture) -> list[UUID]:
    return [row.id for row in casework.rows(CaseRow) if row.state == "open"]


PEOPLE = [{"id_number": resident(1)}, {"id_number": None, "phones": [{"number": phone(9)}]}]


@pytest.mark.parametrize("person", PEOPLE)
def test_a_case_is_not_reopened_beside_one_that_is_just_being_opened(
    casework: CaseworkFixture, load: Load, beside: Callable[..., "Future[Any]"], person: dict[str, Any]
) -> None:
    load()
    case_id = closed(casework, **person)
    with casework.begin() as work:
        other = instructions.take(work, json.dumps(instruction(2, **person)).encode(), door="push").case
        reopening = beside(lambda: decide_as_supervisor(casework, decisions.reopen, case_id))
    with pytest.raises(Refused, match=f"other_case_open case={case_id} other={other}"):
        reopening.result(timeout=30)
    assert open_cases(casework) == [UUID(other)]


@pytest.mark.parametrize("person", PEOPLE)
def test_a_warning_that_comes_while_its_case_is_reopened_joins_it(
    casework: CaseworkFixture, load: Load, beside: Callable[..., "Future[Any]"], person: dict[str, Any]
) -> None:
    load()
    case_id = closed(casework, **person)
    with casework.begin() as work:
        decisions.reopen(work, case_id, ORDER)
        work.session.flush()
        coming = beside(lambda: casework.push(instruction(2, **person)))
    answer = coming.result(timeout=30)
    assert (answer.status, answer.case) == ("accepted", str(case_id))
    assert open_cases(casework) == [case_id]


def test_a_warning_that_comes_while_a_report_is_corrected_joins_the_case_that_goes_on(
    casework: CaseworkFixture, load: Load, beside: Callable[..., "Future[Any]"]
) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    with casework.begin() as work:
        wrong = OfficerReport(result=Result.NOT_FOUND_TEMPORARILY)
        corrections.correct(work, visit_of(casework, case_id).id, wrong, by="A", reason="点错了")
        work.session.flush()
        coming = beside(lambda: casework.push(instruction(2, id_number=resident(1))))
    assert coming.result(timeout=30).case == str(case_id)


def test_a_case_that_is_reopened_was_no_false_alarm_after_all(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = closed(casework, "NOT_A_VICTIM")
    decide_as_supervisor(casework, decisions.reopen, case_id)
    decide_as_supervisor(casework, decisions.close, case_id, Resolution.DISSUADED_IN_TIME)
    again = casework.open(2, id_number=resident(1))
    assert not casework.case(again).suppressed
    assert casework.verdict().differences == []


def test_a_case_that_ended_as_a_false_alarm_again_is_one(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = closed(casework, "NOT_A_VICTIM")
    decide_as_supervisor(casework, decisions.reopen, case_id)
    decide_as_supervisor(casework, decisions.close, case_id, Resolution.NOT_A_VICTIM)
    assert casework.case(casework.open(2, id_number=resident(1))).suppressed


def asked_by_intake(casework: CaseworkFixture, kind: WorkItemKind) -> UUID:
    """A case of which a person was asked something that no rule asks again."""
    elsewhere = [{"kind": "work", "text": "样板路9号", "precinct_code": "P9"}]
    unclear = [{"relation": "某某", "phone": phone(9)}]
    known = {"channels": ["visit"], "addresses": elsewhere}
    case_id = casework.open(1, urgency="critical", contacts=unclear, **known)
    casework.push(instruction(1, version=2, urgency="medium", **known))
    assert kind in {each.kind for each in casework.items(case_id)}
    return case_id


COMES_BACK = [WorkItemKind.PRECINCT_UNKNOWN, WorkItemKind.CONTACT_REVIEW, WorkItemKind.URGENCY_REVIEW]


@pytest.mark.parametrize("kind", COMES_BACK)
def test_what_nobody_had_answered_at_the_end_waits_again(
    casework: CaseworkFixture, load: Load, kind: WorkItemKind
) -> None:
    load()
    case_id = asked_by_intake(casework, kind)
    [before] = [each for each in casework.items(case_id) if each.kind == kind]
    for _ in range(2):
        decide_as_supervisor(casework, decisions.close, case_id, Resolution.SELF_AWARE)
        decide_as_supervisor(casework, decisions.reopen, case_id)
        [again] = [each for each in casework.items(case_id) if each.kind == kind]
        assert (again.cause, again.rule, again.id != before.id) == (before.cause, before.rule, True)
        assert again.due_at == casework.now + casework.context.policy.urgency.critical.answer_within
    assert casework.verdict().differences == []


@pytest.mark.parametrize("kind", COMES_BACK)
def test_what_was_answered_before_the_end_does_not_wait_again(
    casework: CaseworkFixture, load: Load, kind: WorkItemKind
) -> None:
    load()
    case_id = asked_by_intake(casework, kind)
    [item] = [each for each in casework.items(case_id) if each.kind == kind]
    with casework.begin() as work:
        work_items.done(work, item.id, work_items.WorkItemResult(), by="S-1")
    casework.push(event("feedback", outcome="DISSUADED_IN_TIME"))
    casework.pass_time(minutes=1)
    decide_as_supervisor(casework, decisions.reopen, case_id)
    assert kind not in {each.kind for each in casework.items(case_id)}


def test_a_hold_that_the_reopening_ends_asks_nobody(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = casework.open(1)
    decide_as_supervisor(casework, pauses.pause, case_id)
    casework.push(instruction(1, version=2))
    assert "held_case" in {each.kind for each in casework.items(case_id)}
    casework.push(event("feedback", outcome="DISSUADED_IN_TIME"))
    casework.pass_time(minutes=1)
    decide_as_supervisor(casework, decisions.reopen, case_id)
    assert "held_case" not in {each.kind for each in casework.items(case_id)}
    assert len([each for each in casework.rows(WorkItemRow) if each.kind == "held_case"]) == 1


def test_a_corrected_report_asks_again_what_its_end_had_cancelled(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    casework.push(instruction(1, version=2, urgency="medium", channels=["visit"]))
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    visit = visit_of(casework, case_id)
    for result in (Result.MET_SELF_AWARE, Result.NOT_FOUND_TEMPORARILY):
        assert "urgency_review" not in {each.kind for each in casework.items(case_id)}
        casework.pass_time(minutes=1)
        with casework.begin() as work:
            corrections.correct(work, visit.id, OfficerReport(result=result), by="A", reason="点错了")
    assert [each.kind for each in casework.items(case_id)].count(WorkItemKind.URGENCY_REVIEW) == 1
