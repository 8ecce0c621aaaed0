"""The centre's interface under load: single calls of several clients, one large batch, and what is urgent meanwhile.

The baseline is what an engineer would write in an afternoon: FastAPI, one INSERT of the raw JSON, one commit.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

import httpx
import psutil

from dispatcher.bench.sample import instruction
from dispatcher.clients import register
from dispatcher.errors import OperatorError
from dispatcher.ports import own_port
from dispatcher.setup import Services
from dispatcher.supervisor import Child
from dispatcher.up import Stack
from providers.simulator.record import Line
from schemas.vocabulary import ClientScope, IntakeStatus

NIGHT = datetime.fromisoformat("2026-03-02T22:00:00+08:00")  # in the quiet hours: only what is urgent is sent
CLIENTS = 8
_SOURCE = "bench"
_CRITICAL_EVERY_S = 2.0
_READY_S = 30.0
_LINE_WITHIN_S = 60.0
_LINES_A_PIECE = 100
_MB = 2**20
_BATCH = "/v1/instructions:batch"


@dataclass(frozen=True)
class Single:
    """Calls of `CLIENTS` clients at once, each with one instruction."""

    per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Batch:
    """One batch. `critical_ms`: from a critical instruction pushed beside it to its SMS at the gateway, p95."""

    per_second: float
    memory_mb: float
    critical_ms: float | None


class Bench:
    """Against a stack that serves the API."""

    def __init__(self, services: Services, stack: Stack) -> None:
        self._stack = stack
        self._made = 0
        scopes = {ClientScope.PUSH}
        entry = register.Entry("bench", {_SOURCE}, scopes, calls_per_minute=1_000_000)
        with services.begin() as work:
            self._key = {
                "Authorization": f"Bearer {register.create(work, entry)}",
                "Content-Type": "application/json",
            }

    @contextmanager
    def naive(self) -> Iterator[str]:
        """The URL of the naive service, on the same database."""
        port = own_port()
        home = self._stack.settings.home
        command = [sys.executable, "-m", "dispatcher.bench.naive_api", str(port)]
        child = Child("naive-api", command, dict(self._stack.environment), home / "logs" / "naive-api.log")
        child.start()
        url = f"http://127.0.0.1:{port}"
        try:
            _await_answer(url)
            yield url
        finally:
            child.terminate()
            child.wait(10)

    def single(self, calls: int, url: str | None = None) -> Single:
        """So many calls in all; at the API, or at this URL."""
        return asyncio.run(self._single(calls, url or self._stack.url("api")))

    async def _single(self, calls: int, url: str) -> Single:
        bodies = iter([self._next() for _ in range(calls)])
        took: list[float] = []

        async def push(client: httpx.AsyncClient) -> None:
            for body in bodies:
                begin = time.perf_counter()
                answer = await client.post(f"{url}/v1/instructions", content=body)
                took.append((time.perf_counter() - begin) * 1000)
                _check(answer.is_success)

        begin = time.perf_counter()
        clients = [httpx.AsyncClient(headers=self._key, trust_env=False, timeout=60) for _ in range(CLIENTS)]
        await asyncio.gather(*map(push, clients))
        taken_s = time.perf_counter() - begin
        for client in clients:
            await client.aclose()
        return Single(calls / taken_s, statistics.median(took), sorted(took)[len(took) * 99 // 100])

    def batch(self, lines: int) -> Batch:
        """One batch of so many lines, with a critical call beside it now and then."""
        return asyncio.run(self._batch(lines))

    async def _batch(self, lines: int) -> Batch:
        process = _process_of(self._stack)
        most = process.memory_info().rss
        waits: list[float] = []

        async def bodies() -> AsyncIterator[bytes]:
            """In pieces of some 30 kB, as a file is sent."""
            for first in range(0, lines, _LINES_A_PIECE):
                yield b"".join(self._next() + b"\n" for _ in range(min(_LINES_A_PIECE, lines - first)))

        async def push() -> float:
            begin = time.perf_counter()
            taken = 0
            async with httpx.AsyncClient(headers=self._key, trust_env=False, timeout=_LINE_WITHIN_S) as client:
                told = {"Content-Type": "application/jsonl"}
                async with client.stream(
                    "POST", self._stack.url("api") + _BATCH, content=bodies(), headers=told
                ) as answers:
                    async for line in answers.aiter_lines():
                        _check(json.loads(line).get("status") == IntakeStatus.ACCEPTED)
                        taken += 1
            _check(taken == lines)
            return lines / (time.perf_counter() - begin)

        async def beside() -> None:
            nonlocal most
            with (self._stack.settings.home / "gateway.jsonl").open("rb") as record:
                async with httpx.AsyncClient(headers=self._key, trust_env=False, timeout=60) as client:
                    while True:
                        await asyncio.sleep(_CRITICAL_EVERY_S)
                        most = max(most, process.memory_info().rss)
                        record.read()
                        begin = time.perf_counter()
                        url = f"{self._stack.url('api')}/v1/instructions"
                        _check((await client.post(url, content=self._next("critical"))).is_success)
                        await _arrival(record)
                        waits.append((time.perf_counter() - begin) * 1000)

        watching = asyncio.create_task(beside())
        per_second = await push()
        watching.cancel()
        most = max(most, process.memory_info().rss)
        critical_ms = sorted(waits)[len(waits) * 95 // 100] if waits else None
        return Batch(per_second, most / _MB, critical_ms)

    def _next(self, urgency: str = "medium") -> bytes:
        self._made += 1
        return instruction(self._made, NIGHT, urgency=urgency)


def _process_of(stack: Stack) -> psutil.Process:
    child = stack.supervisor.children["api"].process
    if child is None:
        raise OperatorError("接口进程未启动", "the API's process is not there")
    return psutil.Process(child.pid)


async def _arrival(record: BinaryIO) -> None:
    while True:
        for line in record:
            if Line.model_validate_json(line).event == "message":
                return
        await asyncio.sleep(0.005)


def _await_answer(url: str) -> None:
    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        try:
            httpx.get(f"{url}/healthz", timeout=1, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise OperatorError("对照服务未能就绪", "the baseline's server did not get ready")


def _check(taken: bool) -> None:
    if not taken:
        raise OperatorError("基准数据未被受理", "the bench's own instruction was refused")
