"""Tables into lines: what each row would be told, before anything is pushed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatcher.casework.context import Context
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake import normalised
from dispatcher.store.sheets import ColumnsRow
from schemas import parse
from schemas.errors import BadInstruction
from schemas.instruction import Instruction
from schemas.sheets import columns as sheet_columns
from schemas.sheets.columns import Columns
from schemas.sheets.read import Row, Sheet


@dataclass(frozen=True)
class SheetLine:
    """A row as it would be pushed: `refusal` says why it would not be taken, `flags` what is doubtful in it."""

    row: Row
    raw: bytes
    refusal: str | None
    flags: tuple[str, ...]


def lines(
    context: Context, sheet: Sheet, columns: Columns, fixed: Mapping[str, Any], now: datetime
) -> Iterator[SheetLine]:
    """Every row of a table, looked at without the database. Raises SheetError where the columns will not do."""
    sheet_columns.check(columns, sheet.header)

    day = now.astimezone(context.policy.timezone).date().isoformat()

    def name_row(content: str, is_dated: bool) -> str:
        whole = content if is_dated else f"{day}\0{content}"
        return f"SHEET-{context.vault.digest('sheet_row', whole).hex()[:24]}"

    for row, body in sheet_columns.bodies(sheet, columns, name_row, fixed):
        refusal, flags = _judge(context, body, now)
        yield SheetLine(row, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), refusal, flags)


def _judge(context: Context, body: dict[str, Any], now: datetime) -> tuple[str | None, tuple[str, ...]]:
    try:
        pushed = parse.body_of(body)
    except BadInstruction as refusal:
        return refusal.reason, ()
    if not isinstance(pushed, Instruction):
        raise TypeError("a row is an instruction")
    return None, normalised.read(context, pushed, now).flags


def kept(session: Session) -> dict[str, dict[str, str]]:
    """The columns that are kept, by name."""
    return {row.name: row.columns for row in session.scalars(select(ColumnsRow).order_by(ColumnsRow.name))}


def keep(work: UnitOfWork, name: str, columns: Columns) -> None:
    """Keep columns under a name; what stood there goes."""
    row = {"columns": dict(columns), "kept_at": work.now}
    statement = insert(ColumnsRow).values(name=name, **row)
    work.session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
