"""The simulator as a real process, with the real adapters as its clients."""

import asyncio
import json
import os
import signal
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from providers.base import Answered, Callback, Message, ProviderSettings, Receipt
from providers.gateway.bank_hook import bank_hook
from providers.gateway.client import GatewayClient
from providers.gateway.group_notice import group_notice
from providers.gateway.http_gateway import http_gateway
from schemas.vocabulary import BankRequest, Channel, Person, Result

ROOT = Path(__file__).parents[2]
SECRET = "whsec_c2ltdWxhdG9yLXRlc3Qtc2VjcmV0LTMyLWJ5dGVzIQ=="
OTHER_SECRET = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcw=="
NUMBER, SECOND = "+8615400000001", "+8615400000002"
IDENTITY = "99010119870815931X"
TEXT = "请勿转账"
PATIENCE_S = 120


async def spawn(*arguments: str, secret: str | None = SECRET) -> Process:
    environment = {name: value for name, value in os.environ.items() if name != "DISPATCHER_SIMULATOR_SECRET"}
    if secret is not None:
        environment["DISPATCHER_SIMULATOR_SECRET"] = secret
    command = (sys.executable, "-m", "providers.simulator", *arguments)
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=PIPE, stderr=PIPE)


@dataclass
class Simulator:
    process: Process
    base_url: str
    session: aiohttp.ClientSession

    async def control(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        async with self.session.request(method, f"{self.base_url}{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def people(self, **persona: object) -> None:
        status, body = await self.control("PUT", "/control/people", [{"numbers": [NUMBER], **persona}])
        assert status == 200, body

    async def faults(self, **faults: object) -> None:
        status, body = await self.control("PUT", "/control/faults", faults)
        assert status == 200, body

    async def seen(self) -> dict[str, Any]:
        seen: dict[str, Any] = (await self.control("GET", "/control/seen"))[1]
        return seen

    async def stop(self, number: int = signal.SIGTERM) -> tuple[int, bytes, bytes]:
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out, err


@asynccontextmanager
async def simulator(record: Path, *extra: str) -> AsyncIterator[Simulator]:
    """Ends it too, and holds it to a clean end without a word on stdout or stderr."""
    process = await spawn("--port", "0", "--record", str(record), *extra)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        ready = (await process.stdout.readline()).decode()
    prefix = "listening on "
    assert ready.startswith(prefix + "http://127.0.0.1:")
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        running = Simulator(process, ready.removeprefix(prefix).strip(), session)
        try:
            yield running
        finally:
            ended = await running.stop()
    assert ended == (0, b"", b"")


@dataclass
class Mailbox:
    """Receives callbacks. `refusals` are the statuses it answers before it takes any.

    `on_receipt` is done before it answers the first that it takes: until then the simulator goes no further.
    """

    url: str = ""
    on_receipt: Callable[[], Awaitable[None]] | None = None
    refusals: list[int] = field(default_factory=list)
    inbox: asyncio.Queue[tuple[dict[str, str], bytes]] = field(default_factory=asyncio.Queue)

    async def handle(self, request: web.Request) -> web.Response:
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
        if self.on_receipt is not None:
            first, self.on_receipt = self.on_receipt, None
            await first()
        self.inbox.put_nowait((dict(request.headers), await request.read()))
        return web.Response(status=204)

    async def raw(self) -> tuple[dict[str, str], bytes]:
        async with asyncio.timeout(PATIENCE_S):
            return await self.inbox.get()


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    app = web.Application()
    app.router.add_post("/receipts", box.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    box.url = f"http://127.0.0.1:{runner.addresses[0][1]}/receipts"
    try:
        yield box
    finally:
        await runner.cleanup()


ADAPTERS: dict[Callable[[ProviderSettings], GatewayClient], frozenset[Channel]] = {
    http_gateway: frozenset({Channel.SMS, Channel.VOICE}),
    bank_hook: frozenset({Channel.HOOK}),
    group_notice: frozenset({Channel.BROADCAST}),
}


def client(
    base_url: str,
    adapter: Callable[[ProviderSettings], GatewayClient] = http_gateway,
    *,
    callback_url: str | None = None,
    secret: str = SECRET,
    timeout_s: float = 30,  # the longest that an adapter allows
) -> GatewayClient:
    return adapter(
        ProviderSettings(
            name="simulated",
            adapter=adapter.__name__,
            channels=ADAPTERS[adapter],
            secret=secret,
            callback_url=callback_url,
            options={"base_url": base_url, "timeout_s": timeout_s},
        )
    )


@dataclass
class SimulatorFixture:
    simulator: Simulator
    gateway: GatewayClient
    bank: GatewayClient
    group: GatewayClient
    mailbox: Mailbox
    record: Path

    async def receipt(self) -> Receipt:
        (receipt,) = self.gateway.parse_receipts(Callback(*await self.mailbox.raw())).items
        return receipt

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.record.read_text().splitlines()]


Scenario = Callable[[SimulatorFixture], Awaitable[None]]


@asynccontextmanager
async def simulator_fixture(record: Path, *extra: str) -> AsyncIterator[SimulatorFixture]:
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(mailbox())
        running = await stack.enter_async_context(simulator(record, *extra))
        clients = [client(running.base_url, each, callback_url=box.url) for each in ADAPTERS]
        for each in clients:
            stack.push_async_callback(each.close)
        yield SimulatorFixture(running, *clients, box, record)


def sms(to: str = NUMBER) -> Message:
    return Message(str(uuid.uuid4()), Channel.SMS, Person.SUBJECT, to=to, text=TEXT)


def call(to: str = NUMBER) -> Message:
    return Message(str(uuid.uuid4()), Channel.VOICE, Person.SUBJECT, to=to, script=TEXT, collect=True)


def hook(kind: BankRequest, to: str | None = IDENTITY, **facts: object) -> Message:
    return Message(str(uuid.uuid4()), Channel.HOOK, Person.SUBJECT, to=to, hook=kind, facts=facts)


def notice() -> Message:
    return Message(str(uuid.uuid4()), Channel.BROADCAST, Person.OTHER, text=TEXT, facts={"area": "望潮区(虚构)"})


def outcome_result(outcome: object) -> Result | None:
    return outcome.result if isinstance(outcome, Answered) else None
