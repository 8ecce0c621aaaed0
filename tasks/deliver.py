"""Delivery: one loop over the general lanes, or over those of the links that this worker holds."""

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from celery import signals

from dispatcher.logging import logger
from dispatcher.wake import DELIVER, GENERAL, LINK
from schemas.errors import bilingual
from tasks import loops
from tasks.celery_app import app
from tasks.link import is_served
from tasks.worker import worker_pump

_log = logger(__name__)


@app.task(name="deliver_due")
def deliver_due() -> None:
    """Look now for what is due."""
    loops.wake(DELIVER)


def _deliver(queues: Sequence[str]) -> float | None:
    pump = worker_pump()
    for queue in queues:
        lanes = (queue,) if queue.startswith(LINK) else GENERAL
        if done := pump.deliver(lanes, partial(is_served, queue)):
            _log.info("delivered", queue=queue, calls=done)
    return pump.wait_s()


@signals.celeryd_after_setup.connect
def _start(instance: Any = None, **_: Any) -> None:
    served = instance.app.amqp.queues.consume_from
    queues = [each for each in served if each == DELIVER[1] or each.startswith(LINK)]
    if len(queues) > 1:
        # One pump serves one of them: a call of minutes on a line would keep what is on the others.
        sys.exit(bilingual(f"每个 worker 只服务一个投递队列:{queues}", f"one delivery queue a worker, not {queues}"))
    if queues:
        loops.start(DELIVER, partial(_deliver, queues))
