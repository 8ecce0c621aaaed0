"""The stack of one drill: as `up` starts it, with handles by which a drill breaks its parts."""

import contextlib
import subprocess
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from signal import SIGCONT, SIGINT, SIGKILL, SIGSTOP
from typing import Any

import httpx
import psutil
import redis
from sqlalchemy import create_engine, make_url, text

from dispatcher import clock, embedded
from dispatcher.settings import Settings
from dispatcher.supervisor import Child
from dispatcher.up import Stack
from tests.faults import launcher
from tests.faults.snapshot import Span

# By process: the launcher's fault, its value and its seed.
Launch = dict[str, tuple[str, ...]]
_CONCERN_ALL = frozenset({"late_ms", "jitter_ms", "answer_late_ms", "receipts"})
POLICY = Path(__file__).with_name("policy.toml")


@contextlib.contextmanager
def _stopped(process: "subprocess.Popen[bytes] | psutil.Process") -> Iterator[None]:
    process.send_signal(SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(SIGCONT)


def _patient(policy: str) -> str:
    for short, default in (("5s", "90s"), ("6s", "3m"), ("8s", "15m"), ("10s", "1h")):
        policy = policy.replace(f'doubt_wait = "{short}"', f'doubt_wait = "{default}"')
    return policy


@dataclass
class Injection:
    """One fault: what it was, and when it was over."""

    what: str
    over_at: datetime


@dataclass
class FaultStack(Stack):
    launch: Launch = field(default_factory=dict)
    injections: list[Injection] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    sound: dict[str, list[str]] = field(default_factory=dict)
    resting: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)  # processes that ended by themselves, with what

    @classmethod
    def at(cls, home: Path, launch: Launch, *, patient: bool = False, serves_api: bool = False) -> "FaultStack":
        """`patient`: doubts wait as long as by the default policy, and their providers are asked meanwhile."""
        policy_file = POLICY
        if patient:
            policy_file = home / "policy.toml"
            policy_file.write_text(_patient(POLICY.read_text("utf-8")), "utf-8")
        settings = Settings(home=home, policy_file=policy_file, hooks_port=0, api_port=0)
        return cls(settings, launch=launch, serves_api=serves_api, receipt_delay_ms=150)

    def add(self, name: str, command: list[str]) -> None:
        python, m, *rest = command
        launch = ["tests.faults.launcher", *self.launch[name]] if name in self.launch else []
        super().add(name, [python, m, *launch, *rest])
        self.sound[name] = command

    def calm(self) -> None:
        """No fault begins any more. A worker that was launched to die does so once at most."""
        (self.settings.home / launcher.CALM).touch()
        self.gateway()
        for name, command in self.sound.items():
            self.supervisor.children[name].command = command

    def watch(self) -> None:
        """Start again what ended by itself, as `up` does."""
        while not self.supervisor.stopping.wait(0.1):
            for child in self.supervisor.to_restart():
                if child.name in self.resting:
                    continue
                code = child.process.returncode if child.process is not None else None
                if code == -SIGKILL:
                    self.note(f"{child.name} killed")
                elif code:
                    self.ended.append(f"{child.name} with {code}")
                child.restart()

    def note(self, what: str) -> None:
        self.injections.append(Injection(what, clock.real_now()))

    @contextlib.contextmanager
    def fault(self, what: str) -> Iterator[None]:
        """What is inside lasts; recovery is counted from its end."""
        began = clock.real_now()
        yield
        self.note(what)
        self.spans.append((began, clock.real_now()))

    def is_up(self, name: str) -> bool:
        """Whether this worker takes work, or still starts."""
        log = self.supervisor.children[name].log.read_text("utf-8", "replace")
        return self.supervisor.children[name].is_running and log.rfind(" ready.") > log.rfind("worker_starts")

    def kill(self, name: str) -> None:
        """kill -9; `watch` starts it again."""
        process = self.supervisor.children[name].process
        if process is not None:
            process.kill()

    @contextlib.contextmanager
    def standing_still(self, name: str) -> Iterator[None]:
        """This process is stopped (SIGSTOP) until the end."""
        process = self.supervisor.children[name].process
        if process is None:
            yield
            return
        with _stopped(process):
            yield

    def terminate(self, name: str) -> int:
        """SIGTERM, as a deployment does, and wait for the end."""
        child: Child = self.supervisor.children[name]
        assert child.process is not None
        child.process.terminate()
        return child.process.wait(60)

    @contextlib.contextmanager
    def without(self, name: str) -> Iterator[None]:
        """This process is killed, and not started again until the end."""
        self.resting.add(name)
        self.kill(name)
        try:
            yield
        finally:
            self.resting.discard(name)

    # --- servers

    def start_servers(self) -> None:
        super().start_servers()
        database = create_engine(self.environment["DISPATCHER_DATABASE_URL"], isolation_level="AUTOCOMMIT")
        with database.connect() as connection:
            # The invariants ask when what was written could be seen.
            connection.execute(text("ALTER SYSTEM SET track_commit_timestamp = on"))
        database.dispose()
        self.stop_postgres()
        self.start_postgres()

    @property
    def data(self) -> Path:
        return self.settings.home / "postgres"

    def kill_postgres(self) -> None:
        """kill -9 of the server and of every process that serves a connection."""
        try:
            server = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
            family = [server, *server.children(recursive=True)]
        except (psutil.NoSuchProcess, FileNotFoundError):
            return
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, 10)

    def start_postgres(self) -> None:
        """Unless it runs."""
        server = next(each for each in self._servers if each.name == "PostgreSQL")
        if server.has_ended:
            server.start()

    def stop_postgres(self) -> None:
        """A fast shutdown: connections are cut, all is written down."""
        server = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        server.send_signal(SIGINT)
        server.wait(60)

    @contextlib.contextmanager
    def as_standby(self) -> Iterator[None]:
        """Demote the server: it comes back as a standby, which only reads. At the end it is promoted."""
        self.stop_postgres()
        (self.data / "standby.signal").touch()
        self.start_postgres()
        try:
            yield
        finally:
            database = create_engine(self.environment["DISPATCHER_DATABASE_URL"])
            with database.connect() as connection:
                connection.execute(text("SELECT pg_promote()"))
            database.dispose()

    def kill_redis(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            server = self._redis_process()
            server.kill()
            server.wait(10)

    @contextlib.contextmanager
    def redis_standing_still(self) -> Iterator[None]:
        """Its host goes on to take connections, and nobody answers."""
        with _stopped(self._redis_process()):
            yield

    def _redis_process(self) -> psutil.Process:
        return psutil.Process(int((self.settings.home / "redis" / "valkey.pid").read_text()))

    def start_redis(self) -> None:
        """At the port that everybody knows."""
        port = make_url(self.environment["DISPATCHER_REDIS_URL"]).port
        self._servers.append(embedded.redis(self.settings.home, port or 0))

    def redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.environment["DISPATCHER_REDIS_URL"])

    # --- gateway

    def gateway(self, **faults: Any) -> None:
        """Faults of the simulated gateway; what is left out is off."""
        self._control("PUT", "/control/faults", json=faults)

    def script(self, people: list[dict[str, object]]) -> None:
        self._control("PUT", "/control/people", json=people)

    def gateway_injections(self, faults: Collection[str]) -> int:
        """How many messages had a fault by chance, or all where a fault concerns every one."""
        seen = self._control("GET", "/control/seen").json()
        return int(seen["messages"] if _CONCERN_ALL.intersection(faults) else sum(seen["faults"].values()))

    def receipts_under_way(self) -> int:
        """Receipts that the gateway has on record, and has neither brought nor given up."""
        seen = self._control("GET", "/control/seen").json()
        noted = (self.settings.home / "gateway.jsonl").read_bytes().count(b'"event":"receipt"')
        return int(noted - seen["receipts_sent"] - seen["receipts_failed"])

    def _control(self, method: str, path: str, **body: Any) -> httpx.Response:
        return self._gateway.request(method, path, **body).raise_for_status()

    @cached_property
    def _gateway(self) -> httpx.Client:
        """One for all: each client that is made anew reads all certificates, 40 ms."""
        url, secret = (self.environment[f"DISPATCHER_SIMULATOR_{name}"] for name in ("URL", "SECRET"))
        return httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {secret}"},
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
            timeout=20,
        )

    def __enter__(self) -> "FaultStack":
        try:
            self.start_servers()
            self.start_children()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        threading.Thread(target=self.watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
