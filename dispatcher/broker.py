"""Messages into Celery's queues. A broker that is down is logged and passed over here, and nowhere else."""

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from dispatcher.logging import logger

_BACKLOG = 4  # messages in a queue above which one more would wake nobody
_log = logger(__name__)


class Broker:
    def __init__(self, redis_url: str) -> None:
        self._app = Celery(set_as_current=False)
        self._app.config_from_object("celeryrc")
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)

    def send(self, task: str, queue: str) -> None:
        """Send it, unless enough messages wait in the queue already."""
        try:
            if self._redis.llen(queue) < _BACKLOG:
                self._app.send_task(task, queue=queue, argsrepr="", kwargsrepr="")
        except (redis.RedisError, OperationalError, OSError) as error:
            _log.warning("wake_failed", queue=queue, error=type(error).__name__)
