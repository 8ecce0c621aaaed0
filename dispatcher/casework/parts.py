"""Parts that went over links, and their receipts: the port of the smpp provider (providers.sms.smpp.parts.PartBook).

A receipt names a part by the carrier's message id. Both sides are committed as they come, whichever comes first, so
that they find each other after a restart too; where the whole message's end is known, its receipt is stored.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, case, delete, func, null, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from dispatcher.casework import receipts
from dispatcher.casework.office import Office
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import is_one_of
from dispatcher.store.parts import PartRow
from dispatcher.store.patience import waits_for_database
from providers.base import Answered, Receipt
from providers.sms.smpp.parts import Part, Report, referred
from schemas.vocabulary import AttemptState, Result

_MOST = 100  # in one transaction
# A receipt may overtake the response by moments. One kept for longer was for somebody else: carriers use ids again.
_EARLY = timedelta(minutes=5)
_LOOKED_FOR = timedelta(days=3)  # no carrier tries longer
KEPT = timedelta(days=7)

Entry = tuple[str, Part | Report]
Waiting = tuple[Entry, asyncio.Future[None]]


class LinkDesk:
    """What is to be kept is gathered while a transaction runs, and goes into the next one."""

    def __init__(self, sessions: sessionmaker[Session], office: Office) -> None:
        self._sessions, self._office = sessions, office
        self._waiting: list[Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def taken(self, provider: str, part: Part) -> None:
        await self._keep((provider, part))

    async def reported(self, provider: str, report: Report) -> None:
        await self._keep((provider, report))

    async def parts_of(self, provider: str, send_key: str) -> Sequence[Part]:
        return await asyncio.to_thread(self._parts_of, provider, UUID(send_key))

    async def _keep(self, entry: Entry) -> None:
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, kept))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_on())
        await kept

    async def _write_on(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            await self._write_batch(batch)

    async def _write_batch(self, batch: Sequence[Waiting]) -> None:
        error: Exception | None = None
        try:
            await asyncio.to_thread(self._write, [entry for entry, _ in batch])
        except Exception as caught:  # noqa: BLE001 - whoever waits is told, whatever it was
            if len(batch) > 1 and not isinstance(caught, OperationalError):
                # One that can't be stored takes nobody with it.
                for each in batch:
                    await self._write_batch([each])
                return
            error = caught
        for _, kept in batch:
            if not kept.done():
                kept.set_result(None) if error is None else kept.set_exception(error)

    @waits_for_database
    def _write(self, entries: Sequence[Entry]) -> None:
        with self._sessions.begin() as session:
            is_news = write(session, self._office, entries)
        if is_news:
            self._office.wake.settle()

    def _parts_of(self, provider: str, send_key: UUID) -> list[Part]:
        with self._sessions() as session:
            rows = session.scalars(
                select(PartRow)
                .where(PartRow.provider == provider, PartRow.send_key == send_key)
                .order_by(PartRow.written_at, PartRow.part)
            )
            return [Part(row.message_id, str(send_key), row.part or 1, row.parts or 1) for row in rows]


def write(session: Session, office: Office, entries: Iterable[Entry]) -> bool:
    """Keep parts and reports of any providers. Gives whether a receipt was stored by it."""
    entries = list(entries)
    taken = {(name, each.message_id): each for name, each in entries if isinstance(each, Part)}
    reported: dict[tuple[str, str], Report] = {}
    for name, each in entries:
        if isinstance(each, Report):
            reported.setdefault((name, each.message_id), each)
    touched = _keep_taken(session, taken) if taken else set()
    if reported:
        touched |= _keep_reported(session, reported)
        touched |= _find_unanswered(session, office, reported)
    return _conclude(session, office, touched)


def forget(session: Session) -> None:
    """Parts whose receipt will not come any more."""
    session.execute(delete(PartRow).where(PartRow.written_at < func.now() - KEPT))


def _keep_taken(session: Session, taken: dict[tuple[str, str], Part]) -> set[tuple[str, UUID]]:
    values = [
        {"provider": name, "message_id": each.message_id, "send_key": UUID(each.send_key)}
        | {"part": each.part, "parts": each.parts}
        for (name, _), each in sorted(taken.items())
    ]
    row = insert(PartRow).values(values)
    overtaken = and_(PartRow.send_key.is_(None), PartRow.written_at > func.now() - _EARLY)
    is_its_own = or_(PartRow.send_key == row.excluded.send_key, overtaken)
    fresh = {name: row.excluded[name] for name in ("send_key", "part", "parts", "written_at")}
    told = {name: case((is_its_own, getattr(PartRow, name)), else_=null()) for name in ("result", "detail")}
    session.execute(row.on_conflict_do_update(index_elements=["provider", "message_id"], set_=fresh | told))
    return {(name, UUID(each.send_key)) for (name, _), each in taken.items()}


def _keep_reported(session: Session, reported: dict[tuple[str, str], Report]) -> set[tuple[str, UUID]]:
    """The first word counts, unless it was UNKNOWN."""
    values = [
        {"provider": name, "message_id": each.message_id, "result": each.result.value, "detail": each.detail}
        for (name, _), each in sorted(reported.items())
    ]
    row = insert(PartRow).values(values)
    is_open = or_(PartRow.result.is_(None), PartRow.result == Result.UNKNOWN.value)
    told = {name: case((is_open, row.excluded[name]), else_=getattr(PartRow, name)) for name in ("result", "detail")}
    kept = row.on_conflict_do_update(index_elements=["provider", "message_id"], set_=told)
    found = session.execute(kept.returning(PartRow.provider, PartRow.send_key)).tuples()
    return {(name, send_key) for name, send_key in found if send_key is not None}


def _find_unanswered(
    session: Session, office: Office, reported: dict[tuple[str, str], Report]
) -> set[tuple[str, UUID]]:
    """The response that would have told us the id was lost; the reference that we sent along leads back."""
    rows = session.scalars(
        select(PartRow).where(
            PartRow.send_key.is_(None), is_one_of(PartRow.message_id, {message_id for _, message_id in reported})
        )
    ).all()
    keys: dict[str, list[str]] = {}
    found = set()
    for row in rows:
        report = reported.get((row.provider, row.message_id))
        if report is None or report.reference is None:
            continue
        if row.provider not in keys:
            keys[row.provider] = _unanswered(session, office, row.provider)
        part = referred(report.reference, row.message_id, keys[row.provider])
        if part is not None:
            row.send_key, row.part, row.parts = UUID(part.send_key), part.part, part.parts
            found.add((row.provider, row.send_key))
    return found


def _unanswered(session: Session, office: Office, provider: str) -> list[str]:
    """Keys of messages that left through this provider, and of which it is not known whether they were taken."""
    in_doubt = or_(AttemptRow.state == AttemptState.IN_DOUBT.value, AttemptRow.result == Result.UNKNOWN.value)
    lately = AttemptRow.sent_at > office.clock.now(session) - _LOOKED_FOR
    sent = (
        select(AttemptRow.send_key)
        .distinct()
        .where(
            AttemptRow.provider == provider,
            or_(AttemptRow.state == AttemptState.SENDING.value, and_(AttemptRow.was_in_doubt, lately, in_doubt)),
        )
    )
    return [str(key) for key in session.scalars(sent)]


def _conclude(session: Session, office: Office, touched: set[tuple[str, UUID]]) -> bool:
    """Store the receipt of each message whose end is known by now."""
    if not touched:
        return False
    session.flush()
    rows = session.scalars(
        select(PartRow)
        .where(is_one_of(PartRow.send_key, {key for _, key in touched}), PartRow.result.is_not(None))
        .order_by(PartRow.part)
        .execution_options(populate_existing=True)
    )
    told: dict[tuple[str, UUID], list[PartRow]] = {key: [] for key in touched}
    for row in rows:
        if row.send_key is not None and (row.provider, row.send_key) in told:
            told[row.provider, row.send_key].append(row)
    stored = False
    for (provider, send_key), parts in told.items():
        word = _word(parts)
        if word is not None:
            receipt = Receipt(str(send_key), f"{send_key}:{word.result}", word)
            stored |= receipts.store(session, office, provider, receipt)
    return stored


def _word(told: Sequence[PartRow]) -> Answered | None:
    """One part that failed, and nobody has read the message; delivered is what is delivered whole."""
    failed = next((row for row in told if row.result != Result.DELIVERED.value), None)
    if failed is not None and failed.result is not None:
        return Answered(Result(failed.result), ref=failed.message_id, detail=failed.detail)
    if told and len({row.part for row in told}) == told[0].parts:
        return Answered(Result.DELIVERED, ref=",".join(row.message_id for row in told))
    return None
