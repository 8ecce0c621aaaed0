"""Plays the drill and measures it: how soon traffic moves, how it comes back, what the gateways took."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from dispatcher import clock
from dispatcher.casework.breaker import STEPS
from dispatcher.setup import Services
from tests.failover.failover_stack import GATEWAYS, SLOW_S, FailoverStack

MOVED_WITHIN_S = 10.0
_BAD_FOR_S, _BACK_WITHIN_S, _QUIET_WITHIN_S = 14.0, 150.0, 120.0
_WELL_FOR_S = 12.0  # between two faults, to see its share once it is back
_MOST_AT_FIRST = 0.3  # of the traffic, at the first step of a return: it should be 9 %
_LEAST_WHEN_BACK = 0.25  # it should be half
_BAD, _BACK = "A", ["returning"] * len(STEPS) + ["closed"]


@dataclass(frozen=True)
class Phase:
    name: str
    what: str
    faults: dict[str, Any]


PHASES = (
    Phase("slow", "answers after 2.5 s", {"delay_ms": int(2500 * SLOW_S)}),
    Phase("500", "answers 500", {"rate_500": 1.0}),
    Phase("refusal", "200 with a refusal inside, or garbage", {"rate_refusal_inside": 0.7, "rate_garbage_answer": 1.0}),
)


@dataclass
class Row:
    """What one phase came to. Shares are of the traffic, by the attempts' own times."""

    phase: Phase
    moved_s: float = 0.0
    back_s: float = 0.0
    causes: list[str] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)  # at each step, and once it is back
    broken: list[str] = field(default_factory=list)


def play(phase: Phase, services: Services, stack: FailoverStack, tell: Callable[[str], None]) -> Row:
    """One fault from its begin until the gateway is fully back."""
    row, begin = Row(phase), _now(services)
    stack.turn(_BAD, **phase.faults)
    tell(f"{phase.name}: A {phase.what}")
    time.sleep(_BAD_FOR_S)
    stack.turn(_BAD)
    well = _now(services)
    history = _until_back(services, begin, lambda at: tell(f"{phase.name}: A is well again, {at}"))
    tell(f"{phase.name}: looking at A once it is back")
    time.sleep(_WELL_FOR_S)
    _measure(row, services, begin, well, history)
    return row


def _measure(row: Row, services: Services, begin: datetime, well: datetime, history: list[Any]) -> None:
    row.causes = [cause for _, _, cause in history]
    after = [health for _, health, _ in history]
    opened = next((at for at, health, _ in history if health == "open"), None)
    if opened is None or after[-1:] != ["closed"]:
        row.broken.append(f"A never opened and came back: {', '.join(after) or 'nothing happened'}")
        return
    sends = _sends(services, begin)
    row.moved_s = _seconds(max((at for at, name in sends if name == _BAD and at < well), default=begin) - begin)
    row.back_s = _seconds(history[-1][0] - well)
    if row.moved_s > MOVED_WITHIN_S:
        row.broken.append(f"A was still sent to {row.moved_s:.1f} s after it turned bad")
    if after != ["open", *_BACK]:
        row.broken.append(f"A did not come back by its steps: {', '.join(after)}")
        return
    changes = [at for at, health, _ in history if health != "open"]
    row.shares = [_share(sends, one, other) for one, other in zip(changes, [*changes[1:], None], strict=True)]
    if row.shares[0] > _MOST_AT_FIRST or row.shares[-1] < _LEAST_WHEN_BACK:
        row.broken.append(f"A's shares on its way back: {', '.join(f'{share:.0%}' for share in row.shares)}")


def judge_all(services: Services, stack: FailoverStack, pushed: int) -> list[str]:
    """What must hold of all messages, by the gateways' own append-only records."""
    taken = {name: stack.taken(name) for name in GATEWAYS}
    people = Counter(line.to for lines in taken.values() for line in lines)
    broken = [f"{count} messages to one person" for count in people.values() if count > 1]
    if len(people) != pushed:
        broken.append(f"{pushed} people to warn, {len(people)} warned")
    with services.sessions() as session:
        found = session.execute(text("SELECT result, count(*) FROM attempts WHERE channel = 'sms' GROUP BY 1"))
        results = dict(found.tuples().all())
    if results.get("DELIVERED") != pushed:
        broken.append(f"{results.get('DELIVERED', 0)} of {pushed} delivered")
    return broken


def wait_until_quiet(services: Services) -> bool:
    """Every SMS has its result."""
    until = time.monotonic() + _QUIET_WITHIN_S
    unsettled = text("SELECT count(*) FROM attempts WHERE channel = 'sms' AND settled_at IS NULL")
    while time.monotonic() < until:
        with services.sessions() as session:
            if session.scalar(unsettled) == 0:
                return True
        time.sleep(1)
    return False


def _until_back(services: Services, begin: datetime, tell: Callable[[str], None]) -> list[Any]:
    """A's changes since then: (when, health, cause), once it is fully back or its time is over."""
    until, history = time.monotonic() + _BACK_WITHIN_S, list[Any]()
    while time.monotonic() < until and not (history and history[-1][1] == "closed"):
        time.sleep(1)
        with services.sessions() as session:
            rows = session.execute(_HISTORY, {"provider": _BAD, "begin": begin})
            history = [tuple(row) for row in rows]
        tell(f"stands: {history[-1][1] if history else 'closed'}")
    return history


def _sends(services: Services, begin: datetime) -> list[tuple[datetime, str]]:
    with services.sessions() as session:
        return [(at, name) for at, name in session.execute(_SENDS, {"begin": begin})]


def _share(sends: list[tuple[datetime, str]], begin: datetime, end: datetime | None) -> float:
    # Each process reads a new standing within a second.
    names = [name for at, name in sends if at >= begin + timedelta(seconds=1) and (end is None or at < end)]
    return names.count(_BAD) / len(names) if names else 0.0


def _now(services: Services) -> datetime:
    with services.sessions() as session:
        return clock.shared_now(session)


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 1)


_HISTORY = text("SELECT at, after, cause FROM provider_history WHERE provider = :provider AND at > :begin ORDER BY id")
_SENDS = text("SELECT sent_at, provider FROM attempts WHERE channel = 'sms' AND sent_at > :begin ORDER BY 1")
