"""Capacity for what is claimed: a message is claimed once its provider may have it, and waits untouched before."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, not_, or_

from dispatcher.casework.context import Context
from dispatcher.delivery import link_lanes
from dispatcher.limits import Booking, Full, Limiter
from dispatcher.store.attempts import AttemptRow
from dispatcher.wake import URGENT, lane_of
from providers.base import OperationsFault, Outcome, Provider, SwitchChannel
from providers.registry import Registry
from schemas.vocabulary import Action, Urgency

LEASE_MARGIN_S = 5.0  # beyond a provider's timeout
# Full ones are not asked again before: many workers would do nothing else.
_LEAST_S, _MOST_S = 0.1, 1.0
_Key = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a message goes: with its places, or with the reason for which the provider may not have it, or later."""

    provider: Provider | None = None
    booking: Booking | None = None
    refusal: Outcome | None = None
    must_wait: bool = False


class Capacity:
    """One a worker process, kept over its claims."""

    def __init__(self, limiter: Limiter, registry: Registry, context: Context) -> None:
        self._limiter, self._registry, self._zone = limiter, registry, context.policy.timezone
        self._full: dict[_Key, float] = {}  # provider and urgent or not, and until when
        self.booked: list[tuple[str, Booking]] = []  # by the claim under way
        self._waiting: dict[_Key, float] = {}  # the same of channels: what was left for want of capacity

    def slot(
        self,
        attempt: AttemptRow,
        lanes: Collection[str],
        provider: Provider,
        choose: Callable[[Collection[str]], Provider | None],
        number: Callable[[], str | None],
        now: datetime,
    ) -> Slot:
        """A place at this provider, or at the next one that `choose` gives beside those that have none.

        Where nobody may reach this person now, the last one's refusal moves the plan to the next channel.
        """
        passed: list[str] = []
        waits: list[float] = []
        found: Provider | None = provider
        refused = Slot()
        while found is not None:
            if link_lanes.belongs_elsewhere(found, lanes):
                return Slot(found)  # its own worker asks
            answer = self._ask(attempt, found, number, now)
            if isinstance(answer, OperationsFault):
                return Slot(found, refusal=answer)
            if isinstance(answer, SwitchChannel):
                refused = Slot(found, refusal=answer)
            elif isinstance(answer, Full):
                waits.append(answer.wait_s)
            else:
                if answer is not None:
                    self.booked.append((found.name, answer))
                return Slot(found, answer)
            passed.append(found.name)
            found = choose(passed)
        if not waits:
            return refused
        self._waiting[attempt.channel, _is_urgent(attempt)] = time.monotonic() + _bounded(min(waits))
        return Slot(must_wait=True)

    async def give_back(self) -> None:
        """The claim that booked places was rolled back: they are free at once, not only at the end of their time."""
        booked, self.booked = self.booked, []
        for provider, booking in booked:
            await self._limiter.settle(booking)
            self.line_is_free(provider)

    def line_is_free(self, provider: str) -> None:
        """A call through it has ended: what waits for its lines is worth a look."""
        for urgent in (True, False):
            if self._full.pop((provider, urgent), None):
                self._waiting = {key: until for key, until in self._waiting.items() if key[1] is not urgent}

    def look_again(self) -> None:
        """Let go of what has waited long enough; within one claim it goes on waiting, or that would never end."""
        self._waiting = {key: until for key, until in self._waiting.items() if until > time.monotonic()}

    def is_open(self) -> ColumnElement[bool]:
        """A condition that leaves out what waits for capacity."""
        closed = [and_(AttemptRow.channel == channel, _is_row(urgent)) for channel, urgent in self._waiting]
        return or_(AttemptRow.action != Action.SEND, not_(or_(false(), *closed)))

    def wait_s(self) -> float | None:
        """Until what waits is worth another look; None where nothing waits."""
        self.look_again()
        return max(0.0, min(self._waiting.values()) - time.monotonic()) if self._waiting else None

    def _ask(
        self, attempt: AttemptRow, provider: Provider, number: Callable[[], str | None], now: datetime
    ) -> Booking | Full | SwitchChannel | OperationsFault | None:
        limits, key = self._registry.limits(provider), (provider.name, _is_urgent(attempt))
        if limits.quiet and limits.quiet.holds(now.astimezone(self._zone).time()):
            return SwitchChannel(f"provider quiet hours {limits.quiet}")
        wait = self._full.get(key, 0.0) - time.monotonic()
        if wait > 0:
            return Full(wait)
        answer = self._limiter.book(
            provider,
            limits,
            number() if limits.callee else None,
            str(attempt.id),
            is_urgent=key[1],
            lease_s=provider.timeout_s + LEASE_MARGIN_S,
        )
        if isinstance(answer, Full):
            self._full[key] = time.monotonic() + _bounded(answer.wait_s)
        return answer


def _bounded(wait_s: float) -> float:
    return min(max(wait_s, _LEAST_S), _MOST_S)


def _is_urgent(attempt: AttemptRow) -> bool:
    return lane_of(attempt.urgency_rank) == URGENT


def _is_row(urgent: bool) -> ColumnElement[bool]:
    rank = AttemptRow.urgency_rank
    return rank <= Urgency.HIGH.rank if urgent else rank > Urgency.HIGH.rank
