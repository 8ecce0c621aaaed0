"""The desk of links: the port through which the smpp provider keeps its parts (providers.smpp.parts.PartStore)."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from dispatcher.casework import unit_of_work
from dispatcher.casework.context import Context
from dispatcher.delivery import smpp_parts
from dispatcher.delivery.smpp_parts import Entry
from dispatcher.store.parts import PartRow
from dispatcher.store.retries import retry_on_outage
from providers.smpp.parts import Part, Report

_MOST = 100  # in one transaction
_GATHER_S = 0.005  # a commit for each would cost more than the wait; places in the window are free before it

Waiting = tuple[Entry, asyncio.Future[None]]


class SmppPartStore:
    """What is to be kept is gathered while a transaction runs, and goes into the next one."""

    def __init__(self, sessions: sessionmaker[Session], context: Context) -> None:
        self._sessions, self._context = sessions, context
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
            await asyncio.sleep(_GATHER_S)
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

    @retry_on_outage
    def _write(self, entries: Sequence[Entry]) -> None:
        with unit_of_work.begin(self._sessions, self._context) as work:
            smpp_parts.write(work, entries)

    def _parts_of(self, provider: str, send_key: UUID) -> list[Part]:
        with self._sessions() as session:
            rows = session.scalars(
                select(PartRow)
                .where(PartRow.provider == provider, PartRow.send_key == send_key)
                .order_by(PartRow.written_at, PartRow.part)
            )
            return [Part(row.message_id, str(send_key), row.part or 1, row.parts or 1) for row in rows]
