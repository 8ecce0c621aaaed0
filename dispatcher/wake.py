"""The port through which work is announced: a message that says "look", never what to do.

A lost message costs a second, not a warning: the sweep wakes again.
"""

import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from schemas.vocabulary import Urgency

if TYPE_CHECKING:
    from dispatcher.broker import Broker

URGENT, ROUTINE = GENERAL = ("urgent", "routine")
LINK = "link."  # before a provider's name: the lane, and the queue, of what goes through its link
# A task and the queue that it is sent to.
Task = tuple[str, str]
DELIVER: Task = ("deliver_due", "delivery")  # both general lanes
SETTLE: Task = ("settle_receipts", "casework")
ADVANCE: Task = ("advance_due", "casework")

_GAP_S = 0.05
_CASEWORK_GAP_S = 0.15  # receipts settled together cost a third of what they cost one by one


def lane_of(urgency_rank: int) -> str:
    """The general lane of an attempt of this urgency."""
    return URGENT if urgency_rank <= Urgency.HIGH.rank else ROUTINE


def link_lane(provider: str) -> str:
    """The lane, and the queue, of the one worker that holds this provider's link."""
    return LINK + provider


def _delivery_of(lane: str) -> Task:
    """The task that delivers what is due on this lane."""
    return (DELIVER[0], lane) if lane.startswith(LINK) else DELIVER


class Wake(Protocol):
    def deliver(self, *lanes: str) -> None: ...
    def settle(self) -> None: ...
    def advance(self) -> None: ...


class CeleryWake:
    """Wakes by Celery, at most once in 50 or 150 ms for each task; a call inside that gap is made up for at its end."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._lock = threading.Lock()
        self._last: dict[Task, float] = {}
        self._pending: set[Task] = set()

    def deliver(self, *lanes: str) -> None:
        for task in {_delivery_of(lane): None for lane in lanes}:
            self._send_spaced(task)

    def settle(self) -> None:
        self._send_spaced(SETTLE)

    def advance(self) -> None:
        self._send_spaced(ADVANCE)

    def _send_spaced(self, task: Task) -> None:
        with self._lock:
            gap = _CASEWORK_GAP_S if task in (SETTLE, ADVANCE) else _GAP_S
            wait = self._last.get(task, 0.0) + gap - time.monotonic()
            if wait > 0:
                if task not in self._pending:
                    self._pending.add(task)
                    timer = threading.Timer(wait, self._send, (task,))
                    timer.daemon = True
                    timer.start()
                return
            self._last[task] = time.monotonic()
        self._send(task)

    def _send(self, task: Task) -> None:
        with self._lock:
            self._pending.discard(task)
            self._last[task] = time.monotonic()
        self._broker.send(*task)

    @cached_property
    def _broker(self) -> "Broker":
        # Celery takes as long to load as all else together: commands that wake nobody do without.
        from dispatcher.broker import Broker

        return Broker(self._redis_url)


class Silent:
    """For commands without a broker: the sweep will wake."""

    def deliver(self, *lanes: str) -> None: ...
    def settle(self) -> None: ...
    def advance(self) -> None: ...
