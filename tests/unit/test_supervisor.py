"""How children are restarted and stopped."""

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dispatcher import supervisor
from dispatcher.supervisor import Child, Supervisor

IN_TURN = ("first", "second", "third")


class Sleeper(Child):
    """Starts no process."""

    def start(self) -> None:
        self.started = supervisor.time.monotonic()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [1000.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: at[0])
    return at


def _wait(child: Child, now: list[float]) -> float:
    child.restart()
    return child.not_before - now[0]


def test_waits_grow_while_a_child_keeps_ending(now: list[float]) -> None:
    child = Sleeper("worker", [], {}, Path("log"))
    child.start()
    assert [_wait(child, now) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_child_that_was_killed_soon_after_its_start_is_back_at_once_however_often(
    now: list[float], tmp_path: Path
) -> None:
    """It is not at fault, and people wait."""
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
def ended(now: list[float]) -> Supervisor:
    """Children that all ended by themselves."""
    found = Supervisor()
    for name in ("hooks", *IN_TURN):
        found.children[name] = Sleeper(name, [], {}, Path("log"), in_turn=name in IN_TURN)
    return found


def _restarted(ended: Supervisor) -> list[str]:
    starting = ended.to_restart()
    for child in starting:
        child.start()
        child.not_before = math.inf  # it stands for one that runs
    return [child.name for child in starting]


def test_children_in_turn_that_were_killed_together_start_one_by_one(ended: Supervisor, now: list[float]) -> None:
    restarted = []
    for _ in range(7):
        restarted.append(_restarted(ended))
        now[0] += 0.5
    assert restarted == [["hooks", "first"], [], [], ["second"], [], [], ["third"]]


def test_the_first_in_turn_waits_for_no_other(ended: Supervisor, now: list[float]) -> None:
    ended.children["third"].start()
    now[0] += 0.1
    assert _restarted(ended) == ["hooks", "first"]


def test_the_child_started_last_is_stopped_first() -> None:
    stopped: list[str] = []

    class Stopped(Sleeper):
        def terminate(self) -> None:
            stopped.append(self.name)

    found = Supervisor()
    for name in ("hooks", *IN_TURN):
        found.add(Stopped(name, [], {}, Path("log")))
    found.stop()
    assert stopped == ["third", "second", "first", "hooks"]


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[psutil.Process]:
    """A child whose supervisor was killed."""
    start = "import os, sys; from pathlib import Path; from dispatcher.supervisor import Child; "
    start += "child = Child('a', ['sleep', '60'], {'HOME': sys.argv[1]}, Path(sys.argv[1]) / 'log'); "
    start += "child.start(); print(child.process.pid, flush=True); os._exit(0)"
    said = subprocess.run([sys.executable, "-c", start, str(tmp_path)], check=True, capture_output=True, text=True)
    process = psutil.Process(int(said.stdout))
    yield process
    if process.is_running():
        process.kill()


def _has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_an_orphan_with_these_variables_is_killed_and_no_other(orphan: psutil.Process, tmp_path: Path) -> None:
    ours = Child("b", ["sleep", "60"], {"HOME": str(tmp_path)}, tmp_path / "ours")
    ours.start()
    supervisor.kill_orphans({"HOME": str(tmp_path / "elsewhere")})
    assert not _has_ended(orphan)
    supervisor.kill_orphans({"HOME": str(tmp_path)})
    until = time.monotonic() + 5
    while not _has_ended(orphan) and time.monotonic() < until:
        time.sleep(0.01)
    assert _has_ended(orphan)
    assert ours.is_running
    _kill(ours)


def test_who_asks_twice_does_not_wait_for_a_child_that_does_not_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); "
    deaf += "time.sleep(600)"
    children = Supervisor(in_haste=lambda: True)
    children.add(Child("deaf", [sys.executable, "-c", deaf], {}, log))
    while b"deaf" not in log.read_bytes():
        time.sleep(0.01)
    begin = time.monotonic()
    children.stop()
    assert not children.children["deaf"].is_running
    assert time.monotonic() - begin < supervisor._STOP_WITHIN_S
