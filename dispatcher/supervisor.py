"""A supervisor of child processes: starts them, restarts what ends by itself, stops them in order."""

import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from dispatcher.logging import logger

_STOP_WITHIN_S = 15.0
_LOOK_EVERY_S = 0.05
_START_GAP_S = 1.5  # between two children that start in turn: all at once, the first too would come up last
_STEADY_S = 5.0  # a child that ran so long has come up; its next end is another fault
_WAIT_S, _MOST_WAIT_S = 0.5, 30.0
_OWNER = "DISPATCHER_SUPERVISOR_PID"  # a child's environment says whose child it is
_log = logger(__name__)


@dataclass
class Child:
    """One process, its log file, and how often in a row it ended soon after its start."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    in_turn: bool = False  # restarted a while after the children before it that start in turn
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    not_before: float = 0.0
    started: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        self.log.parent.mkdir(0o700, parents=True, exist_ok=True)
        environment = self.environment | {_OWNER: str(os.getpid())}
        self.log.touch(0o600)
        with self.log.open("ab") as out:
            # A session of its own: Ctrl-C reaches the supervisor, which ends its children in order.
            self.process = subprocess.Popen(
                self.command, env=environment, stdout=out, stderr=out, start_new_session=True
            )

    def restart(self) -> None:
        """Start at once. The wait before the next restart grows if it ended soon after its start and was not killed."""
        now = time.monotonic()
        was_killed = self.process is not None and self.process.returncode == -signal.SIGKILL
        ended_soon = now - self.started < _STEADY_S and not was_killed
        self.restarts = self.restarts + 1 if ended_soon else 1
        self.not_before = now + min(_MOST_WAIT_S, _WAIT_S * 2 ** min(self.restarts, 6))
        self.start()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def terminate(self) -> None:
        if self.process is not None and self.is_running:
            self.process.terminate()

    def wait(self, timeout_s: float) -> None:
        """Wait for the end of a child that was terminated; kill it after the time."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Supervisor:
    """Children by name, in the order in which they were started."""

    children: dict[str, Child] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    in_haste: Callable[[], bool] = bool  # whether somebody does not want to wait for the end of what is under way

    def add(self, child: Child) -> None:
        """Start one more child."""
        child.start()
        self.children[child.name] = child

    def remove(self, name: str) -> None:
        """Stop a child and forget it."""
        child = self.children.pop(name)
        child.terminate()
        child.wait(_STOP_WITHIN_S)

    def run(self) -> None:
        """Restart what ends by itself, until stopped."""
        while not self.stopping.wait(0.2):
            for child in self.to_restart():
                code = child.process.returncode if child.process else None
                child.restart()
                _log.warning("child_restarted", name=child.name, exit_code=code, restarts=child.restarts)

    def to_restart(self) -> list[Child]:
        """Children that ended by themselves and may start now."""
        now, starting, last = time.monotonic(), [], -math.inf
        for child in list(self.children.values()):
            may_start = not child.is_running and now >= child.not_before
            if may_start and not (child.in_turn and now - last < _START_GAP_S):
                starting.append(child)
            if child.in_turn:
                last = now if child in starting else max(last, child.started)
        return starting

    def stop(self) -> None:
        """Stop all, the last started first."""
        self.stopping.set()
        children = list(reversed(self.children.values()))
        for child in children:
            child.terminate()
        until = time.monotonic() + _STOP_WITHIN_S
        while any(child.is_running for child in children) and time.monotonic() < until and not self.in_haste():
            time.sleep(_LOOK_EVERY_S)
        for child in children:
            child.wait(_LOOK_EVERY_S)


def kill_orphans(environment: Mapping[str, str]) -> None:
    """Kill children with these variables in their environment whose supervisor is gone."""
    for process in psutil.process_iter():
        try:
            found = process.environ()
        except psutil.Error:
            continue
        owner = found.get(_OWNER)
        if owner and environment.items() <= found.items() and not psutil.pid_exists(int(owner)):
            _log.warning("orphan_killed", pid=process.pid)
            process.kill()
