"""The pump of a worker, with real services: many calls under way, each recorded once."""

import asyncio
import base64
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from casework_fixture import NO_REDIS, CaseworkFixture, Scripted, phone, pump_of

from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.journal import JournalRow
from dispatcher.wake import link_lane
from providers.base import Accepted, Answered, Capabilities, InDoubt, Inquiry, Message, NeverTaken, Outcome, Status
from providers.registry import Registry
from schemas.vocabulary import Result

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + base64.b64encode(b"pump-test-secret-of-32-bytes-len").decode()
PATIENCE_S = 120
DOUBT = InDoubt("ReadTimeout")

Start = Callable[..., Any]  # gives a dispatcher.delivery.pump.Pump


@dataclass
class Slow(Scripted):
    """The call to one number takes until `ready` says so; all others answer at once."""

    number: str = "+8615400000001"
    ready: Callable[[], bool] = bool
    ended_in_time: bool = False

    async def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        if message.to == self.number:
            until = time.monotonic() + PATIENCE_S
            while not self.ended_in_time and time.monotonic() < until:
                await asyncio.sleep(0.05)
                self.ended_in_time = await asyncio.to_thread(self.ready)
        return Answered(Result.DELIVERED)


@dataclass
class Broken(Scripted):
    """An adapter with a fault in it."""

    async def send(self, message: Message) -> Outcome:
        await super().send(message)
        raise KeyError(message.to)

    async def query(self, inquiry: Inquiry) -> Status:
        self.asked.append(inquiry)
        if len(self.asked) > 1:
            return Accepted("found")
        raise ValueError(inquiry.send_key)

    async def cancel(self, send_key: str) -> bool:
        raise OSError(send_key)


@pytest.fixture
def start(casework: CaseworkFixture, tmp_path: Path) -> Iterator[Start]:
    """Starts pumps with these providers, or with those of a file."""
    pumps: list[Any] = []

    def start_(*providers: Scripted, file: Path | None = None, redis_url: str = NO_REDIS) -> Any:
        services = Services(
            Settings(home=tmp_path, providers_file=file, redis_url=redis_url), casework.sessions, casework.context
        )
        if providers:
            vars(services)["registry"] = Registry(list(providers))  # as if its providers file named them
        pumps.append(pump_of(services))
        return pumps[-1]

    yield start_
    for pump in pumps:
        pump.close()


def states(casework: CaseworkFixture) -> Counter[str]:
    return Counter(row[0] for row in casework.sql("SELECT state FROM attempts"))


def test_nothing_due_is_done_at_once(casework: CaseworkFixture, start: Start) -> None:
    assert start(Scripted()).deliver() == 0


def test_one_slow_call_holds_up_nobody(casework: CaseworkFixture, start: Start, pump_module: Any) -> None:
    """It ends only when everything else, more than is under way at once, has been recorded."""
    others = pump_module.CLAIM + pump_module.UNDER_WAY
    casework.open(1, urgency="high")
    for number in range(2, 2 + others):
        casework.open(number, urgency="low")
    provider = Slow(ready=lambda: states(casework)["settled"] == others)
    assert start(provider).deliver() == others + 1
    assert provider.sent[0].to == provider.number
    assert provider.ended_in_time
    assert not states(casework)["sending"]


@dataclass
class Awaited(Scripted):
    """Answers nobody until an urgent message has come."""

    has_urgent: bool = False
    most_routine: int = 0

    async def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        self.has_urgent |= message.to == f"+86{phone(1)}"
        until = time.monotonic() + PATIENCE_S
        while not self.has_urgent and time.monotonic() < until:
            self.most_routine = len(self.sent)
            await asyncio.sleep(0.02)
        return Answered(Result.DELIVERED)


class AllAtOnce(Scripted):
    """Answers nobody until so many have been sent, and a while later all of them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count, self.waiting = count, list[asyncio.Future[None]]()

    async def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        if len(self.sent) % self.count:
            answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.append(answered)
            asyncio.get_running_loop().call_later(PATIENCE_S / 20, lambda: answered.done() or answered.set_result(None))
            await answered
        else:
            await asyncio.sleep(0.3)  # meanwhile the pump looks for more, and has no room for it
        for each in self.waiting:
            if not each.done():
                each.set_result(None)
        return Answered(Result.DELIVERED)


def test_however_many_routine_calls_hang_an_urgent_one_leaves(
    casework: CaseworkFixture, start: Start, pump_module: Any
) -> None:
    """A share of the calls under way is kept free: routine ones that nobody answers can't take all of them."""
    routine = pump_module.UNDER_WAY + 1
    for number in range(2, 2 + routine):
        casework.open(number, urgency="low")
    provider = Awaited()
    pump = start(provider)
    worker = threading.Thread(target=pump.deliver)
    worker.start()
    while provider.most_routine < pump_module.ROUTINE_UNDER_WAY:
        time.sleep(0.02)
    casework.open(1)
    worker.join(PATIENCE_S)
    assert provider.has_urgent
    assert provider.most_routine == pump_module.ROUTINE_UNDER_WAY
    assert states(casework) == {"settled": routine + 1}


def test_what_had_no_room_is_claimed_once_all_answers_come_at_once(
    casework: CaseworkFixture, start: Start, pump_module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "FLUSH_RESULTS", pump_module.UNDER_WAY)
    routine = 2 * pump_module.ROUTINE_UNDER_WAY + 1
    for number in range(1, 1 + routine):
        casework.open(number, urgency="low")
    provider = AllAtOnce(pump_module.ROUTINE_UNDER_WAY)
    assert start(provider).deliver() == routine
    assert states(casework) == {"settled": routine}


def test_a_broken_adapter_leaves_a_doubt_and_stops_nobody(casework: CaseworkFixture, start: Start) -> None:
    case_id, other = casework.open(1), casework.open(2, channels=["voice"])
    casework.pass_time(minutes=1)
    good = Scripted([Answered(Result.BUSY)], name="good", channels=("voice",))
    pump = start(Broken(channels=("sms",)), good)
    assert pump.deliver() == 3  # two sends, and the query that follows the doubt at once
    [row] = casework.attempts(case_id)
    assert (row.state, row.provider, row.lease_until) == ("in_doubt", "scripted", None)
    [entry] = casework.journal(case_id, "attempt_in_doubt")
    assert entry.data["detail"] == "adapter failed: KeyError"
    assert "1540000" not in str([each.data for each in casework.journal(case_id)])
    assert casework.attempts(other)[0].result == "BUSY"
    casework.pass_time(seconds=20)
    assert pump.deliver() == 1
    assert casework.attempts(case_id)[0].state == "accepted"


class CancelsItself(Scripted):
    async def send(self, message: Message) -> Any:
        raise asyncio.CancelledError


class GoesOn(Scripted):
    """It takes no notice of being cancelled."""

    async def send(self, message: Message) -> Any:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("adapter", "told"),
    [(CancelsItself(), "adapter failed: RuntimeError"), (GoesOn(timeout_s=-4.0), "given up at the end of its lease")],
)
def test_an_adapter_that_breaks_off_or_goes_on_holds_no_place(
    casework: CaseworkFixture, start: Start, adapter: Scripted, told: str
) -> None:
    case_id = casework.open(channels=["sms"])
    pump = start(adapter)
    assert pump.deliver() >= 1
    assert pump._under_way == 0
    assert casework.journal(case_id, "attempt_in_doubt")[0].data["detail"] == told


class Nonsense(Scripted):
    async def send(self, message: Message) -> Any:
        return "sent, I think"


def test_an_adapter_that_answers_nonsense_leaves_a_doubt(casework: CaseworkFixture, start: Start) -> None:
    case_id = casework.open(channels=["sms"])
    start(Nonsense()).deliver()
    [entry] = casework.journal(case_id, "attempt_in_doubt")
    assert entry.data["detail"] == "adapter failed: TypeError"


def test_a_record_that_fails_does_not_hold_the_pump_for_ever(casework: CaseworkFixture, start: Start) -> None:
    """The attempt keeps a lease, and will be in doubt when that runs out."""
    case_id = casework.open(channels=["sms"])
    pump = start(Scripted())
    casework.sql("ALTER TABLE attempts ADD CONSTRAINT broken CHECK (state <> 'accepted')")
    assert pump.deliver() == 1
    casework.sql("ALTER TABLE attempts DROP CONSTRAINT broken")
    assert pump.deliver() == 0
    [row] = casework.attempts(case_id)
    assert (row.state, row.lease_until is not None) == ("sending", True)


def test_the_result_of_a_case_that_somebody_holds_holds_up_no_other(casework: CaseworkFixture, start: Start) -> None:
    """It is kept, and recorded as soon as the case is free."""
    held, other = casework.open(1), casework.open(2)
    with ExitStack() as stack:
        # After the claim, before the result: the call itself comes upon nobody's lock.
        provider = Scripted(
            on_send=lambda message: message.to.endswith(phone(1)[-11:]) and stack.enter_context(casework.holding(held))
        )
        pump = start(provider)
        assert pump.deliver() == 1
        assert (casework.attempts(held)[0].state, casework.attempts(other)[0].state) == ("sending", "accepted")
        assert pump.wait_s() is not None
    assert pump.deliver() == 1
    assert pump.wait_s() is None
    assert (casework.attempts(held)[0].state, len(provider.sent)) == ("accepted", 2)


def test_a_cancellation_that_fails_is_no_cancellation(casework: CaseworkFixture, start: Start) -> None:
    case_id = casework.open(channels=["voice"])
    casework.pass_time(minutes=1)
    start(Scripted()).deliver()
    casework.push(
        {"op": "withdraw", "instruction_id": "YJ-1", "version": 1, "at": str(casework.now), "by": "x", "reason": "x"}
    )
    assert start(Broken()).deliver() == 1
    [row] = casework.attempts(case_id)
    assert (row.state, row.action) == ("accepted", "query")
    assert casework.journal(case_id, "recall_answered")[0].data["taken_back"] is False


def test_only_its_own_provider_can_say_that_it_never_took_a_message(casework: CaseworkFixture, start: Start) -> None:
    """The gateway was exchanged meanwhile; the new one never had the message, which proves nothing."""
    case_id = casework.open()
    start(Scripted([DOUBT], statuses=[DOUBT], name="old")).deliver()
    casework.pass_time(seconds=20)
    pump = start(Scripted(statuses=[NeverTaken()], name="new"))
    pump.deliver()
    [row] = casework.attempts(case_id)
    assert (row.state, row.provider) == ("in_doubt", "old")
    casework.pass_time(minutes=3)
    assert casework.attempts(case_id)[1].possible_duplicate


def test_a_call_held_by_a_provider_that_is_gone_stays_accepted(casework: CaseworkFixture, start: Start) -> None:
    """Nobody can be asked about it or take it back; that is no proof that it was never sent."""
    case_id = casework.open()
    start(Scripted(name="old")).deliver()
    casework.clear_leases()
    casework.pass_time(minutes=10)
    start(Scripted(channels=("voice",), name="new")).deliver()
    [row] = casework.attempts(case_id)
    assert row.result != "FAILED_TEMPORARY"


def test_a_pump_that_stops_claims_no_more(casework: CaseworkFixture, start: Start) -> None:
    for number in range(1, 4):
        casework.open(number)
    pump = start(Scripted())
    pump.stopping.set()
    assert pump.deliver() == 0
    assert states(casework) == {"planned": 3}


@dataclass
class Line(Slow):
    """Behind a link; two calls at one time."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset(self.channels), linked=True, at_once=2)


def on_a_line(casework: CaseworkFixture, start: Start, provider: Line) -> Any:
    """A pump that has three calls waiting on this line."""
    for number in range(1, 4):
        casework.open(number)
    pump = start(provider)
    pump.deliver()  # hands them over
    assert provider.sent == []
    return pump


def test_a_long_call_does_not_keep_other_lines_free(casework: CaseworkFixture, start: Start) -> None:
    """It ends only when the two others are done, one after the other."""
    provider = Line(ready=lambda: states(casework)["settled"] == 2)
    pump = on_a_line(casework, start, provider)
    assert pump.deliver((link_lane(provider.name),)) == 3
    assert provider.ended_in_time


def test_a_link_that_is_lost_takes_no_more(casework: CaseworkFixture, start: Start) -> None:
    provider = Line(number="nobody's")
    served = iter([True])
    assert on_a_line(casework, start, provider).deliver((link_lane(provider.name),), lambda: next(served, False)) == 2
    assert states(casework) == {"settled": 2, "planned": 1}


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the gateway simulator, as a process of its own."""
    monkeypatch.setenv("DISPATCHER_SIMULATOR_SECRET", SECRET)
    command = [sys.executable, "-m", "providers.simulator", "--port", "0", "--record", str(tmp_path / "record.jsonl")]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode().removeprefix("listening on ").strip()
        process.terminate()


def test_many_errands_reach_a_real_gateway_once_each(
    casework: CaseworkFixture, start: Start, tmp_path: Path, gateway: str
) -> None:
    count = 120
    for number in range(1, count + 1):
        casework.open(number)
    file = tmp_path / "providers.toml"
    file.write_text(
        f'[[providers]]\nname = "city"\nadapter = "http_gateway"\nchannels = ["sms"]\n'
        f'secret_env = "DISPATCHER_SIMULATOR_SECRET"\nbase_url = "{gateway}"\ntimeout_s = 30\n'
    )
    assert start(file=file).deliver() == count
    attempts = casework.rows(AttemptRow)
    assert {(each.state, each.provider, each.action) for each in attempts} == {("accepted", "city", "query")}
    assert len({each.ref for each in attempts}) == count
    recorded = Counter(each.case_id for each in casework.rows(JournalRow, JournalRow.event == "attempt_accepted"))
    assert (len(recorded), set(recorded.values())) == (count, {1})
    seen = httpx.get(f"{gateway}/control/seen", headers={"Authorization": f"Bearer {SECRET}"}, timeout=60).json()
    assert (seen["messages"], seen["repeats"]) == (count, 0)
