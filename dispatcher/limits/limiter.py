"""Asks the windows of all workers, or a safe share of this one's own where Redis is away.

While Redis is away each worker goes by its part of every window and by its own memory of whom it has told what; no
message is lost by that, and none goes out that all workers' parts together would not allow.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dispatcher.limits.shared import ERRORS, Shared
from dispatcher.limits.windows import AHEAD_MS, Digest, Kind, Ledger, Verdict, Window, windows
from dispatcher.logging import logger
from providers.base import OperationsFault, Provider, SwitchChannel
from providers.limits import Limits

_AWAY_S = 1.0  # then Redis is asked again
_FORGET_EVERY = 1000
_LATE_S = 0.05  # beyond it a place is held on
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Booking:
    """Places for one message, held since `since`; it may leave at `starts_at` (monotonic seconds of this process)."""

    message: str
    asked: tuple[Window, ...]
    since: float
    starts_at: float

    @property
    def has_line(self) -> bool:
        return any(each.kind is Kind.LINES for each in self.asked)


@dataclass(frozen=True, slots=True)
class Full:
    """No place soon; not worth asking again before `wait_s`."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """One limit of a provider. `used` is None where it is counted for each number by itself, or was not asked."""

    kind: str
    limit: str
    used: int | None = None


Answer = Booking | Full | SwitchChannel | OperationsFault


class Limiter:
    """One a worker process. `digest` hides a number, `workers` is how many share what they can't ask about."""

    def __init__(self, shared: Shared, digest: Digest, workers: int) -> None:
        self._shared, self._digest, self._workers = shared, digest, workers
        self._own = Ledger()
        self._lock = threading.Lock()  # the task's thread books, the event loop settles
        self._away_until = 0.0
        self._noted = 0

    def book(
        self, provider: Provider, limits: Limits, to: str | None, message: str, *, is_urgent: bool, lease_s: float
    ) -> Answer | None:
        """A place for a message to `to`, if there is one within half a second; None where nothing is counted."""
        if not limits.count:
            return None
        callee = self._digest(to) if to and limits.callee else None
        asked = windows(provider.name, limits, callee, is_urgent=is_urgent, lease_s=lease_s)
        before = time.monotonic()
        answered, verdict = self._ask(message, asked)
        wait = verdict.wait_ms / 1000
        if verdict.is_booked:
            return Booking(message, asked, before + wait, time.monotonic() + wait)
        return _refusal(answered, verdict)

    async def keep(self, booking: Booking) -> bool:
        """Whether the message may leave now; False where it comes too late for its place."""
        if time.monotonic() - booking.since < _LATE_S:
            return True
        timed = tuple(each for each in booking.asked if each.length_ms)
        with self._lock:
            is_ours = self._own.keep(_now(), booking.message, self._parts(timed))
        if self._is_away:
            return is_ours
        try:
            return not timed or await self._shared.keep(booking.message, timed)
        except ERRORS as error:
            self._lose(error)
            return is_ours

    async def settle(self, booking: Booking) -> None:
        """The answer is in. Where that can't be said, the places become free by themselves, a little later."""
        with self._lock:
            self._own.settle(_now(), booking.message, self._parts(booking.asked))
        if self._is_away:
            return
        try:
            await self._shared.settle(booking.message, booking.asked)
        except ERRORS as error:
            self._lose(error)

    def left(self, provider: str, limits: Limits) -> list[Left]:
        """What is used of each limit now. Raises what shared.ERRORS lists."""
        counted = windows(provider, limits, None, is_urgent=True, lease_s=0)
        used = self._shared.used(counted) if counted else []
        found = limits_of(provider, limits)
        return [replace(each, used=n) for each, n in zip(found, used, strict=False)] + found[len(used) :]

    async def close(self) -> None:
        await self._shared.close()

    @property
    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def _ask(self, message: str, asked: tuple[Window, ...]) -> tuple[tuple[Window, ...], Verdict]:
        """By which windows it was answered, and how."""
        if not self._is_away:
            try:
                verdict = self._shared.book(message, asked)
            except ERRORS as error:
                self._lose(error)
            else:
                if verdict.is_booked:
                    self._remember(message, asked, verdict.wait_ms)
                return asked, verdict
        with self._lock:
            return self._parts(asked), self._own.book(_now(), message, self._parts(asked))

    def _remember(self, message: str, asked: tuple[Window, ...], wait_ms: int) -> None:
        """What went out by this process, should it soon have to go by that alone."""
        with self._lock:
            self._own.note(_now() + wait_ms, message, self._parts(asked))
            self._noted += 1
            if self._noted % _FORGET_EVERY == 0:
                self._own.forget(_now())

    def _parts(self, asked: Sequence[Window]) -> tuple[Window, ...]:
        return tuple(each.shared_by(self._workers) for each in asked)

    def _lose(self, error: Exception) -> None:
        self._away_until = time.monotonic() + _AWAY_S
        _log.warning("limits_of_own_share", error=type(error).__name__, workers=self._workers)


def limits_of(provider: str, limits: Limits) -> list[Left]:
    """Each limit, not asked about; those of a number come last."""
    counted = windows(provider, limits, "", is_urgent=True, lease_s=0)
    return [Left(each.kind.name.lower(), each.told) for each in counted]


def _now() -> int:
    return int(time.monotonic() * 1000)


def _refusal(asked: Sequence[Window], verdict: Verdict) -> Full | SwitchChannel | OperationsFault:
    """By what is full: a number, the account, or only the moment."""
    full = [(each, wait) for each, wait in zip(asked, verdict.waits_ms, strict=True) if wait > AHEAD_MS]
    worst, wait = max(full, key=lambda each: (each[0].kind, each[1]))
    told = f"limit: {worst.told} used up"
    if worst.kind is Kind.CALLEE:
        return SwitchChannel(f"callee {told}")
    if worst.kind is Kind.ACCOUNT and not worst.is_routine:
        return OperationsFault(f"account {told}")
    # A line is free, and a place not answered for counts shorter, as soon as an answer comes.
    sure = 0 if worst.kind is Kind.LINES else wait - worst.hold_ms - AHEAD_MS
    return Full(max(0, sure) / 1000)
