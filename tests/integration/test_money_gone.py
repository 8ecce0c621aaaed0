"""Money that is gone: the bank is asked at once, whoever tells it, and nobody counts it as dissuaded in time."""

import pytest
from casework_fixture import CaseworkFixture, Scripted, event
from visits_fixture import Load, act, case_with_visit

from dispatcher.store.work_items import WorkItemRow
from providers.base import Answered
from schemas.vocabulary import Answer, Result


def kinds(casework: CaseworkFixture) -> set[str]:
    return {row.kind for row in casework.rows(WorkItemRow)}


@pytest.mark.parametrize("urgency", ["critical", "high", "medium"])
def test_what_was_paid_already_is_told_to_the_bank_at_once(casework: CaseworkFixture, urgency: str) -> None:
    case_id = casework.open(urgency=urgency, channels=["voice"])
    casework.pass_time(minutes=15)
    casework.deliver(Scripted([Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.ALREADY_PAID)]))
    [hook] = [each for each in casework.attempts(case_id, "hook") if each.rule == "stop_payment"]
    assert hook.due_at == casework.now
    assert casework.case(case_id).resolution != "DISSUADED_IN_TIME"


def test_a_loss_that_a_source_tells_is_not_dissuaded_at_the_door(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, risk={"amount_at_risk_yuan": 20000})
    casework.push(event("later_loss", 1, loss_yuan=5000))
    for step in ("accept", "arrive"):
        act(casework, case_id, step, officer="A")
    act(casework, case_id, "report", officer="A", result=Result.MET_DISSUADED)
    case = casework.case(case_id)
    assert (case.resolution, case.money_lost) == ("ALREADY_TRANSFERRED_PARTLY", 5000)
    assert {"case_report", "look_back"} <= kinds(casework)
    assert [each.rule for each in casework.attempts(case_id, "hook")] == ["stop_payment"]
