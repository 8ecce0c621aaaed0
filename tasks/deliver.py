"""Delivery, woken by lane."""

from functools import partial

from dispatcher.delivery import due
from dispatcher.logging import logger
from tasks.celery_app import app
from tasks.link import is_served
from tasks.worker import worker_pump, worker_services

_log = logger(__name__)


@app.task(name="deliver_due", bind=False)
def deliver_due(queue: str) -> None:
    """Deliver what is due on a lane, most urgent first; ring again where the slice ended before the work."""
    if not is_served(queue):
        return
    done = worker_pump().deliver(queue, partial(is_served, queue))
    if done:
        _log.info("delivered", lane=queue, calls=done)
    with worker_services().begin() as work:
        work.wake(*due.due_lanes(work, worker_pump().capacity))
