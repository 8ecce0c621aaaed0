"""A worker's life: its services, its logging, its watchdog, its end."""

import logging
import sys
from contextlib import suppress
from functools import cache
from typing import Any

from celery import bootsteps, signals
from celery.worker import state
from celery.worker.consumer import Consumer
from sqlalchemy.exc import OperationalError

from dispatcher import logging as our_logging
from dispatcher.casework import provider_health
from dispatcher.delivery import link_lanes
from dispatcher.delivery.pump import Pump
from dispatcher.errors import OperatorError
from dispatcher.settings import settings
from dispatcher.setup import Services, build_services, check_channels, wait_at_start
from dispatcher.store import heartbeats
from tasks import loops
from tasks.celery_app import app

_RECORD_S = 5.0  # after the last answer
_LEAST_S = 10.0
_log = our_logging.logger(__name__)


@cache
def worker_services() -> Services:
    return build_services(serving=True)


@cache
def worker_pump() -> Pump:
    services = worker_services()
    return Pump(services.sessions, services.context, services.registry, services.limiter, services.send_counter)


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    our_logging.configure(settings().log_level)
    logging.getLogger("celery.worker.consumer.consumer").addFilter(_without_bodies)


def _without_bodies(record: logging.LogRecord) -> bool:
    """Celery logs the whole body of a message that it can't take, and where it found that out; it may be data."""
    if "\n" in str(record.msg):
        record.exc_info = None
    if record.args:
        record.msg, record.args = str(record.msg).split("\n", 1)[0].split("%", 1)[0], ()
    return True


@signals.worker_init.connect
def _check_parts(**_: Any) -> None:
    """A mistake of the operator is told at start, in one line, and the worker does not come up."""
    try:
        services = worker_services()
        check_channels(services.registry)
        names = [provider.name for provider in services.registry.all()]
        _log.info("worker_starts", providers=names, taken_back=_register(services))
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        raise SystemExit(2) from None


@wait_at_start
def _register(services: Services) -> int:
    """Have a row for each provider, and none that waits for a link that is gone. Returns how many did."""
    with services.begin() as work:
        provider_health.register(work.session, services.registry)
        return link_lanes.take_back(work, services.registry)


@signals.worker_ready.connect
def _live(sender: Any = None, **_: Any) -> None:
    """Leave signs of life from now on, also while Redis is away: the work goes on without it."""
    name = heartbeats.worker(sender.hostname)

    def beat() -> None:
        with worker_services().engine.begin() as connection:
            heartbeats.beat(connection, name)

    loops.start(("heartbeat", ""), beat)


@signals.worker_shutting_down.connect
def _claim_no_more(**_: Any) -> None:
    if worker_pump.cache_info().currsize:
        worker_pump().stopping.set()


def _longest_call_s() -> float:
    """How long what is under way may take; a link's calls, which last as long as somebody talks, are cut off."""
    registry = worker_services().registry
    return max((each.timeout_s for each in registry.all() if not each.capabilities.linked), default=0.0)


@signals.worker_shutdown.connect
def _close(sender: Any = None, **_: Any) -> None:
    loops.finish(max(_LEAST_S, _longest_call_s() + _RECORD_S))
    if worker_pump.cache_info().currsize:
        worker_pump().close()
    with suppress(OperationalError), worker_services().engine.begin() as connection:
        heartbeats.end(connection, heartbeats.worker(sender.hostname))


class Watchdog(bootsteps.StartStopStep):
    """Reconnects a consumer that stands still after the broker went away.

    After a Redis restart every prefetched message's ack can fail; then the consumer has no credit left,
    never polls, and never sees that its socket is dead (docs/celery.md). No credit and nothing in hand
    for three looks in a row is that state, and a lost connection is its cure.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)
    LOOKS = 3

    def __init__(self, parent: Consumer, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._timer: Any = None
        self._stalled = 0

    def start(self, parent: Consumer) -> None:
        self._stalled = 0
        self._timer = parent.timer.call_repeatedly(1.0, self._look, (parent,))

    def stop(self, parent: Consumer) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, parent: Consumer) -> None:
        idle = not state.active_requests and not state.reserved_requests
        qos = getattr(parent.task_consumer.channel, "qos", None)
        self._stalled = self._stalled + 1 if idle and qos is not None and not qos.can_consume() else 0
        if self._stalled >= self.LOOKS:
            raise ConnectionError("the consumer stands still; reconnecting")


app.steps["consumer"].add(Watchdog)
