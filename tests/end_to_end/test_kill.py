"""kill -9 of workers in mid-demo: every case is settled all the same."""

import subprocess
import time
from pathlib import Path

import psutil

from tests.end_to_end.stack import BIN, PATIENCE_S, environment


def test_kill_9_of_workers_in_mid_demo(tmp_path: Path) -> None:
    home = tmp_path / "home"
    demo = subprocess.Popen(
        [BIN / "dispatcher", "demo", "--json"],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed = 0
    gateway = home / "demo" / "gateway.jsonl"
    while killed < 3 and demo.poll() is None:
        # A worker that has just made the gateway work is in the middle of something.
        if gateway.exists() and len(gateway.read_bytes().splitlines()) > 4 * killed + 1:
            killed += _kill_a_worker(demo.pid)
        time.sleep(0.005)
    out, err = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, err[-2000:]
    assert killed >= 2
    assert '"resolution": null' not in out
    assert out.count('"resolution": "DISSUADED_IN_TIME"') >= 4


def _kill_a_worker(parent: int) -> int:
    workers = [each for each in psutil.Process(parent).children(recursive=True) if "celery" in " ".join(each.cmdline())]
    for worker in workers:
        worker.kill()
    return len(workers) > 0
