"""The windows that count a message, and what a full one means. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from providers.limits import Limits, Rate

# Places are booked this far ahead, so that the next message is ready when its place becomes free.
AHEAD_MS = 500
# How long after its taking a place counts as not yet used, at most, where no answer comes sooner: longer than a busy
# machine stands still, and short beside a call that is answered only at its end.
_ON_ITS_WAY_MS = 2000
_ON_ITS_WAY_PART = 25  # or this part of a long window
_MARGIN_MS = 1  # two clocks that count one window run apart


class Kind(IntEnum):
    """What is counted. The highest of those that are full decides what becomes of the message."""

    RATE = 1
    LINES = 2
    ACCOUNT = 3
    CALLEE = 4


@dataclass(frozen=True, slots=True)
class Window:
    """At most `places` in any `length_ms`; a place not answered for is held `hold_ms` beside."""

    key: str
    kind: Kind
    places: int
    length_ms: int
    hold_ms: int
    is_routine: bool = False

    @property
    def told(self) -> str:
        """As PROVIDERS_FILE writes it."""
        return str(Rate(self.places, self.length_ms // 1000)) if self.length_ms else str(self.places)

    def shared_by(self, workers: int) -> "Window":
        """One worker's part of it, where it can't ask what the others do.

        Where there is less than one place each, a place a longer time; a line can't be cut, so each keeps one. That
        one's part of the account is used up is nobody's fault.
        """
        if self.kind is Kind.CALLEE:
            return self
        kind = Kind.RATE if self.kind is Kind.ACCOUNT else self.kind
        if self.places >= workers or not self.length_ms:
            return replace(self, kind=kind, places=max(1, self.places // workers))
        return replace(self, kind=kind, places=1, length_ms=self.length_ms * workers // self.places)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the places were taken, and in how many ms each window has one free; `wait_ms`: all of them."""

    is_booked: bool
    waits_ms: tuple[int, ...]

    @property
    def wait_ms(self) -> int:
        return max(self.waits_ms, default=0)


Digest = Callable[[str], str]


def windows(
    provider: str, limits: Limits, callee: str | None, *, is_urgent: bool, lease_s: float
) -> tuple[Window, ...]:
    """Every window that counts this message. `callee` stands for the number and must not tell it.

    Routine work is counted a second time, against what is not reserved.
    """
    found = list(_of_provider(provider, limits, lease_s))
    if not is_urgent:
        found += [_routine(each, limits.reserved_urgent) for each in tuple(found)]
    if callee is not None:
        named = _named(provider, Kind.CALLEE, limits.callee)
        found += [replace(each, key=f"{each.key}:{callee}") for each in named]
    return tuple(found)


def _of_provider(provider: str, limits: Limits, lease_s: float) -> Iterator[Window]:
    yield from _named(provider, Kind.RATE, limits.rate)
    if limits.at_once:
        yield Window(_key(provider, Kind.LINES, ""), Kind.LINES, limits.at_once, 0, int(lease_s * 1000))
    yield from _named(provider, Kind.ACCOUNT, limits.account)


def _named(provider: str, kind: Kind, rates: Sequence[Rate]) -> Iterator[Window]:
    for rate in rates:
        length = rate.seconds * 1000
        hold = max(_ON_ITS_WAY_MS, length // _ON_ITS_WAY_PART)
        yield Window(_key(provider, kind, f"{rate.seconds}s"), kind, rate.places, length + _MARGIN_MS, hold)


def _routine(window: Window, reserved: float) -> Window:
    places = max(1, int(window.places * (1 - reserved)))
    return replace(window, key=f"{window.key}:routine", places=places, is_routine=True)


def _key(provider: str, kind: Kind, length: str) -> str:
    # Braces: a cluster keeps all of one provider's keys together.
    return ":".join(part for part in ("limits", "{" + provider + "}", kind.name.lower(), length) if part)


class Ledger:
    """Windows in memory: what the script in Redis does, for one process. Time is an argument, in ms."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[str, int]] = {}

    def book(self, now: int, message: str, asked: Sequence[Window], ahead_ms: int = AHEAD_MS) -> Verdict:
        """Take a place in each window, at the first moment at which all have one; none if that is too far ahead.

        A message that comes again lets go of the places that it has: the transaction that booked them was rolled back.
        """
        for each in asked:
            self._taken.get(each.key, {}).pop(message, None)
        waits = tuple(self._free_at(now, each) - now for each in asked)
        start = now + max(waits, default=0)
        if start > now + ahead_ms:
            return Verdict(False, waits)
        self.note(start, message, asked)
        return Verdict(True, waits)

    def note(self, start: int, message: str, asked: Sequence[Window]) -> None:
        """Places that were taken elsewhere, or are taken here."""
        for each in asked:
            self._taken.setdefault(each.key, {})[message] = start + each.length_ms + each.hold_ms

    def settle(self, now: int, message: str, asked: Sequence[Window]) -> None:
        """The answer is in: what was counted, is counted by now."""
        for each in asked:
            taken = self._taken.get(each.key, {})
            if message in taken:
                taken[message] = min(taken[message], now + each.length_ms)

    def keep(self, now: int, message: str, asked: Sequence[Window], ahead_ms: int = AHEAD_MS) -> bool:
        """Go on holding places whose message leaves only now; False where others may have counted on them by now."""
        timed = [each for each in asked if each.length_ms]
        if any(self._taken.get(each.key, {}).get(message, now) <= now + ahead_ms for each in timed):
            return False
        self.note(now, message, timed)
        return True

    def used(self, now: int, key: str) -> int:
        return sum(1 for until in self._taken.get(key, {}).values() if until > now)

    def forget(self, now: int) -> None:
        """Let go of everything that is free."""
        kept = {key: {m: until for m, until in taken.items() if until > now} for key, taken in self._taken.items()}
        self._taken = {key: taken for key, taken in kept.items() if taken}

    def _free_at(self, now: int, window: Window) -> int:
        until = sorted(each for each in self._taken.get(window.key, {}).values() if each > now)
        return until[len(until) - window.places] if len(until) >= window.places else now
