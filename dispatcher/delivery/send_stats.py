"""Counts of sends: what each provider's last sends came to, counted in Redis by the second, from all workers.

Counts are a help, never a condition: where Redis is away they are lost, which the log says, and deliveries go on.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import redis

from dispatcher.casework.breaker import RECENT_S, WINDOW_S, Counts, Kind, Window, is_judged, kind_of
from dispatcher.logging import logger
from providers.base import InDoubt, OperationsFault, Outcome, Provider, Transient

_GATHER_S = 0.5
_KEPT_S = 2 * WINDOW_S
_STREAK_KEPT_S = 3600
_LONGEST_ERROR = 200
_BAD = frozenset({Kind.ERROR, Kind.DOUBT})
_NOTHING = Window()
_log = logger(__name__)


@dataclass(frozen=True)
class SendStats:
    """What is counted of one provider."""

    window: Window = _NOTHING
    last_error: str | None = None
    last_error_at: datetime | None = None


@dataclass
class _Sheet:
    """One provider's counts since the last flush. `in_a_row`: bad ones at the end; `began_anew`: after another."""

    counts: Counter[Kind] = field(default_factory=Counter)
    in_a_row: int = 0
    began_anew: bool = False
    error: str | None = None


class SendCounter:
    """Notes cost the caller nothing but a lock; a thread takes them to Redis. Without a URL nothing is counted."""

    def __init__(self, redis_url: str | None) -> None:
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1) if redis_url else None
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._sheets: dict[str, _Sheet] = defaultdict(_Sheet)
        self._noted = threading.Event()
        self._writer: threading.Thread | None = None
        self._is_away = False

    def count(self, provider: Provider, outcome: Outcome, took_s: float, slow_s: float) -> None:
        """Count what one send came to. What we refused ourselves says nothing of the provider."""
        if isinstance(outcome, OperationsFault) and outcome.ours:
            return
        error = outcome.detail if isinstance(outcome, Transient | InDoubt | OperationsFault) else None
        if is_judged(provider):
            self.note(provider.name, kind_of(outcome, took_s, slow_s), error)

    def note(self, provider: str, kind: Kind, detail: str | None = None) -> None:
        """Count one send. `detail` is the provider's code where it was not sent or not answered."""
        if self._redis is None:
            return
        with self._lock:
            sheet = self._sheets[provider]
            sheet.counts[kind] += 1
            if kind in _BAD:
                sheet.in_a_row += 1
            else:
                sheet.in_a_row, sheet.began_anew = 0, True
            sheet.error = detail or sheet.error
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="send_counter", daemon=True)
                self._writer.start()
        self._noted.set()

    def flush(self) -> None:
        """Take what was noted to Redis now."""
        with self._writing:
            with self._lock:
                sheets, self._sheets = self._sheets, defaultdict(_Sheet)
            if sheets:
                self._asked(lambda server: _add(server, sheets), None)

    def read(self, providers: Iterable[str]) -> Mapping[str, SendStats]:
        """What is known of each; nothing of anybody where Redis is away."""
        nothing: dict[str, SendStats] = {}
        names = list(providers)
        return self._asked(lambda server: _read(server, names), nothing) if names else nothing

    def forget(self, provider: str) -> None:
        """Begin a new window: what was before the standing changed does not count after it."""
        self._asked(lambda server: _forget(server, provider), None)

    def _write(self) -> None:
        while self._noted.wait():
            time.sleep(_GATHER_S)
            self._noted.clear()
            self.flush()

    def _asked(self, ask: Any, otherwise: Any) -> Any:
        if self._redis is None:
            return otherwise
        try:
            answer = ask(self._redis)
        except (redis.RedisError, OSError) as error:
            if not self._is_away:
                _log.warning("health_not_counted", error=type(error).__name__)
            self._is_away = True
            return otherwise
        self._is_away = False
        return answer


def _add(server: "redis.Redis", sheets: Mapping[str, _Sheet]) -> None:
    second = _second(server)
    with server.pipeline(transaction=False) as pipe:
        for name, sheet in sheets.items():
            for kind, count in sheet.counts.items():
                pipe.hincrby(_bucket(name, second), kind.value, count)
            pipe.expire(_bucket(name, second), _KEPT_S)
            if sheet.began_anew:
                pipe.set(_streak(name), sheet.in_a_row)
            elif sheet.in_a_row:
                pipe.incrby(_streak(name), sheet.in_a_row)
            pipe.expire(_streak(name), _STREAK_KEPT_S)
            if sheet.error is not None:
                pipe.hset(_error(name), mapping={"detail": sheet.error[:_LONGEST_ERROR], "at": second})
        pipe.execute()


def _read(server: "redis.Redis", names: list[str]) -> dict[str, SendStats]:
    second = _second(server)
    seconds = range(second - WINDOW_S + 1, second + 1)
    with server.pipeline(transaction=False) as pipe:
        for name in names:
            for each in seconds:
                pipe.hgetall(_bucket(name, each))
            pipe.get(_streak(name))
            pipe.hgetall(_error(name))
        answers = iter(pipe.execute())
    return {name: _told([next(answers) for _ in seconds], next(answers), next(answers)) for name in names}


def _told(buckets: list[dict[bytes, bytes]], streak: bytes | None, error: dict[bytes, bytes]) -> SendStats:
    window = Window(_sum(buckets), _sum(buckets[-RECENT_S:]), int(streak or 0))
    if not error:
        return SendStats(window)
    at = datetime.fromtimestamp(int(error[b"at"]), UTC)
    return SendStats(window, error[b"detail"].decode(errors="replace"), at)


def _sum(buckets: Iterable[dict[bytes, bytes]]) -> Counts:
    total: Counter[str] = Counter()
    for bucket in buckets:
        total.update({kind.decode(): int(count) for kind, count in bucket.items()})
    return Counts(**{kind: total[kind] for kind in Kind})


def _forget(server: "redis.Redis", name: str) -> None:
    second = _second(server)
    server.delete(_streak(name), *(_bucket(name, each) for each in range(second - WINDOW_S, second + 1)))


def _second(server: "redis.Redis") -> int:
    """By the server's clock: hosts may disagree on the time."""
    seconds: int = server.time()[0]
    return seconds


def _bucket(name: str, second: int) -> str:
    return f"health:{name}:{second}"


def _streak(name: str) -> str:
    return f"health:{name}:in_a_row"


def _error(name: str) -> str:
    return f"health:{name}:last_error"
