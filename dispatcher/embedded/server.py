"""One embedded server: a process of ours, until it is stopped or ends by itself."""

import atexit
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dispatcher.errors import OperatorError, StartStopped

# After a power cut it reads its log, for longer on a busy machine.
_READY_WITHIN_S = 180.0
_LOOK_EVERY_S = 0.05
_STOP_WITHIN_S = 60.0


def never() -> int:
    """Nobody asks to stop."""
    return 0


@dataclass
class Server:
    """`url` stays the same however often it is started."""

    name: str
    url: str
    command: Sequence[str]
    log: Path
    answers: Callable[[], bool]
    remedy: str  # the variable that names a server of one's own instead
    stop_signals: Sequence[signal.Signals]
    user: str | None = None
    before_start: Callable[[], object] = never
    undo: ExitStack = field(default_factory=ExitStack)  # what was made for it, and goes with it
    ends: int = 0  # in a row, each soon after a start
    _process: "subprocess.Popen[bytes] | None" = None
    _started: float = 0.0

    def start(self, stop_asked: Callable[[], int] = never) -> None:
        """Start it, and wait until it answers. Raises OperatorError, StartStopped."""
        self.before_start()
        self._started = time.monotonic()
        try:
            self.log.parent.mkdir(0o700, parents=True, exist_ok=True)
            self._process = run(self.command, self.log, self.user)
        except OSError as error:
            raise self._failed(error.strerror or type(error).__name__) from None
        atexit.register(self.stop)
        until = time.monotonic() + _READY_WITHIN_S
        while not self.answers():
            if self._process.poll() is not None:
                raise self._failed(f"exit {self._process.returncode}")
            if (number := stop_asked()) or time.monotonic() > until:
                self._end()
                raise StartStopped(number) if number else self._failed("timeout")
            time.sleep(_LOOK_EVERY_S)

    @property
    def has_ended(self) -> bool:
        """By itself, or killed by somebody."""
        return self._process is not None and self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode if self._process is not None else None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def ran_for_s(self) -> float:
        return time.monotonic() - self._started

    def stop(self) -> None:
        """Stop it, if it runs, and take away what was made for it."""
        atexit.unregister(self.stop)
        self._end()
        self.undo.close()

    def _end(self) -> None:
        """One signal after the other, each blunter than the last."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (*self.stop_signals, signal.SIGKILL):
            with suppress(ProcessLookupError):
                process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_WITHIN_S)
                return

    def _failed(self, why: str) -> OperatorError:
        return OperatorError(
            f"内置 {self.name} 无法启动({why});日志见 {self.log}",
            f"the embedded {self.name} did not start ({why}); see {self.log}, "
            f"or set {self.remedy} to a server of your own",
        )


def run(command: Sequence[str], log: Path, user: str | None) -> "subprocess.Popen[bytes]":
    """A process whose output goes to this log. Raises OSError."""
    # In a session of its own: Ctrl-C would end it before its clients are done.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
            cwd="/",
            umask=0o077,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
