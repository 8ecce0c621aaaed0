"""Lines that no one would write by hand, and where personal data may never lie."""

import json
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, phone, withdrawal

from dispatcher.store.instructions import InstructionRow

NUL = "高\x00"


def with_victim(**fields: Any) -> dict[str, Any]:
    body = instruction()
    return body | {"victim": body["victim"] | fields}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"instruction_id": ' + b"9" * 5000 + b"}",
        json.dumps(instruction()).encode("utf-16"),
        json.dumps(instruction() | {"note": "\ud83d"}).encode(),
        json.dumps(instruction() | {"remark": "\ud83d"}).encode(),
        json.dumps(instruction(urgency=NUL)).encode(),
        json.dumps(instruction(source_kind=NUL)).encode(),
        json.dumps(instruction(source={"system": NUL})).encode(),
        json.dumps(with_victim(language=NUL)).encode(),
        json.dumps(with_victim(name=NUL)).encode(),
        json.dumps(event("feedback", outcome="SELF_AWARE", by=NUL)).encode(),
    ],
    ids=(
        *("empty", "not_utf8", "deep", "huge_number", "utf16", "half_emoji_known_field", "half_emoji_unknown_field"),
        *("nul_urgency", "nul_source_kind", "nul_system", "nul_language", "nul_name", "nul_by"),
    ),
)
def test_an_odd_line_is_answered_and_never_stops_the_others(casework: CaseworkFixture, line: bytes) -> None:
    assert casework.push(line).status in ("accepted", "refused")


@pytest.mark.parametrize("field", ["issued_at", "valid_until"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_a_date_at_the_end_of_time_is_answered_each_time(casework: CaseworkFixture, field: str, moment: str) -> None:
    first, again = (casework.push(instruction(urgency="high", **{field: moment})).status for _ in range(2))
    assert (first, again) in [("accepted", "duplicate"), ("refused", "refused")]


def test_a_byte_order_mark_can_be_pushed_again(casework: CaseworkFixture) -> None:
    answer = casework.push(b"\xef\xbb\xbf" + json.dumps(instruction()).encode())
    assert answer.status == "accepted"
    assert casework.push(instruction()).status == "duplicate"


def test_the_version_with_a_changed_number_alone_is_a_conflict(casework: CaseworkFixture) -> None:
    casework.open()
    assert casework.push(instruction(phones=[{"number": phone(2)}])).status == "conflict"
    assert len(casework.rows(InstructionRow)) == 1


def test_personal_data_lies_in_the_vault_alone(casework: CaseworkFixture) -> None:
    person = {
        "name": "何样兰",
        "id_number": "990101195411072828",
        "phones": [{"number": "154 0000-0001", "owner": "何样兰本人"}],
        "addresses": [{"kind": "现住", "text": "样板路18号2单元601", "precinct_code": "YT-WC-01", "city": "云汀市"}],
        "contacts": [{"relation": "女儿", "name": "何样琪", "phone": "15400000101"}],
    }
    body = instruction(1, urgency="特急", channels=["sms", "voice", "visit"], note="何样兰正在通话", **person)
    body["victim"] |= {"何样兰": 1, "n15400000001": "15400000001", "antifraud_app": "何样兰"}
    case_id = casework.open(2, id_number=None, phones=person["phones"])
    assert casework.push(body).case == str(case_id)
    assert casework.push(body | {"note": "other"}).status == "conflict"
    assert casework.push(body | {"version": 2, "urgency": {"何样兰": "何样兰"}}).status == "accepted"
    assert casework.push(body | {"version": 2, "instruction_id": "何样兰 15400000001"}).status == "refused"
    assert casework.push(json.dumps(body, ensure_ascii=False).encode()[:-5]).status == "refused"
    casework.deliver(Scripted())
    casework.pass_time(minutes=6)
    casework.deliver(Scripted())
    casework.push(event("feedback", 1, outcome="SELF_AWARE", note="何样兰本人识破"))
    casework.push(withdrawal(1, reason="何样兰来电"))

    tables = [row[0] for row in casework.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    secrets = ("何样", "990101195411072828", "15400000001", "15400000101", "154 0000", "样板路")
    found = [
        (table, secret)
        for table in tables
        if table != "vault_values"
        for row in casework.sql(f'SELECT to_jsonb(t)::text FROM "{table}" t')  # noqa: S608 - names of our own tables
        for secret in secrets
        if secret in row[0]
    ]
    assert found == []
    assert len(casework.sql("SELECT 1 FROM vault_values WHERE position('何样'::bytea in ciphertext) > 0")) == 0
