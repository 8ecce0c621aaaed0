"""A batch: lines are taken as they come, each answered after its commit, while the client still sends.

A client may read its answers only when it has sent everything. So the answers wait in memory (some 15 MB of 100,000),
and reading never waits for who reads them.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from fastapi import Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dispatcher.casework import set_aside
from dispatcher.clients.authentication import Client
from dispatcher.intake.answer import Answer
from dispatcher.logging import logger
from dispatcher.setup import Services
from dispatcher.web.api import bodies, pushed_lines
from dispatcher.web.api.intake import take_lines
from dispatcher.web.api.problems import Problem, away
from dispatcher.web.api.pushed_lines import PushedLine
from schemas.instruction import MAX_BODY_BYTES
from schemas.problems import ProblemCode
from schemas.read_models.instructions import LineAnswer

MEDIA_TYPE = "application/jsonl"
_SLICE = 100  # lines taken at once; of several batches each takes one in its turn
_LONGEST_REASON = 500  # the whole stands in the quarantine; nobody may have read any of 100,000 answers yet
_GATHER_S = 0.02  # a client that sends slowly is answered all the same
_log = logger(__name__)


class _Numbered(NamedTuple):
    number: int
    line: PushedLine


class Batches:
    """Takes slices of batches, one at a time, each batch in its turn."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = asyncio.Lock()

    def answer(self, request: Request, client: Client) -> Response:
        return _LineAnswers(self, request, client)

    async def take(self, client: Client, lines: Sequence[_Numbered]) -> list[LineAnswer]:
        """Take a slice. Returns the answers, all committed."""
        async with self._turn:
            answers = await asyncio.to_thread(take_lines, self._services, client, [each.line for each in lines])
        return [_as_line(each.number, answer) for each, answer in zip(lines, answers, strict=True)]


def _as_line(number: int, answer: Answer) -> LineAnswer:
    return LineAnswer(
        line=number,
        instruction_id=answer.instruction_id,
        status=answer.status,
        case=answer.case,
        reason=answer.reason[:_LONGEST_REASON] if answer.reason else None,
    )


class _LineAnswers(Response):
    """Reads the request while it answers it; Starlette's own streaming response would read the request too."""

    media_type = MEDIA_TYPE

    def __init__(self, batches: Batches, request: Request, client: Client) -> None:
        super().__init__()
        self._batches, self._request, self._client = batches, request, client
        # None at the end. Of the lines a slice or two at most; of the answers, a slice each, whatever nobody has read.
        self._lines: asyncio.Queue[_Numbered | None] = asyncio.Queue(2 * _SLICE)
        self._answers: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._told: Counter[str] = Counter()
        self._broken: Problem | None = None
        self._is_over = False  # nothing more is taken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del self.headers["content-length"]  # it is not known
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._take())
            tasks.create_task(self._send(send))
        _log.info("batch_taken", client=self._client.name, **self._told)

    async def _read(self) -> None:
        number = 0
        try:
            async for raw in bodies.lines(self._request):
                number += 1
                if number > bodies.MAX_LINES:
                    self._broken = Problem(ProblemCode.TOO_LARGE, most_lines=bodies.MAX_LINES)
                    break
                # A line that is too long is told of, also where it is mostly blank: intake refuses it by its length.
                line = raw if len(raw) > MAX_BODY_BYTES else raw.strip()
                if line and not self._is_over:
                    await self._lines.put(_Numbered(number, pushed_lines.read(line, self._client)))
        except TimeoutError:
            self._broken = Problem(ProblemCode.TOO_SLOW)
        except ClientDisconnect:
            pass  # what came whole is taken
        await self._lines.put(None)

    async def _take(self) -> None:
        try:
            async for lines in self._slices():
                if not await self._request.state.is_admitted():
                    raise Problem(ProblemCode.UNAUTHENTICATED)  # revoked meanwhile
                answers = await self._batches.take(self._client, lines)
                self._told.update(answer.status for answer in answers)
                self._answers.put_nowait(b"".join(each.model_dump_json().encode() + b"\n" for each in answers))
        except Problem as problem:
            self._broken = problem
        except Exception as error:  # noqa: BLE001 - told as the last line; what was answered is committed
            is_away = isinstance(error, OperationalError | NoConnectionFree) or set_aside.is_outage(error)
            self._broken = away() if is_away else Problem(ProblemCode.FAULT)
            _log.error("batch_broken", client=self._client.name, **set_aside.kind_of(error))
        self._is_over = True
        while not self._lines.empty():  # whoever waits to put one more goes on
            self._lines.get_nowait()
        if self._broken is not None:
            self._answers.put_nowait(json.dumps(self._broken.body(), ensure_ascii=False).encode() + b"\n")
        self._answers.put_nowait(None)

    async def _slices(self) -> AsyncIterator[list[_Numbered]]:
        while (first := await self._lines.get()) is not None:
            lines, is_last = [first], False
            with suppress(TimeoutError):
                async with asyncio.timeout(_GATHER_S):
                    while len(lines) < _SLICE and not is_last:
                        line = await self._lines.get()
                        is_last = line is None
                        lines += [line] if line is not None else []
            yield lines
            if is_last:
                return

    async def _send(self, send: Send) -> None:
        is_there = True
        while (answer := await self._answers.get()) is not None:
            if is_there:
                try:
                    await send({"type": "http.response.body", "body": answer, "more_body": True})
                except OSError:
                    is_there = False  # what came whole is taken all the same
        if is_there:
            with suppress(OSError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
