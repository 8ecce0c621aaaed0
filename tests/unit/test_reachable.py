"""A warning by which somebody can be reached is taken, whatever stands beside it; of another every fault is named."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from test_schemas_garbage import JSON
from wire import BODY, put

from dispatcher.casework.context import Context
from dispatcher.intake import normalised
from dispatcher.intake.normalised import NormalisedInstruction
from schemas import parse
from schemas.errors import BadInstruction
from schemas.instruction import Instruction
from schemas.vocabulary import Channel, Person, Urgency
from schemas.wire import LineReading, PlainReading

CASES = Path(__file__).parents[1] / "integration" / "cases"
NOW = datetime.fromisoformat("2026-11-26T21:30:00+08:00")

# What sources really get wrong, beside any JSON.
_SLIPS = st.sampled_from(
    [
        *(
            None,
            "",
            " ",
            "\u200b",
            "无",
            "不详",
            "N/A",
            "null",
            "-",
            "0",
            0,
            1,
            -1,
            True,
            False,
            [],
            {},
            [None],
            [[]],
            [""],
        ),
        *("1990-03-07", "19900307", 19900307, "24:00", "2026-11-26T24:00:00+08:00", "2026-11-26", 1.5, 1e308, 10**30),
        *(
            "12,000.50",
            "1.2万",
            "是",
            "zh_CN",
            "UK",
            "sms",
            "fax",
            "长" * 5000,
            "\ud83d",
            "\x00",
            "15400000001/15400000002",
        ),
        *([{}], {"number": None}, [{"number": "15400000009"}], [1, "a", {"text": 1}], {"phones": "15400000009"}),
    ]
)
ANY = st.one_of(_SLIPS, JSON)
OPTIONAL = (
    *("op", "issued_at", "valid_until", "urgency", "fraud_type", "channels", "risk", "source_kind", "note", "extra"),
    *("source.unit", "source.ref", "source.extra", "victim.name", "victim.id_type", "victim.id_number", "victim.extra"),
    *("victim.birth_date", "victim.gender", "victim.contacts", "victim.language", "victim.vulnerability"),
    *("victim.antifraud_app", "risk.amount_at_risk_yuan", "risk.call_in_progress", "risk.suspect_phone"),
    *("risk.transfers", "risk.transfers.0.at", "risk.transfers.0.amount_yuan", "risk.transfers.0.payee_account"),
    *("risk.transfer_ongoing", "risk.life_at_risk", "victim.contacts.0.relation", "victim.contacts.0.phone"),
    *("victim.contacts.0.name", "victim.contacts.0.country", "victim.contacts.0.basis", "victim.contacts.0"),
)
BY_PHONE = ("victim.addresses", "victim.addresses.0", "victim.phones.0.owner", "victim.phones.0.country")
BY_ADDRESS = ("victim.phones", "victim.phones.0", "victim.phones.0.number", "victim.addresses.0.kind")
BY_ADDRESS += ("victim.addresses.0.precinct_code", "victim.addresses.0.valid_until", "victim.addresses.0.city")


def changed(body: dict[str, Any], changes: dict[str, Any]) -> bytes:
    """A copy with these values, each where its place is still there."""
    for path, value in sorted(changes.items(), reverse=True):  # what is inside first
        try:
            body = put(body, path, value)
        except (KeyError, IndexError, TypeError):
            continue
    return json.dumps(body).encode()


def understood(context: Context, raw: bytes) -> NormalisedInstruction:
    found = parse.line(raw)
    assert isinstance(found, Instruction)
    return normalised.read(context, found, NOW)


@settings(deadline=None)
@given(changes=st.dictionaries(st.sampled_from(OPTIONAL + BY_PHONE), ANY, max_size=12))
def test_one_good_number_is_enough(context: Context, changes: dict[str, Any]) -> None:
    read = understood(context, changed(BODY, changes))
    assert any(each.person is Person.SUBJECT for each in read.phones)
    assert read.pushed.channels
    json.dumps(read.flags)


@settings(deadline=None)
@given(changes=st.dictionaries(st.sampled_from(OPTIONAL + BY_ADDRESS), ANY, max_size=12))
def test_one_address_is_enough(context: Context, changes: dict[str, Any]) -> None:
    assert understood(context, changed(BODY, changes)).addresses


@settings(deadline=None, max_examples=300)
@given(changes=st.dictionaries(st.sampled_from(OPTIONAL + BY_PHONE), ANY, max_size=2))
def test_a_line_that_is_read_at_once_says_what_it_says_field_by_field(changes: dict[str, Any]) -> None:
    body = json.loads(changed(BODY, changes)) | {"op": "create"}
    try:
        at_once = Instruction.model_validate(body, context=PlainReading())
    except ValidationError:
        return
    reading = LineReading()
    assert at_once == Instruction.model_validate(body, context=reading)
    assert (reading.flags, reading.left_out) == ([], [])


def test_lines_as_they_are_to_be_are_read_at_once() -> None:
    sample = json.loads((Path(parse.__file__).parents[1] / "dispatcher/samples/instructions.json").read_text("utf-8"))
    pushed = [case["instruction"] for case in sample["cases"] if "instruction" in case]
    assert pushed
    for body in [BODY, *pushed]:
        Instruction.model_validate(body, context=PlainReading())


UNUSABLE: dict[str, st.SearchStrategy[Any]] = {
    "instruction_id": st.sampled_from([None, "", "两 个", [], {}, "Y" * 101]),
    "version": st.sampled_from([None, "", 0, -1, "第一版", 1.5, [1], {}, 2**31]),
    "source": st.sampled_from([None, "", [], 7]),
    "victim": st.sampled_from(
        [None, "", [], {}, {"phones": [{"number": "不详"}]}, {"addresses": [{"kind": "现住"}], "phones": ""}]
    ),
}


@settings(deadline=None)
@given(
    faulty=st.fixed_dictionaries({}, optional=UNUSABLE).filter(bool),
    changes=st.dictionaries(st.sampled_from(["risk", "note", "valid_until", "channels"]), ANY, max_size=4),
)
def test_a_refusal_names_each_field_that_it_is_for(faulty: dict[str, Any], changes: dict[str, Any]) -> None:
    with pytest.raises(BadInstruction) as caught:
        parse.line(changed(BODY | faulty, changes))
    told = {each.partition(":")[0] for each in caught.value.reason.split(" | ")}
    assert faulty.keys() <= {each.partition(".")[0] for each in told}


def cases(context: Context, name: str) -> dict[str, NormalisedInstruction]:
    read = [understood(context, raw) for raw in (CASES / f"{name}.jsonl").read_bytes().splitlines()]
    return {each.pushed.instruction_id.partition("-")[2]: each for each in read}


def test_null_is_absent(context: Context) -> None:
    found = cases(context, "f03a-null-in-optional")
    assert len(found) == 8
    assert {each.pushed.reading_flags for each in found.values()} == {()}
    assert found["country"].phones[0].e164 == "+8615400000002"
    assert found["addresses"].addresses == ()


def test_blank_is_absent(context: Context) -> None:
    found = cases(context, "f03b-empty-in-optional")
    contact = found.pop("contact")
    assert contact.pushed.reading_flags == ("missing:victim.contacts[0].phone",)
    assert [each.person for each in contact.phones] == [Person.SUBJECT]
    assert (len(found), {each.pushed.reading_flags for each in found.values()}) == (6, {()})
    assert found["country"].phones[0].e164 == "+8615400000003"


def test_birth_dates(context: Context) -> None:
    found = cases(context, "f03d-birth-date")
    assert [each.pushed.victim.birth_date for each in found.values()] == [date(1990, 3, 7)] * 4
    assert {each.texts["birth_date"] for each in found.values()} == {"1990-03-07"}


def test_times(context: Context) -> None:
    until = [each.pushed.valid_until for each in cases(context, "f03f-times").values()]
    last_minute = datetime.fromisoformat("2026-11-26T23:59:00+08:00")
    assert until == [datetime.fromisoformat("2026-11-27T00:00:00+08:00"), last_minute, last_minute]


def test_a_precinct_with_a_blank() -> None:
    found = parse.line((CASES / "f03g-precinct-blank.jsonl").read_bytes())
    assert isinstance(found, Instruction)
    assert found.victim.addresses[0].precinct_code == "YT-WC-01"


def test_one_bad_number_beside_a_good_one(context: Context) -> None:
    found = cases(context, "f04-one-bad-number")
    assert [each.e164 for each in found["1"].phones] == ["+8615400000301"]
    assert "+8615400000302" in [each.e164 for each in found["2"].phones]
    assert [each.e164 for each in found["3"].phones] == ["+8615400000303", "+8615400000304"]
    assert "several_numbers:victim.phones[0]" in found["3"].flags
    assert [each.e164 for each in found["4"].phones] == ["+8615400000305"]
    assert (found["5"].phones, len(found["5"].addresses)) == ((), 1)
    assert all(found[number].pushed.reading_flags for number in "1345")


def test_a_language_that_is_not_understood_is_flagged_and_chinese(context: Context) -> None:
    """And it silences no other source that names one."""
    for text in ("qq", "方言很重", "x", "e" * 40):
        read = understood(context, changed(BODY, {"victim.language": text}))
        assert (read.language, "language_unknown" in read.flags) == (None, True)


def test_every_chinese_tag_is_chinese(context: Context) -> None:
    found = cases(context, "f07-language").values()
    assert [each.language for each in found] == [None, "zh-CN", "zh-CN", "zh-CN"]
    assert not any("language_unknown" in each.flags for each in found)


@pytest.mark.parametrize(
    ("path", "value", "flag"),
    [
        ("issued_at", None, "issued_at_missing"),
        ("issued_at", "昨天", "unreadable:issued_at"),
        ("channels", [], "channels_missing"),
        ("channels", ["fax"], "unreadable:channels[0]"),
        ("urgency", "", "urgency_label_unknown"),
        ("urgency", {}, "unreadable:urgency"),
    ],
)
def test_what_is_expected_and_not_there_is_flagged(context: Context, path: str, value: object, flag: str) -> None:
    read = understood(context, changed(BODY, {path: value}))
    assert flag in read.flags
    assert read.issued_at == (NOW if path == "issued_at" else datetime.fromisoformat(BODY["issued_at"]))
    assert read.urgency is (Urgency.HIGH if path == "urgency" else Urgency.CRITICAL)
    assert read.pushed.channels == (Channel.SMS, Channel.VOICE, Channel.VISIT)


@pytest.mark.parametrize(
    ("labels", "urgency"),
    [
        (["低", "特急"], Urgency.CRITICAL),
        (["低", "中"], Urgency.MEDIUM),
        (["低", "某种"], Urgency.HIGH),
        (["甲"], Urgency.HIGH),
    ],
)
def test_of_several_labels_the_most_urgent_counts(context: Context, labels: list[str], urgency: Urgency) -> None:
    assert understood(context, changed(BODY, {"urgency": labels})).urgency is urgency
    twice = (
        json.dumps(put(BODY, "urgency", labels[0]))[:-1] + "".join(f', "urgency": "{each}"' for each in labels) + "}"
    )
    read = understood(context, twice.encode())
    assert (read.urgency, read.flags[0]) == (urgency, "duplicate_key:urgency")


def test_money_of_an_unknown_amount_has_moved_all_the_same(context: Context) -> None:
    read = understood(context, changed(BODY, {"risk.transfers": [{"at": "昨天", "amount_yuan": "很多"}]}))
    assert read.money_moved


def test_flags_are_no_more_than_can_be_read(context: Context) -> None:
    read = understood(context, changed(BODY, {"victim.vulnerability": [{}] * 3000}))
    assert 50 <= len(read.flags) <= 55
