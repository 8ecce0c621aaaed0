"""Instructions and events as they come in. A refusal names the field and its remedy, and never repeats the value."""

import json

import pytest
from wire import BODY, EVENT, GONE, PRIVATE, line, put, refusal

from dispatcher.simulate import sample
from schemas import parse
from schemas.errors import BadInstruction
from schemas.instruction import MAX_BODY_BYTES, Event, Feedback, Instruction, LaterLoss, Withdraw, json_schema
from schemas.vocabulary import Channel, Resolution


def test_an_instruction_is_read() -> None:
    found = line(BODY)
    assert isinstance(found, Instruction)
    assert found.channels == (Channel.SMS, Channel.VOICE, Channel.VISIT)
    assert found.victim.phones[0].country == "CN"
    assert found.unknown_fields() == []


def test_what_is_left_out_has_a_default() -> None:
    found = line({name: value for name, value in BODY.items() if name not in ("op", "risk", "valid_until")})
    assert isinstance(found, Instruction)
    assert (found.op, found.valid_until, found.risk.transfer_ongoing) == ("create", None, False)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"version": 1, "reason": "核实为误报"}, Withdraw),
        ({"op": "feedback", "outcome": "SELF_AWARE"}, Feedback),
        ({"op": "later_loss", "loss_yuan": 0}, LaterLoss),
    ],
)
def test_events_are_read(more: dict[str, object], kind: type[Event]) -> None:
    assert type(line(EVENT | more)) is kind


def test_a_blank_is_absent() -> None:
    found = line(put(put(BODY, "victim.name", "  "), "victim.id_number", ""))
    assert isinstance(found, Instruction)
    assert (found.victim.name, found.victim.id_number) == (None, None)


def test_an_address_alone_is_enough() -> None:
    assert line(put(BODY, "victim.phones", []))


def test_a_contact_who_cannot_be_dialled_holds_up_nothing() -> None:
    assert line(put(BODY, "victim.contacts.0.phone", "座机坏了"))


@pytest.mark.parametrize("path", ["instruction_id", "version", "source", "issued_at", "urgency", "channels", "victim"])
def test_what_is_required_is_named(path: str) -> None:
    found = refusal(put(BODY, path, GONE))
    assert found.field == path
    assert "缺少必填字段" in found.reason
    assert "add it" in found.reason


@pytest.mark.parametrize(
    ("path", "value", "field", "remedy"),
    [
        ("source.system", GONE, "source.system", "missing"),
        ("source", PRIVATE, "source", "braces"),
        ("victim", [PRIVATE], "victim", "braces"),
        ("victim.phones", {"number": PRIVATE}, "victim.phones", "list"),
        ("victim.phones.0", PRIVATE, "victim.phones[0]", "braces"),
        ("victim.phones.0.number", "何样兰的手机", "victim.phones[0].number", "can't be dialled"),
        ("victim.phones.0.number", "1540000000O", "victim.phones[0].number", "can't be dialled"),
        ("victim.phones.0.number", "", "victim.phones[0].number", "empty"),
        ("victim.phones.0.number", 15400000001, "victim.phones[0].number", "quotes"),
        ("victim.phones.0.number", "1" * 61, "victim.phones[0].number", "60"),
        ("victim.phones.0.country", PRIVATE, "victim.phones[0].country", "wrong form"),
        ("victim.addresses.0.kind", GONE, "victim.addresses[0].kind", "missing"),
        ("victim.contacts.0.phone", GONE, "victim.contacts[0].phone", "missing"),
        ("victim.birth_date", PRIVATE, "victim.birth_date", "YYYY-MM-DD"),
        ("victim.name", 7, "victim.name", "quotes"),
        ("victim.name", "何" * 4001, "victim.name", "4000"),
        ("instruction_id", PRIVATE, "instruction_id", "blanks"),
        ("instruction_id", "", "instruction_id", "empty"),
        ("instruction_id", "Y" * 101, "instruction_id", "100"),
        ("version", 0, "version", "1 or more"),
        ("version", 2**31, "version", "or less"),
        ("version", PRIVATE, "version", "whole number"),
        ("version", [1], "version", "whole number"),
        ("version", 1.5, "version", "int_from_float"),
        ("issued_at", PRIVATE, "issued_at", "ISO 8601"),
        ("issued_at", "2026-03-02T09:02:10", "issued_at", "zone"),
        ("valid_until", "tomorrow", "valid_until", "ISO 8601"),
        ("channels", [], "channels", "at least 1"),
        ("channels", "sms", "channels", "list"),
        ("channels.1", PRIVATE, "channels[1]", "sms, voice, visit"),
        ("urgency", "", "urgency", "empty"),
        ("urgency", 1, "urgency", "quotes"),
        ("risk.amount_at_risk_yuan", -1, "risk.amount_at_risk_yuan", "0 or more"),
        ("risk.transfers.0.amount_yuan", 10**16, "risk.transfers[0].amount_yuan", "or less"),
        ("risk.transfers.0.at", "09:00", "risk.transfers[0].at", "ISO 8601"),
        ("op", PRIVATE, "op", "withdraw"),
        ("op", ["create"], "op", "withdraw"),
        ("op", None, "op", "withdraw"),
    ],
)
def test_bad_input_names_field_and_remedy_and_never_the_value(
    path: str, value: object, field: str, remedy: str
) -> None:
    found = refusal(put(BODY, path, value))
    assert found.field == field
    assert found.reason.startswith(f"{field}: ")
    assert remedy in found.reason
    assert " / " in found.reason
    assert not any(each in found.reason for each in ("何", "15400000001", "1540000000O"))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"version": 1}, "reason"),
        ({"version": 1, "reason": ""}, "reason"),
        ({"reason": "误报"}, "version"),
        ({"version": 1, "reason": "误报", "at": "soon"}, "at"),
        ({"version": 1, "reason": "误报", "by": "张 三"}, "by"),
        ({"op": "feedback", "outcome": PRIVATE}, "outcome"),
        ({"op": "later_loss", "loss_yuan": -1}, "loss_yuan"),
    ],
)
def test_bad_events_name_the_field(more: dict[str, object], field: str) -> None:
    found = refusal(EVENT | more)
    assert found.field == field
    assert PRIVATE not in found.reason


def test_neither_phone_nor_address_is_refused() -> None:
    found = refusal(put(put(BODY, "victim.phones", []), "victim.addresses", []))
    assert found.field == "victim"
    assert "phones or addresses" in found.reason


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'{"a": ' * 200_000, b"1" * 5000, b"{}{}", b"\xef\xbb\xbf{"]
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInstruction, match=r"not valid JSON|256 KiB"):
        parse.line(raw)


@pytest.mark.parametrize("body", [None, 1, "text", [], [BODY], True])
def test_what_is_no_object_is_refused(body: object) -> None:
    assert "one JSON object" in refusal(body).reason


def test_a_line_over_the_limit_is_refused() -> None:
    raw = json.dumps(BODY).encode()
    assert parse.line(raw + b" " * (MAX_BODY_BYTES - len(raw)))
    with pytest.raises(BadInstruction, match="256 KiB"):
        parse.line(raw + b" " * (MAX_BODY_BYTES - len(raw) + 1))


@pytest.mark.parametrize("path", ["source.system", "urgency", "source_kind", "victim.language"])
def test_nul_is_refused_where_postgresql_could_not_keep_it(path: str) -> None:
    assert refusal(put(BODY, path, "a\0b")).field == path


def test_unknown_fields_are_kept_and_named_by_path() -> None:
    body = put(BODY, "colour", 1)
    body = put(body, "victim.shoe_size", 42)
    body = put(body, "victim.phones.0.sim", "x")
    body = put(body, "risk.transfers.0.bank", "x")
    found = line(body)
    assert isinstance(found, Instruction)
    assert set(found.unknown_fields()) == {
        *("colour", "victim.shoe_size", "victim.phones[0].sim", "risk.transfers[0].bank"),
    }
    assert found.model_extra == {"colour": 1}


def test_the_schema_names_the_wire_fields() -> None:
    assert set(BODY) <= set(json_schema()["properties"])


def test_every_line_of_the_sample_is_read() -> None:
    pushes = sample.read(sample.bundled())
    found = [line(push.body) for push in pushes]
    assert sum(isinstance(each, Instruction) for each in found) == 13
    assert {type(each) for each in found} == {Instruction, Withdraw, Feedback, LaterLoss}


def test_resolutions_are_what_feedback_may_say() -> None:
    for outcome in Resolution:
        assert isinstance(line(EVENT | {"op": "feedback", "outcome": outcome.value}), Feedback)
