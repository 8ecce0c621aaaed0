"""What a bank is asked on a human's order: pursued like what a rule asks, and beyond the end of the case."""

from datetime import timedelta
from typing import Any

import pytest
from desk import START, Desk, Scripted, event, withdrawal
from station import give

from dispatcher.errors import OperatorError
from dispatcher.supervision import decisions
from providers.base import Answered, Transient
from schemas.vocabulary import BankRequest, Channel, Result


def bank(*words: Any) -> Scripted:
    return Scripted(list(words), name="bank", channels=(Channel.HOOK,))


def test_protection_is_asked_for_on_order(desk: Desk) -> None:
    case_id = desk.open()
    give(desk, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    [asked] = desk.attempts(case_id, "hook")
    assert (asked.hook, asked.rule) == ("protect_account", "protect_account_ordered")
    [request] = [each.message for each in desk.deliver(bank(Answered(Result.GRANTED, hours=24)), Scripted())[:1]]
    assert request is not None
    assert request.facts["reason"] == "protect_account_ordered"
    assert "申诉" in request.facts["appeal"]
    assert desk.attempts(case_id, "hook")[0].granted_until == START + timedelta(hours=24)


def test_money_that_is_leaving_waits_behind_nobody_however_low_the_case(desk: Desk) -> None:
    desk.open(1, urgency="low", risk={"transfers": [{"at": "2026-03-02T08:50:00+08:00", "amount_yuan": 5000}]})
    desk.open(2, urgency="critical", channels=["sms"])
    assert [each.provider for each in desk.claim(bank(), Scripted(), lane="urgent", limit=1)] == ["bank"]


def test_protection_is_lifted_though_the_case_has_ended(desk: Desk) -> None:
    case_id = desk.open()
    give(desk, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    desk.deliver(bank(Answered(Result.GRANTED, hours=24)), Scripted())
    desk.push(event("feedback", outcome="SELF_AWARE"))
    give(desk, decisions.ask_bank, case_id, BankRequest.LIFT_PROTECTION)
    desk.deliver(bank(Answered(Result.LIFTED)))
    assert [(each.hook, each.result) for each in desk.attempts(case_id, "hook")] == [
        ("protect_account", "GRANTED"),
        ("lift_protection", "LIFTED"),
    ]


def test_what_was_ordered_of_a_bank_that_is_down_is_asked_again(desk: Desk) -> None:
    case_id = desk.open()
    desk.push(event("feedback", outcome="SELF_AWARE"))
    give(desk, decisions.ask_bank, case_id, BankRequest.LIFT_PROTECTION)
    desk.deliver(bank(Transient("down")))
    desk.pass_time(seconds=5)
    desk.deliver(bank(Answered(Result.REFUSED)))
    assert [each.result for each in desk.attempts(case_id, "hook")] == ["FAILED_TEMPORARY", "REFUSED"]
    assert desk.case(case_id).waiting_for == "centre"
    assert desk.journal(case_id, "human_asked")[-1].rule == "bank_not_reached"


def test_a_withdrawn_case_gives_no_ground_for_a_measure(desk: Desk) -> None:
    case_id = desk.open()
    desk.push(withdrawal())
    with pytest.raises(OperatorError, match="no ground"):
        give(desk, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    give(desk, decisions.ask_bank, case_id, BankRequest.LIFT_PROTECTION)
    assert [each.state for each in desk.attempts(case_id, "hook")] == ["planned"]


def test_a_bank_is_asked_again_at_any_hour(desk: Desk) -> None:
    case_id = desk.open(urgency="medium")
    desk.pass_time(hours=13)  # 22:00: quiet hours hold what rings at somebody's, not what a bank is asked
    give(desk, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    desk.deliver(bank(Transient("down")), Scripted())
    assert [each.due_at - desk.now for each in desk.attempts(case_id, "hook")][1] == timedelta(seconds=2)
