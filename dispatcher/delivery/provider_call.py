"""Doing one call at its provider, on the event loop: in its place, once, and with a typed answer at its end."""

import asyncio
import math
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dispatcher import clock
from dispatcher.delivery.outcomes import ProviderAnswer
from dispatcher.delivery.send_stats import SendCounter
from dispatcher.limits import Booking, Limiter
from dispatcher.logging import logger
from providers.base import (
    InDoubt,
    Inquiry,
    Message,
    NeverTaken,
    OperationsFault,
    Outcome,
    Permanent,
    Provider,
    Transient,
)
from providers.registry import Registry
from schemas.vocabulary import Action, Channel, Result

_TOO_LATE = Transient("left too late for its place")
_GIVEN_UP = InDoubt("given up at the end of its lease")
_log = logger(__name__)


@dataclass(frozen=True)
class ProviderCall:
    """One thing to do at one provider, already committed."""

    case_id: UUID
    attempt_id: UUID
    send_key: str
    action: Action
    provider: str | None
    message: Message | None
    inquiry: Inquiry | None = None
    can_fail_over: bool = False  # a passing refusal may go to another provider at once
    booking: Booking | None = None  # its places among what the provider allows
    refusal: Outcome | None = None  # what its limits say in the provider's stead
    is_urgent: bool = True  # critical or high: a share of the calls under way is kept for these
    lease_ends_at: float = math.inf  # on this machine's `clock.lease_clock`; nothing is sent after it
    absence_proves: bool = True  # of a query: what its provider lacks now will not arrive any more


@dataclass(frozen=True)
class CallResult:
    call: ProviderCall
    answer: ProviderAnswer | bool  # bool: whether a cancellation was granted


WITHOUT_PROVIDER: Mapping[Action, ProviderAnswer | bool] = {
    Action.SEND: OperationsFault("no_provider"),
    Action.QUERY: InDoubt("provider_gone"),
    Action.CANCEL: False,
}
# No roster adapter is no officer anywhere: the ladder goes up to the centre at once, and a person has it there.
_NO_ROSTER = Permanent(Result.NOBODY_ON_DUTY, "no_provider")
_GRACE_S = 1.0  # for an adapter that was cancelled to close what it had open
_UNREADABLE = Permanent(Result.FAILED_PERMANENT, "unreadable")


class ProviderCaller:
    """What came of each send is counted, for the provider's health."""

    def __init__(self, registry: Registry, limiter: Limiter, send_counter: SendCounter) -> None:
        self._registry, self._limiter, self._send_counter = registry, limiter, send_counter

    async def do(self, call: ProviderCall) -> Any:
        """Do it. Never raises; whatever an adapter does wrong, the attempt is not lost."""
        try:
            return await self._do(call)
        except Exception as error:  # noqa: BLE001 - nor by what stands around the adapter
            return _failed(call, error)

    async def _do(self, call: ProviderCall) -> Any:
        provider = self._registry.get(call.provider)
        if provider is None:
            return without_provider(call)
        if call.refusal is not None:
            if isinstance(call.refusal, OperationsFault):
                self._count(provider, call.refusal, 0.0)
            return call.refusal
        if call.booking is None:
            return await self._ask(provider, call)
        return await self._in_its_place(provider, call, call.booking)

    async def _in_its_place(self, provider: Provider, call: ProviderCall, booking: Booking) -> Any:
        await asyncio.sleep(max(0.0, booking.starts_at - time.monotonic()))
        if not await self._limiter.keep(booking):
            return _TOO_LATE
        answer = await self._ask(provider, call)
        # What is in doubt may be counted, or hold its line, for as long as the call could take.
        if not isinstance(answer, InDoubt):
            await self._limiter.settle(booking)
        return answer

    async def _ask(self, provider: Provider, call: ProviderCall) -> Any:
        left_s = call.lease_ends_at - clock.lease_clock()
        if call.action is Action.SEND and left_s <= 0:
            return NeverTaken()  # by now another worker may send it
        began = time.monotonic()
        try:
            answer = await _within(left_s, call, _call(provider, call))
            if not isinstance(answer, bool if call.action is Action.CANCEL else ProviderAnswer):
                raise TypeError("an adapter must answer in the typed outcomes")
        except Exception as error:  # noqa: BLE001 - a fault in somebody's adapter must not lose the attempt
            answer = _failed(call, error)
        if call.message is not None and isinstance(answer, Outcome):
            self._count(provider, answer, time.monotonic() - began)
        return answer

    def _count(self, provider: Provider, outcome: Outcome, took_s: float) -> None:
        self._send_counter.count(provider, outcome, took_s, self._registry.slow_s(provider.name))


def _failed(call: ProviderCall, error: Exception) -> ProviderAnswer | bool:
    """What the adapter did before it failed is unknown, and that is a state of its own."""
    kind = type(error).__name__
    _log.error("adapter_failed", attempt=str(call.attempt_id), provider=call.provider, error=kind)
    return False if call.action is Action.CANCEL else InDoubt(f"adapter failed: {kind}")


def without_provider(call: ProviderCall) -> ProviderAnswer | bool:
    """What becomes of a call that no provider is there for."""
    is_visit = call.message is not None and call.message.channel is Channel.VISIT
    return _NO_ROSTER if is_visit else WITHOUT_PROVIDER[call.action]


async def _within(left_s: float, call: ProviderCall, under_way: Coroutine[Any, Any, Any]) -> Any:
    """No call outlasts its lease: a question about it that is asked after that meets nothing on its way from us.

    An adapter that goes on all the same, or that cancels itself, holds nobody's place.
    """
    asked = asyncio.ensure_future(under_way)
    done, _ = await asyncio.wait({asked}, timeout=None if math.isinf(left_s) else max(0.0, left_s))
    if not done:
        asked.cancel()
        asked.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # told to nobody any more
        await asyncio.wait({asked}, timeout=_GRACE_S)
        return False if call.action is Action.CANCEL else _GIVEN_UP
    if asked.cancelled():
        raise RuntimeError("the adapter cancelled itself")
    return asked.result()


async def _call(provider: Provider, call: ProviderCall) -> Any:
    if call.action is Action.QUERY:
        return await provider.query(call.inquiry or Inquiry(call.send_key))
    if call.action is Action.CANCEL:
        return await provider.cancel(call.send_key)
    return await provider.send(call.message) if call.message is not None else _UNREADABLE
