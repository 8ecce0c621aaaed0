"""`case --why` on a real journal: every decision of a case's life is told in words, under its policy."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, event, instruction, withdrawal
from visits_fixture import Load, act, case_with_visit, visit_of

from dispatcher.cli import why
from dispatcher.errors import OperatorError
from dispatcher.reporting.case import case_report
from dispatcher.texts import reasons
from dispatcher.visits import card as visit_card
from schemas.vocabulary import AddressKind, Result

UNDER_WAY = {"channels": ["sms", "voice", "visit"]}


def told(casework: CaseworkFixture, case_id: UUID, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    with casework.sessions() as session:
        whole = case_report(session, case_id)
    why.explain_case(whole, casework.context.policy, "en", as_json=True)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_life_is_told_in_words(casework: CaseworkFixture, capsys: pytest.CaptureFixture[str]) -> None:
    case_id = casework.open(**UNDER_WAY)
    casework.push(instruction(**UNDER_WAY))
    casework.push(instruction(version=2, urgency="critical", **UNDER_WAY))
    casework.pass_time(minutes=20)
    casework.push(withdrawal(version=2))
    lines = told(casework, case_id, capsys)
    assert [each["seq"] for each in lines] == [each.seq for each in casework.journal(case_id) if each.rule is not None]
    assert {tuple(each) for each in lines} == {("seq", "at", "rule", "why", "inputs", "policy")}
    assert {each["policy"] for each in lines} == {casework.context.policy.version}
    events, rules = reasons.load().events, reasons.load().rules
    for each in lines:
        assert not any(each["why"].startswith(name) for name in events), each
        assert rules[each["rule"]].en in each["why"]
    (opened,) = [each for each in lines if each["rule"] == "visit_at_receipt"]
    assert opened["inputs"]["urgency.critical.visit.on"] == ["receipt"]


def test_a_false_alarm_and_a_late_loss_are_told(casework: CaseworkFixture, capsys: pytest.CaptureFixture[str]) -> None:
    case_id = casework.open()
    casework.push(event("feedback", outcome="NOT_A_VICTIM"))
    casework.push(event("later_loss", loss_yuan=500))
    sentences = " ".join(each["why"] for each in told(casework, case_id, capsys))
    for words in (
        "Case closed: not a victim.",
        "The same trigger is suppressed until 2026-",
        "A later loss of 500 yuan",
    ):
        assert words in sentences


def test_who_read_the_card_and_what_was_tried_is_told(
    casework: CaseworkFixture, load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    with casework.begin() as work:
        for officer in ("A", "B"):
            visit_card.read(work, visit_of(casework, case_id).id, officer=officer)
    act(casework, case_id, "tried", address=AddressKind.RESIDENCE, result=Result.WRONG_ADDRESS)
    sentences = [each["why"] for each in told(casework, case_id, capsys)][-3:]
    assert [each.partition(". Why: ")[0] for each in sentences] == [
        "The visit's card was read",
        "The visit's card was read, masked: yes",
        "The officer tried an address (residence): wrong address",
    ]


def test_a_decision_names_the_policy_it_was_made_under(
    casework: CaseworkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id = casework.open(**UNDER_WAY)
    new = casework.context.policy.model_copy(update={"version": "our-city-2"})
    after = replace(casework, context=replace(casework.context, policy=new))
    after.pass_time(minutes=20)
    versions = {each["rule"]: each["policy"] for each in told(after, case_id, capsys)}
    assert versions["first_sms"] == casework.context.policy.version
    assert versions["visit_no_contact"] == "our-city-2"
    assert [each.data["before"] for each in after.journal(case_id, "policy_changed")] == [
        casework.context.policy.version
    ]


def test_people_read_the_language_of_the_screen_and_see_the_inputs(
    casework: CaseworkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id = casework.open()
    with casework.sessions() as session:
        whole = case_report(session, case_id)
    why.explain_case(whole, casework.context.policy, None, as_json=False)
    shown = capsys.readouterr().out
    assert "规则 first_sms  策略 default-1" in shown
    assert "联系:短信,对象:本人,第 1 次提醒。理由:任务已受理,按策略首先发短信提醒。\n" in shown
    assert "urgency.high.sms.after=0s" in shown
    with pytest.raises(OperatorError, match="one of zh, en"):
        why.explain_case(whole, casework.context.policy, "fr", as_json=False)
