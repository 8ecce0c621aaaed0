"""A work loop: woken, or looking by itself; whatever fails, it goes on."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.exc import OperationalError

from dispatcher import work_loop
from dispatcher.work_loop import WorkLoop

PATIENCE_S = 60.0
Start = Callable[[Callable[[], float | None]], WorkLoop]


class Work:
    """Counts its looks; each waits for nobody."""

    def __init__(self, *outcomes: float | Exception | None) -> None:
        self._outcomes = list(outcomes)
        self._looks = threading.Semaphore(0)

    def __call__(self) -> float | None:
        outcome = self._outcomes.pop(0) if self._outcomes else None
        self._looks.release()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def was_done(self, times: int = 1) -> bool:
        return all(self._looks.acquire(timeout=PATIENCE_S) for _ in range(times))


@pytest.fixture
def start() -> Iterator[Start]:
    loops: list[WorkLoop] = []

    def start_(work: Callable[[], float | None]) -> WorkLoop:
        loops.append(WorkLoop("test", work))
        loops[-1].start()
        return loops[-1]

    yield start_
    for each in loops:
        each.stop()
        each.join(PATIENCE_S)
        assert not each._thread.is_alive()


def test_it_looks_by_itself_where_nobody_wakes_it(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_loop, "IDLE_LOOK_S", 0.01)
    work = Work()
    start(work)
    assert work.was_done(times=3)


def test_a_wake_up_is_heard_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_loop, "IDLE_LOOK_S", 10 * PATIENCE_S)
    work = Work()
    loop = start(work)
    assert work.was_done()
    loop.wake()
    assert work.was_done()


def test_a_wake_up_in_the_middle_of_a_look_makes_it_look_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_loop, "IDLE_LOOK_S", 10 * PATIENCE_S)
    work, is_looking, go_on = Work(), threading.Event(), threading.Event()

    def look() -> float | None:
        is_looking.set()
        go_on.wait(PATIENCE_S)
        return work()

    loop = start(look)
    assert is_looking.wait(PATIENCE_S)
    loop.wake()
    go_on.set()
    assert work.was_done(times=2)


def test_it_looks_as_soon_as_its_work_says(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_loop, "IDLE_LOOK_S", 10 * PATIENCE_S)
    work = Work(0.0, 0.01)
    start(work)
    assert work.was_done(times=3)


@pytest.mark.parametrize("error", [OperationalError("SELECT", {}, OSError("gone")), ValueError("a fault of ours")])
def test_what_fails_is_looked_at_again(start: Start, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_loop, "IDLE_LOOK_S", 0.01)
    work = Work(error)
    start(work)
    assert work.was_done(times=2)
