"""The desk of links: the port through which the smpp provider keeps its parts (providers.smpp.parts.PartStore)."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from dispatcher.casework import unit_of_work
from dispatcher.casework.context import Context
from dispatcher.delivery import smpp_parts
from dispatcher.delivery.group_commit import GroupCommit
from dispatcher.delivery.smpp_parts import Entry
from dispatcher.store.parts import PartRow
from dispatcher.store.retries import retry_on_outage
from providers.smpp.parts import Part, Report


class SmppPartStore:
    """Keeps parts and reports in groups, a transaction each."""

    def __init__(self, sessions: sessionmaker[Session], context: Context) -> None:
        self._sessions, self._context = sessions, context
        self._group_commit = GroupCommit(self._write)

    async def taken(self, provider: str, part: Part) -> None:
        await self._group_commit.add((provider, part))

    async def reported(self, provider: str, report: Report) -> None:
        await self._group_commit.add((provider, report))

    async def parts_of(self, provider: str, send_key: str) -> Sequence[Part]:
        return await asyncio.to_thread(self._parts_of, provider, UUID(send_key))

    @retry_on_outage
    def _write(self, entries: Sequence[Entry]) -> list[None]:
        with unit_of_work.begin(self._sessions, self._context) as work:
            smpp_parts.write(work, entries)
        return [None] * len(entries)

    def _parts_of(self, provider: str, send_key: UUID) -> list[Part]:
        with self._sessions() as session:
            rows = session.scalars(
                select(PartRow)
                .where(PartRow.provider == provider, PartRow.send_key == send_key)
                .order_by(PartRow.written_at, PartRow.part)
            )
            return [Part(row.message_id, str(send_key), row.part or 1, row.parts or 1) for row in rows]
