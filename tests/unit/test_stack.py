"""How `up` starts its children again."""

import math
from pathlib import Path

import pytest

from dispatcher import stack
from dispatcher.settings import Settings
from dispatcher.stack import Child, Stack


class Sleeper(Child):
    def start(self) -> None:
        self.started = stack.time.monotonic()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [1000.0]
    monkeypatch.setattr(stack.time, "monotonic", lambda: at[0])
    return at


def _wait(child: Child, now: list[float]) -> float:
    child.start_again()
    return child.not_before - now[0]


def test_waits_grow_while_a_child_keeps_ending(now: list[float]) -> None:
    child = Sleeper("worker", [], {}, Path("log"))
    child.start()
    assert [_wait(child, now) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_child_that_was_killed_soon_after_its_start_is_back_at_once_however_often(
    now: list[float], tmp_path: Path
) -> None:
    """Whoever kills it is no fault of its own, and people wait."""
    child = Child("worker", ["sleep", "60"], {}, tmp_path / "log")
    child.start()
    for _ in range(4):
        _kill(child)
        assert _wait(child, now) == 1
    _kill(child)


def _kill(child: Child) -> None:
    assert child.process is not None
    child.process.kill()
    child.process.wait()


def test_a_child_that_ran_and_ended_is_back_at_once_however_often(now: list[float]) -> None:
    child = Sleeper("worker", [], {}, Path("log"))
    child.start()
    for _ in range(10):
        now[0] += 60
        assert _wait(child, now) == 1


@pytest.fixture
def parts(now: list[float], tmp_path: Path) -> Stack:
    """Children that all ended by themselves."""
    made = Stack(Settings(home=tmp_path))
    for name in ("hooks", *(f"worker-{each}" for each in stack.WORKERS)):
        made.children[name] = Sleeper(name, [], {}, Path("log"))
    return made


def _started(parts: Stack) -> list[str]:
    starting = parts.to_start()
    for child in starting:
        child.start()
        child.not_before = math.inf  # it stands for one that runs
    return [child.name for child in starting]


def test_killed_together_the_urgent_worker_starts_alone_and_the_others_follow(parts: Stack, now: list[float]) -> None:
    seen = []
    for _ in range(7):
        seen.append(_started(parts))
        now[0] += 0.5
    assert seen == [["hooks", "worker-urgent"], [], [], ["worker-casework"], [], [], ["worker-routine"]]


def test_the_urgent_worker_waits_for_nobody(parts: Stack, now: list[float]) -> None:
    parts.children["worker-routine"].start()
    now[0] += 0.1
    assert _started(parts) == ["hooks", "worker-urgent"]
