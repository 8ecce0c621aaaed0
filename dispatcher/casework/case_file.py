"""A case file: cases locked for one transaction with all their rows, to be changed and journalled together.

Whatever changes a case goes through here, so that its rows and its journal are committed together or not at all.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from dispatcher.casework.personal_data import keep_value
from dispatcher.casework.unit_of_work import ENGINE, UnitOfWork
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array
from dispatcher.store.cases import AddressRow, BadNumberRow, CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import Channel

_LOCK_TIMEOUT = text("SELECT set_config('lock_timeout', :timeout, true)")
_DEFAULT_LOCK_TIMEOUT = text("SET LOCAL lock_timeout TO DEFAULT")  # the session's own
_PATIENCE = "200ms"
Row = TypeVar("Row", AttemptRow, VisitRow, PhoneRow, AddressRow)


class CaseFile:
    """Open the cases first (they are locked in the order of their ids), then change them, note it, decide."""

    def __init__(self, work: UnitOfWork) -> None:
        self.work = work
        self.session = work.session
        self.context = work.context
        self.now = work.now
        self.cases: dict[UUID, CaseRow] = {}
        self._subjects: dict[UUID, SubjectRow] = {}
        self.attempts: dict[UUID, list[AttemptRow]] = defaultdict(list)
        self.visits: dict[UUID, list[VisitRow]] = defaultdict(list)
        self.phones: dict[UUID, list[PhoneRow]] = defaultdict(list)
        self.places: dict[UUID, list[AddressRow]] = defaultdict(list)
        self.bad: dict[bytes, frozenset[Channel]] = {}

    def open(self, case_ids: Iterable[UUID], *, skip_locked: bool = False) -> None:
        """Lock and read. Cases already open stay as they are."""
        wanted = sorted(set(case_ids) - self.cases.keys())
        found = select(CaseRow).where(in_array(CaseRow.id, wanted)).order_by(CaseRow.id)
        locked = found.with_for_update(key_share=True, skip_locked=skip_locked)
        rows = list(self.session.scalars(locked.execution_options(populate_existing=True))) if wanted else []
        if not rows:
            return
        wanted = [row.id for row in rows]
        self.cases |= {row.id: row for row in rows}
        self._read(AttemptRow, self.attempts, wanted)
        self._read(VisitRow, self.visits, wanted)
        self._read(PhoneRow, self.phones, wanted)
        self._read(AddressRow, self.places, wanted)
        self._read_bad_numbers(wanted)

    def open_soon(self, case_ids: Iterable[UUID]) -> None:
        """As `open`, but leave out what others hold for longer than a moment, so that nobody else waits for it."""
        wanted = set(case_ids)
        self.open(wanted, skip_locked=True)
        if wanted <= self.cases.keys():
            return
        try:
            with self.session.connection().begin_nested():
                self.session.execute(_LOCK_TIMEOUT, {"timeout": _PATIENCE})
                self.open(wanted)
                self.session.execute(_DEFAULT_LOCK_TIMEOUT)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise

    def _read(self, table: type[Row], kept: dict[UUID, list[Row]], case_ids: list[UUID]) -> None:
        found = select(table).where(in_array(table.case_id, case_ids)).order_by(table.id)
        for each in self.session.scalars(found.execution_options(populate_existing=True)):
            kept[each.case_id].append(each)

    def add(self, case: CaseRow, subject: SubjectRow) -> None:
        """Add a case that was just made."""
        self.session.add(case)
        self.cases[case.id], self._subjects[case.id] = case, subject

    def subject(self, case_id: UUID) -> SubjectRow:
        """The person whom a case is about, also where neither has been flushed."""
        if case_id not in self._subjects:
            self._subjects[case_id] = self.session.get_one(SubjectRow, self.cases[case_id].subject_id)
        return self._subjects[case_id]

    def add_phones(self, case_id: UUID, phones: list[PhoneRow]) -> None:
        self.session.add_all(phones)
        self.phones[case_id].extend(phones)
        self._read_bad_numbers([case_id])

    def add_places(self, case_id: UUID, places: list[AddressRow]) -> None:
        self.session.add_all(places)
        self.places[case_id].extend(places)

    def _read_bad_numbers(self, case_ids: Iterable[UUID]) -> None:
        digests = {phone.digest for case_id in case_ids for phone in self.phones[case_id]}
        if not digests:
            return
        bad = select(BadNumberRow.digest, BadNumberRow.channel).where(
            in_array(BadNumberRow.digest, digests), BadNumberRow.until > self.now
        )
        for digest, channel in self.session.execute(bad).tuples():
            self.bad[digest] = self.bad.get(digest, frozenset()) | {channel}

    def note(
        self, case_id: UUID, event: str, data: dict[str, Any], *, rule: str | None = None, actor: str = ENGINE
    ) -> None:
        """Write one journal entry of an open case."""
        self.work.note(self.cases[case_id], event, data, rule=rule, actor=actor)

    def remark(self, case_id: UUID, text: str) -> str:
        """Keep what a person wrote in the vault; the journal holds its id."""
        return str(keep_value(self.work, self.subject(case_id), "remark", text))

    def attempt(self, case_id: UUID, attempt_id: UUID) -> AttemptRow:
        return next(each for each in self.attempts[case_id] if each.id == attempt_id)

    def visit(self, case_id: UUID, visit_id: UUID) -> VisitRow:
        return next(each for each in self.visits[case_id] if each.id == visit_id)
