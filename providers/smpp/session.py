"""One bound connection to an SMSC, from its bind to its loss. It knows PDUs, and nothing of messages."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count
from typing import Any

import structlog

from providers.smpp import protocol_codes, wire
from providers.smpp.link_options import Options
from providers.smpp.wire import Delivered, Pdu

Answer = asyncio.Future[Pdu]
# Raises if the delivery can't be stored; the SMSC then repeats it.
TakeIn = Callable[[Delivered], Awaitable[None]]
CountDropped = Callable[[str], None]  # of what may have been a receipt, its form
_log = structlog.get_logger(__name__)
_LAST_SEQUENCE = 0x7FFFFFFF  # 5.1.4
_GOODBYE_S = 2.0
_LOOK_EVERY_S = 1.0


class Lost(Exception):
    """The connection is gone, and with it the answers that had not come."""


class Session:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        options: Options,
        take_in: TakeIn,
        count_dropped: CountDropped,
    ) -> None:
        self.lost = asyncio.Event()
        self._reader, self._writer = reader, writer
        self._options, self._take_in, self._count_dropped = options, take_in, count_dropped
        self._sequences = count(1)
        self._open: dict[int, tuple[Answer, float]] = {}
        self._windowed: set[int] = set()
        self._places = asyncio.Semaphore(options.window)
        self._is_bound = False
        self._clock = asyncio.get_running_loop().time
        self._heard_at = self._clock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._spawn(self._listen())
        self._spawn(self._watch())

    async def bind(self, password: str) -> int:
        """Bind as a transceiver. Returns the command_status. Raises Lost or TimeoutError."""
        options = self._options
        body = wire.strings(options.system_id, password, options.system_type, 0x34, 0, 0, "")
        status = (await self._ask(protocol_codes.BIND_TRANSCEIVER, body)).status
        self._is_bound = status == protocol_codes.OK
        return status

    async def place(self) -> None:
        """Wait for a place in the window; the next `submit` takes it. Cancelled, nothing has happened."""
        await self._places.acquire()
        if self.lost.is_set():
            self._places.release()
            raise Lost

    def submit(self, command: int, body: bytes) -> Answer:
        """Send in the place that was waited for. From here on it may have left.

        The place is free again once the answer comes, however late: until then the SMSC counts it as under way.
        """
        sequence = self._next_sequence()
        self._windowed.add(sequence)
        return self._request(sequence, command, body)

    async def close(self) -> None:
        """Unbind, as the specification asks for, and leave."""
        if not self.lost.is_set() and self._is_bound:
            try:
                async with asyncio.timeout(_GOODBYE_S):
                    await self._request(self._next_sequence(), protocol_codes.UNBIND)
            except (Lost, TimeoutError):
                pass
        self._lose()
        for task in self._tasks:
            task.cancel()

    async def _ask(self, command: int, body: bytes = b"") -> Pdu:
        async with asyncio.timeout(self._options.timeout_s):
            return await self._request(self._next_sequence(), command, body)

    def _next_sequence(self) -> int:
        return next(self._sequences) % _LAST_SEQUENCE + 1

    def _request(self, sequence: int, command: int, body: bytes = b"") -> Answer:
        answer: Answer = asyncio.get_running_loop().create_future()
        self._open[sequence] = answer, self._clock()
        self._write(Pdu(command, protocol_codes.OK, sequence, body))
        return answer

    def _write(self, pdu: Pdu) -> None:
        if not self._writer.is_closing():
            self._writer.write(pdu.frame)

    async def _listen(self) -> None:
        try:
            while not self.lost.is_set():
                pdu = await wire.read(self._reader)
                self._heard_at = self._clock()
                self._hear(pdu)
        except (asyncio.IncompleteReadError, OSError, wire.BadFrame):
            pass
        finally:
            self._lose()

    def _hear(self, pdu: Pdu) -> None:
        if pdu.command & protocol_codes.RESPONSE:
            self._answered(pdu)
        elif pdu.command == protocol_codes.DELIVER_SM:
            self._spawn(self._deliver(pdu))
        elif pdu.command == protocol_codes.ENQUIRE_LINK:
            self._reply(pdu)
        elif pdu.command == protocol_codes.UNBIND:
            self._reply(pdu)
            self._lose()
        else:
            if pdu.command == protocol_codes.DATA_SM:
                self._count_dropped("data_sm")
            self._write(Pdu(protocol_codes.GENERIC_NACK, protocol_codes.INVALID_COMMAND, pdu.sequence))

    def _answered(self, pdu: Pdu) -> None:
        """A generic_nack answers by its sequence number too; one without says of nothing what became of it."""
        answer, _ = self._open.pop(pdu.sequence, (None, 0.0))
        if answer is None:
            return
        if pdu.sequence in self._windowed:
            self._windowed.discard(pdu.sequence)
            self._places.release()
        if not answer.done():
            answer.set_result(pdu)

    async def _deliver(self, pdu: Pdu) -> None:
        """Answered only once it is kept: what we have not confirmed is brought again."""
        status = protocol_codes.OK if self._is_bound else protocol_codes.NOT_BOUND
        delivered = wire.delivered(pdu)
        if self._is_bound and delivered is not None:
            try:
                await self._take_in(delivered)
            except Exception as error:  # noqa: BLE001 - whatever the store's trouble is, the SMSC is to keep the receipt
                _log.warning("receipt_not_kept", host=self._options.host, error=type(error).__name__)
                status = protocol_codes.TRY_LATER
        elif self._is_bound:
            self._count_dropped("unreadable_deliver_sm")
        self._reply(pdu, status, b"\0")

    def _reply(self, pdu: Pdu, status: int = protocol_codes.OK, body: bytes = b"") -> None:
        self._write(Pdu(pdu.command | protocol_codes.RESPONSE, status, pdu.sequence, body))

    async def _watch(self) -> None:
        """A dead peer, and one that leaves a whole window unanswered, are noticed in silence only."""
        while not self.lost.is_set():
            await asyncio.sleep(min(_LOOK_EVERY_S, self._options.enquire_link_s))
            if self._is_stuck() or not await self._is_alive():
                self._lose()

    def _is_stuck(self) -> bool:
        overdue = self._clock() - self._options.timeout_s
        under_way = [self._open[sequence][1] for sequence in self._windowed]
        return len(under_way) == self._options.window and max(under_way) < overdue

    async def _is_alive(self) -> bool:
        if not self._is_bound or self._clock() - self._heard_at < self._options.enquire_link_s:
            return True
        try:
            await self._ask(protocol_codes.ENQUIRE_LINK)
        except (Lost, TimeoutError):
            return False
        return True

    def _lose(self) -> None:
        if self.lost.is_set():
            return
        self.lost.set()
        self._writer.close()
        for answer, _ in self._open.values():
            if not answer.done():
                answer.set_exception(Lost())
                answer.exception()  # retrieved: an answer that nobody waits for is no fault
        for _ in self._windowed:
            self._places.release()
        self._open.clear()
        self._windowed.clear()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
