"""A worker that serves `link.NAME` holds that provider's link: it alone, while an advisory lock says so.

It starts to take work once the lock is its own, so a second worker for the same link stands by. The line itself lives
on the providers' event loop, and is read while no task runs.
"""

import os
import signal
import threading
from functools import cache
from typing import Any, cast

from celery import signals
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from dispatcher.delivery.pump import Pump
from dispatcher.logging import logger
from dispatcher.setup import Services
from dispatcher.store import advisory_locks
from dispatcher.wake import LINK
from providers.base import Linked
from tasks.worker import worker_pump, worker_services

_PERIOD_S = 1.0
_log = logger(__name__)


class Link:
    """One provider's link in this process. `start` waits for it."""

    def __init__(self, services: Services, pump: Pump, provider: Linked) -> None:
        self._services, self._pump, self._provider = services, pump, provider
        self._is_ours = threading.Event()
        self._stop = threading.Event()
        self._was_ours = False

    @property
    def is_ours(self) -> bool:
        return self._is_ours.is_set()

    def start(self) -> None:
        """Wait until the lock is ours and the provider is open; from then on keep both."""
        threading.Thread(target=self._keep, name=f"link-{self._provider.name}", daemon=True).start()
        self._is_ours.wait()

    def stop(self) -> None:
        self._stop.set()

    def _keep(self) -> None:
        while not self._stop.is_set():
            try:
                with self._services.engine.connect() as holder:
                    holder.detach()  # its end, not its way back into the pool, gives the lock to the next
                    self._hold(holder)
            except OperationalError as error:
                _log.warning("database_away", error=type(error.orig).__name__)
            except Exception as error:  # noqa: BLE001 - told here; a thread that ended would leave the link unserved
                _log.error("link_failed", provider=self._provider.name, error=type(error).__name__)
            if not self._stop.is_set():
                self._let_go()
                self._stop.wait(_PERIOD_S)

    def _hold(self, holder: Connection) -> None:
        """Keep the link open while the lock is ours; it goes when the connection goes."""
        key = advisory_locks.provider_link(self._provider.name)
        while not advisory_locks.try_lock_connection(holder, key):
            if self._was_ours:
                # While we had no database somebody else took over. Started again, this worker stands by.
                _log.warning("link_taken_over", provider=self._provider.name)
                os.kill(os.getpid(), signal.SIGTERM)
                self._stop.set()
            if self._stop.wait(_PERIOD_S):
                return
        self._pump.run(self._provider.open())
        self._was_ours = True
        self._is_ours.set()
        _log.info("link_held", provider=self._provider.name)
        while not self._stop.wait(_PERIOD_S):
            holder.execute(text("SELECT 1"))
            holder.commit()

    def _let_go(self) -> None:
        """Whoever gets the lock next will bind; two at once would be refused, or share the receipts."""
        if self._is_ours.is_set():
            self._is_ours.clear()
            try:
                self._pump.run(self._provider.close())
            except Exception as error:  # noqa: BLE001 - as above
                _log.error("link_not_closed", provider=self._provider.name, error=type(error).__name__)


@cache
def _held() -> dict[str, Link]:
    return {}


def is_served(queue: str) -> bool:
    """Whether this process may do the work of this queue now: of a link's only while it holds the link."""
    link = _held().get(queue)
    return not queue.startswith(LINK) or (link is not None and link.is_ours)


@signals.celeryd_after_setup.connect
def _take_links(instance: Any = None, **_: Any) -> None:
    """The queues that a worker is told to serve say which links it holds."""
    for queue in instance.app.amqp.queues.consume_from:
        provider = worker_services().registry.get(queue.removeprefix(LINK)) if queue.startswith(LINK) else None
        if provider is not None and provider.capabilities.linked:
            _held()[queue] = Link(worker_services(), worker_pump(), cast(Linked, provider))
            _held()[queue].start()


@signals.worker_shutdown.connect
def _stop_links(**_: Any) -> None:
    for link in _held().values():
        link.stop()
