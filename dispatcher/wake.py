"""The port through which work is announced: a message that says "look", never what to do.

A lost message costs a second, not a warning: the sweep wakes again.
"""

import atexit
import math
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from dispatcher.logging import logger
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
_FINISH_S = 1.0
_log = logger(__name__)


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
    """Wakes by Celery, at most once in 50 or 150 ms for each task; a call inside that gap is made up for at its end.

    A thread of its own sends: nobody who has just committed waits for a broker that hangs.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._changed = threading.Condition()
        self._due: dict[Task, float] = {}  # when each is to be sent
        self._sent: dict[Task, float] = {}
        self._is_sending = False
        self._thread: threading.Thread | None = None

    def deliver(self, *lanes: str) -> None:
        for task in {_delivery_of(lane): None for lane in lanes}:
            self._send_soon(task)

    def settle(self) -> None:
        self._send_soon(SETTLE)

    def advance(self) -> None:
        self._send_soon(ADVANCE)

    def _send_soon(self, task: Task) -> None:
        gap = _CASEWORK_GAP_S if task in (SETTLE, ADVANCE) else _GAP_S
        with self._changed:
            self._due.setdefault(task, self._sent.get(task, -math.inf) + gap)
            if self._thread is None:
                # It has itself called at the end, which Python refuses once a command is over; Celery needs it.
                import concurrent.futures.thread  # noqa: F401

                self._thread = threading.Thread(target=self._send_all, name="wake", daemon=True)
                self._thread.start()
                atexit.register(self._finish)
            self._changed.notify_all()

    def _send_all(self) -> None:
        while True:
            task, queue = self._next()
            try:
                self._broker.send(task, queue)
            except Exception as error:  # noqa: BLE001 - told here; a thread that ended would wake nobody any more
                _log.error("wake_failed", queue=queue, error=type(error).__name__)

    def _next(self) -> Task:
        """Wait until one is to be sent."""
        with self._changed:
            self._is_sending = False
            self._changed.notify_all()
            while not self._due or (wait_s := min(self._due.values()) - time.monotonic()) > 0:
                self._changed.wait(wait_s if self._due else None)
            task = min(self._due, key=self._due.__getitem__)
            del self._due[task]
            self._sent[task] = time.monotonic()
            self._is_sending = True
            return task

    def _finish(self) -> None:
        """Send what a command that ends has just planned; without it the sweep would, a second later."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._due or self._is_sending), _FINISH_S)

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
