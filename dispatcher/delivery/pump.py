"""The pump of one worker: claims due work, keeps many provider calls under way, records as results come.

Provider calls run on an event loop in a thread of its own, which lives as long as the worker, so that
connections are kept. Claims and records run in the task's thread. One slow call holds up nobody: while
it is awaited, more is claimed.
"""

import asyncio
import math
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from dispatcher.casework import unit_of_work
from dispatcher.casework.context import Context
from dispatcher.delivery.capacity import Capacity
from dispatcher.delivery.claim import claim
from dispatcher.delivery.provider_call import CallResult, ProviderCall, ProviderCaller
from dispatcher.delivery.record import record_results
from dispatcher.delivery.send_stats import SendCounter
from dispatcher.limits import Limiter
from dispatcher.logging import logger
from dispatcher.store.retries import retry_on_outage
from dispatcher.wake import LINK, ROUTINE, URGENT
from providers.registry import Registry

CLAIM = 50  # attempts a claim
UNDER_WAY = 100  # provider calls at once
FLUSH_S = 0.05
FLUSH_RESULTS = 50
# After a round of few a lane rests so many times as long as that took, that work may gather; and at most so long.
REST = {URGENT: 1.0, ROUTINE: 3.0}
REST_MOST_S = 0.3
FEW = 20  # claimed and recorded
HELD_S = 1.0  # then a result whose case somebody else held is tried again
SOON_S = 0.3  # a wait for capacity that is worth keeping the lane for
CLAIM_FOR_S = 25.0  # then a general lane's slice ends; with the slowest call it stays below the visibility timeout

_log = logger(__name__)


class Pump:
    """One a worker process; the worker runs one task at a time."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        context: Context,
        registry: Registry,
        limiter: Limiter,
        send_counter: SendCounter,
    ) -> None:
        self._sessions, self._context, self._registry, self._limiter = sessions, context, registry, limiter
        self.capacity = Capacity(limiter, registry, context)
        self._caller = ProviderCaller(registry, limiter, send_counter)
        self._loop = asyncio.new_event_loop()
        self._results: queue.SimpleQueue[CallResult] = queue.SimpleQueue()
        self._under_way = 0
        self._held: list[CallResult] = []
        self._again_at = 0.0
        self._busy_s = 0.0
        self._rests_until = 0.0
        self.stopping = threading.Event()
        threading.Thread(target=self._serve, name="providers", daemon=True).start()

    def deliver(self, lane: str, is_served: Callable[[], bool] = lambda: True) -> int:
        """Deliver until nothing is due and nothing is under way. Gives the number of calls done.

        A link's slice goes on for as long as it is served here: a phone call takes minutes, and lines that are free
        meanwhile must not wait for its end. Its wake-up may come again by then, and finds nothing to do.
        """
        done, is_more, most = 0, True, self._most(lane)
        claim_until = math.inf if lane.startswith(LINK) else time.monotonic() + CLAIM_FOR_S
        while is_more or self._under_way:
            self.stopping.wait(self._rests_until - time.monotonic())
            limit = min(CLAIM, most - self._under_way)
            is_open = time.monotonic() < claim_until and is_served() and not self.stopping.is_set()
            with self._working():
                calls = self._claim(lane, limit) if is_open else []
            self._start(calls)
            fresh = self._gather()
            for each in fresh:
                if each.call.booking is not None and each.call.booking.has_line:
                    self.capacity.line_is_free(str(each.call.provider))
            results, is_planned = fresh + self._tried_again(), False
            held: list[CallResult] = []
            if not results and not self._under_way:
                if is_open and self._wait_for_room():
                    continue
                break
            try:
                with self._working():
                    is_planned, held = self._record(results)
            finally:
                # Where a record failed for good, its leases run out and the attempts are in doubt; the pump goes on.
                self._under_way -= len(fresh)
            self._hold(held, lane)
            self._rest(lane, len(calls) + len(results))
            done += len(results) - len(held)
            # A last claim that finds nothing costs as much as one that does; the task looks once more at its end.
            is_more = is_planned or len(calls) == limit
        return done

    def _wait_for_room(self) -> bool:
        """Wait where capacity comes soon for what is due; else the sweep wakes again."""
        wait = self.capacity.wait_s()
        if wait is None or wait > SOON_S:
            return False
        time.sleep(wait)
        return True

    @contextmanager
    def _working(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._busy_s += time.monotonic() - began

    def _rest(self, lane: str, count: int) -> None:
        """A round costs much the same for one attempt as for ten: under load this makes tens of them."""
        rest_s = min(REST_MOST_S, REST.get(lane, 0.0) * self._busy_s) if count < FEW else 0.0
        self._rests_until, self._busy_s = time.monotonic() + rest_s, 0.0

    def _serve(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, None], timeout_s: float = 5.0) -> None:
        """Have the providers' loop do this. Raises TimeoutError."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def close(self) -> None:
        """Close the providers' connections."""
        self.run(self._registry.close())
        self.run(self._limiter.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _most(self, lane: str) -> int:
        """A line takes some at a time; what waits for its turn here would only time out."""
        provider = self._registry.get(lane.removeprefix(LINK)) if lane.startswith(LINK) else None
        return min(UNDER_WAY, (provider and provider.capabilities.at_once) or UNDER_WAY)

    @retry_on_outage
    def _claim(self, lane: str, limit: int) -> list[ProviderCall]:
        if limit <= 0:
            return []
        with unit_of_work.begin(self._sessions, self._context) as work:
            return claim(work, self._registry, self.capacity, lane, limit)

    def _start(self, calls: list[ProviderCall]) -> None:
        self._under_way += len(calls)
        for call in calls:
            asyncio.run_coroutine_threadsafe(self._run(call), self._loop)

    def _gather(self) -> list[CallResult]:
        """Results as they come: 50, or what came in 50 ms."""
        results: list[CallResult] = []
        until = time.monotonic() + FLUSH_S
        while len(results) < min(FLUSH_RESULTS, self._under_way):
            try:
                results.append(self._results.get(timeout=max(until - time.monotonic(), 0.001)))
            except queue.Empty:
                break
        return results

    def _hold(self, results: list[CallResult], lane: str) -> None:
        """Keep what can't be recorded yet, because somebody else holds its case, and ring for it later."""
        if not results:
            return
        self._held += results
        self._again_at = time.monotonic() + HELD_S
        bell = threading.Timer(HELD_S, self._context.wake.deliver, (lane,))
        bell.daemon = True
        bell.start()

    def _tried_again(self) -> list[CallResult]:
        """Results that were held, once it is time."""
        if time.monotonic() < self._again_at:
            return []
        results, self._held = self._held, []
        return results

    @retry_on_outage
    def _record(self, results: list[CallResult]) -> tuple[bool, list[CallResult]]:
        """Write results down. Gives whether more has become due by them, and those whose case somebody else holds."""
        if not results:
            return False, []
        with unit_of_work.begin(self._sessions, self._context) as work:
            held = record_results(work, results)
        for done in results:
            if done not in held:
                _log.info("provider_call_done", **_facts(done))
        if held:
            _log.warning("cases_held", results=len(held))
        return bool(work.lanes), held

    async def _run(self, call: ProviderCall) -> None:
        self._results.put(CallResult(call, await self._caller.do(call)))


def _facts(done: CallResult) -> dict[str, str | None]:
    call = done.call
    return {
        "case": str(call.case_id),
        "attempt": str(call.attempt_id),
        "action": call.action,
        "provider": call.provider,
        "answer": type(done.answer).__name__,
    }
