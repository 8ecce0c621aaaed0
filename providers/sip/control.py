"""baresip's control port (its module ctrl_tcp): commands as JSON in netstrings, answers by token, and events.

Source: modules/ctrl_tcp/ctrl_tcp.c of baresip 1.0.0, and the program itself.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from itertools import count
from typing import Any

_ANSWER_S = 3.0
_LONGEST = 6  # digits of a length


class Lost(Exception):
    """The line is gone, or does not answer any more; it is not used again."""


class Refused(Exception):
    """baresip says that it has not done it."""


@dataclass(frozen=True, slots=True)
class Event:
    type: str  # CALL_RINGING, CALL_ESTABLISHED, CALL_DTMF_START, CALL_CLOSED, …
    param: str


class Control:
    """One connection. Its end is the end of the line, so that a call is never taken over half known."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lost = asyncio.Event()
        self._reader, self._writer = reader, writer
        self._tokens = count(1)
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen())

    async def command(self, name: str, params: str = "") -> str:
        """What baresip prints to it. Raises Refused or Lost."""
        if self.lost.is_set():
            raise Lost
        token = str(next(self._tokens))
        answer = self._answers[token] = asyncio.get_running_loop().create_future()
        self._write({"command": name, "params": params, "token": token})
        try:
            async with asyncio.timeout(_ANSWER_S):
                message = await answer
        except TimeoutError:
            self.abandon()
            raise Lost from None
        finally:
            self._answers.pop(token, None)
        if not message.get("ok"):
            raise Refused
        return str(message.get("data", ""))

    async def event(self) -> Event:
        """The next event of a call that we made. Raises Lost."""
        event = await self._events.get()
        if event is None:
            self._events.put_nowait(None)  # for the next call of this
            raise Lost
        return event

    def forget(self) -> None:
        """Events of the call before. What an answer has been heard after came before it."""
        while not self._events.empty():
            self._events.get_nowait()
        if self.lost.is_set():
            self._events.put_nowait(None)

    def abandon(self) -> None:
        """Use the line no more; its keeper ends it."""
        if not self.lost.is_set():
            self.lost.set()
            self._writer.close()
            self._events.put_nowait(None)
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(Lost())
                    answer.exception()  # retrieved: perhaps nobody waits for it

    async def close(self) -> None:
        self.abandon()
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening

    def _write(self, message: dict[str, str]) -> None:
        body = json.dumps(message).encode()
        self._writer.write(b"%d:%s," % (len(body), body))

    async def _listen(self) -> None:
        try:
            while True:
                self._hear(await self._read())
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
            pass
        finally:
            self.abandon()

    async def _read(self) -> dict[str, Any]:
        """Raises IncompleteReadError, LimitOverrunError, OSError, or ValueError for what is no netstring of JSON."""
        length = (await self._reader.readuntil(b":"))[:-1]
        if len(length) > _LONGEST or not length.isdigit():
            raise ValueError("not a netstring")
        body = (await self._reader.readexactly(int(length) + 1))[:-1]
        message = json.loads(body.decode("utf-8", "replace"), strict=False)
        return message if isinstance(message, dict) else {}

    def _hear(self, message: dict[str, Any]) -> None:
        if message.get("response"):
            answer = self._answers.get(str(message.get("token")))
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif message.get("direction") == "incoming":
            if message.get("type") == "CALL_INCOMING":
                # Nobody is here to talk to. A line that is busy refuses by itself, so this ends no call of ours.
                self._write({"command": "hangup", "params": "", "token": "incoming"})
        elif message.get("class") == "call":
            self._events.put_nowait(Event(str(message.get("type")), str(message.get("param", ""))))


async def connect(port: int) -> Control:
    """Raises OSError."""
    return Control(*await asyncio.open_connection("127.0.0.1", port))
