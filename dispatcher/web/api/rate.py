"""How many calls a client may make in a minute, over all processes; where Redis is away each counts for itself."""

import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import RedisError

from dispatcher.clients.authentication import Client
from dispatcher.logging import logger

_MINUTE_S = 60.0
_ALONE_FOR_S = 5.0
_SHARES = 100  # a hundredth of the minute's calls is granted at once: by so much may a process be off
_log = logger(__name__)


@dataclass
class _Grant:
    """Calls that were counted already, and may be made until then."""

    left: int
    until: float


class Rate:
    """Redis is asked for some calls at once, so that most calls of a busy client ask nobody."""

    def __init__(self, redis_url: str) -> None:
        options: dict[str, Any] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
        self._shared = FixedWindowRateLimiter(RedisStorage(redis_url, key_prefix="api-calls", **options))
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._alone_until = 0.0
        self._grants: dict[UUID, _Grant] = {}
        self._booking, self._taking = threading.Lock(), threading.Lock()

    def has_granted(self, client: Client) -> bool:
        """Take one of the calls that were granted before; asks nobody."""
        with self._taking:
            return self._take(client)

    def may_call(self, client: Client) -> bool:
        """Count a call, and some more where there is room; whether it may be made. For use from threads.

        One at a time: of many that come at once each would book a share of its own, and all but the last be lost.
        """
        with self._booking:
            return self.has_granted(client) or self._book(client)

    def _take(self, client: Client) -> bool:
        grant = self._grants.get(client.id)
        if grant is None or grant.left < 1 or time.monotonic() >= grant.until:
            return False
        grant.left -= 1
        return True

    def _book(self, client: Client) -> bool:
        limit = RateLimitItemPerMinute(client.calls_per_minute)
        more = client.calls_per_minute // _SHARES
        if more > 1 and self._hit(limit, client, more):
            with self._taking:
                self._grants[client.id] = _Grant(more - 1, time.monotonic() + _MINUTE_S)
            return True
        return self._hit(limit, client, 1)

    def _hit(self, limit: RateLimitItemPerMinute, client: Client, calls: int) -> bool:
        if time.monotonic() >= self._alone_until:
            try:
                return self._shared.hit(limit, str(client.id), cost=calls)
            except RedisError as error:
                self._alone_until = time.monotonic() + _ALONE_FOR_S  # no call waits for it meanwhile
                _log.warning("api_counts_alone", error=type(error).__name__)
        return self._own.hit(limit, str(client.id), cost=calls)

    @property
    def retry_after_s(self) -> float:
        return _MINUTE_S
