"""Who a case is about follows from what stands: no stranger joins what somebody else said by mistake, or took back."""

from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, phone, resident, withdrawal

from dispatcher.store.cases import CaseRow, LinkRow, PhoneRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import splits, work_items
from dispatcher.supervision.decisions import SupervisorDecision
from dispatcher.supervision.work_items import WorkItemResult

B = {"source": {"system": "银行(虚构)"}}
BOSS = SupervisorDecision("S-1", "两人")
pytestmark = pytest.mark.usefixtures("staff")


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
                work_items.done(work, duty.id, WorkItemResult(), by="S-1")
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


def kinds(casework: CaseworkFixture, case_id: UUID) -> list[str]:
    return [row.kind for row in casework.rows(WorkItemRow, WorkItemRow.case_id == case_id) if row.done_at is None]


def links(casework: CaseworkFixture, case_id: UUID) -> set[str]:
    return {row.kind for row in casework.rows(LinkRow, LinkRow.case_id == case_id)}


@pytest.mark.parametrize("others", [{}, {"phones": [{"number": phone(1)}]}])
def test_an_update_to_somebody_with_an_open_case_is_put_before_a_person(
    casework: CaseworkFixture, others: dict[str, Any]
) -> None:
    """Both go on: an officer may be on the way in each. Which of them ends, a person decides."""
    changed, known = casework.open(1), casework.open(2, **others)
    for version in (2, 3):
        answer = casework.push(instruction(1, version=version, id_number=resident(2), note=str(version)))
        assert answer.case == str(changed)
    assert (kinds(casework, changed), "same_person" in links(casework, changed)) == (["same_person"], True)
    assert "same_person" in links(casework, known)
    assert casework.journal(changed, "duty_planned")[-1].rule == "same_person"
    assert {casework.case(each).state for each in (changed, known)} == {"open"}


def test_a_case_that_two_open_ones_turn_out_to_be_of_is_put_before_a_person(casework: CaseworkFixture) -> None:
    """The third source tells that the phone of one and the number of the other belong together."""
    by_phone, by_id = casework.open(1, id_number=None), casework.open(2)
    assert casework.open(3, id_number=resident(2), phones=[{"number": phone(1)}], **B) == by_id
    assert links(casework, by_phone) == {"shared_number", "same_person"}
    casework.push(instruction(1, version=2, id_number=resident(2)))
    assert (kinds(casework, by_id), kinds(casework, by_phone)) == (["same_person"], [])


def test_a_mothers_phone_is_no_ground_to_ask(casework: CaseworkFixture) -> None:
    mother = casework.open(1)
    child = casework.open(2, phones=[{"number": phone(1)}])
    casework.push(instruction(2, version=2, phones=[{"number": phone(1)}], note="x"))
    assert (kinds(casework, mother), kinds(casework, child)) == ([], [])


@pytest.mark.parametrize("known", [False, True])
def test_an_update_that_names_somebody_else_leaves_the_case_of_others(
    casework: CaseworkFixture, *, known: bool
) -> None:
    case_id = casework.open(1)
    casework.open(2, id_number=resident(1), **B)
    theirs = casework.open(3, name="何样3") if known else None
    warned(casework)
    answer = casework.push(instruction(2, version=2, id_number=resident(3), phones=[{"number": phone(4)}], **B))
    own = UUID(answer.case or "")
    assert own == theirs if known else own != case_id
    assert [row.case_id for row in casework.rows(InstructionRow) if row.instruction_id == "YJ-2"] == [own, own]
    assert "split" in links(casework, own) & links(casework, case_id)
    assert casework.journal(own, "instruction_split_off")[0].rule == "another_person"
    standing = [row for row in casework.rows(PhoneRow, PhoneRow.case_id == case_id) if row.retired_at is None]
    assert len(standing) == 1
    if not known:
        assert warned(casework) == {f"+86{phone(4)}"}
    assert casework.open(5, id_number=resident(1), source={"system": "third"}) == case_id
    casework.push(event("feedback", 2, outcome="SELF_AWARE"))
    assert casework.case(case_id).state == "open"


@pytest.mark.parametrize(
    "same",
    [
        {"id_number": None},
        {"id_number": None, "phones": [{"number": phone(7)}], "name": "何样1"},
        {"id_number": resident(3), "phones": [{"number": phone(1)}]},
        {"id_number": None, "phones": [], "addresses": [{"text": "(invented) 1"}]},
    ],
)
def test_an_update_that_may_be_of_the_same_person_stays(casework: CaseworkFixture, same: dict[str, Any]) -> None:
    case_id = casework.open(1)
    casework.open(2, id_number=resident(1), phones=[{"number": phone(1)}], **B)
    known = {"phones": [{"number": phone(1)}]}
    assert casework.push(instruction(2, version=2, **(B | known | same))).case == str(case_id)


def test_an_update_that_keeps_its_number_leaves_those_who_were_joined_by_phone(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    casework.open(2, id_number=None, phones=[{"number": phone(1)}], **B)
    answer = casework.push(instruction(1, version=2, phones=[{"number": phone(9)}]))
    assert answer.case != str(case_id)
    assert casework.open(3, id_number=None, phones=[{"number": phone(1)}], name="何样2") == case_id
    assert str(casework.open(4, id_number=resident(1))) == answer.case
