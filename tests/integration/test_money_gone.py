"""Money that is gone: the bank is asked at once, whoever tells it, and nobody counts it as dissuaded in time."""

from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, resident
from visits_fixture import Load, act, case_with_visit, employ

from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import corrections, work_items
from providers.base import Answered, InDoubt
from schemas.officer_report import OfficerReport
from schemas.vocabulary import Answer, Channel, Result


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


@pytest.mark.parametrize(
    ("transfers", "told"),
    [
        ([{"at": "2026-03-02T08:50:00+08:00", "amount_yuan": 5000}], [{"amount_yuan": 5000}]),
        (["1.2万"], [{"amount_yuan": 12000}]),
        ("5000", [{"amount_yuan": 5000}]),
        (5000, [{"amount_yuan": 5000}]),
        (
            {"amount_yuan": "5,000.00元", "payee_account": "虚构账户"},
            [{"amount_yuan": 5000, "payee_account": "虚构账户"}],
        ),
        ([{"amount_yuan": "不详", "at": "昨天"}], [{}]),
        ([{"amount_yuan": 5000}, {}], [{"amount_yuan": 5000}]),
    ],
)
def test_the_bank_is_told_of_transfers_in_whatever_form_they_came(
    casework: CaseworkFixture, transfers: Any, told: list[dict[str, Any]]
) -> None:
    casework.open(urgency="critical", channels=["sms"], risk={"transfers": transfers})
    bank = Scripted(channels=(Channel.HOOK,))
    casework.deliver(bank)
    [message] = [each for each in bank.sent if each.channel is Channel.HOOK]
    facts = [{name: value for name, value in each.items() if name != "at"} for each in message.facts["transfers"]]
    assert facts == told


def stop_payment(casework: CaseworkFixture) -> list[dict[str, Any]]:
    bank = Scripted(channels=(Channel.HOOK,))
    casework.deliver(bank)
    [message] = [each for each in bank.sent if each.channel is Channel.HOOK]
    told: list[dict[str, Any]] = message.facts["transfers"]
    return told


def test_the_bank_is_told_what_the_newest_version_says(casework: CaseworkFixture) -> None:
    for version, amount in enumerate((5000, 7000, 8000), start=1):
        casework.push(instruction(1, version=version, risk={"transfers": [{"amount_yuan": amount}]}))
    assert stop_payment(casework) == [{"amount_yuan": 8000}]


def test_of_a_version_with_two_contents_the_bank_is_told_what_either_says(casework: CaseworkFixture) -> None:
    for transfers in ([{"amount_yuan": 5000}], [{"amount_yuan": 5000}, {"amount_yuan": 7000}]):
        casework.push(instruction(1, risk={"transfers": transfers}))
    assert stop_payment(casework) == [{"amount_yuan": 5000}, {"amount_yuan": 7000}]


def test_a_content_that_a_person_decided_on_is_told_to_no_bank(casework: CaseworkFixture) -> None:
    case_id = casework.open(risk={"transfers": [{"amount_yuan": 5000}]})
    casework.push(instruction(1, risk={"transfers": [{"amount_yuan": 7000}]}))
    employ(casework)
    [item] = [each for each in casework.items(case_id) if each.kind == "conflict"]
    with casework.begin() as work:
        work_items.done(work, item.id, work_items.WorkItemResult(), by="S-1")
    assert stop_payment(casework) == [{"amount_yuan": 5000}]


def test_two_equal_transfers_of_one_source_are_two_and_those_of_two_sources_one(casework: CaseworkFixture) -> None:
    casework.push(instruction(1, risk={"transfers": [{"amount_yuan": 5000}, {"amount_yuan": 5000}]}))
    casework.push(instruction(2, id_number=resident(1), risk={"transfers": [{"amount_yuan": 5000}]}))
    assert stop_payment(casework) == [{"amount_yuan": 5000}] * 2


@pytest.mark.parametrize("told_in", ["before the answer", "after the answer"])
def test_the_bank_is_asked_again_about_what_left_since_it_was_asked(casework: CaseworkFixture, told_in: str) -> None:
    case_id = casework.open(risk={"transfers": [{"amount_yuan": 5000}]})
    bank = Scripted(channels=(Channel.HOOK,))
    casework.deliver(bank)
    [first] = casework.attempts(case_id, "hook")
    stopped = Answered(Result.STOPPED, stopped_yuan=5000)
    more = instruction(1, version=2, risk={"transfers": [{"amount_yuan": 5000}, {"amount_yuan": 3000}]})
    for happens in (more, stopped) if told_in == "before the answer" else (stopped, more):
        if isinstance(happens, Answered):
            assert casework.receipt(first.send_key, happens)
        else:
            casework.push(happens)
    casework.deliver(bank)
    asked = [each.facts["transfers"] for each in bank.sent if each.channel is Channel.HOOK]
    assert [[each["amount_yuan"] for each in transfers] for transfers in asked] == [[5000], [5000, 3000]]
    assert [each.rule for each in casework.attempts(case_id, "hook")] == ["stop_payment", "stop_payment_more"]
    assert casework.receipt(casework.attempts(case_id, "hook")[1].send_key, Answered(Result.STOPPED, stopped_yuan=3000))
    casework.push(instruction(1, version=3, urgency="critical"))
    assert len(casework.attempts(case_id, "hook")) == 2
    assert casework.case(case_id).money_stopped == 8000


def test_a_bank_that_stopped_more_than_was_told_is_not_asked_again(casework: CaseworkFixture) -> None:
    case_id = casework.open(risk={"transfers": [{"amount_yuan": 5000}]})
    casework.deliver(Scripted(channels=(Channel.HOOK,)))
    [first] = casework.attempts(case_id, "hook")
    assert casework.receipt(first.send_key, Answered(Result.STOPPED, stopped_yuan=9000))
    casework.push(instruction(1, version=2, urgency="critical", risk={"transfers": [{"amount_yuan": 5000}]}))
    assert len(casework.attempts(case_id, "hook")) == 1


def told_to(bank: Scripted) -> list[list[int]]:
    """The amounts that each request named."""
    asked = [each.facts["transfers"] for each in bank.sent if each.channel is Channel.HOOK]
    return [[each["amount_yuan"] for each in transfers] for transfers in asked]


@pytest.mark.parametrize("by", ["later loss", "officer"])
def test_what_left_since_is_named_also_where_no_transfer_was_listed(
    casework: CaseworkFixture, load: Load, by: str
) -> None:
    load()
    case_id = case_with_visit(casework)
    bank = Scripted(channels=(Channel.HOOK,))
    transfers = {"transfers": [{"amount_yuan": 5000}]}
    casework.push(instruction(1, version=2, urgency="critical", channels=["visit"], risk=transfers))
    casework.deliver(bank)
    casework.receipt(casework.attempts(case_id, "hook")[0].send_key, Answered(Result.STOPPED, stopped_yuan=5000))
    if by == "officer":
        act(casework, case_id, "accept", officer="A")
        act(casework, case_id, "report", officer="A", result=Result.MET_ALREADY_DEFRAUDED, lost_yuan=80_000)
    else:
        casework.push(event("later_loss", 1, loss_yuan=75_000))
    casework.deliver(bank)
    assert told_to(bank) == [[5000], [5000, 75_000]]


def test_a_bank_that_nobody_can_ask_by_machine_is_rung_again_about_more(casework: CaseworkFixture) -> None:
    case_id = casework.open(risk={"transfers": [{"amount_yuan": 5000}]})
    employ(casework)
    casework.deliver(Scripted())
    [item] = [each for each in casework.items(case_id) if each.kind == "bank_not_reached"]
    with casework.begin() as work:
        work_items.done(work, item.id, work_items.WorkItemResult(), by="S-1")
    casework.push(instruction(1, version=2, risk={"transfers": [{"amount_yuan": 500_000}]}))
    casework.deliver(Scripted())
    rung = [each for each in casework.rows(WorkItemRow) if each.kind == "bank_not_reached"]
    assert [each.id == item.id for each in rung].count(False) == 1


def test_what_is_sent_again_under_its_key_asks_for_no_more_than_it_did(casework: CaseworkFixture) -> None:
    case_id = casework.open(risk={"transfers": [{"amount_yuan": 5000}]})
    bank = Scripted([InDoubt("timeout")], statuses=[InDoubt("timeout")] * 60, channels=(Channel.HOOK,))
    casework.deliver(bank)
    casework.push(instruction(1, version=2, risk={"transfers": [{"amount_yuan": 8000}]}))
    for _ in range(12):
        casework.pass_time(seconds=30)
        casework.advance()
        casework.deliver(bank)
        if len(casework.attempts(case_id, "hook")) > 1:
            break
    first, again = casework.attempts(case_id, "hook")[:2]
    casework.deliver(bank)
    assert again.send_key == first.send_key
    casework.receipt(first.send_key, Answered(Result.STOPPED, stopped_yuan=5000))
    asked = {each.asked_yuan for each in casework.attempts(case_id, "hook") if each.send_key == first.send_key}
    assert asked <= {5000, None}
    assert casework.attempts(case_id, "hook")[-1].rule == "stop_payment_more"


TELLS = ["a newer version", "a later loss", "an officer"]


def told_of(casework: CaseworkFixture, version: int, yuan: int) -> None:
    transfers = {"transfers": [{"amount_yuan": yuan}]}
    casework.push(instruction(1, version=version, urgency="critical", channels=["visit"], risk=transfers))


def case_with_loss(casework: CaseworkFixture) -> UUID:
    """A visit is assigned, and then 5,000 are told to be gone."""
    case_id = case_with_visit(casework)
    told_of(casework, 2, 5000)
    return case_id


def tell_gone(casework: CaseworkFixture, case_id: UUID, by: str, yuan: int, version: int = 3) -> None:
    """That so much is gone in all, of which 5,000 was told before."""
    if by == "a newer version":
        told_of(casework, version, yuan)
    elif by == "a later loss":
        casework.push(event("later_loss", 1, loss_yuan=yuan - 5000))
    else:
        report = {"result": Result.NOT_FOUND_TEMPORARILY, "lost_yuan": yuan}
        act(casework, case_id, "accept", officer="A")
        act(casework, case_id, "report", officer="A", **report)


@pytest.mark.parametrize("by", TELLS)
@pytest.mark.parametrize(("gone", "lost"), [(7000, 0), (9000, 0), (12_000, 3000)])
def test_what_a_bank_stopped_before_anybody_told_of_it_counts_when_it_is_told(
    casework: CaseworkFixture, load: Load, by: str, gone: int, lost: int
) -> None:
    load()
    case_id = case_with_loss(casework)
    bank = Scripted(channels=(Channel.HOOK,))
    casework.deliver(bank)
    [first] = casework.attempts(case_id, "hook")
    casework.receipt(first.send_key, Answered(Result.STOPPED, stopped_yuan=9000))
    tell_gone(casework, case_id, by, gone)
    case = casework.case(case_id)
    assert (case.money_lost, case.money_stopped) == (lost, 9000)
    casework.deliver(bank)
    told = told_to(bank)
    assert [sum(each) for each in told] == [5000, gone][: 2 if lost else 1]


def test_who_lost_nothing_because_a_bank_stopped_it_all_is_dissuaded(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_loss(casework)
    casework.deliver(Scripted(channels=(Channel.HOOK,)))
    [first] = casework.attempts(case_id, "hook")
    casework.receipt(first.send_key, Answered(Result.STOPPED, stopped_yuan=9000))
    casework.push(event("later_loss", 1, loss_yuan=4000))
    act(casework, case_id, "accept", officer="A")
    act(casework, case_id, "report", officer="A", result=Result.MET_DISSUADED)
    assert casework.case(case_id).resolution == "DISSUADED_IN_TIME"


def test_a_report_that_is_corrected_counts_what_was_stopped_before_it(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_loss(casework)
    casework.deliver(Scripted(channels=(Channel.HOOK,)))
    [first] = casework.attempts(case_id, "hook")
    casework.receipt(first.send_key, Answered(Result.STOPPED, stopped_yuan=9000))
    tell_gone(casework, case_id, "an officer", 3000)
    [visit, _] = casework.rows(VisitRow, VisitRow.case_id == case_id)
    for said, lost in ((11_000, 2000), (8000, 0), (None, 0), (10_000, 1000)):
        with casework.begin() as work:
            report = OfficerReport(result=Result.NOT_FOUND_TEMPORARILY, lost_yuan=said)
            corrections.correct(work, visit.id, report, by="A", reason="核实")
        assert casework.case(case_id).money_lost == lost


@pytest.mark.parametrize("by", ["a newer version", "an officer"])
def test_what_turned_out_not_to_be_gone_and_is_then_is_told_to_the_bank(
    casework: CaseworkFixture, load: Load, by: str
) -> None:
    load()
    case_id = case_with_loss(casework)
    bank = Scripted(channels=(Channel.HOOK,))
    tell_gone(casework, case_id, by, 9000)
    casework.deliver(bank)
    casework.receipt(casework.attempts(case_id, "hook")[0].send_key, Answered(Result.STOPPED, stopped_yuan=1000))
    if by == "an officer":
        visit = casework.rows(VisitRow, VisitRow.case_id == case_id)[0]
        with casework.begin() as work:
            report = OfficerReport(result=Result.NOT_FOUND_TEMPORARILY, lost_yuan=5000)
            corrections.correct(work, visit.id, report, by="A", reason="核实")
    else:
        tell_gone(casework, case_id, by, 5000, version=4)
    assert (casework.case(case_id).money_lost, len(casework.attempts(case_id, "hook"))) == (4000, 1)
    casework.push(event("later_loss", 1, loss_yuan=2000))
    casework.deliver(bank)
    assert [sum(each) for each in told_to(bank)] == [9000, 7000]


@pytest.mark.parametrize("channels", [(Channel.HOOK,), (Channel.SMS,)], ids=["not stopped", "no bank to ask"])
def test_what_a_person_rang_the_bank_about_counts_as_asked(
    casework: CaseworkFixture, channels: tuple[Channel, ...]
) -> None:
    case_id = casework.open(risk={"transfers": [{"amount_yuan": 5000}]})
    employ(casework)
    bank = Scripted(channels=channels)
    casework.deliver(bank)
    for each in casework.attempts(case_id, "hook"):
        if each.result is None:
            casework.receipt(each.send_key, Answered(Result.NOT_STOPPED))
    casework.push(instruction(1, version=2, risk={"transfers": [{"amount_yuan": 8000}]}))
    [item] = [each for each in casework.items(case_id) if each.kind == "bank_not_reached"]
    with casework.begin() as work:
        work_items.done(work, item.id, work_items.WorkItemResult(), by="S-1")
    casework.push(instruction(1, version=3, urgency="critical", risk={"transfers": [{"amount_yuan": 8000}]}))
    assert len(casework.attempts(case_id, "hook")) == 1
    casework.push(instruction(1, version=4, urgency="critical", risk={"transfers": [{"amount_yuan": 9000}]}))
    assert [each.rule for each in casework.attempts(case_id, "hook")] == ["stop_payment", "stop_payment_more"]


def test_a_stop_that_is_heard_of_late_leaves_what_was_asked_since_as_it_is(casework: CaseworkFixture) -> None:
    """What an earlier request stopped is no part of what the later one is about."""
    case_id = casework.open(risk={"transfers": [{"amount_yuan": 5000}]})
    employ(casework)
    bank = Scripted(channels=(Channel.HOOK,))
    casework.deliver(bank)
    [first] = casework.attempts(case_id, "hook")
    casework.receipt(first.send_key, Answered(Result.UNKNOWN))
    [item] = [each for each in casework.items(case_id) if each.kind == "bank_not_reached"]
    with casework.begin() as work:
        work_items.done(work, item.id, work_items.WorkItemResult(), by="S-1")
    casework.push(instruction(1, version=2, risk={"transfers": [{"amount_yuan": 8000}]}))
    casework.deliver(bank)
    casework.receipt(first.send_key, Answered(Result.STOPPED, stopped_yuan=5000))
    again = casework.attempts(case_id, "hook")[1]
    casework.receipt(again.send_key, Answered(Result.NOT_STOPPED))
    [item] = [each for each in casework.items(case_id) if each.kind == "bank_not_reached"]
    with casework.begin() as work:
        work_items.done(work, item.id, work_items.WorkItemResult(), by="S-1")
    casework.push(instruction(1, version=3, risk={"transfers": [{"amount_yuan": 11_000}]}))
    casework.deliver(bank)
    assert [sum(each) for each in told_to(bank)] == [5000, 8000, 11_000]


A, B = "6222 0000 0001", "6222-0000-0002"


def transfers(*told: tuple[object, str]) -> dict[str, object]:
    return {"transfers": [{"amount_yuan": yuan, "payee_account": payee} for yuan, payee in told]}


@pytest.mark.parametrize(
    ("now", "is_asked"),
    [
        (transfers((5000, A), ("不详", B)), True),
        (transfers((5000, B)), True),
        (transfers((5000, A.replace(" ", ""))), False),
        (transfers((5000, A), (5000, A)), True),
    ],
)
def test_a_bank_hears_of_another_account_though_no_more_is_known_to_be_gone(
    casework: CaseworkFixture, now: dict[str, object], is_asked: bool
) -> None:
    case_id = casework.open(risk=transfers((5000, A)))
    bank = Scripted(channels=(Channel.HOOK,))
    casework.deliver(bank)
    [first] = casework.attempts(case_id, "hook")
    assert casework.receipt(first.send_key, Answered(Result.STOPPED, stopped_yuan=5000))
    casework.push(instruction(1, version=2, risk=now))
    casework.deliver(bank)
    again = [each.rule for each in casework.attempts(case_id, "hook")[1:]]
    assert again == (["stop_payment_more"] if is_asked else [])
    casework.push(instruction(1, version=3, risk=now))
    casework.deliver(bank)
    assert len(casework.attempts(case_id, "hook")) == 1 + is_asked


def test_an_account_that_is_corrected_while_the_bank_is_asked_is_told_after_it(casework: CaseworkFixture) -> None:
    case_id = casework.open(risk=transfers((5000, A)))
    bank = Scripted(channels=(Channel.HOOK,))
    casework.deliver(bank)
    casework.push(instruction(1, version=2, risk=transfers((5000, B))))
    casework.deliver(bank)
    [first] = casework.attempts(case_id, "hook")
    assert casework.receipt(first.send_key, Answered(Result.STOPPED_PARTLY, stopped_yuan=1))
    casework.deliver(bank)
    assert [each.rule for each in casework.attempts(case_id, "hook")] == ["stop_payment", "stop_payment_more"]
