"""Instructions and events as they come in. A refusal names the field and its remedy, and never repeats the value."""

import json
from datetime import datetime

import pytest
from wire import BODY, EVENT, GONE, PRIVATE, line, put, refusal

from dispatcher.simulate import sample
from schemas import parse
from schemas.errors import BadInstruction
from schemas.instruction import MAX_BODY_BYTES, PUSHED, Event, Feedback, Instruction, LaterLoss, Withdraw, json_schema
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


@pytest.mark.parametrize("path", ["instruction_id", "version", "source", "victim"])
def test_what_is_required_is_named(path: str) -> None:
    found = refusal(put(BODY, path, GONE))
    assert found.field == path
    assert "缺少必填字段" in found.reason
    assert "add it" in found.reason


@pytest.mark.parametrize(
    ("path", "value", "field", "remedy"),
    [
        ("source.system", GONE, "source.system", "missing"),
        ("source.system", "a\0b", "source.system", "wrong form"),
        ("source.system", {"name": PRIVATE}, "source.system", "quotes"),
        ("source", PRIVATE, "source", "braces"),
        ("source", None, "source", "missing"),
        ("victim", [PRIVATE], "victim", "braces"),
        ("victim", [], "victim", "missing"),
        ("instruction_id", PRIVATE, "instruction_id", "blanks"),
        ("instruction_id", "\u200b ", "instruction_id", "missing"),
        ("instruction_id", "Y" * 101, "instruction_id", "100"),
        ("instruction_id", [PRIVATE], "instruction_id", "quotes"),
        ("version", None, "version", "missing"),
        ("version", 0, "version", "1 or more"),
        ("version", 2**31, "version", "or less"),
        ("version", PRIVATE, "version", "whole number"),
        ("version", [1], "version", "whole number"),
        ("version", 1.5, "version", "whole number"),
    ],
)
def test_a_refusal_names_field_and_remedy_and_never_the_value(
    path: str, value: object, field: str, remedy: str
) -> None:
    found = refusal(put(BODY, path, value))
    assert found.field == field
    assert found.reason.startswith(f"{field}: ")
    assert remedy in found.reason
    assert " / " in found.reason
    assert not any(each in found.reason for each in ("何", "15400000001"))


def test_a_refusal_names_every_fault_of_its_line() -> None:
    victim = {
        "phones": [{"number": f"骗子 {PRIVATE}"}, {"number": "不详"}, 7.5],
        "contacts": [{"relation": "女儿"}],
        "birth_date": PRIVATE,
    }
    risk = {"amount_at_risk_yuan": -1, "transfers": [{"at": "09:00", "amount_yuan": 10**16}]}
    faulty = {"version": 0, "source": {"unit": "a b"}, "channels": ["fax"], "victim": victim, "risk": risk}
    told = dict(each.split(": ", 1) for each in refusal(faulty).reason.split(" | "))
    assert told.keys() == {
        *("instruction_id", "version", "source.system", "victim", "source.unit", "channels[0]", "victim.birth_date"),
        *("victim.phones[0].number", "victim.phones[1].number", "victim.phones[2].number", "victim.contacts[0].phone"),
        *("risk.amount_at_risk_yuan", "risk.transfers[0].at", "risk.transfers[0].amount_yuan"),
    }
    assert all(" / " in each for each in told.values())
    assert PRIVATE not in str(told)


def test_what_is_too_much_to_tell_is_counted() -> None:
    reason = refusal(put(put(BODY, "victim.phones", ["无"] * 300), "victim.addresses", [])).reason
    assert reason.count("victim.phones[") == 99
    assert reason.endswith("另有 201 处 / 201 more")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"op": PRIVATE}, {"op", "instruction_id", "at"}),
        ({"op": ["create"], "instruction_id": "YJ1", "at": "2026-03-02"}, {"op"}),
        (EVENT | {"reason": "误报"}, {"version"}),
        (EVENT | {"version": 1, "at": "soon"}, {"at"}),
        (EVENT | {"op": "feedback", "outcome": PRIVATE}, {"outcome"}),
        (EVENT | {"op": "later_loss", "loss_yuan": -1}, {"loss_yuan"}),
        ({"op": "update", "patch": {}}, {"instruction_id", "at", "version", "patch"}),
    ],
)
def test_a_refused_event_names_every_fault(body: dict[str, object], fields: set[str]) -> None:
    found = refusal(body)
    assert {each.partition(":")[0] for each in found.reason.split(" | ")} == fields
    assert PRIVATE not in found.reason


@pytest.mark.parametrize(
    ("more", "name", "value"),
    [
        ({"version": "1"}, "reason", ""),
        ({"version": 1, "reason": "误" * 5000}, "reason", "误" * 5000),
        ({"version": 1, "by": " "}, "by", "centre"),
        ({"version": 1, "by": "张 三"}, "by", "centre"),
        ({"version": 1, "source": ""}, "source", None),
        ({"version": 1, "at": "2026-03-02 09:10:00"}, "at", datetime.fromisoformat("2026-03-02T09:10:00+08:00")),
        ({"op": "撤回", "version": 1}, "op", "withdraw"),
        ({"op": "Feedback", "outcome": "self_aware", "note": 7}, "note", "7"),
        ({"op": "feedback", "outcome": "及时劝阻"}, "outcome", Resolution.DISSUADED_IN_TIME),
        ({"op": "later_loss", "loss_yuan": "1.2万元"}, "loss_yuan", 12_000),
    ],
)
def test_events_are_read_as_leniently(more: dict[str, object], name: str, value: object) -> None:
    assert getattr(line(EVENT | more), name) == value


def test_neither_phone_nor_address_is_refused() -> None:
    found = refusal(put(put(BODY, "victim.phones", []), "victim.addresses", []))
    assert found.field == "victim"
    assert "phones or addresses" in found.reason


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'{"a": ' * 200_000, b"{}{}", b"\xef\xbb\xbf{"]
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
    schema = json_schema()
    assert set(BODY) <= set(schema["properties"])
    assert {"instruction_id", "version", "source", "issued_at", "urgency", "channels", "victim"} == {
        *schema["required"]
    }


@pytest.mark.parametrize("op", PUSHED)
def test_every_op_has_its_schema(op: str) -> None:
    schema = json_schema(op)
    assert {"instruction_id", "version", "outcome", "loss_yuan"} & {*schema["required"]}
    assert op == "create" or schema["properties"]["op"]["const"] == op


def test_every_line_of_the_sample_is_read() -> None:
    pushes = sample.read(sample.bundled())
    found = [line(push.body) for push in pushes]
    assert sum(isinstance(each, Instruction) for each in found) == 13
    assert {type(each) for each in found} == {Instruction, Withdraw, Feedback, LaterLoss}


def test_resolutions_are_what_feedback_may_say() -> None:
    for outcome in Resolution:
        assert isinstance(line(EVENT | {"op": "feedback", "outcome": outcome.value}), Feedback)


@pytest.mark.parametrize("depth", [101, 900])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deep_is_left_out_wherever_it_is_read_from(depth: int, opens: str, closes: str) -> None:
    inside = opens * depth + ("1" if closes == "}" else "") + closes * depth
    body, _ = parse.decoded(f'{{"op": "create", "x": {inside}}}'.encode())
    assert body["op"] == "create"
    levels, rest = 0, body
    while rest:
        rest, levels = (list(rest.values()) if isinstance(rest, dict) else rest)[-1], levels + 1
        rest = rest if isinstance(rest, dict | list) else None
    assert levels <= 100


def test_many_that_are_not_nested_are_read() -> None:
    body, _ = parse.decoded(("[" + "[1]," * 500 + "1]").encode())
    assert len(body) == 501
