"""What crosses the border: parsing, normalisation, codes. A refusal names the field and never repeats the value."""

import json
from copy import deepcopy
from datetime import time
from inspect import getmembers, isclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dispatcher.policy import load
from dispatcher.simulate import sample
from schemas import normalise, parse, patch, roster, vocabulary
from schemas.errors import BadInstruction
from schemas.gateway import GatewayReceipt
from schemas.instruction import MAX_BODY_BYTES, Event, Feedback, Instruction, LaterLoss, Withdraw, json_schema
from schemas.vocabulary import AddressKind, Answer, Channel, Code, Person, Relation, Resolution, Result, Urgency

BODY: dict[str, Any] = {
    "op": "create",
    "instruction_id": "YJ20260302-000001",
    "version": 1,
    "source": {"system": "省反诈平台(虚构)", "unit": "YT-FZ", "ref": "SRC-1"},
    "issued_at": "2026-03-02T09:02:10+08:00",
    "valid_until": None,
    "urgency": "特急",
    "fraud_type": "F08",
    "channels": ["sms", "voice", "visit"],
    "victim": {
        "name": "何样兰",
        "birth_date": "1954-11-07",
        "phones": [{"number": "15400000001"}],
        "addresses": [{"kind": "现住", "text": "样板路18号"}],
        "contacts": [{"relation": "女儿", "phone": "15400000101"}],
    },
    "risk": {"amount_at_risk_yuan": 20000, "transfers": [{"at": "2026-03-02T09:00:00+08:00", "amount_yuan": 1}]},
}
EVENT = {"op": "withdraw", "instruction_id": "YJ1", "at": "2026-03-02T09:10:00+08:00", "by": "YT-FZ"}
PRIVATE = "何样兰 15400000001"
GONE = object()


def put(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of a body with another value at a dotted path; GONE removes it."""
    changed = deepcopy(body)
    at: Any = changed
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in way:
        at = at[part]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return changed


def line(body: object) -> Instruction | Event:
    return parse.line(json.dumps(body).encode())


def refusal(body: object) -> BadInstruction:
    with pytest.raises(BadInstruction) as caught:
        line(body)
    return caught.value


# --- parsing


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


@pytest.mark.parametrize("field", ["instruction_id", "source.system", "victim.id_number", "victim", "issued_at", "op"])
def test_a_patch_may_not_change_who_it_is_about_or_where_it_came_from(field: str) -> None:
    with pytest.raises(BadInstruction) as caught:
        patch.apply(BODY, {field: PRIVATE})
    assert caught.value.field.startswith("patch.")
    assert "may not change" in caught.value.reason
    assert PRIVATE not in caught.value.reason


def test_a_patch_changes_what_its_paths_name_and_nothing_else() -> None:
    patched = patch.apply(BODY, {"urgency": "low", "victim.phones.0.number": "15400000099"})
    assert (patched["urgency"], patched["victim"]["phones"][0]["number"]) == ("low", "15400000099")
    assert patched["source"] == BODY["source"]
    assert BODY["urgency"] != "low"


def test_a_patch_to_a_place_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInstruction, match="no such place"):
        patch.apply(BODY, {"victim.phones.7.number": "15400000099"})


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
PATHS = (
    *("op", "instruction_id", "version", "source", "source.system", "issued_at", "valid_until", "urgency", "channels"),
    *("channels.0", "fraud_type", "victim", "victim.phones", "victim.phones.0", "victim.phones.0.number"),
    *("victim.addresses.0", "victim.contacts.0.phone", "victim.birth_date", "risk", "risk.transfers.0.at", "note"),
)


def taken_or_refused(raw: bytes) -> BadInstruction | None:
    try:
        assert isinstance(parse.line(raw), Instruction | Event)
    except BadInstruction as refused:
        return refused
    return None


@given(JSON)
def test_any_json_is_taken_or_refused(body: object) -> None:
    taken_or_refused(json.dumps(body).encode())


@given(st.binary())
def test_any_bytes_are_taken_or_refused(raw: bytes) -> None:
    assert taken_or_refused(raw)


@given(st.sampled_from(PATHS), JSON)
def test_garbage_anywhere_is_taken_or_refused(path: str, value: object) -> None:
    taken_or_refused(json.dumps(put(BODY, path, value)).encode())


def marked(value: object) -> object:
    """The same garbage with a private mark in every text of it, keys too."""
    if isinstance(value, str):
        return f"{value}秘{value}"
    if isinstance(value, list):
        return [marked(each) for each in value]
    return {marked(key): marked(each) for key, each in value.items()} if isinstance(value, dict) else value


@given(st.sampled_from(PATHS), JSON.map(marked))
def test_no_value_appears_in_a_reason(path: str, value: object) -> None:
    refused = taken_or_refused(json.dumps(put(BODY, path, value)).encode())
    assert refused is None or "秘" not in refused.reason
    assert refused is None or "秘" not in str(refused)


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


# --- normalisation


@pytest.mark.parametrize(
    ("text", "country", "e164", "flags"),
    [
        ("13800138000", "CN", "+8613800138000", ()),
        ("15400000001", "CN", "+8615400000001", ("number_invalid",)),
        ("138 0013 8000", "CN", "+8613800138000", ()),
        ("138-0013-8000", "CN", "+8613800138000", ()),
        ("138–0013—8000", "CN", "+8613800138000", ()),
        (" (138)0013.8000 ", "CN", "+8613800138000", ()),
        ("１３８００１３８０００", "CN", "+8613800138000", ()),
        ("＋８６ 138 0013 8000", "CN", "+8613800138000", ()),
        ("+8613800138000", "CN", "+8613800138000", ()),
        ("008613800138000", "CN", "+8613800138000", ()),
        ("010-12345678", "cn", "+861012345678", ()),
        ("+44 7700 900123", "CN", "+447700900123", ("number_invalid",)),
        ("0044 7700 900123", "CN", "+447700900123", ("number_invalid",)),
        ("07911 123456", "GB", "+447911123456", ()),
        ("+1 (202) 555-0123", "CN", "+12025550123", ()),
        ("99912345678901234567", "CN", "99912345678901234567", ("number_unparsed",)),
    ],
)
def test_numbers_become_e164_and_are_never_cut(text: str, country: str, e164: str, flags: tuple[str, ...]) -> None:
    found = normalise.number(text, country)
    assert (found.e164, found.flags) == (e164, flags)


def test_a_number_has_its_country() -> None:
    assert normalise.number("+447911123456").country == "GB"
    assert normalise.number("99912345678901234567").country is None


@pytest.mark.parametrize(
    "text", ["", "  ", "-", "+", "12", "无", "1380013800O", "138转8", "+86+138", "tel:110", "1" * 21]
)
def test_what_cannot_be_dialled_is_an_error_without_the_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not diallable$"):
        normalise.number(text)


@pytest.mark.parametrize("text", ["12345678901234567890", "447700900123", "85212345678"])
def test_a_number_that_the_library_doubts_keeps_all_its_digits(text: str) -> None:
    assert normalise.number(text).flags
    assert normalise.number(text).e164.endswith(text)


@pytest.mark.parametrize("text", ["110", "96110", "10086"])
def test_short_numbers_are_kept(text: str) -> None:
    assert normalise.number(text).e164 == f"+86{text}"


@given(
    st.from_regex(r"(\+|00)?[1-9][0-9]{2,18}", fullmatch=True) | st.text("0123456789+-() ０１", max_size=24),
    st.sampled_from(["CN", "GB", "US", "IT", "ZZ"]),
)
def test_a_number_stays_as_it_is_once_normalised(text: str, country: str) -> None:
    try:
        once = normalise.number(text, country)
    except ValueError:
        return
    assert normalise.number(once.e164, country).e164 == once.e164


@pytest.mark.parametrize(
    "text", ["11010119900307451x", " 110101 19900307 451X ", "１１０１０１１９９００３０７４５１ｘ"]
)
def test_identity_numbers_compare_equal(text: str) -> None:
    assert normalise.id_number(text) == "11010119900307451X"


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("residence", AddressKind.RESIDENCE),
        ("Residence ", AddressKind.RESIDENCE),
        ("现住址", AddressKind.RESIDENCE),
        ("户籍地", AddressKind.REGISTERED),
        ("宾馆", AddressKind.HOTEL),
        ("银行网点", AddressKind.BRANCH),
        ("当前位置", AddressKind.CURRENT),
        ("单位", AddressKind.WORK),
        ("月球", None),
        ("", None),
    ],
)
def test_address_kinds(label: str, kind: AddressKind | None) -> None:
    assert normalise.address_kind(label) is kind


@pytest.mark.parametrize("kind", AddressKind)
def test_every_address_kind_is_known_by_code_and_by_label(kind: AddressKind) -> None:
    assert normalise.address_kind(kind.value) is normalise.address_kind(kind.zh) is kind


@pytest.mark.parametrize(
    ("label", "relation", "person"),
    [
        ("女儿", Relation.CHILD, Person.FAMILY),
        ("妻子", Relation.SPOUSE, Person.FAMILY),
        ("监护人", Relation.GUARDIAN, Person.GUARDIAN),
        ("GUARDIAN", Relation.GUARDIAN, Person.GUARDIAN),
        ("同事", Relation.EMPLOYER, Person.OTHER),
        ("社区网格员", Relation.COMMUNITY, Person.OTHER),
        ("朋友", Relation.FRIEND, Person.OTHER),
    ],
)
def test_relations_and_who_they_are(label: str, relation: Relation, person: Person) -> None:
    assert normalise.relation(label) is relation
    assert relation.person is person


def test_an_unknown_relation_is_none() -> None:
    assert normalise.relation("网友") is None


@pytest.mark.parametrize("relation", Relation)
def test_every_relation_is_known_by_code_and_by_label(relation: Relation) -> None:
    assert normalise.relation(relation.value) is normalise.relation(relation.zh) is relation


@pytest.mark.parametrize(("text", "code"), [("老年人", "elderly"), ("ELDERLY", "elderly"), ("高个子", None)])
def test_vulnerabilities(text: str, code: str | None) -> None:
    assert normalise.vulnerability(text) == code


@pytest.mark.parametrize("urgency", Urgency)
def test_every_urgency_is_known_by_code_and_by_label(urgency: Urgency) -> None:
    assert load().urgency_of(urgency.value) is load().urgency_of(urgency.zh) is urgency


# --- vocabulary

CODES = [kind for _, kind in getmembers(vocabulary, isclass) if issubclass(kind, Code) and kind is not Code]


@pytest.mark.parametrize("kind", CODES)
def test_every_code_has_both_labels_and_is_unique(kind: type[Code]) -> None:
    assert all(each.zh.strip() and each.en.strip() for each in kind)
    assert list(kind.__members__.values()) == list(kind)
    assert len({each.zh for each in kind}) == len({each.en for each in kind}) == len(kind)
    assert all(each.label == f"{each.zh} {each.en}" for each in kind)
    assert all(str(each) == each.value for each in kind)


def test_urgency_rises_step_by_step_to_critical() -> None:
    assert [each.raised() for each in Urgency] == [Urgency.CRITICAL, Urgency.CRITICAL, Urgency.HIGH, Urgency.MEDIUM]
    assert [each.rank for each in Urgency] == [0, 1, 2, 3]


def test_fraud_types_end_with_the_generic_one() -> None:
    assert len(set(vocabulary.FRAUD_TYPES)) == 15
    assert vocabulary.FRAUD_TYPES[-1] == vocabulary.GENERIC_FRAUD_TYPE


# --- gateway receipts

KEY = "01890a5d-ac96-774b-bcce-b302099a8057"


def receipt(result: str = "DELIVERED", detail: object = None) -> GatewayReceipt:
    return GatewayReceipt.model_validate({"id": KEY, "ref": "r1", "result": result, "detail": detail, "extra": 1})


@pytest.mark.parametrize("result", Result)
def test_a_known_result_is_kept(result: Result) -> None:
    assert receipt(result.value).contact_result is result


@pytest.mark.parametrize("word", ["delivered", "OK", "", "成功", "SUCCESS"])
def test_a_word_we_do_not_know_is_unknown(word: str) -> None:
    assert receipt(word).contact_result is Result.UNKNOWN


def test_what_is_in_hand_is_interim() -> None:
    assert receipt("QUEUED").is_interim
    assert receipt("REQUESTED").is_interim
    assert not any(receipt(result.value).is_interim for result in Result)


@pytest.mark.parametrize(
    ("detail", "confirmed", "answer"),
    [
        ({"confirmed": True, "answer": "denies"}, True, Answer.DENIES),
        ({"confirmed": "true", "answer": "maybe"}, False, None),
        ({"confirmed": 1, "answer": ["denies"]}, False, None),
        ({}, False, None),
        ("confirmed", False, None),
        (None, False, None),
    ],
)
def test_confirmation_is_a_plain_true(detail: object, confirmed: bool, answer: Answer | None) -> None:
    found = receipt("ANSWERED_SUBJECT", detail)
    assert (found.confirmed, found.answer) == (confirmed, answer)


@pytest.mark.parametrize(
    ("detail", "yuan", "hours"),
    [
        ({"stopped_yuan": 52_000}, 52_000, None),
        ({"stopped_yuan": 0, "hours": 1}, 0, 1),
        ({"stopped_yuan": 10**15, "hours": 720}, 10**15, 720),
        ({"stopped_yuan": 10**15 + 1, "hours": 721}, None, None),
        ({"stopped_yuan": -1, "hours": 0}, None, None),
        ({"stopped_yuan": True, "hours": True}, None, None),
        ({"stopped_yuan": "52000", "hours": 24.0}, None, None),
        ({"stopped_yuan": [52_000], "hours": None}, None, None),
        ("stopped_yuan", None, None),
        (None, None, None),
    ],
)
def test_a_figure_that_cannot_be_one_is_dropped(detail: object, yuan: int | None, hours: int | None) -> None:
    found = receipt("STOPPED_PARTLY", detail)
    assert (found.stopped_yuan, found.hours) == (yuan, hours)
    assert found.contact_result is Result.STOPPED_PARTLY


@pytest.mark.parametrize(
    ("detail", "note"),
    [
        ("number_reassigned", "number_reassigned"),
        ({"note": "busy"}, "busy"),
        ("他说他叫何样兰", None),
        ("called 15400000001", None),
        ("15400000001", None),
        ("a" * 41, None),
        ("", None),
        ({"note": 7}, None),
        ({"note": {"name": "何样兰"}}, None),
        (None, None),
    ],
)
def test_free_text_of_a_receipt_is_dropped(detail: object, note: str | None) -> None:
    assert receipt(detail=detail).note == note


@pytest.mark.parametrize(
    "body",
    [
        {"id": "何样兰", "result": "DELIVERED"},
        {"id": KEY},
        {"id": KEY, "result": "X" * 41},
        {"id": KEY, "result": 7},
        {"id": KEY, "result": "DELIVERED", "detail": [PRIVATE]},
        {"id": KEY, "result": "DELIVERED", "ref": PRIVATE * 20},
    ],
)
def test_a_bad_receipt_is_refused_without_its_content(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        GatewayReceipt.model_validate(body)
    assert "何样兰" not in str(caught.value)


# --- roster

ROSTER = """
[[units]]
code = "YT-WC"
name = "望潮区"
kind = "county"
[[units]]
code = "YT-WC-01"
name = "望潮派出所"
kind = "precinct"
parent = "YT-WC"
[[officers]]
badge = "WC01-A"
unit = "YT-WC-01"
role = "officer"
duty = ["20:00-08:00"]
"""


def test_a_roster_is_read(tmp_path: Path) -> None:
    (path := tmp_path / "roster.toml").write_text(ROSTER, "utf-8")
    found = roster.read(path)
    assert [unit.parent for unit in found.units] == [None, "YT-WC"]
    assert found.officers[0].duty == ("20:00-08:00",)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('parent = "YT-WC"', 'parent = "YT-QY"', "YT-QY"),
        ('unit = "YT-WC-01"', 'unit = "YT-WC-02"', "WC01-A"),
        ('role = "officer"', 'role = "mayor"', "officers.0.role"),
        ("20:00-08:00", "20:00-25:00", "officers.0.duty.0"),
        ('kind = "county"', 'kind = "moon"', "units.0.kind"),
        ("[[officers]]", "[[officers", "not valid TOML"),
        ('badge = "WC01-A"', 'badge = "WC01-A"\nshoe = 42', "officers.0.shoe"),
    ],
)
def test_a_bad_roster_names_the_entry(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in ROSTER
    (path := tmp_path / "roster.toml").write_text(ROSTER.replace(old, new, 1), "utf-8")
    with pytest.raises(roster.RosterError) as caught:
        roster.read(path)
    assert named in str(caught.value)


def test_a_missing_roster_is_told(tmp_path: Path) -> None:
    with pytest.raises(roster.RosterError, match="can't be read"):
        roster.read(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("shift", "clock", "covered"),
    [
        ("08:00-20:00", time(8, 0), True),
        ("08:00-20:00", time(7, 59, 59), False),
        ("08:00-20:00", time(20, 0), False),
        ("20:00-08:00", time(23, 59), True),
        ("20:00-08:00", time(0, 0), True),
        ("20:00-08:00", time(8, 0), False),
        ("00:00-24:00", time(23, 59, 59), True),
    ],
)
def test_shifts_begin_on_the_minute_and_end_before_it(shift: str, clock: time, covered: bool) -> None:
    assert roster.on_duty((shift,), clock) is covered


def test_resolutions_are_what_feedback_may_say() -> None:
    for outcome in Resolution:
        assert isinstance(line(EVENT | {"op": "feedback", "outcome": outcome.value}), Feedback)
