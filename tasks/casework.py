"""Casework that is not delivery: receipts to settle, cases whose clock struck."""

from collections.abc import Callable

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import due, receipts
from dispatcher.logging import logger
from dispatcher.store.retries import retry_on_outage
from tasks.celery_app import app
from tasks.worker import worker_services

_log = logger(__name__)
_ROUNDS = 50  # then another message goes on, so that one task stays short


@app.task(name="settle_receipts")
def settle_receipts() -> None:
    """Settle stored receipts, batch after batch."""
    _log.info("receipts_settled", receipts=_in_rounds(receipts.settle, full=receipts.BATCH))


@app.task(name="advance_due")
def advance_due() -> None:
    """Decide on the cases whose time has come."""
    _log.info("cases_advanced", cases=_in_rounds(due.advance, full=due.BATCH))


def _in_rounds(use_case: Callable[[UnitOfWork], int], full: int) -> int:
    total = 0
    for _ in range(_ROUNDS):
        count = _round(use_case)
        total += count
        if count < full:
            break
    return total


@retry_on_outage
def _round(use_case: Callable[[UnitOfWork], int]) -> int:
    services = worker_services()
    with services.begin() as work:
        return use_case(work)
