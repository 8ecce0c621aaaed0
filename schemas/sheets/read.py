"""A table as a spreadsheet saves it: CSV in whatever encoding, XLSX or XLS. Gives texts, as a person saw them."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from schemas.errors import bilingual
from schemas.reading.words import number_text

MAX_ROWS = 100_000
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # XLSX, XLS
_BY_MARK = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",;\t"
_LONGEST_CELL = 32 * 1024
# Put before a cell of a CSV file that a spreadsheet would run as a formula (`refused.py`), and taken off here.
GUARD = "'"
FORMULA = tuple("=+-@\t\r")


class SheetError(ValueError):
    """The file is no table that can be read. Bilingual, for people."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(bilingual(zh, en))


@dataclass(frozen=True)
class Row:
    """One row; `number` as the spreadsheet shows it."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    is_spreadsheet: bool


def read(content: bytes) -> Sheet:
    """The first row with anything in it names the columns; blank rows are left out. Raises SheetError."""
    is_spreadsheet = content.startswith(_SPREADSHEETS)
    numbered = enumerate(_of_spreadsheet(content) if is_spreadsheet else _of_csv(content), start=1)
    rows = [Row(number, tuple(cells)) for number, cells in numbered if any(cell.strip() for cell in cells)]
    if not rows:
        raise SheetError("文件中没有内容", "there is nothing in the file")
    header, *others = rows
    if len(others) > MAX_ROWS:
        raise SheetError(f"超过 {MAX_ROWS} 行,请拆分", f"more than {MAX_ROWS} rows; split it")
    width = max(len(row.cells) for row in others) if others else 0
    # What stands beyond the last name is no field, and is not lost.
    unnamed = [f"({at})" for at in range(len(header.cells) + 1, width + 1)]
    names = (*(cell.strip() for cell in header.cells), *unnamed)
    return Sheet(names, tuple(_as_wide(row, len(names)) for row in others), is_spreadsheet)


def _as_wide(row: Row, width: int) -> Row:
    return Row(row.number, (*row.cells, *[""] * (width - len(row.cells))))


def _of_csv(content: bytes) -> Iterator[list[str]]:
    text = _decoded(content)
    first = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    csv.field_size_limit(_LONGEST_CELL)
    try:
        # Strict: a quote that is never closed would take all that follows into one cell.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for row in reader:
            yield [_unguarded(cell) for cell in row]
    except csv.Error:
        line = reader.line_num
        raise SheetError(
            f"第 {line} 行附近引号有误,不是可读的 CSV", f"no CSV that can be read: a quote is wrong near line {line}"
        ) from None


def _decoded(content: bytes) -> str:
    """Raises SheetError."""
    marked = next((name for mark, name in _BY_MARK if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8" and _is_damaged(content):
                raise SheetError(
                    f"第 {error.start} 字节处编码损坏,请重新保存为 UTF-8",
                    f"UTF-8 that is damaged at byte {error.start}; save it as UTF-8 anew",
                ) from None
            continue
        if "\0" not in text:
            return text
    raise SheetError(
        "不是文本、CSV 或 XLSX 文件;CSV 请存为 UTF-8 或 GBK", "neither CSV nor XLSX; save CSV as UTF-8 or GBK"
    )


def _is_damaged(content: bytes) -> bool:
    """UTF-8 all the same: read as that, it has more letters beyond ASCII than places that can't be read."""
    text = content.decode("utf-8", "replace")
    unread = text.count("\ufffd")
    return sum(not letter.isascii() for letter in text) > 2 * unread


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith(GUARD) and cell[1:].startswith(FORMULA) else cell


def _of_spreadsheet(content: bytes) -> Iterator[list[str]]:
    """The first sheet. Raises SheetError."""
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError):
        raise SheetError("不是可读的 XLSX 文件", "no XLSX that can be read") from None
    return ([_shown(cell) for cell in row] for row in rows)


def _shown(cell: Any) -> str:
    """As a person saw it; of a number too long for a spreadsheet what it left, which intake knows for that."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(number_text(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return "" if cell is None or isinstance(cell, timedelta) else str(cell)
