"""What time brings: due attempts, cases whose clock struck, leases that ran out, the next step of a stepped clock."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, exists, false, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatcher import clock
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.set_aside import Batch, hold_attempt, hold_case
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import outcomes
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import constant, in_array
from dispatcher.store.cases import CaseRow, by_urgency
from dispatcher.store.receipts import ReceiptRow
from dispatcher.store.set_aside import SetAsideRow
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import Action, AttemptState, Channel, FaultPoint

BATCH = 100
_IS_SENDING = AttemptRow.state == constant(AttemptRow.state, AttemptState.SENDING)
Moment = datetime | BindParameter[datetime]


def is_due(now: Moment, real_now: Moment) -> ColumnElement[bool]:
    """Something is to be done, its product time has come, and nobody has it in hand (real time)."""
    return and_(AttemptRow.action.is_not(None), AttemptRow.due_at <= now, is_free(real_now))


def is_free(real_now: Moment) -> ColumnElement[bool]:
    """Nobody has it in hand, and nothing holds it."""
    return or_(AttemptRow.lease_until.is_(None), AttemptRow.lease_until < real_now)


def is_waiting(real_now: Moment) -> ColumnElement[bool]:
    """A receipt that is to be settled, and is not set aside."""
    return and_(ReceiptRow.settled_at.is_(None), or_(ReceiptRow.not_before.is_(None), ReceiptRow.not_before < real_now))


def advance(work: UnitOfWork, only: Collection[UUID] | None = None) -> int:
    """Decide on cases whose time has come, or on these. Returns how many."""
    work.postpones_decisions = False  # this is the look that they are postponed to
    struck = _struck(work) if only is None else list(only)
    case_file = CaseFile(work)
    case_file.open(struck, skip_locked=True)
    decide(case_file)
    return len(case_file.cases)


def _struck(work: UnitOfWork) -> list[UUID]:
    """Cases whose time has come, the most urgent first, and those with a work item that is overdue."""
    now = work.now
    order = by_urgency(CaseRow.urgency), CaseRow.next_look_at
    looked_at = select(CaseRow.id).where(CaseRow.next_look_at <= now).order_by(*order).limit(BATCH)
    overdue = _climbing(WorkItemRow.case_id).where(WorkItemRow.climb_at <= now).limit(BATCH)
    found = (*work.session.scalars(looked_at), *work.session.scalars(overdue))
    return list(dict.fromkeys(found))[:BATCH]


def _climbing(column: InstrumentedAttribute[Any]) -> Select[Any]:
    """Work items of cases that are not done, first due first. Those of a case that can't be decided on wait with it."""
    is_held = exists().where(
        SetAsideRow.case_id == WorkItemRow.case_id,
        SetAsideRow.attempt_id.is_(None),
        SetAsideRow.receipt_id.is_(None),
        SetAsideRow.ended_at.is_(None),
    )
    is_open = and_(WorkItemRow.done_at.is_(None), WorkItemRow.case_id.is_not(None))
    return select(column).where(is_open, not_(is_held)).order_by(WorkItemRow.climb_at)


def expire_leases(work: UnitOfWork, only: Collection[UUID] | None = None) -> int:
    """Sending for longer than its lease: whoever held it is gone, and it may or may not have left."""
    lapsed = _among(only, AttemptRow.id, _lapsed().add_columns(AttemptRow.case_id))
    # A case that somebody holds is left for the next look: the sweep waits for nobody.
    rows = work.session.execute(lapsed.with_for_update(skip_locked=True, key_share=True, of=CaseRow)).tuples().all()
    case_file = CaseFile(work)
    case_file.open({case_id for _, case_id in rows})
    expired = 0
    for attempt_id, case_id in rows:
        attempt = case_file.attempt(case_id, attempt_id)
        # Read again under the lock: its result may have come meanwhile.
        if (
            attempt.state == AttemptState.SENDING
            and attempt.lease_until
            and attempt.lease_until < case_file.work.real_now
        ):
            outcomes.record(case_file, case_id, attempt_id, outcomes.LEASE_EXPIRED, asked=Action.SEND)
            expired += 1
    decide(case_file)
    return expired


def _lapsed() -> Select[UUID]:
    return (
        select(AttemptRow.id)
        .join(CaseRow, CaseRow.id == AttemptRow.case_id)
        .where(_IS_SENDING, AttemptRow.lease_until < func.clock_timestamp())
        .limit(BATCH)
    )


def _among(only: Collection[UUID] | None, key: InstrumentedAttribute[UUID], found: Any) -> Any:
    return found if only is None else found.where(in_array(key, only))


ADVANCING = Batch(FaultPoint.DECIDE, advance, _struck, hold_case)
EXPIRING = Batch(FaultPoint.EXPIRE, expire_leases, lambda work: list(work.session.scalars(_lapsed())), hold_attempt)


@dataclass(frozen=True)
class DueWork:
    """Everything that is due or under way at one moment."""

    now: datetime
    lanes: frozenset[str]  # with something to do now
    has_struck: bool  # a case whose time has come
    has_receipts: bool  # that are not settled yet
    is_awaited: bool  # a provider's answer, which comes in real time
    next_at: datetime | None  # the next time at which anything is due; a reminder of a person is nothing to wait for

    @property
    def is_quiet(self) -> bool:
        """Nothing due, sending or unsettled: a stepped clock may move."""
        return not (self.lanes or self.has_struck or self.has_receipts or self.is_awaited)


def find_due_work(work: UnitOfWork) -> DueWork:
    """Look, in one statement: with several, what moves on between two of them would be seen by neither."""
    now = work.now
    row = work.session.execute(_LOOK, {"now": now, "real": work.real_now}).one()
    return DueWork(now, frozenset(row[0] or ()), *row[1:])


def _whole_look() -> Select[Any]:
    """Built once: a stepped clock is looked at many times a second."""
    now, real = bindparam("now", type_=CaseRow.opened_at.type), bindparam("real", type_=CaseRow.opened_at.type)
    has_action = AttemptRow.action.is_not(None)
    # One that is planned and has a lease is set aside: no answer comes, and nobody waits for it.
    is_held = or_(AttemptRow.state == AttemptState.ACCEPTED, and_(has_action, AttemptRow.state != AttemptState.PLANNED))
    awaited = (
        select(AttemptRow.id).where(_IS_SENDING),
        select(AttemptRow.id).where(AttemptRow.lease_until > real, is_held),
    )
    lanes = select(func.array_agg(AttemptRow.lane.distinct())).where(is_due(now, real))
    # The first of all tells whether one has struck, too: EXISTS would be planned as a scan of the whole table.
    next_look = select(func.min(CaseRow.next_look_at)).scalar_subquery()
    next_climb = _climbing(WorkItemRow.climb_at).limit(1).scalar_subquery()
    # What is due and held, for want of a provider or set aside, is nothing that a stepped clock could move to.
    next_attempt = (
        select(func.min(AttemptRow.due_at))
        .where(has_action, or_(AttemptRow.due_at > now, is_free(real)))
        .scalar_subquery()
    )
    return select(
        lanes.scalar_subquery(),
        func.coalesce(func.least(next_look, next_climb) <= now, false()),
        select(ReceiptRow.id).where(is_waiting(real)).exists(),
        or_(*(each.exists() for each in awaited)),
        func.least(next_look, next_attempt),
    )


_LOOK = _whole_look()


def in_hand(session: Session, case_ids: Iterable[UUID]) -> set[UUID]:
    """Of these cases, those with an attempt planned, sending, or with its answer still to come."""
    open_states = (AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED, AttemptState.IN_DOUBT)
    found = select(AttemptRow.case_id).where(
        in_array(AttemptRow.case_id, case_ids),
        AttemptRow.channel != Channel.VISIT,
        AttemptRow.state.in_(open_states),
    )
    return set(session.scalars(found))


def step(work: UnitOfWork) -> datetime | None:
    """Move a stepped clock to the next due time. None where it must stand still."""
    seen = find_due_work(work)
    if not seen.is_quiet or seen.next_at is None:
        return None
    clock.step_to(work.session, seen.next_at)
    return seen.next_at
