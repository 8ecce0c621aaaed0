"""Messages into Celery's queues. A broker that is down is logged and passed over here, and nowhere else."""

import time

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from dispatcher.logging import logger

_BACKLOG = 4  # messages in a queue above which one more would wake nobody
_AWAY_S = 2.0  # as long as a worker that is not woken waits until it looks by itself
# The consumer's pop may take its time (docs/celery.md); who sends gives up soon.
_TIMEOUTS = {"socket_timeout": 1, "socket_connect_timeout": 1}
_log = logger(__name__)


class Broker:
    def __init__(self, redis_url: str) -> None:
        self._app = Celery(set_as_current=False)
        self._app.config_from_object("celeryrc")
        self._app.conf.broker_transport_options |= _TIMEOUTS
        self._away_until = 0.0
        self._redis = redis.Redis.from_url(redis_url, **_TIMEOUTS)

    def send(self, task: str, queue: str) -> None:
        """Send it, unless enough messages wait in the queue already."""
        if time.monotonic() < self._away_until:
            return
        try:
            if self._redis.llen(queue) < _BACKLOG:
                self._app.send_task(task, queue=queue, argsrepr="", kwargsrepr="")
        except (redis.RedisError, OperationalError, OSError) as error:
            self._away_until = time.monotonic() + _AWAY_S
            _log.warning("wake_failed", queue=queue, error=type(error).__name__)
