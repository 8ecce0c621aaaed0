"""Parts that went over links, and their receipts.

A receipt names a part by the carrier's message id. Both sides are committed as they come, whichever comes first, so
that they find each other after a restart too; where the whole message's end is known, its receipt is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import receipts
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array
from dispatcher.store.parts import PartRow
from providers.base import Answered, Receipt
from providers.smpp.parts import Part, Report, referred
from schemas.vocabulary import AttemptState, Result

# A receipt may overtake the response by moments. One kept for longer was for somebody else: carriers use ids again.
_EARLY = timedelta(minutes=5)
_LOOKED_FOR = timedelta(days=3)  # no carrier tries longer
KEPT = timedelta(days=7)

# Arrays, so that it is one statement for any number of rows.
_TAKEN = text("""
    INSERT INTO parts (provider, message_id, send_key, part, parts)
    SELECT * FROM unnest(
        CAST(:provider AS text[]), CAST(:message_id AS text[]),
        CAST(:send_key AS uuid[]), CAST(:part AS int[]), CAST(:parts AS int[])
    )
    ON CONFLICT (provider, message_id) DO UPDATE SET
        send_key = excluded.send_key, part = excluded.part, parts = excluded.parts, written_at = excluded.written_at,
        result = CASE WHEN parts.send_key = excluded.send_key
            OR parts.send_key IS NULL AND parts.written_at > now() - CAST(:early AS interval) THEN parts.result END,
        detail = CASE WHEN parts.send_key = excluded.send_key
            OR parts.send_key IS NULL AND parts.written_at > now() - CAST(:early AS interval) THEN parts.detail END
""")
# The first word counts, unless it was UNKNOWN.
_REPORTED = text("""
    INSERT INTO parts (provider, message_id, result, detail)
    SELECT * FROM unnest(
        CAST(:provider AS text[]), CAST(:message_id AS text[]), CAST(:result AS text[]), CAST(:detail AS text[])
    )
    ON CONFLICT (provider, message_id) DO UPDATE SET
        result = CASE WHEN coalesce(parts.result, 'UNKNOWN') = 'UNKNOWN' THEN excluded.result ELSE parts.result END,
        detail = CASE WHEN coalesce(parts.result, 'UNKNOWN') = 'UNKNOWN' THEN excluded.detail ELSE parts.detail END
    RETURNING provider, message_id, send_key
""")

Key = tuple[str, str]  # provider and message_id
Kept = TypeVar("Kept", Part, Report)
Entry = tuple[str, Part | Report]


def write(work: UnitOfWork, entries: Iterable[Entry]) -> bool:
    """Keep parts and reports of any providers. Returns whether a receipt was stored by it."""
    entries = list(entries)
    taken = {(name, each.message_id): each for name, each in entries if isinstance(each, Part)}
    reported: dict[Key, Report] = {}
    for name, each in entries:
        if isinstance(each, Report):
            reported.setdefault((name, each.message_id), each)
    touched = _keep_taken(work.session, taken) if taken else set()
    if reported:
        owners = _keep_reported(work.session, reported)
        touched |= {(name, owner) for (name, _), owner in owners.items() if owner is not None}
        lost = [(key[0], reported[key]) for key, owner in owners.items() if owner is None]
        touched |= _find_owners(work, lost)
    return _conclude(work, touched)


def forget(session: Session) -> None:
    """Parts whose receipt will not come any more."""
    session.execute(delete(PartRow).where(PartRow.written_at < func.now() - KEPT))


def _keep_taken(session: Session, taken: Mapping[Key, Part]) -> set[tuple[str, UUID]]:
    rows = [(name, each.message_id, UUID(each.send_key), each.part, each.parts) for (name, _), each in _sorted(taken)]
    session.execute(_TAKEN, _columns(("provider", "message_id", "send_key", "part", "parts"), rows) | {"early": _EARLY})
    return {(name, send_key) for name, _, send_key, _, _ in rows}


def _keep_reported(session: Session, reported: Mapping[Key, Report]) -> dict[Key, UUID | None]:
    """Returns whose each is, as far as that is known."""
    rows = [(name, each.message_id, each.result.value, each.detail) for (name, _), each in _sorted(reported)]
    found = session.execute(_REPORTED, _columns(("provider", "message_id", "result", "detail"), rows)).tuples()
    return {(name, message_id): send_key for name, message_id, send_key in found}


def _sorted(entries: Mapping[Key, Kept]) -> list[tuple[Key, Kept]]:
    """In one order, so that two processes never wait for each other's rows."""
    return sorted(entries.items(), key=lambda item: item[0])


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


def _find_owners(work: UnitOfWork, lost: Iterable[tuple[str, Report]]) -> set[tuple[str, UUID]]:
    """The response that would have told us the id was lost; the reference that we sent along leads back."""
    keys: dict[str, list[str]] = {}
    found = set()
    for name, report in lost:
        if report.reference is None:
            continue
        if name not in keys:
            keys[name] = _unanswered(work, name)
        part = referred(report.reference, report.message_id, keys[name])
        if part is not None:
            owner = UUID(part.send_key)
            its_row = update(PartRow).where(PartRow.provider == name, PartRow.message_id == report.message_id)
            work.session.execute(its_row.values(send_key=owner, part=part.part, parts=part.parts))
            found.add((name, owner))
    return found


def _unanswered(work: UnitOfWork, provider: str) -> list[str]:
    """Keys of messages that left through this provider, and of which it is not known whether they were taken."""
    in_doubt = or_(AttemptRow.state == AttemptState.IN_DOUBT, AttemptRow.result == Result.UNKNOWN)
    lately = AttemptRow.sent_at > work.now - _LOOKED_FOR
    sent = (
        select(AttemptRow.send_key)
        .distinct()
        .where(
            AttemptRow.provider == provider,
            or_(AttemptRow.state == AttemptState.SENDING, and_(AttemptRow.was_in_doubt, lately, in_doubt)),
        )
    )
    return [str(key) for key in work.session.scalars(sent)]


def _conclude(work: UnitOfWork, touched: set[tuple[str, UUID]]) -> bool:
    """Store the receipt of each message whose end is known by now."""
    if not touched:
        return False
    work.session.flush()
    rows = work.session.scalars(
        select(PartRow)
        .where(in_array(PartRow.send_key, {key for _, key in touched}), PartRow.result.is_not(None))
        .order_by(PartRow.part)
        .execution_options(populate_existing=True)
    )
    told: dict[tuple[str, UUID], list[PartRow]] = {key: [] for key in touched}
    for row in rows:
        if row.send_key is not None and (row.provider, row.send_key) in told:
            told[row.provider, row.send_key].append(row)
    words = {key: word for key, parts in told.items() if (word := _word(parts)) is not None}
    ended = [(name, Receipt(str(key), f"{key}:{word.result}", word)) for (name, key), word in words.items()]
    return any(receipts.store_all(work, ended))


def _word(told: Sequence[PartRow]) -> Answered | None:
    """One part that failed, and nobody has read the message; delivered is what is delivered whole."""
    failed = next((row for row in told if row.result != Result.DELIVERED), None)
    if failed is not None and failed.result is not None:
        return Answered(failed.result, ref=failed.message_id, detail=failed.detail)
    if told and len({row.part for row in told}) == told[0].parts:
        return Answered(Result.DELIVERED, ref=",".join(row.message_id for row in told))
    return None
