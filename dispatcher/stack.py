"""The whole service as child processes of `up`: started, watched, restarted, stopped cleanly."""

import base64
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import redis
from celery import Celery
from sqlalchemy.exc import OperationalError

from dispatcher import clock, embedded, policy, vault
from dispatcher.errors import OperatorError
from dispatcher.logging import logger
from dispatcher.settings import RUN_FILE, Settings, read_running, write_running
from dispatcher.setup import links, no_providers, unreachable
from dispatcher.store import engine, migrate
from dispatcher.texts import approved
from dispatcher.wake import link_lane

WORKERS = {"urgent": "urgent", "casework": "casework,celery", "routine": "routine"}  # the order in which they start
_SILENT_MS = 4000  # beyond the simulated gateway's timeout_s, so that the attempt is in doubt first
_LIFT = 10  # routine work gives way to urgent work on the same cores
_GRACE_S = 15.0
_GAP_S = 1.5  # between two workers started again: all at once, the urgent one too would come up last
_STEADY_S = 5.0  # who ran so long has come up; the next end is another fault
_OWNER = "DISPATCHER_UP_PID"  # which `up` a child belongs to
# Where setproctitle is installed, Celery's titles would overwrite the environment by which leftovers are known.
_KEEP_ENVIRONMENT = {"SPT_NOENV": "1"}
_log = logger(__name__)


@dataclass
class Child:
    """One process, its log file, and how often in a row it ended soon after its start."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    niceness: int = 0
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    not_before: float = 0.0
    started: float = 0.0

    def start_again(self) -> None:
        """The waits grow while it keeps ending soon by itself; who ran for a while or was killed is back at once."""
        now = time.monotonic()
        was_killed = self.process is not None and self.process.returncode == -signal.SIGKILL
        ends_soon = now - self.started < _STEADY_S and not was_killed
        self.restarts = self.restarts + 1 if ends_soon else 1
        self.not_before = now + min(30.0, 0.5 * 2 ** min(self.restarts, 6))
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            # A session of its own: Ctrl-C reaches `up`, and `up` ends its children in order.
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=out, stderr=out, start_new_session=True
            )
        if self.niceness:
            psutil.Process(self.process.pid).nice(self.niceness)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class Stack:
    """What `up` runs. Give it settings; it finds out what is missing and starts that."""

    settings: Settings
    simulated: bool = False
    workers: dict[str, str] = field(default_factory=lambda: dict(WORKERS))
    environment: dict[str, str] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    durable: bool = True
    receipt_delay_ms: int = 20
    _servers: list[embedded.Server] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start_servers(self) -> None:
        """PostgreSQL, Redis, keys, schema. Raises OperatorError."""
        home = self.settings.home
        if read_running(home) is not None:
            raise OperatorError(f"{home} 下已有 dispatcher 在运行", f"a dispatcher is already running under {home}")
        self._forbid_embedded()
        end_leftovers(home)
        clock.parse(self.settings.clock)
        policy.load(self.settings.policy_file)
        approved.load(self.settings.texts_folder)
        urls = {"DISPATCHER_DATABASE_URL": self.settings.database_url, "DISPATCHER_REDIS_URL": self.settings.redis_url}
        if not urls["DISPATCHER_DATABASE_URL"]:
            urls["DISPATCHER_DATABASE_URL"] = self._started(embedded.postgres(home, durable=self.durable))
        if not urls["DISPATCHER_REDIS_URL"]:
            urls["DISPATCHER_REDIS_URL"] = self._started(embedded.redis(home))
        _check_redis(urls["DISPATCHER_REDIS_URL"])
        vault.load(self.settings.key_path, make=self.is_embedded)
        self.environment = {name: url for name, url in urls.items() if url} | {
            "DISPATCHER_HOME": str(home),
            _OWNER: str(os.getpid()),
            "DISPATCHER_CLOCK": self.settings.clock,
            "DISPATCHER_KEY_FILE": str(self.settings.key_path),
            "DISPATCHER_HOOKS_HOST": self.settings.hooks_host,
            "DISPATCHER_HOOKS_PORT": str(self._hooks_port()),
        }
        if self.settings.policy_file:
            self.environment["DISPATCHER_POLICY_FILE"] = str(self.settings.policy_file)
        if self.settings.texts_folder:
            self.environment["DISPATCHER_TEXTS_FOLDER"] = str(self.settings.texts_folder)
        try:
            migrate.upgrade(engine.engine(self.environment["DISPATCHER_DATABASE_URL"]), clock.real_now())
        except OperationalError as error:
            raise unreachable(error) from None

    def start_children(self) -> None:
        """Gateway simulator where nothing else is configured, hooks, sweep, workers."""
        if self.settings.providers_file:
            self.environment["DISPATCHER_PROVIDERS_FILE"] = str(self.settings.providers_file)
        elif self.is_embedded or self.simulated:
            self._simulate()
        else:
            # With real servers, a forgotten variable must not send warnings nowhere.
            raise no_providers()
        self.add("hooks", [sys.executable, "-m", "dispatcher.web.hooks"])
        self.add("sweep", [sys.executable, "-m", "dispatcher.cli", "sweep"])
        environment = os.environ | self.environment
        for name in links(Path(environment["DISPATCHER_PROVIDERS_FILE"]), environment):
            self.workers[link_lane(name)] = link_lane(name)
        delivering = [name for name in self.workers if name != "casework"]
        self.environment["DISPATCHER_WORKERS"] = str(max(1, len(delivering)))
        for name, queues in self.workers.items():
            command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", "threads", "-c", "1"]
            command += ["-Q", queues, "-n", f"{name}@%h", "--without-gossip", "--without-mingle", "-l", "INFO"]
            self.add(f"worker-{name}", command, niceness=_LIFT if name == "routine" else 0)
        write_running(self.settings.home, self.environment)

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        """Every worker answers, the hooks answer. Raises OperatorError naming what does not, and its log."""
        until = time.monotonic() + timeout_s
        app = Celery(broker=self.environment["DISPATCHER_REDIS_URL"], set_as_current=False)
        waiting = [f"worker-{name}" for name in self.workers] + ["hooks"]
        while waiting and time.monotonic() < until:
            self._check_alive(waiting)
            answers = {next(iter(each)).split("@")[0] for each in app.control.ping(timeout=0.5) or []}
            waiting = [name for name in waiting if name.removeprefix("worker-") not in answers]
            if "hooks" in waiting and self._hooks_answer():
                waiting.remove("hooks")
        if waiting:
            log = self.children[waiting[0]].log
            raise OperatorError(f"{waiting[0]} 未能就绪;日志见 {log}", f"{waiting[0]} did not get ready; see {log}")

    def watch(self) -> None:
        """Start again what ended by itself, until stopped; the waits grow."""
        while not self._stop.wait(0.2):
            for child in self.to_start():
                code = child.process.returncode if child.process else None
                child.start_again()
                _log.warning("child_restarted", name=child.name, exit_code=code, restarts=child.restarts)

    def to_start(self) -> list[Child]:
        """Who ended by itself and is to start now; a worker a while after those before it in the order."""
        now, starting, last = time.monotonic(), [], -math.inf
        for child in list(self.children.values()):
            is_worker = child.name.startswith("worker")
            is_down = not child.is_running and now >= child.not_before
            if is_down and not (is_worker and now - last < _GAP_S):
                starting.append(child)
            if is_worker:
                last = now if child in starting else max(last, child.started)
        return starting

    def stop(self) -> None:
        """Workers first, so that they finish what they hold; then the rest; the servers last."""
        self._stop.set()
        order = sorted(self.children.values(), key=lambda child: not child.name.startswith("worker"))
        for child in order:
            if child.process is not None and child.is_running:
                child.process.terminate()
        until = time.monotonic() + _GRACE_S
        for child in order:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        engine.engine.cache_clear()
        for server in reversed(self._servers):
            server.stop()
        running = read_running(self.settings.home)
        if running is not None and running.pid == os.getpid():
            (self.settings.home / RUN_FILE).unlink()

    @property
    def is_embedded(self) -> bool:
        return not (self.settings.database_url and self.settings.redis_url)

    def _forbid_embedded(self) -> None:
        if self.settings.embedded == "never" and self.is_embedded:
            missing = "DISPATCHER_REDIS_URL" if self.settings.database_url else "DISPATCHER_DATABASE_URL"
            raise OperatorError(
                f"DISPATCHER_EMBEDDED=never,但未设置 {missing}", f"DISPATCHER_EMBEDDED=never, but {missing} is not set"
            )

    def _started(self, server: embedded.Server) -> str:
        self._servers.append(server)
        return server.url

    def _hooks_port(self) -> int:
        wanted = self.settings.hooks_port
        port = free_port(self.settings.hooks_host, wanted)
        if port is None:
            raise port_taken(self.settings.hooks_host, wanted)
        return port

    def _simulate(self) -> None:
        """No gateway is configured: a simulated one, said in the banner."""
        self.simulated = True
        home, port = self.settings.home, free_port("127.0.0.1", 0)
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.environment |= {
            "DISPATCHER_SIMULATOR_SECRET": secret,
            "DISPATCHER_SIMULATOR_URL": f"http://127.0.0.1:{port}",
            "DISPATCHER_PROVIDERS_FILE": str(home / "providers.toml"),
        }
        (home / "providers.toml").write_text(SIMULATED.format(port=port), "utf-8")
        command = [sys.executable, "-m", "providers.simulator", "--port", str(port)]
        command += ["--record", str(home / "gateway.jsonl"), "--answer-ms", str(self.receipt_delay_ms)]
        command += ["--silent-ms", str(_SILENT_MS)]
        self.add("simulator", command)

    def add(self, name: str, command: list[str], niceness: int = 0) -> None:
        """Start one more child."""
        log = self.settings.home / "logs" / f"{name}.log"
        child = Child(name, command, os.environ | self.environment | _KEEP_ENVIRONMENT, log, niceness)
        child.start()
        self.children[name] = child

    def remove(self, name: str) -> None:
        """End a child and forget it."""
        child = self.children.pop(name)
        if child.process is not None:
            child.process.terminate()
            child.process.wait(_GRACE_S)

    def _check_alive(self, names: list[str]) -> None:
        for name in names:
            child = self.children[name]
            if not child.is_running:
                tail = child.log.read_text("utf-8", "replace").strip().splitlines()[-1:]
                raise OperatorError(f"{name} 启动失败:{''.join(tail)[:300]}", f"{name} did not start; see {child.log}")

    def _hooks_answer(self) -> bool:
        host, port = self.environment["DISPATCHER_HOOKS_HOST"], self.environment["DISPATCHER_HOOKS_PORT"]
        try:
            return httpx.get(f"http://{host}:{port}/healthz", timeout=1, trust_env=False).is_success
        except httpx.HTTPError:
            return False


def _check_redis(url: str | None) -> None:
    try:
        redis.Redis.from_url(url or "", socket_connect_timeout=5).ping()
    except (redis.RedisError, ValueError) as error:
        raise OperatorError(
            "无法连接 Redis;请检查 DISPATCHER_REDIS_URL",
            f"can't reach Redis; check DISPATCHER_REDIS_URL ({type(error).__name__})",
        ) from None


def end_leftovers(home: Path) -> None:
    """End the children and servers of an `up` under this home that was killed."""
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except psutil.Error:
            continue
        owner = environment.get(_OWNER)
        if owner and environment.get("DISPATCHER_HOME") == str(home) and not psutil.pid_exists(int(owner)):
            _log.warning("leftover_ended", pid=process.pid)
            process.kill()
    embedded.end_leftovers(home)


def free_port(host: str, wanted: int) -> int | None:
    """The port, or a free one for 0; None where it is taken."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError:
            return None
        port: int = probe.getsockname()[1]
        return port


def port_taken(host: str, port: int) -> OperatorError:
    return OperatorError(
        f"端口 {host}:{port} 已被占用;请设置 DISPATCHER_HOOKS_PORT",
        f"port {host}:{port} is in use; set DISPATCHER_HOOKS_PORT to a free one (0 picks one)",
    )


SIMULATED = """# Written by `dispatcher up`: no gateway was configured, so a simulated one is used.
[[providers]]
name = "simulated"
adapter = "http_gateway"
channels = ["sms", "voice"]
destinations = ["CN"]
timeout_s = 3
base_url = "http://127.0.0.1:{port}"
secret_env = "DISPATCHER_SIMULATOR_SECRET"

[[providers]]
name = "simulated-bank"
adapter = "bank_hook"
channels = ["hook"]
base_url = "http://127.0.0.1:{port}"
secret_env = "DISPATCHER_SIMULATOR_SECRET"

[[providers]]
name = "simulated-groups"
adapter = "group_notice"
channels = ["broadcast"]
base_url = "http://127.0.0.1:{port}"
secret_env = "DISPATCHER_SIMULATOR_SECRET"

[[providers]]
name = "roster"
adapter = "roster"
channels = ["visit"]
"""
