"""Intake over Celery: the body of the message is the instruction.

An existing Celery client needs a broker URL and nothing else:

    Celery(broker="redis://…").send_task("intake", [instruction])

Nothing is promised until the journal says `instruction_accepted`.
"""

from functools import cache
from typing import Any

from celery import signals
from redis import Redis, RedisError

from dispatcher.intake.celery_queue import QUEUE, IntakeQueue
from dispatcher.logging import logger
from dispatcher.settings import redis_url
from tasks import loops
from tasks.worker import worker_services

_AWAY_S = 2.0
_log = logger(__name__)


@cache
def _queue() -> IntakeQueue:
    redis = Redis.from_url(redis_url(), socket_timeout=5, socket_connect_timeout=5, health_check_interval=10)
    services = worker_services()
    return IntakeQueue(services.sessions, services.context, redis)


def _take_next() -> float:
    try:
        return _queue().take_next()
    except RedisError as error:
        _log.warning("broker_away", loop="intake", error=type(error).__name__)
        return _AWAY_S


@signals.celeryd_after_setup.connect
def _start(instance: Any = None, **_: Any) -> None:
    """A worker that is told to serve the intake queue reads it by a loop of its own, not by Celery's consumer."""
    queues = instance.app.amqp.queues
    if QUEUE in queues.consume_from:
        queues.deselect(QUEUE)
        loops.start(("intake", QUEUE), _take_next)


@signals.task_unknown.connect
def _pass_on(message: Any = None, **_: Any) -> None:
    """An instruction in a queue of wake-ups, where a client has named it: put where instructions are read."""
    _queue().put(message.serializable())
