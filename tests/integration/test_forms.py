"""The lines of `cases` on a real database: each is taken, and who it is about is warned."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, event, instruction, phone

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import AddressRow, PhoneRow
from dispatcher.store.instructions import InstructionRow

CASES = Path(__file__).parent / "cases"
ALL = ("f03a-null-in-optional", "f03b-empty-in-optional", "f03d-birth-date", "f03f-times", "f03g-precinct-blank")
ALL += ("f04-one-bad-number", "f07-language")


@pytest.mark.parametrize("name", ALL)
def test_every_line_is_taken_and_its_person_warned(casework: CaseworkFixture, name: str) -> None:
    lines = [json.loads(line) for line in (CASES / f"{name}.jsonl").read_bytes().splitlines()]
    answers = [casework.push(line) for line in lines]
    assert {each.status for each in answers} == {"accepted"}
    assert casework.quarantined() == []
    provider = Scripted()
    casework.deliver(provider)
    numbers = casework.rows(PhoneRow)
    assert {each.case_id for each in numbers} == {call.case_id for call in casework.rows(AttemptRow) if call.phone_id}
    texts = [str(message.text) for message in provider.sent if message.channel == "sms"]
    assert texts and all("假警察" in text for text in texts)
    assert {casework.push(line).status for line in lines} == {"duplicate"}
    assert casework.verdict().differences == []


def test_who_has_no_number_is_visited(casework: CaseworkFixture) -> None:
    line = (CASES / "f04-one-bad-number.jsonl").read_bytes().splitlines()[4]
    case_id = UUID(str(casework.push(line).case))
    skipped = {each.channel: each.skip_reason for each in casework.attempts(case_id) if each.state == "skipped"}
    assert skipped == {"sms": "NO_PHONE", "voice": "NO_PHONE"}
    assert len(casework.rows(AddressRow)) == 1


def test_what_is_not_there_is_taken_from_the_policy_and_the_clock(casework: CaseworkFixture) -> None:
    body = {name: value for name, value in instruction().items() if name not in ("issued_at", "urgency", "channels")}
    case_id = UUID(str(casework.push(body).case))
    [row] = casework.rows(InstructionRow)
    assert (row.issued_at, row.urgency, row.channels) == (START, "high", ["sms", "voice", "visit"])
    assert {"issued_at_missing", "urgency_label_unknown", "channels_missing"} <= set(row.flags)
    assert casework.case(case_id).urgency == "high"


def test_a_note_as_long_as_a_line_may_be_holds_up_nothing(casework: CaseworkFixture) -> None:
    long = "长" * 20_000
    contact = {"relation": long, "name": long[:9000], "phone": phone(7)}
    case_id = casework.open(note=long, name=long, id_number="9" * 20_000, contacts=[contact])
    provider = Scripted()
    casework.deliver(provider)
    assert all(len(str(message.text or message.script)) < 1000 for message in provider.sent)
    assert provider.sent
    assert casework.verdict().differences == []
    assert casework.push(event("withdraw", version="1", reason="误" * 50_000, by="")).status == "accepted"
    assert casework.events(case_id).count("instruction_withdrawn") == 1


def test_a_patch_into_what_was_null(casework: CaseworkFixture) -> None:
    case_id = casework.open(risk=None, channels=["sms", "voice"], urgency="high")
    changed = event("update", version=2, patch={"risk.transfers": [{"amount_yuan": "1.2万"}], "valid_until": ""})
    assert casework.push(changed).status == "accepted"
    assert casework.case(case_id).money_lost == 12_000
    changed = event("update", version=3, patch={"victim.phones": [{"number": "不详"}], "victim.addresses": None})
    answer = casework.push(changed)
    assert answer.status == "refused"
    assert {"victim: ", "victim.phones[0].number: "} <= {
        part.partition(" ")[0] + " " for part in answer.reason.split(" | ")
    }
