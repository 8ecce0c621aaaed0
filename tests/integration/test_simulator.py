"""The simulator as a real process, with the real gateway client as its client."""

import asyncio
import json
import os
import signal
import socket
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from providers.base import (
    Accepted,
    Answered,
    InDoubt,
    Message,
    NeverTaken,
    OperationsFault,
    Outcome,
    Permanent,
    ProviderSettings,
    Receipt,
    ReceiptRefused,
    Status,
    Transient,
)
from providers.gateway import GatewayClient
from providers.http_gateway import http_gateway
from schemas.vocabulary import Answer, Channel, Person, Result

ROOT = Path(__file__).parents[2]
SECRET = "whsec_c2ltdWxhdG9yLXRlc3Qtc2VjcmV0LTMyLWJ5dGVzIQ=="
OTHER_SECRET = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcw=="
NUMBER, SECOND = "+8615400000001", "+8615400000002"
TEXT = "请勿转账"
PATIENCE_S = 20


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

    async def seen(self) -> dict[str, int]:
        seen: dict[str, int] = (await self.control("GET", "/control/seen"))[1]
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
    """Receives callbacks. `refusals` are the statuses it answers before it takes any."""

    url: str = ""
    refusals: list[int] = field(default_factory=list)
    inbox: asyncio.Queue[tuple[dict[str, str], bytes]] = field(default_factory=asyncio.Queue)

    async def handle(self, request: web.Request) -> web.Response:
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
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


def client(
    base_url: str, *, callback_url: str | None = None, secret: str = SECRET, timeout_s: float = 10
) -> GatewayClient:
    return http_gateway(
        ProviderSettings(
            name="simulated",
            adapter="http_gateway",
            channels=frozenset({Channel.SMS, Channel.VOICE}),
            secret=secret,
            callback_url=callback_url,
            options={"base_url": base_url, "timeout_s": timeout_s},
        )
    )


@dataclass
class World:
    simulator: Simulator
    gateway: GatewayClient
    mailbox: Mailbox
    record: Path

    async def receipt(self) -> Receipt:
        return self.gateway.parse_receipt(*await self.mailbox.raw())

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.record.read_text().splitlines()]


Scenario = Callable[[World], Awaitable[None]]


@asynccontextmanager
async def world(record: Path, *extra: str, timeout_s: float = 10) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(mailbox())
        running = await stack.enter_async_context(simulator(record, *extra))
        gateway = client(running.base_url, callback_url=box.url, timeout_s=timeout_s)
        stack.push_async_callback(gateway.close)
        yield World(running, gateway, box, record)


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., None]]:
    def run(scenario: Scenario, *extra: str, timeout_s: float = 10) -> None:
        async def staged() -> None:
            async with world(tmp_path / "record.jsonl", *extra, timeout_s=timeout_s) as stage:
                await scenario(stage)

        asyncio.run(staged())

    yield run


def sms(to: str = NUMBER) -> Message:
    return Message(str(uuid.uuid4()), Channel.SMS, Person.SUBJECT, to=to, text=TEXT)


def call(to: str = NUMBER) -> Message:
    return Message(str(uuid.uuid4()), Channel.VOICE, Person.SUBJECT, to=to, script=TEXT, collect=True)


MAKE = {Channel.SMS: sms, Channel.VOICE: call}

# word: result, confirmed, answer, note
TAKEN = {
    (Channel.SMS, "delivered"): (Result.DELIVERED, False, None, None),
    (Channel.SMS, "delivered_unread"): (Result.DELIVERED, False, None, "delivered_unread"),
    (Channel.VOICE, "answered_subject:dissuaded"): (Result.ANSWERED_SUBJECT, True, Answer.DISSUADED, None),
    (Channel.VOICE, "answered_subject:denies"): (Result.ANSWERED_SUBJECT, True, Answer.DENIES, None),
    (Channel.VOICE, "answered_subject:hung_up"): (Result.ANSWERED_SUBJECT, False, Answer.HUNG_UP, None),
    (Channel.VOICE, "answered_guardian:unsure"): (Result.ANSWERED_GUARDIAN, True, Answer.UNSURE, None),
    (Channel.VOICE, "answered_family:hung_up"): (Result.ANSWERED_FAMILY, False, Answer.HUNG_UP, None),
    (Channel.VOICE, "answered_other:number_reassigned"): (
        Result.ANSWERED_NOT_SUBJECT,
        False,
        None,
        "number_reassigned",
    ),
    (Channel.VOICE, "busy"): (Result.BUSY, False, None, None),
    (Channel.VOICE, "no_answer"): (Result.NO_ANSWER, False, None, None),
    (Channel.VOICE, "rejected"): (Result.REJECTED, False, None, None),
    (Channel.VOICE, "blocked_suspected"): (Result.BLOCKED_SUSPECTED, False, None, None),
    (Channel.VOICE, "powered_off"): (Result.POWERED_OFF, False, None, None),
    (Channel.VOICE, "voicemail"): (Result.VOICEMAIL, False, None, None),
    (Channel.VOICE, "out_of_service"): (Result.OUT_OF_SERVICE, False, None, None),
    (Channel.VOICE, "invalid_number"): (Result.INVALID_NUMBER, False, None, None),
}

REFUSED = {
    (Channel.SMS, "rejected:invalid_number"): "invalid_number",
    (Channel.SMS, "rejected:content"): "content",
    (Channel.SMS, "unsupported:foreign_number"): "unsupported_destination",
    (Channel.VOICE, "unsupported:international"): "unsupported_destination",
}


def script(table: Any) -> dict[str, list[str]]:
    return {channel.value: [word for each, word in table if each is channel] for channel in MAKE}


def test_each_word_that_takes_a_message_reports_its_outcome(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(**script(TAKEN))
        for (channel, _word), (result, confirmed, answer, note) in TAKEN.items():
            message = MAKE[channel]()
            accepted = await stage.gateway.send(message)
            assert isinstance(accepted, Accepted)
            expected = Answered(result, confirmed, answer, accepted.ref, note)
            receipt = await stage.receipt()
            assert (receipt.send_key, receipt.outcome) == (message.send_key, expected)
            assert await stage.gateway.query(message.send_key) == expected

    play(scenario)


def test_each_word_that_refuses_takes_no_message(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(**script(REFUSED))
        for (channel, _word), code in REFUSED.items():
            message = MAKE[channel]()
            outcome = await stage.gateway.send(message)
            assert isinstance(outcome, Permanent)
            assert outcome.detail == code
            assert await stage.gateway.query(message.send_key) == NeverTaken()
        assert stage.events() == ["refused"] * len(REFUSED)
        assert (await stage.simulator.seen())["messages"] == 0

    play(scenario)


def test_used_up_or_unknown_people_behave_ordinarily(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(voice=["busy"])
        wanted = (
            (call(), Result.BUSY),
            (call(), Result.NO_ANSWER),
            (sms(), Result.DELIVERED),
            (call(SECOND), Result.NO_ANSWER),
        )
        for message, result in wanted:
            await stage.gateway.send(message)
            assert outcome_result((await stage.receipt()).outcome) is result

    play(scenario)


def outcome_result(outcome: object) -> Result | None:
    return outcome.result if isinstance(outcome, Answered) else None


def test_a_list_is_shared_by_all_numbers_and_a_dict_is_not(play: Callable[..., None]) -> None:
    async def results(stage: World, *numbers: str) -> list[Result | None]:
        found = []
        for number in numbers:
            await stage.gateway.send(call(number))
            found.append(outcome_result((await stage.receipt()).outcome))
        return found

    async def scenario(stage: World) -> None:
        both = [NUMBER, SECOND]
        await stage.simulator.people(numbers=both, voice=["busy", "powered_off"])
        assert await results(stage, SECOND, NUMBER, SECOND) == [Result.BUSY, Result.POWERED_OFF, Result.NO_ANSWER]
        await stage.simulator.people(numbers=both, voice={NUMBER: ["busy", "rejected"]})
        assert await results(stage, SECOND, NUMBER) == [Result.NO_ANSWER, Result.BUSY]
        await stage.simulator.people(voice=["voicemail"])
        assert await results(stage, NUMBER, NUMBER) == [Result.VOICEMAIL, Result.NO_ANSWER]

    play(scenario)


@pytest.mark.parametrize(
    ("persona", "named"),
    [
        ({"numbers": [NUMBER], "sms": ["delivered", "deliverd"]}, ("deliverd", "timeout_after_accept")),
        ({"numbers": [NUMBER], "voice": ["answered_subject:perhaps"]}, ("perhaps", "dissuaded", "powered_off")),
        ({"numbers": [NUMBER], "voice": ["answered_subject"]}, ("answered_subject", "queued")),
        ({"numbers": [NUMBER], "voice": ["answered_other:13800000000"]}, ("answered_other",)),
        ({"numbers": [NUMBER], "voice": ["busy:now"]}, ("busy:now",)),
        ({"numbers": [NUMBER], "voice": {SECOND: ["busy"]}}, ("not among",)),
        ({"numbers": ["15400000001"]}, ("numbers",)),
        ({"numbers": [NUMBER], "voise": []}, ("voise",)),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(
    play: Callable[..., None], persona: dict[str, object], named: tuple[str, ...]
) -> None:
    async def scenario(stage: World) -> None:
        good = {"numbers": [NUMBER], "voice": ["busy"]}
        status, body = await stage.simulator.control("PUT", "/control/people", [good, persona])
        assert status == 400
        explained = json.dumps(body)
        assert all(each in explained for each in named)
        await stage.gateway.send(call())
        assert outcome_result((await stage.receipt()).outcome) is Result.NO_ANSWER  # nothing of it was registered

    play(scenario)


def test_a_repeat_gets_the_same_ref_and_acts_once(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(sms=["delivered", "rejected:content"])
        message = sms()
        first = await stage.gateway.send(message)
        assert first == await stage.gateway.send(message)
        assert isinstance(first, Accepted)
        await stage.receipt()
        assert await stage.gateway.send(message) == first
        assert stage.events().count("message") == 1
        assert stage.events().count("receipt") == 1
        seen = await stage.simulator.seen()
        assert (seen["messages"], seen["repeats"]) == (1, 2)
        assert isinstance(await stage.gateway.send(sms()), Permanent)  # a repeat took no word

    play(scenario)


def test_a_message_without_outcome_is_accepted_and_an_unknown_one_never_taken(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        message = sms()
        accepted = await stage.gateway.send(message)
        assert await stage.gateway.query(message.send_key) == accepted
        assert await stage.gateway.query(str(uuid.uuid4())) == NeverTaken()
        assert await stage.gateway.cancel(str(uuid.uuid4())) is False

    play(scenario, "--answer-ms", "60000")


def test_only_a_queued_call_can_be_cancelled(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(voice=["queued", "busy"])
        queued, answered = call(), call()
        accepted = await stage.gateway.send(queued)
        assert isinstance(accepted, Accepted)
        held = Accepted(accepted.ref, held=True)
        assert (await stage.receipt()).outcome == held
        assert await stage.gateway.query(queued.send_key) == held
        assert await stage.gateway.cancel(queued.send_key) is True
        assert await stage.gateway.query(queued.send_key) == Answered(
            Result.UNKNOWN, ref=accepted.ref, detail="cancelled"
        )
        await stage.gateway.send(answered)
        await stage.receipt()
        for late in (queued, answered):
            status, _ = await stage.simulator.control("DELETE", f"/messages/{late.send_key}")
            assert status == 409
            assert await stage.gateway.cancel(late.send_key) is False

    play(scenario)


def test_timeout_after_accept_is_in_doubt_then_reported_twice(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(sms=["timeout_after_accept"])
        message = sms()
        assert isinstance(await stage.gateway.send(message), InDoubt)
        assert stage.events()[0] == "message"
        first, second = await stage.receipt(), await stage.receipt()
        assert first.dedupe_key == second.dedupe_key
        assert outcome_result(first.outcome) is outcome_result(second.outcome) is Result.DELIVERED
        assert isinstance(await stage.gateway.send(message), Accepted)
        assert stage.events() == ["message", "receipt", "receipt", "repeat"]

    play(scenario, timeout_s=0.3)


def test_a_hanging_answer_ends_in_a_dropped_connection(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(sms=["timeout_after_accept"])
        outcome = await stage.gateway.send(sms())
        assert isinstance(outcome, InDoubt)
        assert outcome.detail != "ReadTimeout"

    play(scenario, "--timeout-hang-s", "0.1")


def test_dropped_after_accept_is_in_doubt_and_reported(play: Callable[..., None]) -> None:
    """httpx-aiohttp reports a lost connection as ConnectTimeout; taken for 'not sent' it would make a duplicate."""

    async def scenario(stage: World) -> None:
        await stage.gateway.send(sms())  # so that the next one goes by a connection already open, too
        await stage.receipt()
        await stage.simulator.faults(rate_drop_after_accept=1)
        for message in (sms(), sms()):
            assert isinstance(await stage.gateway.send(message), InDoubt)
            receipt = await stage.receipt()
            assert receipt.send_key == message.send_key
            assert outcome_result(receipt.outcome) is Result.DELIVERED
        assert (await stage.simulator.seen())["messages"] == 3

    play(scenario)


def test_a_hang_before_taking_is_in_doubt_and_never_taken(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.faults(rate_hang=1)
        message = sms()
        assert isinstance(await stage.gateway.send(message), InDoubt)
        assert await stage.gateway.query(message.send_key) == NeverTaken()
        assert stage.events() == []

    play(scenario, timeout_s=0.3)


def test_an_ailing_gateway_is_transient(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        message = sms()
        await stage.simulator.faults(rate_429=1)
        assert await stage.gateway.send(message) == Transient("gateway answered 429", 1.0)
        await stage.simulator.faults(rate_500=1)
        assert await stage.gateway.send(message) == Transient("gateway answered 500")
        assert await stage.gateway.query(message.send_key) == NeverTaken()
        await stage.simulator.faults()
        assert isinstance(await stage.gateway.send(message), Accepted)

    play(scenario)


def test_the_same_seed_strikes_the_same_messages(play: Callable[..., None]) -> None:
    async def struck(stage: World) -> list[bool]:
        await stage.simulator.faults(rate_500=0.5, seed=7)
        return [isinstance(await stage.gateway.send(sms()), Transient) for _ in range(20)]

    async def scenario(stage: World) -> None:
        first = await struck(stage)
        assert set(first) == {True, False}
        assert await struck(stage) == first

    play(scenario)


def test_a_slow_gateway_answers_late(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.faults(delay_ms=60_000)
        assert isinstance(await stage.gateway.send(sms()), InDoubt)

    play(scenario, timeout_s=0.2)


def test_receipts_may_come_twice_late_or_not_at_all(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.faults(rate_duplicate_receipt=1)
        await stage.gateway.send(sms())
        assert (await stage.receipt()).dedupe_key == (await stage.receipt()).dedupe_key
        await stage.simulator.faults(late_ms=60_000)
        late = sms()
        accepted = await stage.gateway.send(late)
        await stage.simulator.faults(receipts=False)
        silent = sms()
        await stage.gateway.send(silent)
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(await stage.gateway.query(silent.send_key), Answered):
                pass  # a query is the only way to see an outcome that no receipt reports
        assert await stage.gateway.query(late.send_key) == accepted
        assert stage.mailbox.inbox.empty()
        assert stage.events() == ["message", "receipt", "receipt", "message", "message"]

    play(scenario)


@pytest.mark.parametrize(
    ("field_name", "value"),
    [("rate_429", 1.5), ("rate_500", -0.1), ("delay_ms", -1), ("late_ms", "soon"), ("receipts", 2), ("rate_42", 0)],
)
def test_faults_out_of_range_are_refused_by_name(play: Callable[..., None], field_name: str, value: object) -> None:
    async def scenario(stage: World) -> None:
        status, body = await stage.simulator.control("PUT", "/control/faults", {field_name: value})
        assert (status, body["field"]) == (400, field_name)

    play(scenario)


def test_a_receipt_not_taken_is_posted_again(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        stage.mailbox.refusals = [500, 404, 302]
        await stage.gateway.send(sms())
        assert outcome_result((await stage.receipt()).outcome) is Result.DELIVERED
        assert stage.mailbox.refusals == []
        assert stage.events() == ["message", "receipt"]

    play(scenario)


def test_forged_receipts_are_refused(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.gateway.send(sms())
        headers, body = await stage.mailbox.raw()
        stranger = client(stage.simulator.base_url, secret=OTHER_SECRET)
        try:
            for gateway, forged in ((stage.gateway, body.replace(b"DELIVERED", b"BUSY")), (stranger, body)):
                with pytest.raises(ReceiptRefused):
                    gateway.parse_receipt(headers, forged)
        finally:
            await stranger.close()
        assert stage.gateway.parse_receipt(headers, body)

    play(scenario)


def test_a_wrong_bearer_is_a_fault_of_operations(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        stranger = client(stage.simulator.base_url, secret=OTHER_SECRET)
        try:
            assert isinstance(await stranger.send(sms()), OperationsFault)
        finally:
            await stranger.close()
        async with aiohttp.ClientSession() as nobody:
            for path in ("/messages/x", "/control/seen", "/nowhere"):
                async with nobody.get(f"{stage.simulator.base_url}{path}") as answer:
                    assert answer.status == 401
        assert stage.events() == []

    play(scenario)


def test_a_refused_connection_is_transient(unused_port: int) -> None:
    async def scenario() -> Outcome:
        gateway = client(f"http://127.0.0.1:{unused_port}")
        try:
            return await gateway.send(sms())
        finally:
            await gateway.close()

    assert isinstance(asyncio.run(scenario()), Transient)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


GOOD = {"id": str(uuid.UUID(int=1)), "channel": "sms", "to": NUMBER, "text": TEXT}


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "id": "1"},
        {**GOOD, "channel": "visit"},
        {**GOOD, "to": "15400000001"},
        {**GOOD, "text": ""},
        {**GOOD, "callback_url": "ftp://x"},
        {**GOOD, "id": str(uuid.UUID(int=2))},
        [],
    ],
)
def test_malformed_messages_are_refused(play: Callable[..., None], body: object) -> None:
    async def scenario(stage: World) -> None:
        async with stage.simulator.session.post(
            f"{stage.simulator.base_url}/messages", json=body, headers={"Idempotency-Key": GOOD["id"]}
        ) as answer:
            assert (answer.status, await answer.json()) == (400, {"code": "malformed"})
        assert stage.events() == []

    play(scenario)


def test_a_restart_knows_its_messages_again(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    reported, queued, cancelled, unreported = sms(), call(), call(), sms(SECOND)

    messages = (reported, queued, cancelled)

    async def before() -> list[Status]:
        async with world(record) as stage:
            await stage.simulator.people(voice=["queued", "queued"])
            for message in messages:
                await stage.gateway.send(message)
                await stage.receipt()
            await stage.gateway.cancel(cancelled.send_key)
            await stage.simulator.faults(late_ms=60_000)
            await stage.gateway.send(unreported)
            known = [await stage.gateway.query(each.send_key) for each in messages]
            assert await stage.simulator.stop(signal.SIGINT) == (0, b"", b"")
            return known

    async def after(known: list[Status]) -> None:
        async with world(record) as stage:
            assert [await stage.gateway.query(each.send_key) for each in messages] == known
            outcome = await stage.gateway.query(unreported.send_key)
            assert outcome_result(outcome) is Result.DELIVERED
            assert isinstance(known[0], Answered)
            assert await stage.gateway.send(reported) == Accepted(known[0].ref)
            assert await stage.simulator.seen() == {
                "messages": 4,
                "repeats": 1,
                "receipts_sent": 0,
                "receipts_failed": 0,
            }
            assert await stage.gateway.cancel(queued.send_key) is True

    known = asyncio.run(before())
    torn = b'{"at":"2026-'
    with record.open("ab") as file:
        file.write(torn)
    asyncio.run(after(known))
    assert torn + b"{" not in record.read_bytes()
    assert all(json.loads(line) for line in record.read_text().splitlines())


def test_the_record_holds_no_number_and_no_text(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(sms=["delivered", "rejected:content"], voice=["queued"])
        queued = call()
        for message in (sms(), queued):
            await stage.gateway.send(message)
            await stage.receipt()
        await stage.gateway.send(queued)
        await stage.gateway.send(sms())
        await stage.gateway.cancel(queued.send_key)
        assert set(stage.events()) == {"message", "repeat", "refused", "cancel", "receipt"}
        lines = [json.loads(line) for line in stage.record.read_text().splitlines()]
        written = json.dumps(lines, ensure_ascii=False)
        assert NUMBER.removeprefix("+86") not in written
        assert TEXT not in written
        assert {len(line["to"]) for line in lines} == {64}
        assert stage.record.stat().st_mode & 0o077 == 0

    play(scenario)


async def refusal_to_start(*arguments: str, secret: str | None = SECRET) -> tuple[int | None, str]:
    process = await spawn(*arguments, secret=secret)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert out == b""
    return process.returncode, err.decode()


@pytest.mark.parametrize("secret", [None, "", "whsec_", "whsec_x", "c2VjcmV0"])
def test_without_a_good_secret_it_does_not_start(tmp_path: Path, secret: str | None) -> None:
    code, said = asyncio.run(refusal_to_start("--port", "0", "--record", str(tmp_path / "r"), secret=secret))
    assert code == 2
    assert said.count("\n") == 1
    assert "DISPATCHER_SIMULATOR_SECRET" in said


def test_on_a_used_port_it_does_not_start(play: Callable[..., None], tmp_path: Path) -> None:
    async def scenario(stage: World) -> None:
        port = stage.simulator.base_url.rpartition(":")[2]
        code, said = await refusal_to_start("--port", port, "--record", str(tmp_path / "other"))
        assert code == 2
        assert said.count("\n") == 1
        assert port in said

    play(scenario)


@pytest.mark.parametrize("content", [None, "{}\n"])
def test_with_an_unusable_record_it_does_not_start(tmp_path: Path, content: str | None) -> None:
    record = tmp_path / "record"
    if content is None:
        record.mkdir()
    else:
        record.write_text(content)
    code, said = asyncio.run(refusal_to_start("--port", "0", "--record", str(record)))
    assert code == 2
    assert said.count("\n") == 1
    assert str(record) in said
