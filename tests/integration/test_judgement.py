"""What several sources say of one person's end, of a child, of money; lines that are odd where it does not matter."""

import json
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, phone, resident, withdrawal

from dispatcher.store.cases import PhoneRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import decisions, splits
from dispatcher.supervision.decisions import SupervisorDecision
from schemas.vocabulary import Resolution

B = {"source": {"system": "银行(虚构)"}, "id_number": resident(1)}
BOSS = SupervisorDecision("S-1", "两人")
pytestmark = pytest.mark.usefixtures("staff")
NO_CONTACT = ("WITHDRAWN", "EXPIRED", "DUPLICATE_MERGED", "UNREACHABLE", "TRANSFERRED_OUT", "NOT_A_VICTIM")


def open_items(casework: CaseworkFixture, case_id: UUID) -> list[str]:
    return [row.kind for row in casework.rows(WorkItemRow, WorkItemRow.case_id == case_id) if row.done_at is None]


@pytest.mark.parametrize("outcome", NO_CONTACT)
def test_a_source_that_met_nobody_closes_no_case_of_another(casework: CaseworkFixture, outcome: str) -> None:
    case_id = casework.open(1, urgency="low")
    casework.open(2, urgency="critical", **B)
    casework.push(event("feedback", 1, outcome=outcome))
    assert casework.case(case_id).state == "open"
    assert open_items(casework, case_id) == ["feedback_review"]
    assert [each for each in casework.attempts(case_id, "sms") if each.state == "planned"]


@pytest.mark.parametrize("outcome", ["DISSUADED_IN_TIME", "SELF_AWARE"])
def test_money_lost_is_not_dissuaded_by_anybodys_word(casework: CaseworkFixture, outcome: str) -> None:
    told, ordered = (casework.open(at, risk={"transfers": [{"amount_yuan": 5000}]}) for at in (1, 2))
    casework.push(event("feedback", 1, outcome=outcome))
    with casework.begin() as work:
        decisions.close(work, ordered, BOSS, Resolution(outcome))
    for case_id in (told, ordered):
        assert casework.case(case_id).resolution == "ALREADY_TRANSFERRED_ALL"
        assert {"case_report", "look_back"} <= set(open_items(casework, case_id))


def test_a_split_takes_an_open_conflict_along(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    casework.open(2, **B)
    casework.push(instruction(2, **(B | {"phones": [{"number": phone(22)}], "urgency": "critical"})))
    with casework.begin() as work:
        own = splits.split(work, case_id, BOSS, "YJ-2")
    standing = [row for row in casework.rows(PhoneRow, PhoneRow.case_id == own) if row.retired_at is None]
    assert (len(standing), casework.case(own).urgency) == (2, "critical")
    assert (open_items(casework, own), "conflict" in open_items(casework, case_id)) == (["conflict"], False)
    assert casework.verdict().differences == []


@pytest.mark.parametrize(
    "again",
    [
        instruction(2, **B),
        instruction(1, version=2),
        withdrawal(1),
        event("update", 1, version=2, patch={"urgency": "critical"}),
        event("feedback", 1, outcome="SELF_AWARE", note="x"),
    ],
)
def test_what_comes_for_a_person_who_was_erased_is_answered(casework: CaseworkFixture, again: dict[str, Any]) -> None:
    case_id = casework.open(1)
    casework.sql("UPDATE subjects SET wrapped_key = NULL")
    answer = casework.push(again)
    assert answer.status == ("refused" if "patch" in again else "accepted")
    if "victim" in again:
        assert UUID(answer.case or "") != case_id


def test_a_text_cut_in_the_midst_of_an_emoji_can_be_patched(casework: CaseworkFixture) -> None:
    answer = casework.push(json.dumps(instruction(1) | {"note": "abc\ud83d"}).encode())
    casework.push(event("update", 1, version=2, patch={"urgency": "critical"}))
    assert casework.case(UUID(answer.case or "")).urgency == "critical"


@pytest.mark.parametrize("levels", [1, 5, 900])
def test_what_is_nested_where_a_label_belongs_costs_no_warning(casework: CaseworkFixture, levels: int) -> None:
    line = json.dumps(instruction(1)).replace('"high"', "[" * levels + '"critical"' + "]" * levels)
    assert casework.push(line.encode()).status == "accepted"


def test_a_conflict_on_a_closed_case_is_somebodys_work(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    with casework.begin() as work:
        decisions.close(work, case_id, BOSS, Resolution.UNREACHABLE)
    assert casework.push(instruction(1, urgency="critical", phones=[{"number": phone(7)}])).status == "conflict"
    assert "conflict" in open_items(casework, case_id)


def twice(body: dict[str, Any], name: str, value: object) -> bytes:
    return (json.dumps(body)[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}").encode()


@pytest.mark.parametrize("value", [{}, {"name": "何样1"}, None])
def test_a_victim_given_twice_is_still_reached(casework: CaseworkFixture, value: object) -> None:
    assert casework.push(twice(instruction(1), "victim", value)).status == "accepted"


def test_what_is_feared_once_is_feared(casework: CaseworkFixture) -> None:
    answer = casework.push(twice(instruction(1, risk={"life_at_risk": True}), "risk", {"life_at_risk": False}))
    assert casework.case(UUID(answer.case or "")).case_facts.life_at_risk


def test_a_patch_keeps_what_stood_twice(casework: CaseworkFixture) -> None:
    line = twice(instruction(1, urgency="critical"), "victim", {"phones": [{"number": phone(8)}]})
    answer = casework.push(line[:-1] + b', "urgency": "low"}')
    casework.push(event("update", 1, version=2, patch={"note": "x"}))
    assert casework.case(UUID(answer.case or "")).urgency == "critical"
    assert [row.retired_at for row in casework.rows(PhoneRow)] == [None, None]
    assert open_items(casework, UUID(answer.case or "")) == []


def test_a_number_of_five_thousand_digits_costs_no_warning(casework: CaseworkFixture) -> None:
    assert casework.push((json.dumps(instruction(1))[:-1] + ', "x": ' + "9" * 5000 + "}").encode()).status == "accepted"


@pytest.mark.parametrize("patch", [{}, "无", None, []])
def test_a_whole_update_with_an_idle_patch_is_an_update(casework: CaseworkFixture, patch: object) -> None:
    casework.open(1)
    body = instruction(1, version=2, urgency="critical") | {"op": "update", "patch": patch}
    assert casework.push(body).status == "accepted"
    assert len(casework.rows(InstructionRow)) == 2


@pytest.mark.parametrize(
    ("victim", "is_child"),
    [
        ({"vulnerability": ["不满十四周岁"], "id_number": resident(1)}, True),
        ({"vulnerability": ["不满十四周岁"], "birth_date": "1980-03-07", "id_number": None}, True),
        ({"id_number": resident(1, 20180101), "birth_date": "1980-01-01"}, True),
        ({"vulnerability": ["14岁以下"], "birth_date": "2027-01-01", "id_number": None}, True),
        ({"vulnerability": ["8岁"], "id_number": None}, True),
        ({"id_number": "33060220160801123"}, True),
        ({"id_number": "3306022016****1234"}, True),
        ({"id_number": "33060219800801123"}, False),
        ({"vulnerability": ["未成年人"], "birth_date": "2010-01-01", "id_number": None}, False),
        ({"birth_date": "2027-01-01", "id_number": None}, False),
        ({"birth_date": "2015", "id_number": None}, True),
        ({"birth_date": "11岁", "id_number": None}, True),
        ({"birth_date": "十一周岁", "vulnerability": "独居", "id_number": None}, True),
        ({"birth_date": "45岁", "id_number": None}, False),
        ({"vulnerability": ["大学生", "四年级"], "id_number": None}, False),
        ({"vulnerability": ["高中生,三年级"], "id_number": None}, False),
        ({"vulnerability": ["退休教师", "一年级"], "id_number": resident(1, 19700101)}, False),
        ({"vulnerability": ["三年级"], "id_number": resident(1, 19700101)}, False),
        ({"vulnerability": ["三年级"], "birth_date": "1970", "id_number": None}, False),
        ({"vulnerability": ["三年级"], "id_number": None}, True),
        ({"vulnerability": ["小学三年级学生", "班主任王老师"], "id_number": None}, True),
    ],
)
def test_any_word_that_makes_a_child_is_enough(
    casework: CaseworkFixture, victim: dict[str, Any], *, is_child: bool
) -> None:
    body = instruction(1)
    body["victim"] = {name: each for name, each in (body["victim"] | victim).items() if each is not None}
    case_id = UUID(casework.push(body).case or "")
    assert casework.case(case_id).case_facts.minor == is_child


def test_an_event_that_is_told_again_under_its_own_id_counts_once(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    loss = event("later_loss", 1, loss_yuan=5000, event_id="E1")
    for changes in ({}, {"at": "2026-03-02T10:00:00+08:00"}, {"note": "again"}, {"by": "YT-FZ-008"}):
        casework.push(loss | changes)
    assert casework.case(case_id).money_lost == 5000


def test_a_label_that_names_somebody_is_nowhere_but_in_the_vault(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, urgency="高危 张三丰 13800138000")
    assert "张三丰" not in json.dumps([entry.data for entry in casework.journal(case_id)], ensure_ascii=False)
    assert casework.rows(InstructionRow)[0].urgency_label == "?"
    assert casework.deliver(Scripted())
