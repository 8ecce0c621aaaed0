"""Casework that is not delivery: receipts to settle, cases whose clock struck; a loop for each."""

from typing import Any

from celery import signals

from dispatcher.casework import set_aside
from dispatcher.delivery import due, receipts
from dispatcher.logging import logger
from dispatcher.store.retries import retry_on_outage
from dispatcher.wake import ADVANCE, SETTLE
from tasks import loops
from tasks.celery_app import app
from tasks.worker import worker_services

_log = logger(__name__)


@app.task(name="settle_receipts")
def settle_receipts() -> None:
    """Look now for receipts to settle."""
    loops.wake(SETTLE)


@app.task(name="advance_due")
def advance_due() -> None:
    """Look now for cases whose time has come."""
    loops.wake(ADVANCE)


def _settle() -> float | None:
    count = _do(receipts.SETTLING)
    if count:
        _log.info("receipts_settled", receipts=count)
    return _again(count, receipts.BATCH)


def _advance() -> float | None:
    count = _do(due.ADVANCING)
    if count:
        _log.info("cases_advanced", cases=count)
    return _again(count, due.BATCH)


@retry_on_outage
def _do(batch: set_aside.Batch) -> int:
    return set_aside.run(worker_services().begin, batch)


def _again(count: int, full: int) -> float | None:
    """A full batch was not the last one."""
    return 0.0 if count >= full else None


@signals.celeryd_after_setup.connect
def _start(instance: Any = None, **_: Any) -> None:
    if SETTLE[1] in instance.app.amqp.queues.consume_from:
        loops.start(SETTLE, _settle)
        loops.start(ADVANCE, _advance)
