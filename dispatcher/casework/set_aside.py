"""One bad row stops nothing: what raises is set aside alone, with a duty of the centre; the rest is done meanwhile.

A batch is done in one transaction. Where that raises, its rows are done by halves, each half in a transaction of its
own, until what raises stands alone: k bad rows among n cost some k · log2(n) transactions, and none bad cost nothing.
A row that fails alone is done once more with the decisions left to its case's next look, so that an outcome, a receipt
or an instruction is kept whatever the engine makes of it. If that fails too, the row is held for a growing wait.
"""

import traceback
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import load_only

from dispatcher.casework.moves import add_work_item, end_work_item
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine.decisions import OpenWorkItem
from dispatcher.logging import logger
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.receipts import ReceiptRow
from dispatcher.store.set_aside import SetAsideRow
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import FaultPoint, WorkItemKind, WorkItemState

RULE = "fault_isolated"
# SQLSTATE of PostgreSQL 18, appendix A: connection lost, no resources, shut down or starting.
_AWAY = ("08", "53", "57P")
# By the number of failures; the last repeats.
WAITS = tuple(timedelta(seconds=each) for each in (5, 15, 60, 300, 900, 3600))
_OURS = Path(__file__).parents[2]
_PACKAGES = ("dispatcher", "providers", "schemas", "tasks")
_log = logger(__name__)
Item = TypeVar("Item")
Found = TypeVar("Found")
Begin = Callable[..., AbstractContextManager[UnitOfWork]]  # may be given postpones_decisions


@dataclass(frozen=True, slots=True)
class Fault:
    """What rose while something was done."""

    point: FaultPoint
    error: str
    place: str

    @classmethod
    def of(cls, point: FaultPoint, error: Exception) -> "Fault":
        return cls(point, **kind_of(error))


def is_outage(error: Exception) -> bool:
    """Whether PostgreSQL is away, or has no room: no row's fault. A lock or a time limit may be one row's."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    is_away = code is None or code.startswith(_AWAY)
    return error.connection_invalidated or (isinstance(error, OperationalError) and is_away)


def kind_of(error: Exception) -> dict[str, str]:
    """The kind and the place of what rose. Never its message, which may hold personal data."""
    return {"error": type(getattr(error, "orig", None) or error).__name__, "place": _place(error)}


def isolate(
    items: Sequence[Item],
    do: Callable[[Sequence[Item], bool], Found],
    hold: Callable[[Item, Exception], None],
) -> list[Found]:
    """Do all items, by halves where that raises; hold each that fails alone. An outage goes up.

    `do` is a whole transaction. Its second argument says that decisions are postponed.
    """
    if not items:
        return []
    try:
        return [do(items, False)]
    except Exception as error:
        if is_outage(error):
            raise
    if len(items) > 1:
        middle = len(items) // 2
        return isolate(items[:middle], do, hold) + isolate(items[middle:], do, hold)
    try:
        return [do(items, True)]
    except Exception as error:
        if is_outage(error):
            raise
        _hold(items[0], error, hold)
    return []


def _hold(item: Item, error: Exception, hold: Callable[[Item, Exception], None]) -> None:
    try:
        hold(item, error)
    except Exception as again:
        if is_outage(again):
            raise
        # Not even held, it is tried again in the next round, and costs that round its halves.
        _log.error("not_set_aside", **kind_of(again), because=type(error).__name__)


@dataclass(frozen=True)
class Batch:
    """Work that is found by looking. `do` finds it itself, or does those ids of it that are still due."""

    point: FaultPoint
    do: Callable[[UnitOfWork, Collection[UUID] | None], int]
    look: Callable[[UnitOfWork], list[UUID]]  # the ids that `do` would find, with no lock
    hold: Callable[[UnitOfWork, UUID, Fault], bool]


def run(begin: Begin, batch: Batch) -> int:
    """Do one batch; what raises in it is set aside. Returns how many were done or set aside."""
    try:
        with begin() as work:
            return batch.do(work, None)
    except Exception as error:
        if is_outage(error):
            raise
    with begin() as work:
        ids = batch.look(work)

    def do(some: Sequence[UUID], postpones: bool) -> int:
        with begin(postpones_decisions=postpones) as work:
            return batch.do(work, some)

    held: list[UUID] = []

    def hold(one: UUID, error: Exception) -> None:
        with begin() as work:
            if batch.hold(work, one, Fault.of(batch.point, error)):
                held.append(one)

    return sum(isolate(ids, do, hold)) + len(held)


def hold_attempt(work: UnitOfWork, attempt_id: UUID, fault: Fault) -> bool:
    """Have nobody take this attempt in hand before its wait is over."""
    case_id = work.session.scalar(select(AttemptRow.case_id).where(AttemptRow.id == attempt_id))
    return _set_aside(work, case_id, fault, attempt_id=attempt_id)


def hold_receipt(work: UnitOfWork, receipt_id: UUID, fault: Fault) -> bool:
    """Have nobody settle this receipt before its wait is over."""
    of_attempt = AttemptRow.send_key == ReceiptRow.send_key
    sent = select(AttemptRow.case_id).join(ReceiptRow, of_attempt).where(ReceiptRow.id == receipt_id)
    return _set_aside(work, work.session.scalar(sent.limit(1)), fault, receipt_id=receipt_id)


def hold_case(work: UnitOfWork, case_id: UUID, fault: Fault) -> bool:
    """Decide on this case again once its wait is over."""
    return _set_aside(work, case_id, fault)


def _set_aside(
    work: UnitOfWork,
    case_id: UUID | None,
    fault: Fault,
    *,
    attempt_id: UUID | None = None,
    receipt_id: UUID | None = None,
) -> bool:
    """Hold it, journal it, tell the centre. False where somebody else has the case: the next round tries again."""
    about = {"case": str(case_id), "attempt": _text(attempt_id), "receipt": _text(receipt_id)}
    told = {"point": fault.point, "error": fault.error, "place": fault.place}
    # Its row alone: the rest of the case may be what raises.
    locked = select(CaseRow).where(CaseRow.id == case_id).with_for_update(skip_locked=True, key_share=True)
    # Nor its whole row: one with a code that this version does not know can't be read.
    locked = locked.options(load_only(CaseRow.journal_seq, CaseRow.set_aside_at, CaseRow.next_look_at))
    case = work.session.scalar(locked)
    if case is None:
        _log.error("not_set_aside", **about, **told)
        return False
    if _is_settled(work, attempt_id, receipt_id):
        # It came to its end by another way while this was on its way here; held, nothing would ever end it.
        _log.error("failed_after_its_end", **about, **told)
        return True
    row = _open_row(work, case.id, attempt_id, receipt_id)
    if row.failures and work.real_now < row.retry_at:
        _put_off(work, case, row)  # it was tried for something that came meanwhile: the wait stands
        return True
    row.point, row.error, row.place = fault.point, fault.error, fault.place
    row.failures += 1
    row.last_at, row.retry_at = work.real_now, work.real_now + WAITS[min(row.failures, len(WAITS)) - 1]
    _put_off(work, case, row)
    if case.set_aside_at is None:
        case.set_aside_at = work.now
        _open_duty(work, case)
    facts = {name: value for name, value in about.items() if name != "case" and value is not None}
    work.note(case, "case_set_aside", facts | told | {"retry_at": row.retry_at}, rule=RULE)
    _log.error("set_aside", **about, **told, failures=row.failures, retry_at=row.retry_at.isoformat())
    return True


def _is_settled(work: UnitOfWork, attempt_id: UUID | None, receipt_id: UUID | None) -> bool:
    """Read under the lock of its case, without which neither is settled."""
    for of, one in ((AttemptRow, attempt_id), (ReceiptRow, receipt_id)):
        if one is not None:
            return work.session.scalar(select(of.settled_at).where(of.id == one)) is not None
    return False


def _open_row(work: UnitOfWork, case_id: UUID, attempt_id: UUID | None, receipt_id: UUID | None) -> SetAsideRow:
    stands = (
        SetAsideRow.case_id == case_id,
        SetAsideRow.attempt_id.is_not_distinct_from(attempt_id),
        SetAsideRow.receipt_id.is_not_distinct_from(receipt_id),
        SetAsideRow.ended_at.is_(None),
    )
    row = work.session.scalar(select(SetAsideRow).where(*stands))
    if row is None:
        row = SetAsideRow(id=new_id(), case_id=case_id, attempt_id=attempt_id, receipt_id=receipt_id, failures=0)
        row.first_at = work.real_now
        work.session.add(row)
    return row


def _put_off(work: UnitOfWork, case: CaseRow, row: SetAsideRow) -> None:
    if row.attempt_id is not None:
        held: Any = update(AttemptRow).where(AttemptRow.id == row.attempt_id, AttemptRow.settled_at.is_(None))
        held = held.values(lease_until=row.retry_at)
    elif row.receipt_id is not None:
        held = update(ReceiptRow).where(ReceiptRow.id == row.receipt_id).values(not_before=row.retry_at)
    else:
        wait = row.retry_at - work.real_now
        case.next_look_at = work.now + work.context.clock.product_time(wait.total_seconds())
        return
    with work.session.no_autoflush:
        work.session.execute(held.execution_options(synchronize_session=False))


def _open_duty(work: UnitOfWork, case: CaseRow) -> None:
    """One a case, however often it fails until all of it is over."""
    opened = OpenWorkItem(RULE, WorkItemKind.FAULT, work.now, f"fault:{case.set_aside_at}")
    add_work_item(work, case, opened, new_id(), unit=None)


def end(work: UnitOfWork, case: CaseRow, *, is_decided: bool) -> None:
    """End the faults of a locked case that are over, with the first success; after the last the duty is done."""
    if case.set_aside_at is None:
        return
    stands = (
        select(SetAsideRow, AttemptRow.lease_until, func.coalesce(AttemptRow.settled_at, ReceiptRow.settled_at))
        .outerjoin(AttemptRow, AttemptRow.id == SetAsideRow.attempt_id)
        .outerjoin(ReceiptRow, ReceiptRow.id == SetAsideRow.receipt_id)
        .where(SetAsideRow.case_id == case.id, SetAsideRow.ended_at.is_(None))
    )
    rows = work.session.execute(stands).tuples().all()
    over = [row for row, lease, settled_at in rows if settled_at or _is_over(row, lease, is_decided)]
    for row in over:
        row.ended_at = work.real_now
        about = {"attempt": row.attempt_id, "receipt": row.receipt_id, "point": row.point, "failures": row.failures}
        given = {name: value for name, value in about.items() if value is not None}
        work.note(case, "set_aside_ended", given, rule=RULE)
    if len(over) == len(rows):
        case.set_aside_at = None
        _close_duty(work, case)


def _is_over(row: SetAsideRow, lease_until: datetime | None, is_decided: bool) -> bool:
    """Whatever is done with a held attempt gives it another lease, or none."""
    if row.attempt_id is not None:
        return lease_until != row.retry_at
    return row.receipt_id is None and is_decided


def _close_duty(work: UnitOfWork, case: CaseRow) -> None:
    of_fault = WorkItemRow.kind == WorkItemKind.FAULT
    open_ = select(WorkItemRow).where(WorkItemRow.case_id == case.id, of_fault, WorkItemRow.done_at.is_(None))
    for item in work.session.scalars(open_):
        end_work_item(work, case, item, WorkItemState.DONE, rule=RULE)


def _place(error: Exception) -> str:
    """The innermost line of ours that it came through."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_OURS) and path.relative_to(_OURS).parts[0] in _PACKAGES:
            return f"{path.relative_to(_OURS)}:{line}"
    return "?"


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
