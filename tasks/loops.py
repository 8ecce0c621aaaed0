"""The work loops of this worker. A task only wakes its loop: lost, late or twice, it changes nothing but the time."""

import time
from collections.abc import Callable

from celery import signals

from dispatcher.wake import Task
from dispatcher.work_loop import WorkLoop

_loops: dict[str, WorkLoop] = {}


def start(task: Task, work: Callable[[], float | None]) -> None:
    """Do this work from now on, whenever the task comes and each two seconds without it."""
    name, _queue = task
    _loops[name] = WorkLoop(name, work)
    _loops[name].start()


def wake(task: Task) -> None:
    _loops[task[0]].wake()


@signals.worker_shutting_down.connect
def _begin_no_more(**_: object) -> None:
    for loop in _loops.values():
        loop.stop()


def finish(within_s: float) -> None:
    """Wait for what is in hand, so long at most."""
    until = time.monotonic() + within_s
    for loop in _loops.values():
        loop.join(max(0.0, until - time.monotonic()))
