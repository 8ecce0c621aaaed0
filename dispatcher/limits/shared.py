"""The windows of all workers, in Redis: sorted sets that one script reads and writes at one moment of Redis's clock.

A window holds one member for each place taken, so never more than its places: 100,000 a day are 10 MB (measured), and
what is counted is exact whatever its length.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

import redis
import redis.asyncio

from dispatcher.limits.windows import AHEAD_MS, Verdict, Window

# Long enough for a machine that is busy: a Redis that is taken for lost costs more than the wait.
_TIMEOUTS: Mapping[str, Any] = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
ERRORS = (redis.RedisError, OSError)


def _script(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.lua").read_text("utf-8")


class Shared:
    """Books from a worker's task, keeps and settles on its event loop. Raises what ERRORS lists."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, **_TIMEOUTS)
        self._loops = redis.asyncio.Redis.from_url(url, **_TIMEOUTS)
        self._book = self._redis.register_script(_script("book"))
        self._settle = self._loops.register_script(_script("settle"))
        self._keep = self._loops.register_script(_script("keep"))

    def book(self, message: str, asked: Sequence[Window]) -> Verdict:
        each = [number for window in asked for number in (window.places, window.length_ms, window.hold_ms)]
        is_booked, *waits = self._book(keys=[window.key for window in asked], args=[message, AHEAD_MS, *each])
        return Verdict(bool(is_booked), tuple(waits))

    async def keep(self, message: str, asked: Sequence[Window]) -> bool:
        lasts = [window.length_ms + window.hold_ms for window in asked]
        return bool(await self._keep(keys=[window.key for window in asked], args=[message, AHEAD_MS, *lasts]))

    async def settle(self, message: str, asked: Sequence[Window]) -> None:
        lengths = [window.length_ms for window in asked]
        await self._settle(keys=[window.key for window in asked], args=[message, *lengths])

    def used(self, asked: Iterable[Window]) -> list[int]:
        """Places taken in each window."""
        seconds, micros = self._redis.time()
        now = seconds * 1000 + micros // 1000
        pipeline = self._redis.pipeline(transaction=False)
        for window in asked:
            pipeline.zcount(window.key, f"({now}", "+inf")
        return list(pipeline.execute())

    async def close(self) -> None:
        await self._loops.aclose()
        self._redis.close()
