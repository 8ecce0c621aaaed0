"""A case file: cases locked for one transaction with all their rows, to be changed and journalled together.

Whatever changes a case goes through here, so that its rows and its journal are committed together or not at all.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import ColumnElement, and_, bindparam, exists, func, not_, or_, select, text
from sqlalchemy.exc import OperationalError

from dispatcher.casework.personal_data import keep_value
from dispatcher.casework.unit_of_work import ENGINE, UnitOfWork
from dispatcher.engine.numbers import IN_VAIN
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array, in_array_named
from dispatcher.store.cases import AddressRow, BadNumberRow, CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow
from dispatcher.store.visits import UnitRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import AttemptState, Channel

_LOCK_TIMEOUT = text("SELECT set_config('lock_timeout', :timeout, true)")
_DEFAULT_LOCK_TIMEOUT = text("SET LOCAL lock_timeout TO DEFAULT")  # the session's own
_PATIENCE = "200ms"
LONG = 500
"""Entries in its journal beyond which the past calls of a case are counted. Most cases have some dozens."""
_KEPT = timedelta(hours=36)  # before the last call: longer than any cap looks back
_BAD_NUMBERS = select(BadNumberRow.digest, BadNumberRow.channel).where(
    in_array_named(BadNumberRow.digest, "digests"),
    BadNumberRow.until > bindparam("now", type_=BadNumberRow.until.type),
)
Row = TypeVar("Row", AttemptRow, VisitRow, WorkItemRow, PhoneRow, AddressRow)


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
        self.past_calls: dict[UUID, int] = {}  # per phone, those of a long case that are not among its attempts
        self.visits: dict[UUID, list[VisitRow]] = defaultdict(list)
        self.work_items: dict[UUID, list[WorkItemRow]] = defaultdict(list)  # those that are not done yet
        self.phones: dict[UUID, list[PhoneRow]] = defaultdict(list)
        self.places: dict[UUID, list[AddressRow]] = defaultdict(list)
        self.bad: dict[bytes, frozenset[Channel]] = {}
        self._asked_numbers: set[bytes] = set()
        self._counties: dict[str, str | None] = {}
        self._units: set[str] = set()

    def open(self, case_ids: Iterable[UUID], *, skip_locked: bool = False, send_keys: Collection[UUID] = ()) -> None:
        """Lock and read. Cases already open stay as they are.

        Of a case that has gone on for very long, calls in vain of long ago are counted instead, but for these keys.
        """
        wanted = sorted(set(case_ids) - self.cases.keys())
        found = select(CaseRow).where(in_array(CaseRow.id, wanted)).order_by(CaseRow.id)
        locked = found.with_for_update(key_share=True, skip_locked=skip_locked)
        rows = list(self.session.scalars(locked.execution_options(populate_existing=True))) if wanted else []
        if not rows:
            return
        wanted = [row.id for row in rows]
        self.cases |= {row.id: row for row in rows}
        self._read(AttemptRow, self.attempts, [row.id for row in rows if row.journal_seq <= LONG])
        for row in rows:
            if row.journal_seq > LONG:
                self._read_long_case(row.id, send_keys)
        self._read(VisitRow, self.visits, wanted)
        self._read(WorkItemRow, self.work_items, wanted, WorkItemRow.done_at.is_(None))
        self._read(PhoneRow, self.phones, wanted)
        self._read(AddressRow, self.places, wanted)
        self.read_bad_numbers(phone.digest for case_id in wanted for phone in self.phones[case_id])

    def open_soon(self, case_ids: Iterable[UUID], send_keys: Collection[UUID] = ()) -> None:
        """As `open`, but leave out what others hold for longer than a moment, so that nobody else waits for it."""
        wanted = set(case_ids)
        self.open(wanted, skip_locked=True, send_keys=send_keys)
        if wanted <= self.cases.keys():
            return
        try:
            with self.session.connection().begin_nested():
                self.session.execute(_LOCK_TIMEOUT, {"timeout": _PATIENCE})
                self.open(wanted, send_keys=send_keys)
                self.session.execute(_DEFAULT_LOCK_TIMEOUT)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise

    def _read(
        self, table: type[Row], kept: dict[UUID, list[Row]], case_ids: list[UUID], *of_these: ColumnElement[bool]
    ) -> None:
        found = select(table).where(in_array(table.case_id, case_ids), *of_these).order_by(table.id)
        for each in self.session.scalars(found.execution_options(populate_existing=True)):
            if each.case_id is not None:
                kept[each.case_id].append(each)

    def _read_long_case(self, case_id: UUID, send_keys: Collection[UUID]) -> None:
        """Nobody closes it: the rules ask of thousands of calls in vain no more than how many each number had."""
        of_case, is_past = AttemptRow.case_id == case_id, self._is_past_call(case_id, send_keys)
        kept = select(AttemptRow).where(of_case, or_(is_past.is_(None), not_(is_past))).order_by(AttemptRow.id)
        self.attempts[case_id] = list(self.session.scalars(kept.execution_options(populate_existing=True)))
        counted = select(AttemptRow.phone_id, func.count()).where(of_case, is_past).group_by(AttemptRow.phone_id)
        for phone_id, count in self.session.execute(counted).tuples():
            if phone_id is not None:
                self.past_calls[phone_id] = count

    def _is_past_call(self, case_id: UUID, send_keys: Collection[UUID]) -> ColumnElement[bool]:
        is_call = AttemptRow.channel == Channel.VOICE
        last = self.session.scalar(
            select(func.max(AttemptRow.planned_at)).where(AttemptRow.case_id == case_id, is_call)
        )
        return and_(
            is_call,
            AttemptRow.state == AttemptState.SETTLED,
            AttemptRow.result.in_(IN_VAIN),
            AttemptRow.planned_at < min(last or self.now, self.now) - _KEPT,
            AttemptRow.phone_id.is_not(None),
            # One that was sent twice, refused by a route or made again has a part in other attempts.
            not_(or_(AttemptRow.confirmed, AttemptRow.was_in_doubt, AttemptRow.possible_duplicate)),
            AttemptRow.retry_kind.is_(None),
            AttemptRow.number_fault.is_(None),
            AttemptRow.onward.is_(None),
            not_(in_array(AttemptRow.send_key, send_keys)),
        )

    def add(self, case: CaseRow, subject: SubjectRow) -> None:
        """Add a case that was just made."""
        self.work.add(case)
        self.cases[case.id], self._subjects[case.id] = case, subject

    def subject(self, case_id: UUID) -> SubjectRow:
        """The person whom a case is about, also where neither has been flushed."""
        if case_id not in self._subjects:
            self._subjects[case_id] = self.session.get_one(SubjectRow, self.cases[case_id].subject_id)
        return self._subjects[case_id]

    def add_phones(self, case_id: UUID, phones: list[PhoneRow]) -> None:
        self.work.add(*phones)
        self.phones[case_id].extend(phones)
        self.read_bad_numbers(phone.digest for phone in phones)

    def add_places(self, case_id: UUID, places: list[AddressRow]) -> None:
        self.work.add(*places)
        self.places[case_id].extend(places)

    def read_bad_numbers(self, numbers: Iterable[bytes]) -> None:
        """Learn which of these numbers are bad; of those known already it is not asked again."""
        digests = set(numbers) - self._asked_numbers
        if not digests:
            return
        self._asked_numbers |= digests
        bad = self.session.execute(_BAD_NUMBERS, {"digests": list(digests), "now": self.now})
        for digest, channel in bad.tuples():
            self.bad[digest] = self.bad.get(digest, frozenset()) | {channel}

    def read_counties(self, precincts: Iterable[str]) -> None:
        """Learn in which counties these precincts are; of those known already it is not asked again."""
        codes = set(precincts) - self._counties.keys()
        if codes:
            found = select(UnitRow.code, UnitRow.parent).where(in_array(UnitRow.code, codes))
            rows = dict(self.session.execute(found).tuples().all())
            self._counties |= dict.fromkeys(codes) | rows
            self._units |= rows.keys()

    def county_of(self, precinct: str) -> str | None:
        self.read_counties([precinct])
        return self._counties[precinct]

    def knows_precinct(self, code: str) -> bool:
        """Whether the roster has this unit; before a roster is loaded nobody can tell."""
        self.read_counties([code])
        return code in self._units or not self.session.scalar(select(exists().where(UnitRow.code.is_not(None))))

    def note(
        self, case_id: UUID, event: str, data: dict[str, Any], *, rule: str | None = None, actor: str = ENGINE
    ) -> None:
        """Write one journal entry of an open case."""
        self.work.note(self.cases[case_id], event, data, rule=rule, actor=actor)

    def remark(self, case_id: UUID, text: str) -> str | None:
        """Keep what a person wrote in the vault; the journal holds its id. Of who was erased nothing is kept."""
        subject = self.subject(case_id)
        return None if subject.wrapped_key is None else str(keep_value(self.work, subject, "remark", text))

    def attempt(self, case_id: UUID, attempt_id: UUID) -> AttemptRow:
        return next(each for each in self.attempts[case_id] if each.id == attempt_id)

    def work_item(self, case_id: UUID, item_id: UUID) -> WorkItemRow:
        return next(each for each in self.work_items[case_id] if each.id == item_id)

    def visit(self, case_id: UUID, visit_id: UUID) -> VisitRow:
        return next(each for each in self.visits[case_id] if each.id == visit_id)
