"""The pump of one worker: claims due work, keeps many provider calls under way, records as results come.

Provider calls run on an event loop in a thread of its own, which lives as long as the worker, so that
connections are kept. Claims and records run in the caller's thread. One slow call holds up nobody: while
it is awaited, more is claimed.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from dispatcher.casework import set_aside, unit_of_work
from dispatcher.casework.context import Context
from dispatcher.casework.set_aside import Fault
from dispatcher.delivery import link_lanes
from dispatcher.delivery.capacity import Capacity
from dispatcher.delivery.claim import claim, find_due
from dispatcher.delivery.provider_call import CallResult, ProviderCall, ProviderCaller
from dispatcher.delivery.record import record_results
from dispatcher.delivery.send_stats import SendCounter
from dispatcher.limits import Limiter
from dispatcher.logging import logger
from dispatcher.store.retries import retry_on_outage
from dispatcher.wake import GENERAL, LINK, ROUTINE, URGENT
from providers.registry import Registry
from schemas.vocabulary import FaultPoint

CLAIM = 50  # attempts a claim
UNDER_WAY = 125  # provider calls at once
ROUTINE_UNDER_WAY = 100  # of them at most; the rest is kept free for urgent ones
FLUSH_S = 0.05
FLUSH_RESULTS = 50
HELD_S = 0.5  # then a result whose case somebody else held is tried again, where nothing else is done meanwhile

_log = logger(__name__)
Found = TypeVar("Found")


class Pump:
    """One a worker process, whose one loop calls it."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        context: Context,
        registry: Registry,
        limiter: Limiter,
        send_counter: SendCounter,
    ) -> None:
        self._begin = partial(unit_of_work.begin, sessions, context)
        self._registry, self._limiter = registry, limiter
        self.capacity = Capacity(limiter, registry, context)
        self._caller = ProviderCaller(registry, limiter, send_counter)
        self._loop = asyncio.new_event_loop()
        self._results = _Results()
        self._tasks: set[asyncio.Task[None]] = set()  # a loop alone does not keep its tasks
        self._under_way = self._routine_under_way = 0
        self._held: list[CallResult] = []
        self.stopping = threading.Event()
        threading.Thread(target=self._serve, name="providers", daemon=True).start()

    def deliver(self, lanes: Collection[str] = GENERAL, is_served: Callable[[], bool] = lambda: True) -> int:
        """Deliver what is due on these lanes until nothing is under way. Returns the number of calls done."""
        done, is_more = 0, True
        while is_more or self._under_way:
            limit = min(CLAIM, self._most(lanes) - self._under_way)
            is_held_back = self._is_held_back(lanes, limit)
            may_claim = is_served() and not self.stopping.is_set()
            is_full = may_claim and self._claim(lanes, limit)
            # Where more is due and there is room for it, it is claimed while the first ones are under way.
            has_room = is_full and self._most(lanes) - self._under_way >= CLAIM
            fresh = self._gather(0.0 if has_room else FLUSH_S)
            if not (fresh or self._held or self._under_way):
                break
            is_planned, recorded = self._record_with_held(fresh)
            done += recorded
            # A last claim that finds nothing costs as much as one that does; whoever plans more wakes this worker.
            is_more = is_planned or is_full or is_held_back
        return done

    def _is_held_back(self, lanes: Collection[str], limit: int) -> bool:
        """Whether what is under way leaves no room for a whole claim: more may be due than that claim can tell."""
        is_routine_full = ROUTINE in lanes and ROUTINE_UNDER_WAY - self._routine_under_way < limit
        return is_routine_full or limit < min(CLAIM, self._most(lanes))

    def wait_s(self) -> float | None:
        """Until another look is worth it, where something due waits for capacity or for a case that is locked."""
        waits = [each for each in (self.capacity.wait_s(), HELD_S if self._held else None) if each is not None]
        return min(waits, default=None)

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

    def _most(self, lanes: Collection[str]) -> int:
        """A line takes some at a time; what waits for its turn here would only time out."""
        if not link_lanes.are_of_a_link(lanes):
            return UNDER_WAY
        [lane] = lanes
        provider = self._registry.get(lane.removeprefix(LINK))
        return min(UNDER_WAY, (provider and provider.capabilities.at_once) or UNDER_WAY)

    def _claim(self, lanes: Collection[str], limit: int) -> bool:
        """Claim what is due, and start it. Returns whether more may be due behind it."""
        if limit <= 0:
            return True
        while True:
            try:
                return self._claim_once(lanes, limit) == limit
            except Exception as error:
                if set_aside.is_outage(error):
                    raise
            claimed, any_held = self._claim_by_halves(lanes, limit)
            if claimed or not any_held:
                return any_held

    def _claim_by_halves(self, lanes: Collection[str], limit: int) -> tuple[int, bool]:
        """One of what is due raises: claim the others without it. Returns how many, and whether any is held now."""
        held: list[UUID] = []
        with self._begin() as work:
            due = self._share(lanes, limit, partial(find_due, work, self.capacity))

        def claim_those(some: Sequence[UUID], postpones: bool) -> int:
            return self._claim_once(lanes, limit, some, postpones_decisions=postpones)

        def hold(attempt_id: UUID, error: Exception) -> None:
            if self._hold(FaultPoint.CLAIM, attempt_id, error):
                held.append(attempt_id)

        return sum(set_aside.isolate(due, claim_those, hold)), bool(held)

    @retry_on_outage
    def _claim_once(
        self,
        lanes: Collection[str],
        limit: int,
        only: Collection[UUID] | None = None,
        *,
        postpones_decisions: bool = False,
    ) -> int:
        """Claim, commit, start: what is committed is sent, whatever becomes of the claims after it."""
        self.capacity.booked.clear()
        try:
            with self._begin(postpones_decisions=postpones_decisions) as work:
                take = partial(claim, work, self._registry, self.capacity, only=only)
                calls = self._share(lanes, limit, take)
        except Exception:
            self.run(self.capacity.give_back())
            raise
        self._start(calls)
        return len(calls)

    def _share(
        self, lanes: Collection[str], limit: int, take: Callable[[Collection[str], int], list[Found]]
    ) -> list[Found]:
        """Take up to `limit` of what is due; of the routine no more than leaves the share of the urgent free."""
        routine = ROUTINE_UNDER_WAY - self._routine_under_way
        if ROUTINE not in lanes or routine >= limit:
            return take(lanes, limit)
        urgent = take((URGENT,), limit)
        return urgent + take((ROUTINE,), min(limit - len(urgent), routine))

    @retry_on_outage
    def _hold(self, point: FaultPoint, attempt_id: UUID, error: Exception) -> bool:
        with self._begin() as work:
            return set_aside.hold_attempt(work, attempt_id, Fault.of(point, error))

    def _start(self, calls: list[ProviderCall]) -> None:
        self._count(calls, 1)
        if calls:
            self._loop.call_soon_threadsafe(self._run_all, calls)

    def _run_all(self, calls: list[ProviderCall]) -> None:
        for call in calls:
            task = self._loop.create_task(self._run(call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _gather(self, within_s: float) -> list[CallResult]:
        """Results as they come: 50 at least, or what came in this time."""
        return self._results.take(min(FLUSH_RESULTS, self._under_way), within_s)

    def _count(self, calls: Collection[ProviderCall], by: int) -> None:
        self._under_way += by * len(calls)
        self._routine_under_way += by * sum(not call.is_urgent for call in calls)

    def _record_with_held(self, fresh: list[CallResult]) -> tuple[bool, int]:
        """Record what has just come, and what was held. Returns whether more is due by it, and how many there were."""
        calls = [each.call for each in fresh]
        for call in calls:
            if call.booking is not None and call.booking.has_line:
                self.capacity.line_is_free(str(call.provider))
        results, self._held = fresh + self._held, []
        try:
            is_planned, self._held = self._record(results)
        finally:
            # Where a record failed for good, its leases run out and the attempts are in doubt; the pump goes on.
            self._count(calls, -1)
        if any(each in fresh for each in self._held):
            _log.warning("cases_held", results=len(self._held))
        return is_planned, len(results) - len(self._held)

    def _record(self, results: list[CallResult]) -> tuple[bool, list[CallResult]]:
        """Write results down. Returns whether more has become due by them, and those whose case somebody else holds."""

        def hold(result: CallResult, error: Exception) -> None:
            self._hold(FaultPoint.RECORD, result.call.attempt_id, error)

        recorded = set_aside.isolate(results, self._record_once, hold)
        return any(is_planned for is_planned, _ in recorded), [each for _, held in recorded for each in held]

    @retry_on_outage
    def _record_once(self, results: Sequence[CallResult], postpones_decisions: bool) -> tuple[bool, list[CallResult]]:
        with self._begin(postpones_decisions=postpones_decisions) as work:
            held = record_results(work, results)
        for done in results:
            if done not in held:
                _log.info("provider_call_done", **_facts(done))
        return bool(work.lanes), held

    async def _run(self, call: ProviderCall) -> None:
        self._results.put(CallResult(call, await self._caller.do(call)))


class _Results:
    """What has come, from the loop's thread. Whoever takes is woken once, not by each: switches cost."""

    def __init__(self) -> None:
        self._lock, self._is_enough = threading.Lock(), threading.Event()
        self._come: list[CallResult] = []
        self._wanted = 0

    def put(self, result: CallResult) -> None:
        with self._lock:
            self._come.append(result)
            if 0 < self._wanted <= len(self._come):
                self._is_enough.set()

    def take(self, count: int, within_s: float) -> list[CallResult]:
        """All that has come, once there are so many, or so long later."""
        with self._lock:
            self._wanted = count
            is_enough = len(self._come) >= count
        if not is_enough:
            self._is_enough.wait(within_s)
        with self._lock:
            come, self._come, self._wanted = self._come, [], 0
            self._is_enough.clear()
        return come


def _facts(done: CallResult) -> dict[str, str | None]:
    call = done.call
    return {
        "case": str(call.case_id),
        "attempt": str(call.attempt_id),
        "action": call.action,
        "provider": call.provider,
        "answer": type(done.answer).__name__,
    }
