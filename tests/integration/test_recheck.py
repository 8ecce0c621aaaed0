"""Open cases of an older version, read again by the rules of this one."""

import json

import pytest
from casework_fixture import CaseworkFixture, instruction, phone, resident
from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.intake import open_case, recheck, statements
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.instructions import InstructionRow


def looked(casework: CaseworkFixture) -> list[recheck.Rechecked]:
    with casework.begin() as work:
        return [recheck.look(work, case_id) for case_id in recheck.open_cases(work)]


def join_by_hand(casework: CaseworkFixture, number: int, other: int) -> None:
    """As an older version joined by whatever stood in the field."""
    with casework.begin() as work:
        rows = {row.instruction_id: row for row in work.session.scalars(select(InstructionRow))}
        row, case_id = rows[f"YJ-{other}"], rows[f"YJ-{number}"].case_id
        case_file = CaseFile(work)
        case_file.open([case_id, row.case_id])
        read = statements.reread(case_file, row.raw_value_id, row.received_at)
        case_file.cases[row.case_id].withdrawn_at = case_file.now
        case_file.note(row.case_id, "x", {})
        row.case_id = case_id
        open_case.join(case_file, case_id, read)
        case_file.note(case_id, "x", {})


def test_a_case_of_today_has_nothing_to_look_at(casework: CaseworkFixture) -> None:
    casework.open(1)
    casework.open(2, id_number=resident(1), source={"system": "another"}, risk={"amount_at_risk_yuan": 5})
    assert looked(casework) == [recheck.Rechecked(str(casework.rows(CaseRow)[0].id), (), ())]


def test_who_was_joined_by_a_worthless_number_is_listed_for_a_person(casework: CaseworkFixture) -> None:
    casework.open(1, id_number="无")
    casework.open(2, id_number=" 无 ")
    join_by_hand(casework, 1, 2)
    assert looked(casework)[0].doubtful == ("YJ-1", "YJ-2")


@pytest.mark.parametrize("number", [resident(1), "无"])
def test_who_shares_an_identity_or_a_phone_is_not(casework: CaseworkFixture, number: str) -> None:
    casework.open(1, id_number=number)
    casework.open(2, id_number=number, phones=instruction(1)["victim"]["phones"])
    assert [seen.doubtful for seen in looked(casework)] == [()]


@pytest.mark.parametrize(
    ("older", "name"),
    [
        ("UPDATE phones SET digest = 'x'", "numbers"),
        ("UPDATE phones SET party = 'contact:parent:0' WHERE party = 'contact:guardian:0'", "numbers"),
        ("UPDATE subjects SET id_digest = 'x'", "identity"),
        ("UPDATE subjects SET name_digest = NULL", "identity"),
        ("DELETE FROM vault_values WHERE field = 'name'", "texts"),
    ],
)
def test_what_an_older_version_kept_otherwise_is_listed_once(casework: CaseworkFixture, older: str, name: str) -> None:
    father = {"relation": "父亲", "name": "何某", "phone": phone(9)}
    case_id = casework.open(1, id_number=resident(1, 20180101), contacts=[father])
    assert looked(casework)[0].changed == ()
    casework.sql(older)
    assert looked(casework)[0].changed == (name,)
    with casework.begin() as work:
        recheck.apply(work, case_id)
    assert looked(casework)[0].changed == ()
    casework.is_tampered = True


def test_whoever_is_a_guardian_by_todays_rules_is_called(casework: CaseworkFixture) -> None:
    father = {"relation": "父亲", "name": "何某", "phone": phone(9)}
    case_id = casework.open(1, id_number=resident(1, 20180101), contacts=[father], channels=["voice"])
    casework.sql("UPDATE phones SET party = 'contact:parent:0', person = 'family' WHERE party <> 'subject'")
    casework.sql("DELETE FROM attempts")
    with casework.begin() as work:
        recheck.apply(work, case_id)
    [call] = [each for each in casework.attempts(case_id, "voice") if each.state == "planned"]
    assert call.party == "contact:guardian:0"
    assert {row.party: row.retired_at is None for row in casework.rows(PhoneRow)} == {
        "subject": True,
        "contact:parent:0": False,
        "contact:guardian:0": True,
    }
    casework.is_tampered = True


def test_facts_that_would_be_others_are_listed_and_brought_up_to_date(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, urgency="low", risk={"amount_at_risk_yuan": 70})
    casework.sql("UPDATE cases SET amount_at_risk = 90, language = 'en', urgency = 'high'")
    assert looked(casework) == [recheck.Rechecked(str(case_id), ("amount_at_risk", "language"), ())]
    with casework.begin() as work:
        recheck.apply(work, case_id)
    case = casework.case(case_id)
    assert (case.amount_at_risk, case.language, case.urgency) == (70, "zh-CN", "high")
    assert casework.journal(case_id, "facts_changed")[0].rule == "rechecked"
    assert looked(casework)[0].changed == ()
    assert json.dumps(casework.journal(case_id, "facts_changed")[0].data)
    casework.is_tampered = True
