"""Receipts: each stored once and answered fast, then settled in batches."""

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import itemgetter
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.set_aside import Batch, hold_receipt
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import outcomes
from dispatcher.delivery.due import is_waiting
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array, new_id
from dispatcher.store.receipts import ReceiptKeyRow, ReceiptRow
from providers.base import Accepted, Answered, Receipt
from schemas.vocabulary import FaultPoint

BATCH = 200


def store(work: UnitOfWork, provider: str, receipt: Receipt) -> bool:
    """Store a receipt with a whole key once. False for a copy of one already stored."""
    return store_all(work, [(provider, receipt)]) == [True]


def store_all(work: UnitOfWork, given: Sequence[tuple[str, Receipt]]) -> list[bool]:
    """Store receipts of any providers, each with a whole key and once, in their order. False for each copy."""
    by_id = {new_id(): each for each in given}
    keys = [
        {"provider": provider, "dedupe_key": receipt.dedupe_key, "receipt_id": receipt_id}
        for receipt_id, (provider, receipt) in by_id.items()
    ]
    # In one order, whoever stores: two copies of a group at once would wait for each other.
    keys.sort(key=itemgetter("provider", "dedupe_key"))
    kept = insert(ReceiptKeyRow).on_conflict_do_nothing().returning(ReceiptKeyRow.receipt_id)
    fresh = set(work.session.scalars(kept, keys)) if keys else set()
    if fresh:
        now = work.now
        work.session.add_all(_row(receipt_id, *by_id[receipt_id], now) for receipt_id in by_id if receipt_id in fresh)
        work.wake_settling()
    return [receipt_id in fresh for receipt_id in by_id]


def _row(receipt_id: UUID, provider: str, receipt: Receipt, now: datetime) -> ReceiptRow:
    word = receipt.outcome
    answered = word if isinstance(word, Answered) else None
    return ReceiptRow(
        id=receipt_id,
        provider=provider,
        send_key=UUID(receipt.send_key or ""),
        result=answered.result if answered else None,
        held=isinstance(word, Accepted) and word.held,
        confirmed=answered.confirmed if answered else False,
        answer=answered.answer if answered else None,
        detail=answered.detail if answered else None,
        ref=word.ref,
        stopped_yuan=answered.stopped_yuan if answered else None,
        hours=answered.hours if answered else None,
        stored_at=now,
    )


def settle(work: UnitOfWork, only: Collection[UUID] | None = None) -> int:
    """Settle a batch, or those of these. What is told of a case that somebody else holds waits.

    Returns how many are settled.
    """
    waiting = select(ReceiptRow).where(is_waiting(work.real_now)).order_by(ReceiptRow.id).limit(BATCH)
    if only is not None:
        waiting = waiting.where(in_array(ReceiptRow.id, only))
    rows = list(work.session.scalars(waiting.with_for_update(skip_locked=True)))
    if not rows:
        return 0
    keys = {row.send_key for row in rows}
    sent = select(AttemptRow.send_key, AttemptRow.case_id).where(in_array(AttemptRow.send_key, keys))
    case_of = dict(work.session.execute(sent).tuples().all())
    case_file = CaseFile(work)
    case_file.open_soon(case_of.values(), send_keys=keys)
    settled = []
    for row in rows:
        case_id = case_of.get(row.send_key)
        if case_id is not None and case_id not in case_file.cases:
            continue
        settled.append(row.id)
        attempt_id = outcomes.addressed(case_file, case_id, row.send_key, row.ref) if case_id is not None else None
        if case_id is None or attempt_id is None:
            continue
        # A vendor can speak for its own messages only.
        if case_file.attempt(case_id, attempt_id).provider == row.provider:
            outcomes.record(case_file, case_id, attempt_id, _word(row), asked=None)
    _mark_settled(work, settled)
    decide(case_file)
    return len(settled)


def _mark_settled(work: UnitOfWork, receipt_ids: Collection[UUID]) -> None:
    """All in one statement; what was recorded is written with the decisions on it."""
    settled = update(ReceiptRow).where(in_array(ReceiptRow.id, receipt_ids)).values(settled_at=work.now)
    with work.session.no_autoflush:
        work.session.execute(settled, execution_options={"synchronize_session": False})


def _waiting(work: UnitOfWork) -> list[UUID]:
    found = select(ReceiptRow.id).where(is_waiting(work.real_now)).order_by(ReceiptRow.id).limit(BATCH)
    return list(work.session.scalars(found))


SETTLING = Batch(FaultPoint.SETTLE, settle, _waiting, hold_receipt)


def _word(row: ReceiptRow) -> Accepted | Answered:
    if row.result is None:
        return Accepted(row.ref, held=row.held)
    return Answered(row.result, row.confirmed, row.answer, row.ref, row.detail, row.stopped_yuan, row.hours)
