"""Doing one errand at its provider, on the event loop: in its place, once, and with a typed word at its end."""

import asyncio
import time
from typing import Any

from dispatcher.casework import delivery
from dispatcher.casework.delivery import Errand
from dispatcher.casework.outcomes import Word
from dispatcher.limits import Booking, Limiter
from dispatcher.logging import logger
from dispatcher.tally import Tally
from providers.base import InDoubt, Inquiry, OperationsFault, Outcome, Provider, Transient
from providers.registry import Registry

_TOO_LATE = Transient("left too late for its place")
_log = logger(__name__)


class Errands:
    """What came of each send is counted, for the provider's standing."""

    def __init__(self, registry: Registry, limiter: Limiter, tally: Tally) -> None:
        self._registry, self._limiter, self._tally = registry, limiter, tally

    async def do(self, errand: Errand) -> Any:
        """Do it. Never raises; whatever an adapter does wrong, the attempt is not lost."""
        provider = self._registry.get(errand.provider)
        if provider is None:
            return delivery.WITHOUT_PROVIDER[errand.action]
        if errand.refusal is not None:
            if isinstance(errand.refusal, OperationsFault):
                self._count(provider, errand.refusal, 0.0)
            return errand.refusal
        if errand.booking is None:
            return await self._ask(provider, errand)
        return await self._in_its_place(provider, errand, errand.booking)

    async def _in_its_place(self, provider: Provider, errand: Errand, booking: Booking) -> Any:
        await asyncio.sleep(max(0.0, booking.starts_at - time.monotonic()))
        if not await self._limiter.keep(booking):
            return _TOO_LATE
        word = await self._ask(provider, errand)
        # What is in doubt may be counted, or hold its line, for as long as the call could take.
        if not isinstance(word, InDoubt):
            await self._limiter.settle(booking)
        return word

    async def _ask(self, provider: Provider, errand: Errand) -> Any:
        began = time.monotonic()
        try:
            word = await _call(provider, errand)
            if not isinstance(word, bool if errand.action == "cancel" else Word):
                raise TypeError("an adapter must answer in the typed outcomes")
        except Exception as error:  # noqa: BLE001 - a fault in somebody's adapter must not lose the attempt
            # What the adapter did before it failed is unknown, and that is a state of its own.
            kind = type(error).__name__
            _log.error("adapter_failed", attempt=str(errand.attempt_id), provider=errand.provider, error=kind)
            word = False if errand.action == "cancel" else InDoubt(f"adapter failed: {kind}")
        if errand.message is not None and isinstance(word, Outcome):
            self._count(provider, word, time.monotonic() - began)
        return word

    def _count(self, provider: Provider, outcome: Outcome, took_s: float) -> None:
        self._tally.count(provider, outcome, took_s, self._registry.slow_s(provider.name))


async def _call(provider: Provider, errand: Errand) -> Any:
    if errand.action == "query":
        return await provider.query(errand.inquiry or Inquiry(errand.send_key))
    if errand.action == "cancel":
        return await provider.cancel(errand.send_key)
    return await provider.send(errand.message) if errand.message is not None else delivery.UNREADABLE
