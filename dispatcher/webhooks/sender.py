"""Sends events to endpoints: a process of its own, so that a receiver that is slow keeps no warning waiting.

Each endpoint has a client, slots and waits of its own, so that it keeps no other endpoint waiting either. What is taken
is recorded before the next event of its case is sent: a process that dies sends at most those in its hands again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

import httpx
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from dispatcher import clock
from dispatcher.delivery.group_commit import GroupCommit
from dispatcher.logging import logger
from dispatcher.setup import Services
from dispatcher.store import advisory_locks, heartbeats
from dispatcher.webhooks import addresses, deliveries, signing
from dispatcher.webhooks.addresses import AddressRefused, Allowed
from dispatcher.webhooks.deliveries import Due, Try
from providers import http

TIMEOUT_S = 10.0
"""For one try from the look-up of the name to the status, in real time."""
LOOK_EVERY_S = 0.5
_GATHER_S = 0.03  # one look for the cases that are free again about now, not one for each
_AGAIN_AFTER_S = 1.0
_THREADS = 32  # the look-up of a name may hang, one for each endpoint, and nothing else waits for it
_log = logger(__name__)


async def run(services: Services, stop: asyncio.Event) -> None:
    """Send until told to stop; wait for PostgreSQL if it is away."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    allowed = addresses.read(services.settings.webhook_allowed)
    while not stop.is_set():
        try:
            await _send_while_locked(services, allowed, stop)
        except OperationalError as error:
            _log.warning("database_away", error=type(error.orig).__name__)
            await _wait(stop, _AGAIN_AFTER_S)


async def _send_while_locked(services: Services, allowed: Allowed, stop: asyncio.Event) -> None:
    """Send while the lock is ours; it goes when the connection goes."""
    with await asyncio.to_thread(services.engine.connect) as holder:
        holder.detach()  # its end, not its way back into the pool, gives the lock to the next
        while not await asyncio.to_thread(advisory_locks.try_lock_connection, holder, advisory_locks.WEBHOOKS):
            if await _wait(stop, _AGAIN_AFTER_S):
                return
        async with Sender(services, allowed) as sender:
            while not stop.is_set():
                await asyncio.to_thread(_beat, holder)  # fails if the connection is lost, and with it the lock
                await sender.send_due()
                await sender.wait(stop)


def _beat(holder: Connection) -> None:
    heartbeats.beat(holder, heartbeats.WEBHOOKS)
    holder.commit()


async def _wait(stop: asyncio.Event, seconds: float) -> bool:
    """Whether it was told to stop meanwhile."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


class Sender:
    """Sends what is due, each in a task of its own; what is under way when it ends is sent again by the next."""

    def __init__(self, services: Services, allowed: Allowed) -> None:
        self._services, self._allowed = services, allowed
        self._results = GroupCommit[Try, None](self._record)
        self._in_hand: dict[UUID, set[UUID]] = defaultdict(set)
        self._clients: dict[tuple[UUID, str], httpx.AsyncClient] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_free = asyncio.Event()

    async def __aenter__(self) -> "Sender":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self._clients.values():
            await client.aclose()

    async def send_due(self) -> int:
        """Begin to send what is due beside what is under way. Returns how many. Raises OperationalError."""
        self._is_free.clear()
        in_hand = {endpoint: tuple(cases) for endpoint, cases in self._in_hand.items()}
        found = await asyncio.to_thread(self._look, in_hand)
        for due in found:
            self._in_hand[due.endpoint_id].add(due.case_id)
            task = asyncio.create_task(self._send(due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(found)

    async def wait(self, stop: asyncio.Event) -> None:
        """Until a case is free for its next event, something may have come, or it is told to stop."""
        waiting = [asyncio.ensure_future(each.wait()) for each in (self._is_free, stop)]
        await asyncio.wait(waiting, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        if self._is_free.is_set():
            await asyncio.sleep(_GATHER_S)

    async def finish(self) -> None:
        """Wait for all that is under way."""
        await asyncio.gather(*self._tasks)

    def _look(self, in_hand: Mapping[UUID, Collection[UUID]]) -> list[Due]:
        with self._services.begin() as work:
            while deliveries.enter(work):
                pass
            return deliveries.find_due(work, in_hand)

    async def _send(self, due: Due) -> None:
        try:
            await self._results.add(await self._try(due))
        except Exception as error:  # noqa: BLE001 - told here; the event still waits, and is sent again
            _log.warning("webhook_not_recorded", webhook=due.webhook, event_id=due.event_id, error=type(error).__name__)
            await asyncio.sleep(_AGAIN_AFTER_S)
        finally:
            self._in_hand[due.endpoint_id].discard(due.case_id)
            self._is_free.set()

    async def _try(self, due: Due) -> Try:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return Try(due, status=await self._post(due))
        except AddressRefused as refused:
            fault = str(refused.fault)
        except Exception as error:  # noqa: BLE001 - whatever it is, this event waits, and no other
            fault = _kind(error)
        _log.warning("webhook_not_answered", webhook=due.webhook, event_id=due.event_id, fault=fault)
        return Try(due, fault=fault)

    async def _post(self, due: Due) -> int:
        """The status that was answered; of the answer nothing else is read. Nothing is sent unsigned."""
        if not due.secrets:
            raise LookupError("no secret that signs")
        headers = signing.headers(due.secrets, due.event_id, clock.real_now(), due.body)
        async with self._client(due).stream("POST", due.url, content=due.body, headers=headers) as answer:
            return answer.status_code

    def _client(self, due: Due) -> httpx.AsyncClient:
        """Raises AddressRefused."""
        target = self._allowed.check_url(due.url)
        key = due.endpoint_id, due.url
        if key not in self._clients:
            factory = self._allowed.socket_factory(target)
            self._clients[key] = http.client(due.url, timeout_s=TIMEOUT_S, socket_factory=factory)
        return self._clients[key]

    def _record(self, tries: Sequence[Try]) -> list[Exception | None]:
        with self._services.begin() as work:
            deliveries.record(work, tries)
        return [None] * len(tries)


def _kind(error: Exception) -> str:
    """Why a connection was not made, where its address was refused; else the kind of error."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or getattr(causes[-1], "os_error", None)) and cause not in causes:
        causes.append(cause)
    refused = next((each for each in causes if isinstance(each, AddressRefused)), None)
    return str(refused.fault) if refused is not None else type(causes[min(1, len(causes) - 1)]).__name__
