"""What a bank is asked on a human's order: pursued like what a rule asks, and beyond the end of the case."""

from datetime import timedelta
from typing import Any

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, event, withdrawal
from visits_fixture import decide_as_supervisor

from dispatcher.errors import Refused
from dispatcher.supervision import decisions
from providers.base import Answered, Transient
from schemas.refusals import RefusalCode
from schemas.vocabulary import BankRequest, Channel, Result


def bank(*words: Any) -> Scripted:
    return Scripted(list(words), name="bank", channels=(Channel.HOOK,))


def test_protection_is_asked_for_on_order(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    [asked] = casework.attempts(case_id, "hook")
    assert (asked.hook, asked.rule) == ("protect_account", "protect_account_ordered")
    calls = casework.deliver(bank(Answered(Result.GRANTED, hours=24)), Scripted())
    [request] = [each.message for each in calls if each.provider == "bank"]
    assert request is not None
    assert request.facts["reason"] == "protect_account_ordered"
    assert "申诉" in request.facts["appeal"]
    assert casework.attempts(case_id, "hook")[0].granted_until == START + timedelta(hours=24)


def test_money_that_is_leaving_waits_behind_nobody_however_low_the_case(casework: CaseworkFixture) -> None:
    casework.open(1, urgency="low", risk={"transfers": [{"at": "2026-03-02T08:50:00+08:00", "amount_yuan": 5000}]})
    casework.open(2, urgency="critical", channels=["sms"])
    assert [each.provider for each in casework.claim(bank(), Scripted(), lane="urgent", limit=1)] == ["bank"]


def test_protection_is_lifted_though_the_case_has_ended(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    casework.deliver(bank(Answered(Result.GRANTED, hours=24)), Scripted())
    casework.push(event("feedback", outcome="SELF_AWARE"))
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.LIFT_PROTECTION)
    casework.deliver(bank(Answered(Result.LIFTED)))
    assert [(each.hook, each.result) for each in casework.attempts(case_id, "hook")] == [
        ("protect_account", "GRANTED"),
        ("lift_protection", "LIFTED"),
    ]


def test_what_was_ordered_of_a_bank_that_is_down_is_asked_again(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(event("feedback", outcome="SELF_AWARE"))
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.LIFT_PROTECTION)
    casework.deliver(bank(Transient("down")))
    casework.pass_time(seconds=5)
    casework.deliver(bank(Answered(Result.REFUSED)))
    assert [each.result for each in casework.attempts(case_id, "hook")] == ["FAILED_TEMPORARY", "REFUSED"]
    assert "bank_not_reached" in [each.kind for each in casework.items(case_id)]
    assert casework.journal(case_id, "duty_planned")[-1].rule == "bank_not_reached"


def test_a_withdrawn_case_gives_no_ground_for_a_measure(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(withdrawal())
    with pytest.raises(Refused, match=RefusalCode.NO_GROUND_FOR_MEASURE):
        decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.LIFT_PROTECTION)
    assert [each.state for each in casework.attempts(case_id, "hook")] == ["planned"]


def test_a_bank_is_asked_again_at_any_hour(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="medium")
    casework.pass_time(hours=13)  # 22:00: quiet hours hold what rings at somebody's, not what a bank is asked
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    casework.deliver(bank(Transient("down")), Scripted())
    assert [each.due_at - casework.now for each in casework.attempts(case_id, "hook")][1] == timedelta(seconds=2)
