"""The rows that were not taken, with the reason beside each: to be mended, and pushed again as they are."""

import csv
import io
from collections.abc import Iterable, Sequence

import xlsxwriter

from schemas.sheets.read import FORMULA, GUARD, Row, Sheet

REASON = "未受理原因 reason"
_WIDEST = 32_000  # a cell of a spreadsheet holds 32,767 characters


def write(sheet: Sheet, refused: Iterable[tuple[Row, str]]) -> bytes:
    """A file of the kind that came: XLSX, or CSV with a byte order mark, which every spreadsheet reads."""
    header = [name for name in sheet.header if name != REASON]
    kept = [at for at, name in enumerate(sheet.header) if name != REASON]
    table = [[*header, REASON], *([*(row.cells[at] for at in kept), reason] for row, reason in refused)]
    return _spreadsheet(table) if sheet.is_spreadsheet else _csv(table)


def file_name(sheet: Sheet) -> str:
    return f"refused.{'xlsx' if sheet.is_spreadsheet else 'csv'}"


def _csv(table: Sequence[Sequence[str]]) -> bytes:
    """No spreadsheet runs a cell of it as a formula; `read` takes the guard off again."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[_guarded(cell) for cell in row] for row in table])
    return text.getvalue().encode("utf-8-sig")


def _guarded(cell: str) -> str:
    return GUARD + cell if cell.startswith(FORMULA) else cell


def _spreadsheet(table: Sequence[Sequence[str]]) -> bytes:
    """Every cell is a text: neither a formula nor a number that loses its digits."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for at, row in enumerate(table):
            for column, cell in enumerate(row):
                page.write_string(at, column, cell[:_WIDEST])
    return content.getvalue()
