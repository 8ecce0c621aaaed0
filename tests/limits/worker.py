"""One worker: the capacity, the limiter, the calls and the gateway adapter of the product, without its database.

Each asks for more than there is, all the time, for every provider.
"""

import asyncio
import itertools
import logging
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from multiprocessing.synchronize import Barrier, Event
from typing import Any, cast
from uuid import uuid4

from dispatcher import policy
from dispatcher.casework.context import Context
from dispatcher.delivery.capacity import Capacity, Slot
from dispatcher.delivery.provider_call import ProviderCall, ProviderCaller
from dispatcher.delivery.send_stats import SendCounter
from dispatcher.limits import Limiter, Shared
from dispatcher.store.attempts import AttemptRow
from dispatcher.wake import GENERAL
from providers.base import Message, Provider, ProviderSettings
from providers.registry import Registry, build
from schemas.vocabulary import Action, Channel, Person, Urgency


@dataclass(frozen=True)
class Demand:
    """What one provider is asked for: at once by each worker, and to how many numbers (0: each to another)."""

    provider: ProviderSettings
    at_once: int
    numbers: int = 0


@dataclass
class Worker:
    registry: Registry
    limiter: Limiter
    capacity: Capacity
    stop: Event
    chance: random.Random
    fresh: Iterator[int] = field(default_factory=itertools.count)
    words: Counter[str] = field(default_factory=Counter)
    thread: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1))

    async def ask(self, demand: Demand) -> None:
        """Send to this provider whatever it may have, until told to stop."""
        provider = self.registry[demand.provider.name]
        calls = ProviderCaller(self.registry, self.limiter, SendCounter(None))
        while not self.stop.is_set():
            urgency = self.chance.choice((Urgency.CRITICAL, Urgency.MEDIUM))
            to = self._number(demand)
            attempt = AttemptRow(id=uuid4(), channel=Channel.SMS, urgency_rank=urgency.rank)
            slot, wait = await self._task(self._spot, attempt, provider, to)
            if slot.booking is None:
                await asyncio.sleep(wait if slot.must_wait else 0.05)
                continue
            key = f"{'urgent' if urgency is Urgency.CRITICAL else 'routine'}-{attempt.id}"
            message = Message(key, Channel.SMS, Person.SUBJECT, to=to, text="drill")
            word = await calls.do(
                ProviderCall(attempt.id, attempt.id, key, Action.SEND, provider.name, message, booking=slot.booking)
            )
            self.words[type(word).__name__] += 1
            if slot.booking.has_line:
                await self._task(self.capacity.line_is_free, provider.name)

    def _spot(self, attempt: AttemptRow, provider: Provider, to: str) -> tuple[Slot, float]:
        self.capacity.look_again()
        slot = self.capacity.slot(attempt, GENERAL, provider, _nobody, lambda: to, datetime.now(UTC))
        return slot, self.capacity.wait_s() or 0.0

    async def _task(self, step: Callable[..., Any], *what: Any) -> Any:
        """As in a worker, one thread asks for capacity while another awaits answers."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, partial(step, *what))

    def _number(self, demand: Demand) -> str:
        number = self.chance.randrange(demand.numbers) if demand.numbers else next(self.fresh)
        return f"+86154{number:08d}"


def _nobody(_full: Collection[str]) -> Provider | None:
    return None


def work(number: int, redis_url: str, demands: list[Demand], workers: int, ready: Barrier, stop: Event) -> None:
    logging.disable()
    registry = build([each.provider for each in demands], {})
    limiter = Limiter(Shared(redis_url), str, workers)
    # Of the context the capacity wants the policy's time zone alone.
    context = cast(Context, type("_Office", (), {"policy": policy.load()}))
    capacity = Capacity(limiter, registry, context)
    ready.wait()

    async def run() -> None:
        chance = random.Random(number)
        one = Worker(registry, limiter, capacity, stop, chance, itertools.count(number * 1_000_000))
        await asyncio.gather(*(one.ask(each) for each in demands for _ in range(each.at_once)))
        if others := one.words - Counter(Accepted=one.words["Accepted"]):
            print(f"worker {number}: {dict(others)}", flush=True)
        await registry.close()
        await limiter.close()

    asyncio.run(run())
