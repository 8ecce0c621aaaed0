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
from dispatcher.supervision import corrections, decisions
from schemas.officer_report import OfficerReport
from schemas.vocabulary import Resolution, Result


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
