"""Receipts: each stored once and answered fast, then settled in batches."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatcher.casework import outcomes
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.office import Office
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import is_one_of, new_id
from dispatcher.store.probes import ProbeRow
from dispatcher.store.receipts import ReceiptKeyRow, ReceiptRow
from providers.base import Accepted, Answered, Receipt
from schemas.vocabulary import Answer, Result

BATCH = 200


def is_expected(session: Session, send_key: UUID) -> bool:
    """Whether anything was sent under this key. It was committed before it left, so no true receipt comes too early."""
    sent = select(AttemptRow.id).where(AttemptRow.send_key == send_key, AttemptRow.sent_at.is_not(None)).exists()
    probed = select(ProbeRow.send_key).where(ProbeRow.send_key == send_key).exists()
    return bool(session.scalar(select(or_(sent, probed))))


def store(session: Session, office: Office, provider: str, receipt: Receipt) -> bool:
    """Store a receipt once. False for a copy of one already stored."""
    receipt_id = new_id()
    key = insert(ReceiptKeyRow).values(provider=provider, dedupe_key=receipt.dedupe_key, receipt_id=receipt_id)
    fresh = session.execute(key.on_conflict_do_nothing().returning(ReceiptKeyRow.receipt_id)).first()
    if fresh is None:
        return False
    word = receipt.outcome
    answered = word if isinstance(word, Answered) else None
    session.add(
        ReceiptRow(
            id=receipt_id,
            provider=provider,
            send_key=UUID(receipt.send_key),
            result=answered.result.value if answered else None,
            held=isinstance(word, Accepted) and word.held,
            confirmed=answered.confirmed if answered else False,
            answer=answered.answer.value if answered and answered.answer else None,
            detail=answered.detail if answered else None,
            ref=word.ref,
            stopped_yuan=answered.stopped_yuan if answered else None,
            hours=answered.hours if answered else None,
            stored_at=office.clock.now(session),
        )
    )
    return True


def settle(session: Session, office: Office) -> tuple[int, set[str]]:
    """Settle a batch. What is told of a case that somebody else holds waits. Gives (settled, lanes to wake)."""
    waiting = select(ReceiptRow).where(ReceiptRow.settled_at.is_(None)).order_by(ReceiptRow.id).limit(BATCH)
    rows = list(session.scalars(waiting.with_for_update(skip_locked=True)))
    if not rows:
        return 0, set()
    keys = {row.send_key for row in rows}
    sent = select(AttemptRow.send_key, AttemptRow.case_id).where(is_one_of(AttemptRow.send_key, keys))
    case_of = dict(session.execute(sent).tuples().all())
    files = CaseFiles(session, office)
    files.open_soon(case_of.values())
    settled = 0
    for row in rows:
        case_id = case_of.get(row.send_key)
        if case_id is not None and case_id not in files.cases:
            continue
        row.settled_at, settled = files.now, settled + 1
        attempt_id = outcomes.addressed(files, case_id, row.send_key) if case_id is not None else None
        if case_id is None or attempt_id is None:
            continue
        # A vendor can speak for its own messages only.
        if files.attempt(case_id, attempt_id).provider == row.provider:
            outcomes.record(files, case_id, attempt_id, _word(row), asked="receipt")
    files.decide()
    return settled, files.lanes


def _word(row: ReceiptRow) -> Accepted | Answered:
    if row.result is None:
        return Accepted(row.ref, held=row.held)
    answer = Answer(row.answer) if row.answer else None
    return Answered(Result(row.result), row.confirmed, answer, row.ref, row.detail, row.stopped_yuan, row.hours)
