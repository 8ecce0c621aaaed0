"""How many calls a client may make in a minute, over all processes; where Redis is away each counts for itself."""

import time
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import RedisError

from dispatcher.clients.authentication import Client
from dispatcher.logging import logger

_MINUTE_S = 60.0
_ALONE_FOR_S = 5.0
_log = logger(__name__)


class Rate:
    """For use from threads."""

    def __init__(self, redis_url: str) -> None:
        options: dict[str, Any] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
        self._shared = FixedWindowRateLimiter(RedisStorage(redis_url, key_prefix="api-calls", **options))
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._alone_until = 0.0

    def may_call(self, client: Client) -> bool:
        """Count a call; whether it may be made."""
        limit = RateLimitItemPerMinute(client.calls_per_minute)
        if time.monotonic() >= self._alone_until:
            try:
                return self._shared.hit(limit, str(client.id))
            except RedisError as error:
                self._alone_until = time.monotonic() + _ALONE_FOR_S  # no call waits for it meanwhile
                _log.warning("api_counts_alone", error=type(error).__name__)
        return self._own.hit(limit, str(client.id))

    @property
    def retry_after_s(self) -> float:
        return _MINUTE_S
