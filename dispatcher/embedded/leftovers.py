"""Servers that a killed process left under a home: they are ended, so that the next one starts its own."""

import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

REDIS_PID = "valkey.pid"
SOCKETS = "dispatcher-pg-socket-"  # begins the name of a folder for a socket that found no room under its home
_WAIT_S = 60.0
_BACKENDS_WAIT_S = 3.0


def end_leftovers(home: Path) -> None:
    """End servers that a killed `up` left under this home, so that its folders can be used again."""
    data = home.absolute() / "postgres"
    sockets = _sockets_elsewhere(data)
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for its clients. SIGQUIT does not wait for the disk.
    _end(data / "postmaster.pid", data, "postgres", (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL))
    end_backends(data)
    if sockets is not None:
        shutil.rmtree(sockets, ignore_errors=True)
    redis = home.absolute() / "redis"
    _end(redis / REDIS_PID, redis, "valkey", (signal.SIGTERM, signal.SIGKILL))


def end_backends(data: Path) -> None:
    """End what still serves clients of a PostgreSQL that was killed: as long as it lives no other can start."""
    server = _pid(data / "postmaster.pid")
    found = [each for each in psutil.process_iter() if each.pid != server and _is_of(each, data, "postgres")]
    serving = [each for each in found if _is_alone(each)]
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for process in serving:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        until = time.monotonic() + _BACKENDS_WAIT_S
        serving = [process for process in serving if not _ends(process, until)]


def _sockets_elsewhere(data: Path) -> Path | None:
    try:
        named = Path((data / "postmaster.pid").read_text("utf-8").splitlines()[4])
    except (OSError, ValueError, IndexError):
        return None
    return named if named.name.startswith(SOCKETS) else None


def _end(pidfile: Path, folder: Path, name: str, numbers: Sequence[signal.Signals]) -> None:
    pid = _pid(pidfile)
    if pid is None or not psutil.pid_exists(pid):
        return
    process = psutil.Process(pid)
    if not _is_of(process, folder, name):  # the number is another process's by now
        return
    for number in numbers:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        if _ends(process, time.monotonic() + _WAIT_S):
            return


def _ends(process: psutil.Process, until: float) -> bool:
    """Wait for its end. It may stay a zombie: in a container nobody may ask for what became of it."""
    while True:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                if time.monotonic() > until:
                    return False
                time.sleep(0.02)
                continue
        return True


def _pid(pidfile: Path) -> int | None:
    try:
        return int(pidfile.read_text("utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _is_of(process: psutil.Process, folder: Path, name: str) -> bool:
    """Each of these servers works in its own folder."""
    try:
        return name in process.name() and Path(process.cwd()) == folder.resolve()
    except (psutil.Error, OSError):
        return False


def _is_alone(process: psutil.Process) -> bool:
    """Whether the server that started it is gone."""
    try:
        parent = process.parent()
        return parent is None or "postgres" not in parent.name()
    except psutil.Error:
        return True
