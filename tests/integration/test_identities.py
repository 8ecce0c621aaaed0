"""Who a case is about follows from what stands: no stranger joins what somebody else said by mistake, or took back."""

from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, phone, resident, withdrawal

from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import splits, work_items
from dispatcher.supervision.decisions import SupervisorDecision
from dispatcher.supervision.work_items import WorkItemResult

B = {"source": {"system": "银行(虚构)"}}
BOSS = SupervisorDecision("YT-FZ-001", "两人")


def warned(casework: CaseworkFixture) -> set[str | None]:
    provider = Scripted()
    casework.deliver(provider)
    return {message.to for message in provider.sent}


def doubtful(number: int) -> str:
    sure = resident(number)
    return sure[:-1] + ("0" if sure[-1] != "0" else "1")


def test_the_other_content_of_a_conflict_names_nobody(casework: CaseworkFixture) -> None:
    casework.open(1)
    casework.push(instruction(1, id_number=resident(2), name="别人", phones=[{"number": phone(9)}]))
    for decided in (False, True):
        if decided:
            [duty] = [row for row in casework.rows(WorkItemRow) if row.kind == "conflict"]
            with casework.begin() as work:
                work_items.done(work, duty.id, WorkItemResult(), by="YT-FZ-001")
        stranger = casework.open(2 + decided, id_number=resident(2 + 10 * decided))
        assert casework.case(stranger).subject_id != casework.rows(CaseRow)[0].subject_id
        assert f"+86{phone(2 + decided)}" in warned(casework)
    assert casework.open(5, id_number=resident(1), **B) == casework.rows(CaseRow)[0].id


def test_a_number_that_an_update_takes_back_joins_nobody(casework: CaseworkFixture) -> None:
    casework.open(1, id_number=resident(2))
    warned(casework)
    casework.push(instruction(1, version=2, id_number="无"))
    casework.open(2)
    assert warned(casework) == {f"+86{phone(2)}"}


def test_a_number_that_is_withdrawn_joins_nobody(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, id_number=None)
    assert casework.open(2, phones=[{"number": phone(1)}], **B) == case_id
    casework.push(withdrawal(2))
    assert casework.open(3, id_number=resident(2), name="何样2") != case_id


def test_a_split_takes_the_identity_along(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, id_number=None)
    casework.open(2, phones=[{"number": phone(1)}], **B)
    with casework.begin() as work:
        own = splits.split(work, case_id, BOSS, "YJ-2")
    assert casework.open(3, id_number=resident(2)) == own


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_number_that_is_doubtful_on_either_side_needs_a_second_match(
    casework: CaseworkFixture, order: tuple[int, int]
) -> None:
    number = "AB7302918"
    said = [{"name": "Ann Lee"}, {"name": "Bob Ray", "id_type": "passport"}]
    cases = {casework.open(1 + at, **person(1 + at, id_number=number, **said[at])) for at in order}
    assert len(cases) == 2
    assert len(warned(casework)) == 2


def person(number: int, **victim: Any) -> dict[str, Any]:
    known = {"phones": [{"number": phone(number)}]}
    return {"victim": known | victim}


@pytest.mark.parametrize("types", [("passport", "台胞证")])
def test_numbers_of_two_types_are_two(casework: CaseworkFixture, types: tuple[str, str]) -> None:
    first, second = (
        casework.open(at, **person(at, name=f"某{at}", id_number="804123679", id_type=each))
        for at, each in enumerate(types, start=1)
    )
    assert first != second


def test_a_false_alarm_silences_its_own_source_only(casework: CaseworkFixture) -> None:
    medium = {"urgency": "medium"}
    casework.open(1, **medium)
    casework.open(2, id_number=resident(1), **B, **medium)
    casework.push(withdrawal(2))
    casework.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    assert not casework.case(casework.open(9, id_number=resident(1), **B, **medium)).suppressed


def test_a_false_alarm_silences_nobody_who_is_only_like_the_person(casework: CaseworkFixture) -> None:
    casework.open(1, urgency="medium")
    casework.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    stranger = {"id_number": doubtful(2), "phones": [{"number": phone(1)}], "urgency": "medium"}
    assert not casework.case(casework.open(2, **stranger)).suppressed


@pytest.mark.parametrize(
    ("before", "after", "party"),
    [("隔壁老王", "单位负责人", "contact:employer"), ("同事", "社区", "contact:community")],
)
def test_a_corrected_relation_is_applied(casework: CaseworkFixture, before: str, after: str, party: str) -> None:
    contact = {"phone": phone(40), "name": "王某"}
    casework.open(1, contacts=[contact | {"relation": before}])
    casework.push(instruction(1, version=2, contacts=[contact | {"relation": after}]))
    [row] = [row for row in casework.rows(PhoneRow) if row.party != "subject" and row.retired_at is None]
    assert row.party.startswith(party)


@pytest.mark.parametrize("gone", ["withdrawn", "updated"])
def test_a_name_that_nobody_says_any_more_is_not_spoken(casework: CaseworkFixture, gone: str) -> None:
    casework.open(1, name=None, channels=["voice"])
    named = {"name": "欧阳锋", "id_number": resident(1), "channels": ["voice"], **B}
    casework.open(2, **named)
    casework.push(withdrawal(2) if gone == "withdrawn" else instruction(2, version=2, **(named | {"name": None})))
    casework.pass_time(minutes=10)
    provider = Scripted()
    casework.deliver(provider)
    assert provider.sent and not any("欧阳" in (message.script or "") for message in provider.sent)


def test_one_source_may_see_the_same_amount_leave_twice_within_a_minute(casework: CaseworkFixture) -> None:
    case_id: UUID = casework.open(1, risk={"transfers": [{"amount_yuan": 5000}, {"amount_yuan": 5000}]})
    assert (casework.case(case_id).money_transferred, casework.case(case_id).money_lost) == (10000, 10000)
