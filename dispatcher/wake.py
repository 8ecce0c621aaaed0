"""The port through which work is announced: a message that says "look", never what to do.

Lost messages cost a second, not a warning: the sweep rings again.
"""

import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dispatcher.broker import Broker

LANES = ("urgent", "routine")
URGENT, ROUTINE = LANES
LINK = "link."  # before a provider's name: the lane of what goes through its link
# What can be woken: task name and its queue. A lane has a queue of its name.
DELIVER = "deliver_due"
SETTLE = ("settle_receipts", "casework")
ADVANCE = ("advance_due", "casework")

_GAP_S = 0.05
_CASEWORK_GAP_S = 0.15  # receipts settled together cost a third of what they cost one by one


def link_lane(provider: str) -> str:
    """The lane, and the queue, of the one worker that holds this provider's link."""
    return LINK + provider


class Wake(Protocol):
    def deliver(self, *lanes: str) -> None: ...
    def settle(self) -> None: ...
    def advance(self) -> None: ...


class CeleryWake:
    """Rings by Celery, at most once in 50 or 150 ms for each queue; a ring inside that gap follows at its end."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], float] = {}
        self._pending: set[tuple[str, str]] = set()

    def deliver(self, *lanes: str) -> None:
        for lane in lanes:
            self._ring((DELIVER, lane))

    def settle(self) -> None:
        self._ring(SETTLE)

    def advance(self) -> None:
        self._ring(ADVANCE)

    def _ring(self, bell: tuple[str, str]) -> None:
        with self._lock:
            gap = _GAP_S if bell[0] == DELIVER else _CASEWORK_GAP_S
            wait = self._last.get(bell, 0.0) + gap - time.monotonic()
            if wait > 0:
                if bell not in self._pending:
                    self._pending.add(bell)
                    timer = threading.Timer(wait, self._send, (bell,))
                    timer.daemon = True
                    timer.start()
                return
            self._last[bell] = time.monotonic()
        self._send(bell)

    def _send(self, bell: tuple[str, str]) -> None:
        with self._lock:
            self._pending.discard(bell)
            self._last[bell] = time.monotonic()
        name, queue = bell
        self._broker.send(name, [queue] if name == DELIVER else [], queue)

    @cached_property
    def _broker(self) -> "Broker":
        # Celery takes as long to load as all else together: commands that wake nobody do without.
        from dispatcher.broker import Broker

        return Broker(self._redis_url)


class Silent:
    """For commands that run without a broker at hand: the sweep will ring."""

    def deliver(self, *lanes: str) -> None: ...
    def settle(self) -> None: ...
    def advance(self) -> None: ...
