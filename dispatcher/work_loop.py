"""A loop over one kind of work: done when somebody wakes it, and looked for by itself where nobody does."""

import threading
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from dispatcher.logging import logger

IDLE_LOOK_S = 2.0  # a wake-up that was lost, or that no broker carried, costs no more than this
_log = logger(__name__)


class WorkLoop:
    """One thread. `work` does what there is, and gives the seconds until another look is worth it, if it knows."""

    def __init__(self, name: str, work: Callable[[], float | None]) -> None:
        self.name = name
        self._work = work
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Have it look now, or once more where it is looking."""
        self._woken.set()

    def stop(self) -> None:
        """Begin no more."""
        self._stopping.set()
        self._woken.set()

    def join(self, timeout_s: float) -> None:
        """Wait until what is in hand is done, so long at most."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._woken.wait(min(self._look(), IDLE_LOOK_S))

    def _look(self) -> float:
        try:
            wait_s = self._work()
        except OperationalError as error:
            _log.warning("database_away", loop=self.name, error=type(error.orig).__name__)
            return IDLE_LOOK_S
        except Exception as error:  # noqa: BLE001 - told here; what stays undone is looked for again
            _log.error("loop_failed", loop=self.name, error=type(error).__name__)
            return IDLE_LOOK_S
        return IDLE_LOOK_S if wait_s is None else wait_s
