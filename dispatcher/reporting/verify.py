"""Rebuilds cases from their journal alone and compares them with the tables, row by row, the vault excepted."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    case,
    collate,
    column,
    func,
    inspect,
    or_,
    select,
    text,
    true,
    type_coerce,
    union,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from dispatcher.store import journal_changes
from dispatcher.store.base import Base
from dispatcher.store.cases import CaseRow
from dispatcher.store.code_column import as_stored
from dispatcher.store.journal import JournalNumberRow, JournalRow
from dispatcher.store.journal_changes import OF_A_CASE, SHARED, Columns
from dispatcher.store.journal_form import Changes, UnreadableChangesError
from dispatcher.store.work_items import WorkItemRow

BATCH = 500
# table → key → columns
Rows = dict[str, dict[str, Columns]]
Entry = tuple[UUID | None, int, datetime, dict[str, Any], bytes | None, Changes | None]
# The data only where they say something that its changes do not say again.
_ENTRY = (
    *(JournalRow.case_id, JournalRow.seq, JournalRow.at),
    case((JournalRow.changes.is_not(None), JournalRow.data)),
    *(JournalRow.changes, JournalRow.rows),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a table does not say what the journal says. Codes and ids only: no table compared holds personal data."""

    case: str | None
    table: str
    key: str
    column: str | None  # None: the row is only in one of the two
    journal: Any
    found: Any


@dataclass(slots=True)
class Verdict:
    """What was compared, and every difference."""

    cases: int = 0
    entries: int = 0
    rows: int = 0
    differences: list[Difference] = field(default_factory=list)


def compare(session: Session, *, rows: bool = True) -> Iterator[Verdict]:
    """The verdict so far, after each batch of cases; the last one is the whole. Reads one moment of the database.

    Without `rows` only the numbering of the entries is looked at.
    """
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    verdict = Verdict()
    for case_ids in _batches(session):
        told, counts = _replayed(session, case_ids, verdict)
        verdict.cases += len(case_ids)
        verdict.entries += counts.total()
        for table in OF_A_CASE if rows else ():
            _compare_cases(session, table, case_ids, told[table.__tablename__], verdict)
        verdict.differences += _seqs(session, case_ids, counts)
        yield verdict
    _without_case(session, verdict)
    if rows:
        _compare_without_case(session, verdict)
    for table in SHARED if rows else ():
        yield from _compare_shared(session, table, verdict)
    yield verdict


def _batches(session: Session) -> Iterator[Sequence[UUID]]:
    """Cases by key: those of the table, and any that only the journal knows."""
    last: UUID | None = None
    while True:
        known, told = select(CaseRow.id), select(JournalRow.case_id).where(JournalRow.case_id.is_not(None)).distinct()
        if last is not None:
            known, told = known.where(CaseRow.id > last), told.where(JournalRow.case_id > last)
        # Each by its index as far as one batch; together they would be sorted whole, once for each batch.
        first = known.order_by(CaseRow.id).limit(BATCH), told.order_by(JournalRow.case_id).limit(BATCH)
        either = union(*(select(each.subquery()) for each in first)).order_by(text("1")).limit(BATCH)
        found = list(session.scalars(either))
        if not found:
            return
        yield found
        last = found[-1]


def _replayed(session: Session, case_ids: Sequence[UUID], verdict: Verdict) -> tuple[Rows, Counter[UUID]]:
    """Apply the entries of these cases in their order. Returns their rows, and how many entries each case has."""
    rows: Rows = defaultdict(dict)
    counts: Counter[UUID] = Counter()
    wanted = select(*_ENTRY).where(JournalRow.case_id.in_(case_ids))
    entries = session.execute(wanted.order_by(JournalRow.case_id, JournalRow.seq)).tuples()
    for case_id, told in groupby(entries, key=itemgetter(0)):
        seqs: Counter[int] = Counter()
        changed = []
        for entry in told:
            seqs[entry[1]] += 1
            changed.append(_told_by(entry, verdict))
        counts[case_id] = seqs.total()
        verdict.differences += (_twice(case_id, seq) for seq, count in seqs.items() if count > 1)
        for table, kept in _of_case(str(case_id), changed).items():
            rows[table] |= kept
    return rows, counts


def _told_by(entry: Entry, verdict: Verdict) -> Changes:
    """What an entry told of all rows; nothing where somebody has changed it so that it can't be read."""
    case_id, seq, at, data, changes, rows = entry
    try:
        return journal_changes.told_by(case_id, at, data, changes, rows)
    except UnreadableChangesError:
        of_case = str(case_id) if case_id else None
        verdict.differences.append(Difference(of_case, "journal", str(seq), "changes", journal=False, found=True))
        return {}


def _of_case(case_id: str | None, changed: Iterable[Rows]) -> Rows:
    rows: Rows = defaultdict(lambda: defaultdict(dict))
    for table, key, columns in ((t, k, c) for told in changed for t, kept in told.items() for k, c in kept.items()):
        if table in _OF_A_CASE:
            rows[table][key] |= columns
    whole = {
        table: {key: journal_changes.implied(_OF_A_CASE[table], case_id, key) | each for key, each in kept.items()}
        for table, kept in rows.items()
    }
    # A row that moved to another case is that one's from then on.
    return {
        table: {key: each for key, each in kept.items() if each.get("case_id", case_id) == case_id}
        for table, kept in whole.items()
    }


def _compare_cases(
    session: Session, table: type[Base], case_ids: Sequence[UUID], told: dict[str, Columns], verdict: Verdict
) -> None:
    """The rows of these cases against what the journal told."""
    owner = table.__table__.columns["id" if table is CaseRow else "case_id"]
    _compare_rows(session, table, owner.in_(case_ids), told, verdict)


def _compare_without_case(session: Session, verdict: Verdict) -> None:
    """The work items that belong to no case against what the entries without a case told of them."""
    of_none = select(*_ENTRY).where(
        JournalRow.case_id.is_(None), or_(JournalRow.rows.is_not(None), JournalRow.changes.is_not(None))
    )
    entries = session.execute(of_none.order_by(JournalRow.seq).execution_options(yield_per=BATCH)).tuples()
    told = _of_case(None, (_told_by(entry, verdict) for entry in entries))
    of_items = told.get(WorkItemRow.__tablename__, {})
    _compare_rows(session, WorkItemRow, WorkItemRow.case_id.is_(None), of_items, verdict)


def _compare_rows(
    session: Session, table: type[Base], which: ColumnElement[bool], told: dict[str, Columns], verdict: Verdict
) -> None:
    found = dict(_stored(session, table, _columns(table).where(which)))
    for key in sorted(found.keys() | told.keys()):
        _compare(table, key, found.get(key, {}), told.get(key, {}), verdict)


def _compare_shared(session: Session, table: type[Base], verdict: Verdict) -> Iterator[Verdict]:
    """The rows of a shared table against what the entries of all cases told of them, side by side in their order.

    Both are sorted by the database and read as they come: there may be more of them than memory holds.
    """
    keys = inspect(table).primary_key
    stored = _stored(session, table, _columns(table).order_by(*keys).execution_options(yield_per=BATCH))
    told = _told(session, table)
    both = merge(((key, 0, each) for key, each in stored), ((key, 1, each) for key, each in told), key=itemgetter(0))
    for number, (key, sides) in enumerate(groupby(both, key=itemgetter(0)), start=1):
        found: Columns = {}
        expected: list[Columns] = []
        for _, is_told, columns in sides:
            if is_told:
                expected.append(columns)
            else:
                found = columns
        longest = max(expected, key=partial(journal_changes.length, table), default={})
        _compare(table, key, found, longest, verdict)
        if number % BATCH == 0:
            yield verdict


def _told(session: Session, table: type[Base]) -> Iterator[tuple[str, Columns]]:
    """Every word of the journal on the rows of a shared table, by their keys."""
    name = table.__tablename__
    each = func.jsonb_each(JournalRow.rows[name]).table_valued(column("key", Text), column("value", JSONB), name="each")
    words = select(JournalRow.case_id, each.c.key, each.c.value).select_from(JournalRow).join(each, true())
    words = words.where(JournalRow.rows.has_key(name)).order_by(collate(each.c.key, "C"))
    for case_id, key, columns in session.execute(words.execution_options(yield_per=BATCH)).tuples():
        yield key, journal_changes.implied(table, str(case_id), key) | columns


def _columns(table: type[Base]) -> Select[Any]:
    return select(*(type_coerce(each, as_stored(each.type)).label(each.name) for each in table.__table__.columns))


def _stored(session: Session, table: type[Base], rows: Select[Any]) -> Iterator[tuple[str, Columns]]:
    for row in map(dict, session.execute(rows).mappings()):
        yield journal_changes.stored_key(table, row), journal_changes.plain(row)


def _compare(table: type[Base], key: str, columns: Columns, told: Columns, verdict: Verdict) -> None:
    """One row as it is found against what the journal told of it."""
    verdict.rows += bool(columns)
    # Of a column that there is no more, nothing is left to compare.
    kept = table.__table__.columns
    expected = {name: value for name, value in told.items() if value is not None and name in kept}
    owner = "id" if table is CaseRow else "case_id"
    differ = partial(Difference, columns.get(owner) or expected.get(owner), table.__tablename__, key)
    if not columns or not expected:
        verdict.differences.append(differ(None, bool(expected), bool(columns)))
        return
    for name in sorted(columns.keys() | expected.keys()):
        if columns.get(name) != expected.get(name):
            verdict.differences.append(differ(name, expected.get(name), columns.get(name)))


def _seqs(session: Session, case_ids: Sequence[UUID], counts: Counter[UUID]) -> list[Difference]:
    """Entries are numbered without a gap, so their count is the last number."""
    last = select(CaseRow.id, CaseRow.journal_seq).where(CaseRow.id.in_(case_ids))
    numbered = session.execute(last).tuples()
    return [
        Difference(str(case_id), "journal", str(case_id), "seq", counts[case_id], seq)
        for case_id, seq in numbered
        if counts[case_id] != seq
    ]


def _without_case(session: Session, verdict: Verdict) -> None:
    """Refused lines, checks of codes: numbered without a gap too, so that a missing one has a name."""
    of_none = select(JournalRow.seq).where(JournalRow.case_id.is_(None))
    counted = session.get(JournalNumberRow, 1)
    last, unnumbered = (counted.last, counted.unnumbered) if counted else (0, 0)
    older = session.scalar(select(func.count()).select_from(of_none.where(JournalRow.seq == 0).subquery())) or 0
    # More than were counted: written by a process of the version before, while the database was upgraded.
    if older < unnumbered:
        verdict.differences.append(Difference(None, "journal", "0", "seq", older, unnumbered))
    numbered = of_none.where(JournalRow.seq > 0).order_by(JournalRow.seq)
    expected = 1
    for seq in session.scalars(numbered.execution_options(yield_per=BATCH)):
        verdict.differences += (_missing(number) for number in range(expected, seq))
        if seq < expected:
            verdict.differences.append(_twice(None, seq))
        expected = max(expected, seq + 1)
        verdict.entries += 1
    verdict.differences += (_missing(number) for number in range(expected, last + 1))
    if expected - 1 > last:
        verdict.differences.append(Difference(None, "journal", "last", "seq", expected - 1, last))
    verdict.entries += older


def _twice(case_id: UUID | None, seq: int) -> Difference:
    return Difference(str(case_id) if case_id else None, "journal", str(seq), "seq", "twice", "once")


def _missing(number: int) -> Difference:
    return Difference(None, "journal", str(number), None, journal=False, found=True)


_OF_A_CASE: Mapping[str, type[Base]] = {table.__tablename__: table for table in OF_A_CASE}
