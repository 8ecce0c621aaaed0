"""The whole way over a link: casework, a worker's pump, the smpp adapter, an SMSC, and back by its receipts."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import NO_REDIS, CaseworkFixture, phone, pump_of
from smsc import Smsc, in_text, smsc, until
from test_smpp import settings

from dispatcher.delivery.smpp_part_store import SmppPartStore
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.attempts import AttemptRow
from dispatcher.wake import link_lane
from providers.registry import Registry
from providers.smpp.adapter import SmppProvider

NAME = "city-smpp"
PATIENCE_S = 120.0


@dataclass
class SmppLink:
    """Casework, an SMSC in a thread of its own, and the workers around them."""

    casework: CaseworkFixture
    smsc: Smsc
    loop: asyncio.AbstractEventLoop
    pump_module: Any
    home: Path
    pumps: list[Any] = field(default_factory=list)

    def worker(self, **options: Any) -> Any:
        """A link's worker: a pump whose provider is open."""
        casework = self.casework
        services = Services(Settings(home=self.home, redis_url=NO_REDIS), casework.sessions, casework.context)
        provider = self.provider(**options)
        vars(services)["registry"] = Registry([provider])  # as if its providers file named it
        pump = pump_of(services)
        pump.run(provider.open())
        self.pumps.append(pump)
        return pump

    def deliver(self, pump: Any) -> int:
        """What a general worker hands over, and the link's worker delivers."""
        while pump.deliver() or self.casework.sql("SELECT 1 FROM attempts WHERE lane NOT LIKE 'link.%'"):
            pass
        done: int = pump.deliver((link_lane(NAME),))
        return done

    def provider(self, **options: Any) -> SmppProvider:
        return SmppProvider(
            settings(self.smsc.port, **options), SmppPartStore(self.casework.sessions, self.casework.context)
        )

    def do(self, what: Callable[[], object]) -> None:
        """Have the SMSC do this."""

        async def done() -> None:
            what()

        asyncio.run_coroutine_threadsafe(done(), self.loop).result(PATIENCE_S)

    def until(self, is_so: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < until
            time.sleep(0.02)

    def settled(self, count: int) -> None:
        """Wait for so many parts with a receipt, then settle them."""
        self.until(lambda: self.casework.sql("SELECT count(*) FROM parts WHERE result IS NOT NULL")[0][0] == count)
        self.casework.settle()

    def states(self) -> dict[str, int]:
        rows = self.casework.sql(
            "SELECT coalesce(result, state), count(*) FROM attempts WHERE channel = 'sms' GROUP BY 1"
        )
        return {row[0]: row[1] for row in rows}


@contextmanager
def in_a_thread(known: Smsc) -> Iterator[asyncio.AbstractEventLoop]:
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with smsc(known):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(PATIENCE_S)
    yield loop
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@pytest.fixture
def smpp_link(casework: CaseworkFixture, pump_module: Any, tmp_path: Path) -> Iterator[SmppLink]:
    with ExitStack() as stack:
        known = Smsc()
        made = SmppLink(casework, known, stack.enter_context(in_a_thread(known)), pump_module, tmp_path)
        yield made
        for pump in made.pumps:
            pump.close()


def test_messages_go_over_the_link_and_their_receipts_settle_them(smpp_link: SmppLink) -> None:
    for number in range(0, 300, 10):
        smpp_link.casework.open(number, urgency="low")
    assert smpp_link.deliver(smpp_link.worker()) == 30
    parts = sum(len(parts_of(each)) for each in smpp_link.casework.rows(AttemptRow))
    smpp_link.settled(parts)
    assert smpp_link.states() == {"DELIVERED": 30}
    assert {each.number for each in smpp_link.smsc.taken} == {"86" + phone(number) for number in range(0, 300, 10)}
    assert len(smpp_link.smsc.taken) == parts


def parts_of(attempt: AttemptRow) -> list[str]:
    return (attempt.ref or "").split(",")


@pytest.mark.parametrize("receipts", ["before", "twice"])
def test_receipts_that_come_before_the_response_or_twice(smpp_link: SmppLink, receipts: str) -> None:
    smpp_link.smsc.receipts = receipts
    smpp_link.casework.open(0)
    smpp_link.deliver(smpp_link.worker())
    smpp_link.settled(len(smpp_link.smsc.taken))
    assert smpp_link.states() == {"DELIVERED": 1}


def test_receipts_after_a_restart_settle_what_was_sent_before_it(smpp_link: SmppLink) -> None:
    smpp_link.smsc.receipts = "never"
    smpp_link.casework.open(0)
    first = smpp_link.worker()
    smpp_link.deliver(first)
    assert smpp_link.states() == {"accepted": 1}
    smpp_link.pumps.remove(first)
    first.close()
    smpp_link.worker()
    smpp_link.until(lambda: len(smpp_link.smsc.sessions) == 2)
    smpp_link.do(lambda: [smpp_link.smsc.far.report(each) for each in smpp_link.smsc.taken])
    smpp_link.settled(len(smpp_link.smsc.taken))
    assert smpp_link.states() == {"DELIVERED": 1}


async def claimed_and_sent(smpp_link: SmppLink) -> None:
    """A worker that claims, sends, and is gone before the SMSC has answered: nothing is recorded."""
    provider = smpp_link.provider()
    assert smpp_link.casework.claim(provider) == []
    calls = smpp_link.casework.claim(provider, lane=link_lane(NAME))
    await provider.open()
    calls = [asyncio.create_task(provider.send(each.message)) for each in calls if each.message]
    await until(lambda: len(smpp_link.smsc.taken) == len(calls))
    smpp_link.do(lambda: smpp_link.smsc.far.cut())
    await provider.close()
    await asyncio.gather(*calls)


def test_receipts_settle_what_was_in_doubt_after_kill_9(smpp_link: SmppLink) -> None:
    """No response ever came, so no id is known: the reference in the receipt leads back, and nothing is sent again."""
    smpp_link.smsc.receipts, smpp_link.smsc.answers = "never", lambda submitted: False
    smpp_link.casework.open(0, urgency="low", language="zh-CN")
    smpp_link.casework.open(10, urgency="low", language="zh-CN")
    asyncio.run(claimed_and_sent(smpp_link))
    assert smpp_link.casework.lapse() == 2
    assert smpp_link.states() == {"in_doubt": 2}
    smpp_link.smsc.answers = lambda submitted: True
    second = smpp_link.worker()
    smpp_link.until(lambda: len(smpp_link.smsc.sessions) == 2)
    smpp_link.do(lambda: [smpp_link.smsc.far.report(each) for each in smpp_link.smsc.taken])
    smpp_link.settled(2)
    assert smpp_link.states() == {"DELIVERED": 2}
    assert second.deliver((link_lane(NAME),)) == 0
    assert len(smpp_link.smsc.taken) == 2


@pytest.mark.parametrize(
    ("form", "written"), [("decimal_of_hex", lambda each: str(int(each, 16))), ("same", lambda each: each)]
)
def test_ids_in_the_form_that_the_carrier_gives_them(
    smpp_link: SmppLink, form: str, written: Callable[[str], str]
) -> None:
    smpp_link.smsc.receipt = lambda taken: in_text(taken, written(taken.message_id))
    for number in range(0, 120, 10):
        smpp_link.casework.open(number)
    smpp_link.deliver(smpp_link.worker(receipt_ids=form))
    smpp_link.settled(len(smpp_link.smsc.taken))
    assert smpp_link.states() == {"DELIVERED": 12}
