"""The port through which work is announced: a message that says "look", never what to do.

Lost messages cost a second, not a warning: the sweep rings again. So a broker that is down
is logged and passed over here, and nowhere else.
"""

import threading
import time
from typing import Protocol

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from dispatcher.logging import logger

LANES = ("urgent", "routine")
URGENT, ROUTINE = LANES
LINK = "link."  # before a provider's name: the lane of what goes through its link
# What can be woken: task name and its queue. A lane has a queue of its name.
DELIVER = "deliver_due"
SETTLE = ("settle_receipts", "casework")
ADVANCE = ("advance_due", "casework")

_GAP_S = 0.05
_CASEWORK_GAP_S = 0.15  # receipts settled together cost a third of what they cost one by one
_BACKLOG = 4  # messages in a queue above which one more would wake nobody
_log = logger(__name__)


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
        self._app = Celery(set_as_current=False)
        self._app.config_from_object("celeryrc")
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
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
        arguments = [queue] if name == DELIVER else []
        try:
            if self._redis.llen(queue) < _BACKLOG:
                self._app.send_task(name, arguments, queue=queue, argsrepr="", kwargsrepr="")
        except (redis.RedisError, OperationalError, OSError) as error:
            _log.warning("wake_failed", queue=queue, error=type(error).__name__)


class Silent:
    """For commands that run without a broker at hand: the sweep will ring."""

    def deliver(self, *lanes: str) -> None: ...
    def settle(self) -> None: ...
    def advance(self) -> None: ...
