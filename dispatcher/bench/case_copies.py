"""Copies of cases that really ran: each is a person, an instruction and a history of its own on another day.

A case is read once, as the text that PostgreSQL's COPY writes, and cut at what differs from copy to copy: ids, days,
digests and the names of instructions and messages. All else is the same in each copy. What an entry of the journal
changed is text meanwhile, since ids stand in it. Values of the vault are copied as they are, so they can't be opened:
they are bound to the ids of the first one.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from dispatcher.store import journal_form
from dispatcher.store.journal import JournalRow

_DAY_MS = 86_400_000
# Only whole cases that no other shares anything with, and in which nothing is left to do.
_CHOSEN = """
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT id AS case_id, subject_id, opened_at FROM cases c
WHERE state = 'closed' AND warned_before IS NULL AND next_look_at IS NULL AND journal_seq < 1000
  AND NOT EXISTS (SELECT FROM case_links l WHERE l.case_id = c.id)
  AND NOT EXISTS (SELECT FROM cases o WHERE o.subject_id = c.subject_id AND o.id <> c.id)
  AND NOT EXISTS (SELECT FROM attempts a WHERE a.case_id = c.id AND a.action IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM phones p JOIN phones o ON o.digest = p.digest AND o.case_id <> p.case_id WHERE p.case_id = c.id
  )
"""
_KEYS_SENT = "(SELECT DISTINCT send_key, case_id FROM attempts)"
_NUMBERS = "(SELECT DISTINCT digest, case_id FROM phones)"
# table: how its rows lead to their case, and when each was made, by which its copy's id is dated.
TABLES: Mapping[str, tuple[str, str]] = {
    "subjects": ("chosen c ON c.subject_id = t.id", "c.opened_at"),
    "vault_values": ("chosen c ON c.subject_id = t.subject_id", "c.opened_at"),
    "cases": ("chosen c ON c.case_id = t.id", "c.opened_at"),
    "instructions": ("chosen c ON c.case_id = t.case_id", "t.received_at"),
    "events": ("instructions i ON i.id = t.instruction JOIN chosen c ON c.case_id = i.case_id", "t.received_at"),
    "phones": ("chosen c ON c.case_id = t.case_id", "c.opened_at"),
    "addresses": ("chosen c ON c.case_id = t.case_id", "t.added_at"),
    "attempts": ("chosen c ON c.case_id = t.case_id", "t.planned_at"),
    "visits": ("chosen c ON c.case_id = t.case_id", "t.opened_at"),
    "assignments": ("visits v ON v.id = t.visit_id JOIN chosen c ON c.case_id = v.case_id", "t.assigned_at"),
    "transfers": ("chosen c ON c.case_id = t.case_id", "t.offered_at"),
    "duties": ("chosen c ON c.case_id = t.case_id", "t.planned_at"),
    "feedback": ("chosen c ON c.case_id = t.case_id", "t.at"),
    "callback_codes": ("chosen c ON c.case_id = t.case_id", "c.opened_at"),
    "suppressions": ("chosen c ON c.case_id = t.case_id", "c.opened_at"),
    "bad_numbers": (f"{_NUMBERS} n ON n.digest = t.digest JOIN chosen c ON c.case_id = n.case_id", "c.opened_at"),
    "receipts": (f"{_KEYS_SENT} s ON s.send_key = t.send_key JOIN chosen c ON c.case_id = s.case_id", "t.stored_at"),
    "receipt_keys": (
        f"receipts r ON r.id = t.receipt_id JOIN {_KEYS_SENT} s ON s.send_key = r.send_key "
        "JOIN chosen c ON c.case_id = s.case_id",
        "c.opened_at",
    ),
    "journal": ("chosen c ON c.case_id = t.case_id", "t.at"),
}
_NAMES = """
SELECT case_id, instruction_id AS name FROM instructions
UNION SELECT case_id, ref FROM attempts WHERE ref IS NOT NULL AND channel <> 'visit'
UNION SELECT s.case_id, k.dedupe_key FROM receipt_keys k JOIN receipts r ON r.id = k.receipt_id
    JOIN (SELECT DISTINCT send_key, case_id FROM attempts) s ON s.send_key = r.send_key
"""
_JOURNAL = JournalRow.__tablename__
_CHANGES = sorted(JournalRow.__table__.columns.keys()).index("changes")
_NULL, _BYTES = r"\N", r"\\x"  # as COPY writes them
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DAY = r"\d{4}-\d\d-\d\d(?=[ T]\d\d:\d\d)"
_DIGEST = r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"


@dataclass(frozen=True, slots=True)
class _Id:
    """An id of a case: milliseconds of its row's time, its rank among the case's ids, and what of it stays."""

    at_ms: int
    rank: int
    end: str

    def of_copy(self, number: int, days: int) -> str:
        """A UUIDv7 (RFC 9562) that sorts as the first one does."""
        at, end = f"{self.at_ms + days * _DAY_MS:012x}", f"8{number:06x}{self.end}"
        return f"{at[:8]}-{at[8:]}-7{self.rank:03x}-{end[:4]}-{end[4:]}"


@dataclass(frozen=True, slots=True)
class Template:
    """One case that ran. `rows`: per table the fixed texts, and between two of them which slot stands there."""

    opened_on: date
    lasted: timedelta
    attempts: int
    ids: list[_Id]
    days: list[date]
    digests: list[str]
    names: list[str]
    rows: dict[str, tuple[list[str], list[int]]]

    def copy(self, number: int, opened_on: date) -> Iterator[tuple[str, str]]:
        """Table and rows of one copy, as COPY reads them. No two copies may have the same number."""
        days = (opened_on - self.opened_on).days
        slots = [each.of_copy(number, days) for each in self.ids]
        slots += [(each + timedelta(days)).isoformat() for each in self.days]
        slots += [f"{number:08x}{each[8:]}" for each in self.digests]
        slots += [f"{each}.{number}" for each in self.names]
        for table, (texts, order) in self.rows.items():
            pieces = [""] * (2 * len(order) + 1)
            pieces[0::2] = texts
            pieces[1::2] = [slots[each] for each in order]
            rows = "".join(pieces)
            yield table, "\n".join(map(_packed, rows.split("\n"))) if table == _JOURNAL else rows


@dataclass
class _Case:
    """What is read of one case."""

    rows: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    made_ms: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def columns(connection: Connection, table: str) -> str:
    """The columns of a table by name, so that two databases need not have them in one order."""
    found = text(
        "SELECT string_agg(quote_ident(attname), ',' ORDER BY attname) FROM pg_attribute "
        "WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped"
    )
    return str(connection.scalar(found, {"name": table}))


def read(connection: Connection) -> list[Template]:
    """The cases of a database that can be copied, in the order of their ids. For a transaction of its own."""
    connection.execute(text("SET LOCAL timezone = 'UTC'"))
    connection.execute(text(_CHOSEN))
    cases: dict[str, _Case] = defaultdict(_Case)
    for table, (way, made_at) in TABLES.items():
        for case_id, key, made_ms, row in _rows(connection, table, way, made_at):
            cases[case_id].rows[table].append(row)
            if key != _NULL:
                cases[case_id].made_ms[key] = int(made_ms)
    for case_id, name in connection.execute(text(_NAMES)).tuples():
        if str(case_id) in cases and not re.search(_ID, name):
            cases[str(case_id)].names.append(name)
    return [_template(case_id, cases[case_id]) for case_id in sorted(cases)]


def _rows(connection: Connection, table: str, way: str, made_at: str) -> Iterator[list[str]]:
    """Each row of a table: its case, its id, milliseconds of its time, and itself as COPY writes it."""
    names = columns(connection, table)
    key = "t.id" if "id" in names.split(",") else "NULL::uuid"
    listed = ",".join(f"t.{name}" for name in names.split(","))
    rows = f"SELECT c.case_id, {key}, floor(extract(epoch FROM {made_at}) * 1000)::bigint, {listed}"  # noqa: S608
    with _cursor(connection).copy(f"COPY ({rows} FROM {table} t JOIN {way}) TO STDOUT") as found:
        whole = b"".join(bytes(part) for part in found).decode()
    for line in whole.split("\n")[:-1]:
        case_id, made, at_ms, row = f"{line}\n".split("\t", 3)
        yield [case_id, made, at_ms, _unpacked(row) if table == _JOURNAL else row]


def _unpacked(row: str) -> str:
    """A row of the journal as COPY writes it, with its changes as text."""
    values = row.split("\t")
    if values[_CHANGES] != _NULL:
        values[_CHANGES] = journal_form.inflate(bytes.fromhex(values[_CHANGES].removeprefix(_BYTES)))
    return "\t".join(values)


def _packed(row: str) -> str:
    values = row.split("\t")
    if len(values) > 1 and values[_CHANGES] != _NULL:
        values[_CHANGES] = _BYTES + journal_form.deflate(values[_CHANGES]).hex()
    return "\t".join(values)


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()


def _template(case_id: str, case: _Case) -> Template:
    names = sorted(case.names, key=len, reverse=True)
    named = "|".join(rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in names)
    pattern = re.compile(f"({named}|{_ID}|{_DAY}|{_DIGEST})" if named else f"({_ID}|{_DAY}|{_DIGEST})")
    cut = {table: pattern.split("".join(rows)) for table, rows in case.rows.items()}
    found = {slot for pieces in cut.values() for slot in pieces[1::2]}
    ids = sorted(slot for slot in found if re.fullmatch(_ID, slot))
    days = sorted(slot for slot in found if re.fullmatch(r"\d{4}-\d\d-\d\d", slot))
    digests = sorted(slot for slot in found if re.fullmatch("[0-9a-f]{64}", slot))
    known = [name for name in names if name in found]
    place = {slot: number for number, slot in enumerate([*ids, *days, *digests, *known])}
    opened_ms = case.made_ms[case_id]
    return Template(
        opened_on=date(1970, 1, 1) + timedelta(milliseconds=opened_ms),
        lasted=timedelta(milliseconds=max(case.made_ms.values()) - opened_ms),
        attempts=len(case.rows["attempts"]),
        ids=[_Id(case.made_ms.get(each, opened_ms), rank, each[-9:]) for rank, each in enumerate(ids)],
        days=[date.fromisoformat(each) for each in days],
        digests=digests,
        names=known,
        rows={table: (pieces[0::2], [place[slot] for slot in pieces[1::2]]) for table, pieces in cut.items()},
    )
