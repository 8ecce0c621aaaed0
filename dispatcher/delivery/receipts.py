"""Receipts: each stored once and answered fast, then settled in batches."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import CompoundSelect, null, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.set_aside import Batch, hold_receipt
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import outcomes
from dispatcher.delivery.due import is_waiting
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array, new_id
from dispatcher.store.probes import ProbeRow
from dispatcher.store.receipts import ReceiptKeyRow, ReceiptRow
from providers.base import Accepted, Answered, Receipt
from schemas.vocabulary import Channel, FaultPoint

BATCH = 200
_KEY_DIGITS = 32
# 88 bits, the whole time of a UUIDv7 among them.
_BEGINNING = re.compile(r"[0-9a-f]{22,31}", re.IGNORECASE)


def addressed(session: Session, provider: str, receipt: Receipt) -> tuple[Receipt, Channel | None] | None:
    """The receipt with the whole key of what was sent, and its channel, which a probe of the watch has not.

    None where nothing was sent, or there is no telling which.

    A message was committed before it left, so no true receipt comes too early. Raises ValueError for no key.
    """
    if receipt.send_key is None:
        by_ref = AttemptRow.provider == provider, AttemptRow.ref == receipt.outcome.ref
        statement = select(AttemptRow.send_key, AttemptRow.channel).where(*by_ref).distinct().limit(2)
        found = set(session.execute(statement).tuples())
    else:
        low, high = _key_range(receipt.send_key)
        sent = AttemptRow.send_key.between(low, high), AttemptRow.sent_at.is_not(None)
        probed = select(ProbeRow.send_key, null()).where(ProbeRow.send_key.between(low, high))
        # UNION: one key, however many attempts were made under it.
        both: CompoundSelect[UUID, Channel] = union(
            select(AttemptRow.send_key, AttemptRow.channel).where(*sent), probed
        )
        found = set(session.execute(both.limit(2)).tuples())
    if len(found) != 1:
        return None
    send_key, channel = found.pop()
    return replace(receipt, send_key=str(send_key)), channel


def _key_range(send_key: str) -> tuple[UUID, UUID]:
    """Between which keys this one lies, of which a vendor may echo no more than the beginning. Raises ValueError."""
    if _BEGINNING.fullmatch(send_key):
        return UUID(send_key.ljust(_KEY_DIGITS, "0")), UUID(send_key.ljust(_KEY_DIGITS, "f"))
    return UUID(send_key), UUID(send_key)


def store(work: UnitOfWork, provider: str, receipt: Receipt) -> bool:
    """Store a receipt with a whole key once. False for a copy of one already stored."""
    return store_all(work, [(provider, receipt)]) == 1


def store_all(work: UnitOfWork, given: Sequence[tuple[str, Receipt]]) -> int:
    """Store receipts of any providers, each with a whole key and once. Gives how many were no copies."""
    by_id = {new_id(): each for each in given}
    keys = [
        {"provider": provider, "dedupe_key": receipt.dedupe_key, "receipt_id": receipt_id}
        for receipt_id, (provider, receipt) in by_id.items()
    ]
    kept = insert(ReceiptKeyRow).on_conflict_do_nothing().returning(ReceiptKeyRow.receipt_id)
    fresh = list(work.session.scalars(kept, keys)) if keys else []
    if fresh:
        now = work.now
        work.session.add_all(_row(receipt_id, *by_id[receipt_id], now) for receipt_id in fresh)
        work.wake_settling()
    return len(fresh)


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
    settled = 0
    for row in rows:
        case_id = case_of.get(row.send_key)
        if case_id is not None and case_id not in case_file.cases:
            continue
        row.settled_at, settled = case_file.now, settled + 1
        attempt_id = outcomes.addressed(case_file, case_id, row.send_key, row.ref) if case_id is not None else None
        if case_id is None or attempt_id is None:
            continue
        # A vendor can speak for its own messages only.
        if case_file.attempt(case_id, attempt_id).provider == row.provider:
            outcomes.record(case_file, case_id, attempt_id, _word(row), asked=None)
    decide(case_file)
    return settled


def _waiting(work: UnitOfWork) -> list[UUID]:
    found = select(ReceiptRow.id).where(is_waiting(work.real_now)).order_by(ReceiptRow.id).limit(BATCH)
    return list(work.session.scalars(found))


SETTLING = Batch(FaultPoint.SETTLE, settle, _waiting, hold_receipt)


def _word(row: ReceiptRow) -> Accepted | Answered:
    if row.result is None:
        return Accepted(row.ref, held=row.held)
    return Answered(row.result, row.confirmed, row.answer, row.ref, row.detail, row.stopped_yuan, row.hours)
