"""The watch beside a running stack: quiet while all is well, loud soon after something stops."""

import json
import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from dispatcher.simulate import sample
from tests.end_to_end.stack import BIN, PATIENCE_S, Up, environment

PROBE = {"DISPATCHER_WATCH_NUMBER": "15400009999", "DISPATCHER_WATCH_PROBE_EVERY_S": "10"}
# A machine that is busy is no fault of the service: a look may take long, a sweep come late, and a probe too.
PATIENT = {"DISPATCHER_WATCH_ANSWER_S": "120", "DISPATCHER_WATCH_PROBE_WAIT_S": "300"}
LATE = {"DISPATCHER_WATCH_SWEEP_S": "120"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("watched"), PROBE)
    running.start()
    try:
        assert running.run("roster", "load", str(sample.bundled().with_name("roster.toml"))).code == 0
        yield running
    finally:
        running.stop()


def process(up: Up, words: str) -> psutil.Process:
    [found] = [each for each in up.processes() if words in " ".join(each.cmdline())]
    return found


class Watching:
    """`dispatcher watch --json`, and the lines that it has said."""

    def __init__(self, up: Up) -> None:
        self.process = subprocess.Popen(
            [BIN / "dispatcher", "watch", "--json"],
            env=environment(up.home, **up.settings, **PATIENT, DISPATCHER_WATCH_PERIOD_S="1"),
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))

    def next(self, alarm: str, state: str) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while True:
            line = self._lines.get(timeout=max(0.1, until - time.monotonic()))
            if (line["alarm"], line["state"]) == (alarm, state):
                return line

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


def test_all_is_well_and_a_probe_goes_from_end_to_end(up: Up) -> None:
    answer = Up(up.home, up.settings | PATIENT | LATE).run("watch", "--once", "--probe", "--json")
    assert (answer.code, answer.out) == (0, "")
    assert up.psql("SELECT count(*) FROM cases").out.strip() == "0"
    assert int(up.psql("SELECT count(*) FROM receipts WHERE settled_at IS NOT NULL").out) >= 1


def test_a_sweep_that_stands_still_is_told_with_its_last_sign_of_life_and_when_it_is_over(up: Up) -> None:
    sweep = process(up, "dispatcher.cli sweep")
    sweep.suspend()
    try:
        watching = Watching(up)
        alarm = watching.next("sweep_silent", "raised")
        once = up.run("watch", "--once")
        assert once.code == 1 and "sweep_silent" in once.out and once.err == ""
    finally:
        sweep.resume()
    since = [datetime.fromisoformat(each["since"]) for each in (alarm, watching.next("sweep_silent", "over"))]
    # The same sign of life, reckoned twice from its age, to the second.
    assert abs(since[1] - since[0]) <= timedelta(seconds=1)
    # Again, now that the watch has started.
    sweep.suspend()
    try:
        stopped = datetime.now(UTC)
        again = watching.next("sweep_silent", "raised")
    finally:
        sweep.resume()
    assert datetime.fromisoformat(again["since"]) <= stopped
    watching.next("sweep_silent", "over")
    assert watching.end() == 0


def test_without_hooks_the_probe_gets_stuck_at_its_receipt(up: Up) -> None:
    hooks = process(up, "dispatcher.web.hooks")
    hooks.suspend()
    try:
        answer = Up(up.home, up.settings | LATE).run("watch", "--once", "--probe", "--json")
    finally:
        hooks.resume()
    assert answer.code == 1
    assert [(line["alarm"], line["about"]) for line in answer.lines] == [("probe_stuck", "receipt")]
    assert "15400009999" not in answer.out + answer.err


def test_without_a_database_it_says_so_and_is_no_traceback(tmp_path: Path) -> None:
    settings = {
        "DISPATCHER_DATABASE_URL": "postgresql://user:geheim@127.0.0.1:1/x",
        "DISPATCHER_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    answer = Up(tmp_path, settings).run("watch", "--once", "--json")
    assert answer.code == 1
    assert [line["alarm"] for line in answer.lines] == ["database_unreachable", "redis_unreachable"]
    assert "geheim" not in answer.out + answer.err and answer.err == ""
