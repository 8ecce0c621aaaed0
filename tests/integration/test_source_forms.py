"""Lines that sources really sent (`cases/`): what is dialled, and what the case says."""

import json
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted

from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.work_items import WorkItemRow

_CASES = Path(__file__).with_name("cases")


def pushed(casework: CaseworkFixture, name: str) -> list[dict[str, Any]]:
    """Every line of a file, each of which is accepted."""
    lines = [json.loads(line) for line in (_CASES / f"{name}.jsonl").read_text("utf-8").splitlines()]
    assert [casework.push(line).status for line in lines] == ["accepted"] * len(lines)
    return lines


def dialled(casework: CaseworkFixture) -> list[str | None]:
    provider = Scripted()
    casework.deliver(provider)
    return sorted({message.to for message in provider.sent if message.to})


def flags(casework: CaseworkFixture) -> set[str]:
    return {flag for row in casework.rows(InstructionRow) for flag in row.flags}


@pytest.mark.parametrize(
    ("name", "numbers", "flag"),
    [
        ("f02a-float-text", ["+8615400000104"], "number_invalid"),
        ("f02b-extension-by-dash", ["+8615400000112", "+863961234567", "+865758812345"], "number_extension"),
        ("f09-86-without-plus", ["+8614911000601"], "number_invalid"),
    ],
)
def test_the_number_and_no_other_digits_are_dialled(
    casework: CaseworkFixture, name: str, numbers: list[str], flag: str
) -> None:
    pushed(casework, name)
    assert dialled(casework) == numbers
    assert flag in flags(casework)


def test_one_phone_in_three_spellings_is_one_case_and_one_sms(casework: CaseworkFixture) -> None:
    pushed(casework, "f09-86-without-plus")
    provider = Scripted()
    casework.deliver(provider)
    assert (len(casework.rows(CaseRow)), len(casework.rows(PhoneRow)), len(provider.sent)) == (1, 1, 1)


def test_what_cannot_be_seen_is_not_dialled(casework: CaseworkFixture) -> None:
    pushed(casework, "f05a-invisible-in-number")
    found = dialled(casework)
    assert found == ["+8615400000001", "+8615400000401", "+8615400000402", "+8615400000403"]
    assert len({row.digest for row in casework.rows(PhoneRow)}) == 5


def test_a_scam_type_in_three_forms_is_one(casework: CaseworkFixture) -> None:
    pushed(casework, "f08a-fraud-type-form")
    assert {row.fraud_type for row in casework.rows(CaseRow)} == {"F08"}
    assert "fraud_type_unknown" not in flags(casework)


def test_a_wife_is_family_by_either_word(casework: CaseworkFixture) -> None:
    pushed(casework, "f19-relations")
    parties = {row.party for row in casework.rows(PhoneRow)}
    assert parties == {"subject", "contact:spouse:0"}
    assert "relation_unknown" not in flags(casework)


def test_strangers_with_a_placeholder_for_a_number_are_each_warned(casework: CaseworkFixture) -> None:
    """Two of each kind: neither joins, suppresses, raises or closes the other."""
    lines = pushed(casework, "f01a-placeholder-id")
    assert len(casework.rows(CaseRow)) == len(lines)
    assert len(dialled(casework)) == len(lines)
    assert "id_number_none" in flags(casework)


def test_a_false_alarm_of_a_stranger_suppresses_nobody(casework: CaseworkFixture) -> None:
    pushed(casework, "f01d-suppressed-by-a-stranger")
    first, second = casework.rows(CaseRow)
    assert (first.resolution, second.state, second.suppressed) == ("NOT_A_VICTIM", "open", False)
    assert dialled(casework) == ["+8615400000032"]


def test_nobody_was_warned_before_because_a_stranger_was(casework: CaseworkFixture) -> None:
    pushed(casework, "f01e-warned-again-by-a-stranger")
    second = casework.rows(CaseRow)[-1]
    assert (second.urgency, second.warned_before) == ("low", None)
    assert casework.attempts(second.id, "visit") == []


def test_a_redelivery_with_a_new_push_time_is_a_duplicate_without_a_work_item(casework: CaseworkFixture) -> None:
    path = _CASES / "f18-redelivered-with-a-new-push-time.jsonl"
    answers = [casework.push(json.loads(line)).status for line in path.read_text("utf-8").splitlines()]
    assert answers == ["accepted", *["duplicate"] * (len(answers) - 1)]
    assert (casework.rows(WorkItemRow), casework.quarantined()) == ([], [])
