"""Tables that people push: whatever a spreadsheet made of them, and back again."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import parse
from schemas.instruction import Instruction
from schemas.sheets import columns, refused
from schemas.sheets.read import FORMULA, Sheet, SheetError, read
from tests.tables import as_csv, as_xlsx

HEADER = ["预警编号", "姓名", "身份证号", "手机号", "手机号2", "联系人", "联系人电话", "关系", "住址", "等级"]
ROW = [
    "YJ-1",
    "何样",
    "990101198001010019",
    "15400000001",
    "15400000002",
    "何小样",
    "15400000003",
    "子女",
    "样板路1号",
    "特急",
]
FIXED = {"source": {"system": "s"}, "issued_at": "2026-03-02T09:00:00+08:00"}


def bodies(sheet: Sheet, **fixed: Any) -> list[dict[str, Any]]:
    found = columns.guess(sheet.header)
    columns.check(found, sheet.header)
    return [body for _, body in columns.bodies(sheet, found, lambda text, _: f"R-{len(text)}", FIXED | fixed)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_in_whatever_encoding(encoding: str, delimiter: str) -> None:
    sheet = read(as_csv(HEADER, ROW, delimiter=delimiter).encode(encoding))
    assert (list(sheet.header), [list(row.cells) for row in sheet.rows]) == (HEADER, [ROW])


def test_a_row_is_an_instruction() -> None:
    (body,) = bodies(read(as_csv(HEADER, ROW).encode()))
    assert body == {
        "op": "create",
        "version": 1,
        **FIXED,
        "instruction_id": "YJ-1",
        "urgency": "特急",
        "victim": {
            "name": "何样",
            "id_number": "990101198001010019",
            "phones": [{"number": "15400000001"}, {"number": "15400000002"}],
            "contacts": [{"name": "何小样", "phone": "15400000003", "relation": "子女"}],
            "addresses": [{"kind": "residence", "text": "样板路1号"}],
        },
    }
    assert isinstance(parse.body_of(body), Instruction)


def test_two_contacts_by_number() -> None:
    header = ["手机号", "联系人1", "联系人1电话", "联系人电话2", "联系人2"]
    (body,) = bodies(read(as_csv(header[:4], ["15400000001", "甲", "1", "2"]).encode()))
    assert body["victim"]["contacts"] == [{"name": "甲"}, {"phone": "2"}]


def test_numbers_of_a_spreadsheet_are_read_as_they_were_shown() -> None:
    sheet = read(as_xlsx(HEADER[:4], ["YJ-1", "何样", 990101198001010019, 15400000001]))
    assert sheet.rows[0].cells == ("YJ-1", "何样", "9.9010119800101e+17", "15400000001")


def test_rows_as_the_spreadsheet_numbers_them() -> None:
    sheet = read(as_csv([], HEADER, [], ROW, ["", " "], ROW[:3]).encode())
    assert [(row.number, row.cells[1], len(row.cells)) for row in sheet.rows] == [(4, "何样", 10), (6, "何样", 10)]


def test_a_row_without_an_id_has_the_same_one_again() -> None:
    rows = as_csv(["手机号"], ["15400000001"], ["15400000002"], ["15400000001"]).encode()
    sheet = read(rows)
    ids = [body["instruction_id"] for _, body in columns.bodies(sheet, columns.guess(sheet.header), hash_of, FIXED)]
    assert ids[0] == ids[2] != ids[1]


def hash_of(text: str, is_dated: bool) -> str:
    return f"R-{text.encode().hex()}"


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b" , ,\n", b"\x00\x01\x02", b"PK\x03\x04nothing", b"\xd0\xcf\x11\xe0nothing", b"\xff\xfe\x00"],
)
def test_what_is_no_table(content: bytes) -> None:
    with pytest.raises(SheetError, match=" / "):
        read(content)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"no": "victim.name"}, "no column no"),
        ({"姓名": "victim.shoe_size"}, "no field victim.shoe_size"),
        ({"姓名": "victim.name"}, "no column of phones or addresses"),
        ({"姓名": "victim.name", "住址": "victim.name"}, "two columns for victim.name"),
        ({"住址": "victim.addresses.precinct_code"}, "no column of phones or addresses"),
    ],
)
def test_columns_that_will_not_do(chosen: dict[str, str], words: str) -> None:
    with pytest.raises(SheetError, match=words):
        columns.check(chosen, HEADER)


def test_no_name_is_two_fields() -> None:
    names = [name for all_names in columns.fields().values() for name in {columns.label(each) for each in all_names}]
    assert len(names) == len(set(names))


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
tables = st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=5)


@given(tables)
def test_refused_rows_come_back_as_they_were(rows: list[list[str]]) -> None:
    """Pushed again, each has its content; no cell of the file is a formula to a spreadsheet."""
    sheet = read(as_csv(["手机号", "备注"], *[["x", each[1]] for each in rows]).encode("utf-8-sig"))
    written = refused.write(sheet, [(row, "=1+1") for row in sheet.rows])
    again = read(written)
    assert again.header == (*sheet.header, refused.REASON)
    assert [row.cells[:2] for row in again.rows] == [row.cells for row in sheet.rows]
    for line in csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(FORMULA) for cell in line)
    twice = read(refused.write(again, [(row, "again") for row in again.rows]))
    assert twice.header == again.header


def test_refused_rows_of_a_spreadsheet_are_texts() -> None:
    sheet = read(as_xlsx(["手机号"], ["=1+1"], ["+8615400000001"], ["0012"]))
    again = read(refused.write(sheet, [(row, "why") for row in sheet.rows]))
    assert [row.cells[0] for row in again.rows] == [row.cells[0] for row in sheet.rows]
    assert again.is_spreadsheet and refused.file_name(again) == "refused.xlsx"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        sheet = read(content)
    except SheetError:
        return
    assert all(len(row.cells) == len(sheet.header) for row in sheet.rows)
    columns.guess(sheet.header)


def test_a_quote_that_is_never_closed_takes_nobody_along() -> None:
    with pytest.raises(SheetError, match="near line"):
        read('手机号,备注\n15400000001,"他说\n15400000002,c\n'.encode())


def test_a_name_that_stands_twice_is_no_field() -> None:
    header = ["姓名", "手机号", "等级", "姓名", "手机号", "等级"]
    with pytest.raises(SheetError, match="more than one column named"):
        columns.check(columns.guess(header), header)
    columns.check({"手机号": "victim.phones"}, header)


def test_what_stands_beyond_the_last_name_is_kept() -> None:
    sheet = read(as_csv(["手机号"], ["15400000001", "世纪大道1号"]).encode())
    assert (sheet.header, sheet.rows[0].cells) == (("手机号", "(2)"), ("15400000001", "世纪大道1号"))


def test_a_byte_that_is_damaged_makes_no_other_encoding() -> None:
    content = as_csv(["手机号", "姓名"], ["15400000001", "张三"], ["15400000002", "李"]).encode()
    with pytest.raises(SheetError, match="damaged"):
        read(content.replace("李".encode(), "李".encode()[:2]))
    assert read(as_csv(["a"], ["中"]).encode("gbk")).rows[0].cells == ("中",)


def test_a_source_of_a_row_is_added_to_that_of_all() -> None:
    (body,) = bodies(read(as_csv(["手机号", "来源单位"], ["15400000001", "U1"]).encode()))
    assert body["source"] == {"system": "s", "unit": "U1"}
