"""One transaction: its session, its time, its journal, and the lanes to wake once it is committed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from psycopg import DataError
from psycopg.errors import UntranslatableCharacter
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from dispatcher import clock
from dispatcher.casework.context import Context
from dispatcher.errors import Refused
from dispatcher.store import journal_changes
from dispatcher.store.base import Base, new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.journal import JournalRow, next_number
from schemas.refusals import RefusalCode

ENGINE = "engine"


class UnitOfWork:
    """What a use case is given. Nobody else writes the journal, and nobody but `begin` wakes workers."""

    def __init__(self, session: Session, context: Context, *, postpones_decisions: bool = False) -> None:
        # Before the database's clock is read: what is counted from here ends no later than there.
        self.began_at_s = clock.lease_clock()
        self.session = session
        self.context = context
        self.postpones_decisions = postpones_decisions
        self.lanes: set[str] = set()
        self.has_receipts = False
        self.has_struck = False
        self._collected: list[Base] | None = None

    @cached_property
    def now(self) -> datetime:
        """Product time, one for the whole transaction."""
        return self.context.clock.now(self.session)

    @cached_property
    def real_now(self) -> datetime:
        """Real time, for leases: one look at the clock for the whole transaction."""
        with self.session.no_autoflush:  # else what is half changed is written now, and again at the end
            return clock.shared_now(self.session)

    def wake(self, *lanes: str) -> None:
        """Wake these lanes after the commit."""
        self.lanes |= set(lanes)

    def wake_settling(self) -> None:
        """Have stored receipts settled after the commit."""
        self.has_receipts = True

    def wake_deciding(self) -> None:
        """Have cases whose time has come decided on after the commit."""
        self.has_struck = True

    def add(self, *rows: Base) -> None:
        """Have new rows stored."""
        if self._collected is None:
            self.session.add_all(rows)
        else:
            self._collected += rows

    @contextmanager
    def in_bulk(self) -> Iterator[None]:
        """Write the new rows of this block together at its end, and the journal with them.

        Until then no question to the database finds them, and once it is over nothing more can be noted about them.
        """
        collected = self._collected = []
        yield
        self._collected = None
        journal_changes.write_in_bulk(self.session, collected)

    def note(
        self, case: CaseRow, event: str, data: dict[str, Any], *, rule: str | None = None, actor: str = ENGINE
    ) -> None:
        """Write one journal entry of a case that is locked here.

        `data` holds ids, times and codes only; what is None is left out.
        """
        case.journal_seq += 1
        entry = JournalRow(case_id=case.id, seq=case.journal_seq, **self._entry(event, data, rule, actor))
        journal_changes.write(self.session, entry, case)

    def note_without_case(self, event: str, data: dict[str, Any], *, rule: str | None = None, actor: str) -> None:
        """Write one journal entry about something that belongs to no case."""
        self.note_several_without_case(event, [(actor, data)], rule=rule)

    def note_several_without_case(
        self, event: str, told: Sequence[tuple[str, dict[str, Any]]], *, rule: str | None = None
    ) -> None:
        """The same for several of one kind, each with its actor."""
        first = next_number(self.session, len(told))
        for seq, (actor, data) in enumerate(told, start=first):
            entry = self._entry(event, data, rule, actor)
            journal_changes.write(self.session, JournalRow(case_id=None, seq=seq, **entry))

    def _entry(self, event: str, data: dict[str, Any], rule: str | None, actor: str) -> dict[str, Any]:
        written = {"id": new_id(), "at": self.now, "written_at": clock.real_now()}
        plain = {name: _plain(value) for name, value in data.items() if value is not None}
        return written | {"actor": actor, "event": event, "rule": rule, "data": plain}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


@contextmanager
def _refusing_unwritable() -> Iterator[None]:
    """A badge, a name or a reason with a NUL or with half a character: neither PostgreSQL nor the vault holds it."""
    try:
        yield
    except (UnicodeEncodeError, SQLAlchemyError) as error:
        cause = getattr(error, "orig", None) or error
        has_nul = isinstance(cause, DataError) and "NUL" in str(cause)
        if isinstance(cause, UnicodeEncodeError | UntranslatableCharacter) or has_nul:
            raise Refused(RefusalCode.TEXT_UNWRITABLE).with_traceback(error.__traceback__) from error
        raise


@contextmanager
def begin(
    sessions: sessionmaker[Session], context: Context, *, postpones_decisions: bool = False
) -> Iterator[UnitOfWork]:
    """A unit of work that is committed at its end; what it wakes is woken after that.

    With `postpones_decisions` each case of it is decided on alone, by the next look for cases whose time has come.
    What people wrote and nothing can hold is Refused.
    """
    with _refusing_unwritable(), sessions.begin() as session:
        work = UnitOfWork(session, context, postpones_decisions=postpones_decisions)
        yield work
    context.wake.deliver(*work.lanes)
    if work.has_receipts:
        context.wake.settle()
    if work.has_struck:
        context.wake.advance()
