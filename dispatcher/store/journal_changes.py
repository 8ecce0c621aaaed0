"""Writes what each transaction did to a case's rows into its journal, so that the journal alone can rebuild them.

Entries are held back until the commit. The last entry of each case then carries the changed columns of all its rows,
and the last one without a case those of the rows that have none; a change that nobody noted is refused. What was done
to a case's own rows is packed (journal_form.py); what cases share is looked for over all of them, and stays JSON that
the database can read. Personal data is in none of these tables, and so in no entry.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, UOWTransaction, sessionmaker

from dispatcher.store import bulk_insert, journal_form, source_event_rules, source_events
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import Base
from dispatcher.store.cases import AddressRow, BadNumberRow, CaseRow, LinkRow, PhoneRow, SuppressionRow
from dispatcher.store.codes import CodeRow
from dispatcher.store.instructions import FeedbackRow, InstructionRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.journal_form import Changes
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow

# A case's own rows: nobody else's transaction touches them while the case is locked.
OF_A_CASE: tuple[type[Base], ...] = (
    *(CaseRow, InstructionRow, PhoneRow, AddressRow, AttemptRow, VisitRow),
    *(TransferRow, WorkItemRow, LinkRow, FeedbackRow),
)
# Shared by cases, under a key of their own; the one that holds longest stands.
SHARED: Mapping[type[Base], str] = {BadNumberRow: "until", SuppressionRow: "until", CodeRow: "valid_until"}
_SHARED = frozenset(table.__tablename__ for table in SHARED)
# A lock in real time, a hint when to decide again, a fault of ours, and a count: they follow from the rest or the hour.
TECHNICAL = frozenset({"lease_until", "gave_up_at", "next_look_at", "set_aside_at", "journal_seq"})

_ENTRIES, _CASES, _CHANGES = "journal entries", "their cases", "journal changes"
Columns = dict[str, Any]


class UnnotedChangeError(RuntimeError):
    """A case was changed without a journal entry; nothing of the transaction is kept."""


def install(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    """Let these sessions write their changes into the journal."""
    event.listen(sessions, "before_flush", _before_flush)
    event.listen(sessions, "before_commit", _before_commit)
    event.listen(sessions, "after_commit", _forget)
    event.listen(sessions, "after_rollback", _forget)
    return sessions


def write(session: Session, entry: JournalRow, case: CaseRow | None = None) -> None:
    """Add an entry to the journal at the commit; one about a case comes with its row."""
    session.info.setdefault(_ENTRIES, []).append(entry)
    if case is not None:
        session.info.setdefault(_CASES, {})[case.id] = case


def write_in_bulk(session: Session, rows: Sequence[Base]) -> None:
    """Insert new rows that the session does not have, and the whole journal so far, all at once."""
    pending = _pending(session)
    for row in rows:
        if isinstance(row, OF_A_CASE):
            _note_new(pending, row, _case_of(row))
    entries, changes = _completed_entries(session)
    bulk_insert.write(session, [*rows, *entries])
    _tell_sources(session, entries, changes)


def note_upsert(session: Session, case_id: UUID, row: Base) -> None:
    """Note what a statement did to a shared row; a session notices only its own objects."""
    _note_new(_pending(session), row, case_id)


def keep_longest(session: Session, case_id: UUID, row: Base) -> None:
    """Insert a shared row, or replace one that ends sooner."""
    table = type(row)
    values = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    order = [SHARED[table], *sorted(values)]  # as `length` sorts them
    fresh = insert(table).values(values)
    stands_longer = tuple_(*(getattr(table, name) for name in order)) < tuple_(
        *(fresh.excluded[name] for name in order)
    )
    keys = [each.name for each in inspect(table).primary_key]
    session.execute(fresh.on_conflict_do_update(index_elements=keys, set_=values, where=stands_longer))
    note_upsert(session, case_id, row)


def plain(columns: Mapping[str, Any]) -> Columns:
    """Returns columns as the journal holds them: None is left out."""
    return {name: _plain(value) for name, value in columns.items() if name not in TECHNICAL and value is not None}


def columns_of(row: Base) -> Columns:
    """Returns a row's columns as the journal holds them."""
    return plain({name: value for name, value in vars(row).items() if name[0] != "_"})


def told_by(
    case_id: UUID | None, at: datetime, data: Mapping[str, Any], changes: bytes | None, rows: Changes | None
) -> Changes:
    """Returns what an entry with these columns told of all rows. Raises UnreadableChangesError.

    `data` is asked for only where there are `changes`.
    """
    packed = journal_form.unpack(changes, case_id, at, data) if changes is not None else {}
    return {**(rows or {}), **packed}


def implied(table: type[Base], case_id: str | None, key: str) -> Columns:
    """Returns what a row's place in the journal says of it: the entry is its case's, and it stands under its key.

    A new row's columns leave it out where it is so. Entries that were written before repeat it.
    """
    known: Columns = {"case_id": case_id} if "case_id" in table.__table__.columns else {}
    known |= zip(_keys(table), key.split(" "), strict=True)
    if table is AttemptRow:
        known["send_key"] = key
    return known


def length(table: type[Base], columns: Mapping[str, Any]) -> tuple[Any, ...]:
    """Returns the sort key by which the longest of several shared rows is kept, the other columns deciding a tie."""
    return tuple(columns[name] for name in (SHARED[table], *sorted(columns)))


def stored_key(table: type[Base], columns: Mapping[str, Any]) -> str:
    """Returns the key of a row that was read as it is stored."""
    return _key(columns[each.name] for each in inspect(table).primary_key)


def key_of(row: Base) -> str:
    return _key(getattr(row, name) for name in _keys(type(row)))


def _before_flush(session: Session, context: UOWTransaction, instances: Any) -> None:
    pending = _pending(session)
    for row in session.new:
        if isinstance(row, OF_A_CASE):
            _note_new(pending, row, _case_of(row))
    for row in session.dirty:
        if isinstance(row, OF_A_CASE):
            before = inspect(row).committed_state
            if "case_id" in before:
                _note(pending, row, before["case_id"], {"case_id": _plain(_case_of(row))})
                _note(pending, row, _case_of(row), columns_of(row))
            else:
                changed = {name: getattr(row, name) for name, old in before.items() if getattr(row, name) != old}
                _note(pending, row, _case_of(row), {name: _plain(new) for name, new in changed.items()})


def _note_new(pending: dict[UUID | None, Changes], row: Base, case_id: UUID | None) -> None:
    key = key_of(row)
    known = implied(type(row), _plain(case_id), key)
    news = {name: value for name, value in columns_of(row).items() if known.get(name) != value}
    if news:
        pending[case_id][row.__tablename__].setdefault(key, {}).update(news)


def _note(pending: dict[UUID | None, Changes], row: Base, case_id: UUID | None, columns: Columns) -> None:
    noted = {name: value for name, value in columns.items() if name not in TECHNICAL}
    if noted:
        pending[case_id][row.__tablename__].setdefault(key_of(row), {}).update(noted)


def _before_commit(session: Session) -> None:
    entries, changes = _completed_entries(session)
    _tell_sources(session, entries, changes)
    session.add_all(entries)


def _tell_sources(session: Session, entries: Iterable[JournalRow], changes: Mapping[UUID | None, Changes]) -> None:
    # Kept until here: the session alone forgets a row once nobody else holds it, and would ask for each again.
    cases: dict[UUID, CaseRow] = session.info.pop(_CASES, {})
    told = list(source_event_rules.told_of(entries, cases, changes))
    if told:
        source_events.write(session, told)


def _completed_entries(session: Session) -> tuple[list[JournalRow], Mapping[UUID | None, Changes]]:
    """The entries so far, each with what was done to its case's rows, and this by itself."""
    session.flush()
    entries: list[JournalRow] = session.info.pop(_ENTRIES, [])
    pending = _pending(session)
    last = {entry.case_id: entry for entry in entries}
    for case_id, changes in pending.items():
        if case_id not in last:
            raise UnnotedChangeError(f"rows of case {case_id} changed without a journal entry: {', '.join(changes)}")
        _complete(last[case_id], changes)
    session.info.pop(_CHANGES, None)
    return entries, pending


def _complete(entry: JournalRow, changes: Changes) -> None:
    shared = {table: rows for table, rows in changes.items() if table in _SHARED}
    own = {table: rows for table, rows in changes.items() if table not in _SHARED}
    entry.rows = shared or None
    entry.changes = journal_form.pack(own, entry.case_id, entry.at, entry.data) if own else None


def _forget(session: Session) -> None:
    for kept in (_ENTRIES, _CASES, _CHANGES):
        session.info.pop(kept, None)


def _pending(session: Session) -> dict[UUID | None, Changes]:
    pending: dict[UUID | None, Changes] = session.info.setdefault(_CHANGES, defaultdict(lambda: defaultdict(dict)))
    return pending


def _case_of(row: Any) -> UUID | None:
    case_id: UUID | None = row.id if isinstance(row, CaseRow) else row.case_id
    return case_id


@cache
def _keys(table: type[Base]) -> tuple[str, ...]:
    return tuple(each.name for each in inspect(table).primary_key)


def _key(parts: Any) -> str:
    return " ".join(str(_plain(part)) for part in parts)


def _plain(value: Any) -> Any:
    """As JSON has it, the same whether it comes from the code or from the database."""
    return _AS_PLAIN[type(value)](value)


class _AsPlain(dict[type, Callable[[Any], Any]]):
    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        self[kind] = next((plain for kinds, plain in _PLAIN if issubclass(kind, kinds)), lambda value: value)
        return self[kind]


_AS_PLAIN = _AsPlain()
_PLAIN: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Enum, lambda value: value.value),
    (datetime, lambda value: value.astimezone(UTC).isoformat()),
    (UUID, str),
    ((bytes, memoryview), lambda value: bytes(value).hex()),
    (dict, lambda value: {str(_plain(name)): _plain(part) for name, part in value.items()}),
    ((list, tuple, set, frozenset), lambda value: [_plain(part) for part in value]),
)
