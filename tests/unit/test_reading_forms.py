"""In which forms a field is read, and what becomes of one that is not: left out, flagged by its path, never a value."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from wire import BODY, GONE, PRIVATE, line, put

from schemas import parse
from schemas.instruction import Instruction
from schemas.reading.times import HERE
from schemas.vocabulary import Channel

POLICY = (Channel.SMS, Channel.VOICE, Channel.VISIT)


def read(path: str, value: object) -> Instruction:
    found = line(put(BODY, path, value))
    assert isinstance(found, Instruction)
    return found


def value_at(found: object, path: str) -> object:
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, tuple) else getattr(found, part)
    return found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


BORN = date(1990, 3, 7)
UNTIL = at("2026-11-26T21:20:00+08:00")

READ: list[tuple[str, object, object]] = [
    *(("victim.birth_date", form, BORN) for form in ("1990-03-07", "19900307", 19900307, "1990/3/7", "1990.3.7")),
    *(
        ("victim.birth_date", form, BORN)
        for form in ("1990年3月7日", " 1990-3-7 ", "１９９０－０３－０７", "'1990-03-07")
    ),
    *(("victim.birth_date", form, BORN) for form in ("1990-03-06T16:00:00.000Z", "1990-03-07 00:00:00", [1990, 3, 7])),
    *(("victim.birth_date", form, BORN) for form in (636739200000, 636739200, "Mar 7, 1990 12:00:00 AM", 19900307.0)),
    *(("victim.birth_date", form, BORN) for form in ("1990-03-07+09:00", "1990-03-07Z", "636739200000")),
    *(("victim.birth_date", form, BORN) for form in ("一九九〇年三月七日", "一九九零年3月七号")),
    ("victim.birth_date", "二〇一五年十二月三十一日", date(2015, 12, 31)),
    ("victim.birth_date", "1988-06-30T15:00:00Z", date(1988, 7, 1)),  # summer time, which we had then
    ("victim.birth_date", -479462400000, date(1954, 10, 23)),
    *(("risk.amount_at_risk_yuan", form, 12000) for form in (12000, 12000.0, "12000", "12,000", "1,2000", "12 000")),
    *(("risk.amount_at_risk_yuan", form, 12000) for form in ("１２０００", "12000元", "¥12,000.00", "人民币12000元整")),
    *(("risk.amount_at_risk_yuan", form, 12000) for form in ("1.2万", "1.2万元", "1.2w", "12k", "1.2E+4", "RMB 12000")),
    *(("risk.call_in_progress", form, True) for form in (True, "true", "TRUE", "是", "1", 1, "Y", "有", " 是 ", 1.0)),
    *(("risk.call_in_progress", form, False) for form in (False, "false", "否", "0", 0, "N", "无", None, "", [])),
    *(("valid_until", form, UNTIL) for form in ("2026-11-26T21:20:00+08:00", "2026-11-26 21:20:00+08:00")),
    *(
        ("valid_until", form, UNTIL)
        for form in ("2026-11-26T21:20:00+0800", "2026-11-26T21:20+08", "2026-11-26T13:20Z")
    ),
    *(("valid_until", form, UNTIL) for form in ("2026-11-26T21:20:00+08:00[Asia/Shanghai]", 1795699200, 1795699200000)),
    *(("valid_until", form, UNTIL) for form in ("Thu Nov 26 21:20:00 CST 2026", "Thu, 26 Nov 2026 13:20:00 GMT")),
    *(("valid_until", form, UNTIL) for form in ("2026-11-26T21:20:00.000+08:00", "2026/11/26 21:20:00 GMT+8")),
    *(("valid_until", form, UNTIL) for form in ("2026-11-26T13:20Z[UTC]", "2026-11-26T21:20+08:00[GMT+08:00]")),
    *(("valid_until", form, UNTIL) for form in ("Thu Nov 26 21:20:00 GMT+08:00 2026", "2026-11-26 21:20:00 +0800 CST")),
    *(("valid_until", form, UNTIL) for form in ("2026-11-26T21:20[Asia/Shanghai]", "2026-11-26T13:20:00.000+0000")),
    *(("valid_until", form, UNTIL) for form in ("2026-11-26 08:20 America/New_York", "2026-11-26 21:20 asia/shanghai")),
    ("valid_until", "2026-11-26T21:20:00,5+08:00", at("2026-11-26T21:20:00.5+08:00")),
    ("valid_until", "2026-11-26T24:00:00+08:00", at("2026-11-27T00:00:00+08:00")),
    ("valid_until", "2026-12-31T24:00+08:00", at("2027-01-01T00:00:00+08:00")),
    ("valid_until", None, None),
    ("victim.addresses.0.precinct_code", "YT-WC-01 ", None),
    ("victim.gender", 1, "1"),
    ("victim.name", 7, "7"),
    ("victim.id_number", 110101199003071234, "110101199003071234"),
    ("victim.id_number", 1.10101199003071e17, "1.10101199003071e+17"),
    ("victim.id_number", "9" * 5000, "9" * 5000),
    ("note", "长" * 40_000, "长" * 40_000),
    ("version", "2", 2),
    ("version", 2.0, 2),
    ("version", "V2", 2),
    ("version", "２", 2),
    ("instruction_id", " YJ1\u200b", "YJ1"),
    ("instruction_id", 20260302000001, "20260302000001"),
    ("source", [BODY["source"]], None),
    ("source.unit", "", None),
    ("op", " Create ", "create"),
    ("op", None, "create"),
    ("op", "新增", "create"),
    ("urgency", 1, "1"),
    ("urgency", "特\u200b急\0 ", "特急"),
    ("urgency", ["低", "特急"], "低/特急"),
    ("channels", "sms", (Channel.SMS,)),
    ("channels", "sms,voice", (Channel.SMS, Channel.VOICE)),
    ("channels", ["短信", " VOICE", "上门"], POLICY),
    ("victim.vulnerability", "独居、老年人", ("独居", "老年人")),
    ("victim.vulnerability", [None, "", "独居"], ("独居",)),
    ("victim.phones.0.country", "UK", "UK"),
    ("victim.phones.0.country", None, "CN"),
    ("victim.phones.0.number", 15400000001, "15400000001"),
    ("victim.phones.0.number", 15400000001.0, "15400000001"),
    ("risk", None, None),
    ("risk.transfers", [{}, {"at": None, "amount_yuan": "无"}], ()),
]
TWICE = {"victim.addresses.0.precinct_code": "YT-WC-01", "source": None, "risk": None}


@pytest.mark.parametrize(("path", "form", "meant"), READ)
def test_a_form_is_read_without_a_flag(path: str, form: object, meant: object) -> None:
    found = read(path, form)
    if path not in TWICE:
        assert value_at(found, path) == meant
    elif TWICE[path]:
        assert value_at(found, path) == TWICE[path]
    assert found.reading_flags == ()


FLAGGED: list[tuple[str, object, object, str]] = [
    ("risk.amount_at_risk_yuan", 12000.5, 12001, "rounded:risk.amount_at_risk_yuan"),
    ("risk.amount_at_risk_yuan", "12000.01", 12001, "rounded:risk.amount_at_risk_yuan"),
    *(
        ("risk.amount_at_risk_yuan", form, None, "unreadable:risk.amount_at_risk_yuan")
        for form in (-1, "-5", 10**16, "9" * 400, True, "100美元", PRIVATE, {"yuan": 1}, [1, 2], 1e308)
    ),
    *(
        ("risk.amount_at_risk_yuan", form, 50_000, "about:risk.amount_at_risk_yuan")
        for form in (
            *("五万元", "五万", "伍万元整", "约5万", "约五万", "大约5万元", "50000左右", "5万左右", "5万余元", "5万多"),
            *("人民币五万元", "五万块钱", "約5万", "50,000元以上", "~50000", "约五万元左右", "共计5万元", "伍萬圓整"),
        )
    ),
    *(
        ("risk.amount_at_risk_yuan", form, None, "unreadable:risk.amount_at_risk_yuan")
        for form in (
            "五万美元",
            "几万",
            "五万到六万",
            "5-6万",
            "数万元",
            "约",
            "左右",
            "多",
            "两三万",
            "五六万",
            "5万6万",
        )
    ),
    ("risk.amount_at_risk_yuan", "三万五千元", 35_000, "about:risk.amount_at_risk_yuan"),
    *(
        ("victim.birth_date", form, None, "unreadable:victim.birth_date")
        for form in (
            PRIVATE,
            "90-03-07",
            "03/07/1990",
            32939,
            True,
            "0001-01-01",
            "1800",
            "1800-01-01",
            {},
            [1990, 3],
            "3月",
        )
    ),
    *(
        ("victim.birth_date", form, date(2015, 12, 31), "date_incomplete:victim.birth_date")
        for form in ("2015", 2015, 2015.0, "2015年", "2015-00-00", "20150000", "2015-xx-xx", "2015年生", "二〇一五年")
    ),
    *(
        ("victim.birth_date", form, date(2015, 6, 30), "date_incomplete:victim.birth_date")
        for form in ("2015-06", "2015年6月", "2015/06/00", "201506", 201506, 20150600, "2015.6", "二零一五年六月")
    ),
    ("victim.birth_date", "11岁", None, "age_given:victim.birth_date"),
    ("victim.birth_date", "45岁", None, "unreadable:victim.birth_date"),
    ("victim.birth_date", "2015-06-**", date(2015, 6, 30), "date_incomplete:victim.birth_date"),
    ("victim.birth_date", "2015-06-31", date(2015, 6, 30), "date_incomplete:victim.birth_date"),
    ("victim.birth_date", "2012-02-00 00:00:00", date(2012, 2, 29), "date_incomplete:victim.birth_date"),
    *(
        ("valid_until", form, None, "unreadable:valid_until")
        for form in (
            "tomorrow",
            "25:00",
            "2026-11-26T25:00:00+08:00",
            "2026-02-30T00:00Z",
            "0001-01-01T00:00Z",
            True,
            {},
        )
    ),
    ("valid_until", "2026-11-26T21:20:00", UNTIL, "zone_missing:valid_until"),
    ("valid_until", "2026年11月26日 21时20分", UNTIL, "zone_missing:valid_until"),
    ("valid_until", "2026/11/26 9:20 PM", UNTIL, "zone_missing:valid_until"),
    ("valid_until", "2026/11/26 下午9:20", UNTIL, "zone_missing:valid_until"),
    ("valid_until", "20261126212000", UNTIL, "zone_missing:valid_until"),
    ("valid_until", [2026, 11, 26, 21, 20], UNTIL, "zone_missing:valid_until"),
    # A day ends at its end: read as its beginning, the warning would come in expired.
    ("valid_until", "2026-11-26", at("2026-11-27T00:00:00+08:00"), "time_missing:valid_until"),
    ("risk.transfers.0.at", "2026-11-26", at("2026-11-26T00:00:00+08:00"), "time_missing:risk.transfers[0].at"),
    ("risk.transfers.0.at", "昨天", None, "unreadable:risk.transfers[0].at"),
    ("risk.transfers.0.amount_yuan", "很多", None, "unreadable:risk.transfers[0].amount_yuan"),
    ("risk.transfers", "5万", None, ""),
    ("risk.call_in_progress", "也许", False, "unreadable:risk.call_in_progress"),
    ("risk.call_in_progress", 7, False, "unreadable:risk.call_in_progress"),
    ("risk.call_in_progress", {"yes": 1}, False, "unreadable:risk.call_in_progress"),
    ("channels", ["sms", "fax"], (Channel.SMS,), "unreadable:channels[1]"),
    ("channels", ["fax", 7, None, {}], POLICY, "unreadable:channels[0]"),
    ("channels", {"sms": True}, POLICY, "unreadable:channels[0]"),
    ("urgency", "特" * 101, "", "unreadable:urgency"),
    ("urgency", {"code": PRIVATE}, "", "unreadable:urgency"),
    ("issued_at", PRIVATE, None, "unreadable:issued_at"),
    ("issued_at", "2026-03-02T09:02:10", at("2026-03-02T09:02:10+08:00"), "zone_missing:issued_at"),
    ("op", "不明", "create", "unreadable:op"),
    ("op", ["create"], "create", "unreadable:op"),
    ("source.unit", "YT FZ", None, "unreadable:source.unit"),
    ("victim.name", {"family": PRIVATE}, None, "unreadable:victim.name"),
    ("victim.name", True, None, "unreadable:victim.name"),
    ("victim.gender", ["男", "女"], None, "unreadable:victim.gender"),
    ("victim.antifraud_app", "x" * 41, "unknown", "unreadable:victim.antifraud_app"),
    ("victim.addresses", "样板路18号", None, ""),
    ("victim.addresses", [{"kind": "现住"}, {"text": "样板路18号"}], None, "missing:victim.addresses[0].text"),
    ("victim.contacts", [7, {"relation": "女儿", "phone": ""}], None, "missing:victim.contacts[1].phone"),
    ("victim.contacts", [[1]], (), "unreadable:victim.contacts[0]"),
    ("victim.phones", [{"number": f"骗子 {PRIVATE}"}, "15400000002"], None, "unreadable:victim.phones[0].number"),
    ("risk", "无", None, "unreadable:risk"),
    ("note", {"text": PRIVATE}, None, "unreadable:note"),
]
NOT_COMPARED = {"risk", "victim.addresses", "victim.phones", "victim.contacts", "risk.transfers"}


@pytest.mark.parametrize(("path", "form", "meant", "flag"), FLAGGED)
def test_a_form_that_is_doubtful_is_flagged(path: str, form: object, meant: object, flag: str) -> None:
    found = read(path, form)
    if path not in NOT_COMPARED:
        assert value_at(found, path) == meant
    assert flag in found.reading_flags if flag else found.reading_flags == ()
    assert PRIVATE not in str(found.reading_flags)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30), timezones=st.sampled_from([UTC, HERE])))  # noqa: DTZ001
def test_every_time_that_a_program_writes_is_the_same_time(moment: datetime) -> None:
    for form in (moment.isoformat(), moment.isoformat(" "), moment.isoformat() + "[Asia/Shanghai]"):
        assert read("valid_until", form).valid_until == moment
    # As lines that were stored earlier have been read.
    assert TypeAdapter(datetime).validate_python(moment.isoformat()) == moment


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_date_is_the_same_date(day: date) -> None:
    for form in (day.isoformat(), day.strftime("%Y%m%d"), f"{day.year}/{day.month}/{day.day}"):
        assert read("victim.birth_date", form).victim.birth_date == day


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_an_incomplete_date_of_birth_makes_nobody_older(day: date) -> None:
    for form in (f"{day.year}", f"{day:%Y-%m}", f"{day.year}年{day.month}月", f"{day:%Y%m}", f"{day:%Y/%m}/00"):
        found = read("victim.birth_date", form).victim.birth_date
        assert found is not None and found >= day and found.year == day.year


@given(st.decimals(0, 10**14, places=2))
def test_an_amount_is_never_made_smaller(amount: Decimal) -> None:
    for form in (str(amount), f"{amount:,}", f"¥{amount}元"):
        found = read("risk.amount_at_risk_yuan", form).risk.amount_at_risk_yuan
        assert found is not None and 0 <= found - amount < 1


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("15400000303/15400000304", ["15400000303", "15400000304"]),
        ("15400000303、15400000304;15400000305", ["15400000303", "15400000304", "15400000305"]),
        ("15400000303 15400000304", ["15400000303", "15400000304"]),
        ("15400000303或15400000304", ["15400000303", "15400000304"]),
        ("15400000303\n0571-88880000", ["15400000303", "0571-88880000"]),
        (["15400000303", 15400000304], ["15400000303", "15400000304"]),
        ("0571-88880000/88880001", ["0571-88880000", "0571-88880001"]),
        ("15400000303/不详", ["15400000303"]),
        ("0575-8812345/6", ["0575-8812345"]),
        ("15400000303-15400000304", ["15400000303", "15400000304"]),
        ("15400000303 本人 15400000304 妻子", ["15400000303", "15400000304"]),
        ("本人15400000303妻子0571-88880000", ["15400000303", "0571-88880000"]),
        ("15400000303、", ["15400000303"]),
        ("15,400,000,303", ["15400000303"]),
        ("154 0000 0303", ["154 0000 0303"]),
        ("0571 88880000", ["0571 88880000"]),
        ("+86 154-0000-0303", ["+86 154-0000-0303"]),
    ],
)
def test_several_numbers_in_one_field(written: object, numbers: list[str]) -> None:
    found = read("victim.phones", [{"number": written, "owner": "本人"}])
    phones, left_out = found.victim.phones, written in ("15400000303/不详", "0575-8812345/6")
    assert ("number_left_out:victim.phones[0]" in found.reading_flags) == left_out
    assert ("several_numbers:victim.phones[0]" in found.reading_flags) == (len(numbers) > 1)
    assert [(each.number, each.owner) for each in phones] == [(number, "本人") for number in numbers]
    contacts = read("victim.contacts.0.phone", written).victim.contacts
    assert [(each.phone, each.relation) for each in contacts] == [(number, "女儿") for number in numbers]


@pytest.mark.parametrize("written", ["15400000001", 15400000001, {"number": "15400000001"}, ["15400000001", None]])
def test_phones_that_are_no_list_of_objects(written: object) -> None:
    assert [each.number for each in read("victim.phones", written).victim.phones] == ["15400000001"]


def test_a_transfer_that_cannot_be_read_is_one_all_the_same() -> None:
    found = read("risk.transfers", [{"at": "昨天", "amount_yuan": "很多"}, "5万", "无"]).risk.transfers
    assert [(each.at, each.amount_yuan) for each in found] == [(None, None), (None, 50_000)]


@pytest.mark.parametrize("path", ["issued_at", "urgency", "channels", "fraud_type", "note", "victim.contacts"])
def test_what_is_not_there_has_a_default(path: str) -> None:
    if path in BODY:
        found = read(path, GONE)
        assert (found.issued_at is None) == (path == "issued_at")
        assert found.channels == POLICY


def twice(**more: Any) -> bytes:
    """A line in which these keys stand a second time, with these values."""
    return (json.dumps(BODY)[:-1] + ", " + json.dumps(more)[1:]).encode()


def test_a_key_given_twice_is_flagged_and_of_urgency_both_are_kept() -> None:
    found = parse.line(twice(urgency="低", note="x"))
    assert isinstance(found, Instruction)
    assert found.urgency == "特急/低"
    assert found.reading_flags == ("duplicate_key:urgency",)


def test_a_key_given_twice_loses_no_number() -> None:
    found = parse.line(twice(victim={"phones": [{"number": "15400000009"}]}, 何样兰=1, version=None))
    assert isinstance(found, Instruction)
    assert [each.number for each in found.victim.phones][-1] == "15400000009"
    assert len(found.victim.phones) == len(BODY["victim"]["phones"]) + 1
    assert found.version == 1
    phones = '{"phones": [{"number": "15400000008"}], "phones": [{"number": "15400000009"}], "phones": null}'
    line_ = json.dumps(put(BODY, "victim", "HERE")).replace('"HERE"', phones).encode()
    found = parse.line(line_)
    assert isinstance(found, Instruction)
    assert [each.number for each in found.victim.phones] == ["15400000008", "15400000009"]
    assert found.reading_flags == ("duplicate_key:phones",)


def test_a_name_of_nobodys_is_not_shown_in_a_flag() -> None:
    raw = json.dumps(BODY)[:-1] + ', "何样兰": 1, "何样兰": 2}'
    assert parse.line(raw.encode()).reading_flags == ("duplicate_key:?",)


def test_half_an_emoji_is_no_reason_to_refuse() -> None:
    assert read("note", "接到\ud83d").note == "接到\ufffd\ufffd\ufffd"
