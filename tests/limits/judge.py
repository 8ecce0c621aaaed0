"""What a record of the receiving end proves. Pure; times in seconds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from providers.limits import Rate


@dataclass(frozen=True)
class Row:
    """One limit: the most that was ever seen in it, and how much of what it allows was used."""

    name: str
    allowed: int
    most: int
    used: float | None = None  # None: another limit is narrower

    def holds(self, least_used: float) -> bool:
        return self.most <= self.allowed and (self.used is None or self.used >= least_used)


def most_in(times: Iterable[float], length: float) -> int:
    """The most of them in any stretch shorter than this."""
    ordered, first, most = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= length:
            first += 1
        most = max(most, last - first + 1)
    return most


def most_at_once(stretches: Iterable[tuple[float, float]]) -> int:
    """The most that were under way at one moment."""
    # At one moment, an end comes before a begin.
    steps = sorted(step for begin, end in stretches for step in ((begin, 1), (end, -1)))
    now = most = 0
    for _, change in steps:
        now += change
        most = max(most, now)
    return most


def allowed_in(rates: Sequence[Rate], duration: float) -> int:
    """How many messages could have gone in this time if each had gone at the first moment that all rates allow."""
    sent: list[float] = []
    while True:
        at = max((sent[-each.places] + each.seconds for each in rates if len(sent) >= each.places), default=0.0)
        if at >= duration:
            return len(sent)
        sent.append(at)
