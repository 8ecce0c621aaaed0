"""What `up` runs, and with which settings: servers if none are named, gateway simulator, hooks, sweep, workers."""

import base64
import fcntl
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import httpx
import redis
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from dispatcher import clock, embedded, policy, private_files, vault, vocabulary
from dispatcher.errors import OperatorError, StartStopped
from dispatcher.logging import logger
from dispatcher.policy import kept
from dispatcher.ports import free_port, own_port
from dispatcher.settings import RUN_FILE, Settings, local_url, read_running, write_running
from dispatcher.setup import check_file, links, no_providers
from dispatcher.store import engine, heartbeats, migrate
from dispatcher.store.outages import unreachable
from dispatcher.supervisor import Child, Supervisor, kill_orphans
from dispatcher.texts import approved
from dispatcher.wake import link_lane

_DELIVERING = max(2, os.cpu_count() or 1)  # one for each core; two at least, so that one that hangs stops nothing
# Worker and queues, in the order in which they start.
WORKERS = {
    "delivery-1": "delivery",
    "casework": "casework,celery",
    **{f"delivery-{number}": "delivery" for number in range(2, _DELIVERING + 1)},
}
# Workers have nothing to tell each other: all that they share lies in PostgreSQL.
_SILENT_AMONG_THEMSELVES = ("--without-gossip", "--without-mingle", "--without-heartbeat")
_LOOK_EVERY_S = 0.5
_SILENT_MS = 4000  # beyond the simulated gateway's timeout_s, so that the attempt is in doubt first
# Where setproctitle is installed, Celery's titles would overwrite the environment by which orphans are known.
_KEEP_ENVIRONMENT = {"SPT_NOENV": "1"}
_log = logger(__name__)


@dataclass
class Stack:
    """Give it settings; it finds out what is missing and starts that."""

    settings: Settings
    simulated: bool = False
    workers: dict[str, str] = field(default_factory=lambda: dict(WORKERS))
    environment: dict[str, str] = field(default_factory=dict)
    durable: bool = True
    serves_api: bool = False
    receipt_delay_ms: int = 20
    supervisor: Supervisor = field(default_factory=Supervisor)
    stop_asked: Callable[[], int] = int  # the signal by which somebody asked to stop, or 0
    _servers: list[embedded.Server] = field(default_factory=list)
    _hold: IO[bytes] | None = None
    _began_at: datetime = field(default_factory=clock.real_now)

    def start_servers(self) -> None:
        """PostgreSQL, Redis, keys, schema. Raises OperatorError, StartStopped."""
        private_files.close_to_others()
        home = self.settings.home
        embedded.check_home(home)
        self._forbid_embedded()
        self._hold = _hold(home)
        end_leftovers(home)
        clock.parse(self.settings.clock)
        in_force = policy.load(self.settings.policy_file)
        vocabulary.load(self.settings.vocabulary_file)
        approved.load(self.settings.texts_folder)
        asked = self.stop_asked
        self._check_stop()
        database_url = self.settings.database_url or self._start(
            embedded.postgres(home, durable=self.durable, stop_asked=asked)
        )
        self._check_stop()
        redis_url = self.settings.redis_url or self._start(embedded.redis(home, stop_asked=asked))
        _check_redis(redis_url)
        vault.load(self.settings.key_path, make=self.is_embedded)
        self.environment = self._own_settings() | {
            "DISPATCHER_DATABASE_URL": database_url,
            "DISPATCHER_REDIS_URL": redis_url,
        }
        try:
            migrate.upgrade(engine.engine(database_url), clock.real_now(), _log_who_blocks, self._check_stop)
            with Session(engine.engine(database_url)) as session, session.begin():
                self._began_at = heartbeats.database_now(session.connection())
                kept.keep(session, in_force)
        except OperationalError as error:
            raise unreachable(error) from None

    def start_children(self) -> None:
        """The gateway simulator if no gateway is configured, hooks, sweep, workers.

        Raises OperatorError, StartStopped.
        """
        self._check_stop()
        if self.settings.providers_file:
            self.environment["DISPATCHER_PROVIDERS_FILE"] = str(self.settings.providers_file)
        elif self.is_embedded or self.simulated:
            self._simulate()
        else:
            # With real servers, a forgotten variable must not send warnings nowhere.
            raise no_providers()
        environment = os.environ | self.environment
        providers = Path(environment["DISPATCHER_PROVIDERS_FILE"])
        check_file(providers, environment, self.settings.without)
        self.add("hooks", [sys.executable, "-m", "dispatcher.web.hooks"])
        if self.serves_api:
            self.add("api", [sys.executable, "-m", "dispatcher.web.api"])
            self.add("webhooks", [sys.executable, "-m", "dispatcher.webhooks"])
        self.add("sweep", [sys.executable, "-m", "dispatcher.cli", "sweep"])
        for name in links(providers, environment):
            self.workers[link_lane(name)] = link_lane(name)
        delivering = [name for name in self.workers if name != "casework"]
        self.environment["DISPATCHER_WORKERS"] = str(max(1, len(delivering)))
        for name, queues in self.workers.items():
            command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", "threads", "-c", "1"]
            command += ["-Q", queues, "-n", f"{name}@%h", *_SILENT_AMONG_THEMSELVES, "-l", "INFO"]
            self.add(f"worker-{name}", command)
        write_running(self.settings.home, self.environment)

    def add(self, name: str, command: list[str]) -> None:
        """Start one more child with the settings of this stack."""
        environment = os.environ | self.environment | _KEEP_ENVIRONMENT
        log = self.settings.home / "logs" / f"{name}.log"
        self.supervisor.add(Child(name, command, environment, log, in_turn=name.startswith("worker")))

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        """Every worker lives, the hooks answer.

        Raises OperatorError naming what does not, and its log; StartStopped.
        """
        until = time.monotonic() + timeout_s
        doors = ["hooks", "api"] if self.serves_api else ["hooks"]
        waiting = [f"worker-{name}" for name in self.workers] + doors
        while waiting and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)
            self._check_stop()
            self._check_alive(waiting)
            living = self._living_workers()
            waiting = [name for name in waiting if name.removeprefix("worker-") not in living]
            waiting = [name for name in waiting if name not in doors or not self._answers(name)]
        if waiting:
            log = self.supervisor.children[waiting[0]].log
            raise OperatorError(f"{waiting[0]} 未能就绪;日志见 {log}", f"{waiting[0]} did not get ready; see {log}")

    def stop(self) -> None:
        """The children first, so that workers finish what they hold; the servers last."""
        self.supervisor.stop()
        engine.engine.cache_clear()
        for server in reversed(self._servers):
            server.stop()
        if self._hold is not None:
            (self.settings.home / RUN_FILE).unlink(missing_ok=True)
            self._hold.close()
            self._hold = None

    def keep_servers_running(self, tell: Callable[[str, str], object]) -> None:
        """Start embedded servers again that have ended. Raises OperatorError if that is of no use, StartStopped."""
        embedded.keep_running(self._servers, tell, self.stop_asked)

    def _check_stop(self) -> None:
        if number := self.stop_asked():
            raise StartStopped(number)

    @property
    def is_embedded(self) -> bool:
        return not (self.settings.database_url and self.settings.redis_url)

    def _forbid_embedded(self) -> None:
        if self.settings.embedded == "never" and self.is_embedded:
            missing = "DISPATCHER_REDIS_URL" if self.settings.database_url else "DISPATCHER_DATABASE_URL"
            raise OperatorError(
                f"DISPATCHER_EMBEDDED=never,但未设置 {missing}", f"DISPATCHER_EMBEDDED=never, but {missing} is not set"
            )

    def _start(self, server: embedded.Server) -> str:
        self._servers.append(server)
        return server.url

    def _own_settings(self) -> dict[str, str]:
        """What the children have to know of our settings."""
        found = self.settings
        port = free_port(found.hooks_host, found.hooks_port, "DISPATCHER_HOOKS_PORT")
        api_port = found.api_port
        if self.serves_api:
            api_port = free_port(found.api_host, found.api_port, "DISPATCHER_API_PORT")
        values = {
            "DISPATCHER_HOME": found.home,
            "DISPATCHER_CLOCK": found.clock,
            "DISPATCHER_KEY_FILE": found.key_path,
            "DISPATCHER_HOOKS_HOST": found.hooks_host,
            "DISPATCHER_HOOKS_PORT": port,
            "DISPATCHER_API_HOST": found.api_host,
            "DISPATCHER_API_PORT": api_port,
            "DISPATCHER_API_TRUSTED_PROXIES": found.api_trusted_proxies,
            "DISPATCHER_WEBHOOK_ALLOWED": found.webhook_allowed,
            "DISPATCHER_WITHOUT": found.without,
            "DISPATCHER_POLICY_FILE": found.policy_file,
            "DISPATCHER_VOCABULARY_FILE": found.vocabulary_file,
            "DISPATCHER_TEXTS_FOLDER": found.texts_folder,
        }
        return {name: str(value) for name, value in values.items() if value}

    def _simulate(self) -> None:
        """No gateway is configured: a simulated one, said in the banner."""
        self.simulated = True
        home, port = self.settings.home, own_port()
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

    def _check_alive(self, names: list[str]) -> None:
        for name in names:
            child = self.supervisor.children[name]
            if not child.is_running:
                tail = child.log.read_text("utf-8", "replace").strip().splitlines()[-1:]
                raise OperatorError(f"{name} 启动失败:{''.join(tail)[:300]}", f"{name} did not start; see {child.log}")

    def _living_workers(self) -> set[str]:
        """Names of our workers that have left a sign of life since we started them; others may share the database."""
        host = f"@{socket.gethostname()}"
        with engine.engine(self.environment["DISPATCHER_DATABASE_URL"]).connect() as connection:
            names = heartbeats.workers_since(connection, self._began_at)
        return {name.removesuffix(host) for name in names if name.endswith(host)}

    def url(self, door: str) -> str:
        """Of "hooks" or "api", on this machine."""
        prefix = f"DISPATCHER_{door.upper()}_"
        return local_url(self.environment[prefix + "HOST"], self.environment[prefix + "PORT"])

    def _answers(self, door: str) -> bool:
        try:
            return httpx.get(f"{self.url(door)}/healthz", timeout=1, trust_env=False).is_success
        except httpx.HTTPError:
            return False


def _hold(home: Path) -> IO[bytes]:
    """Until it is closed, or its process ends in any way, no other may start under this home. Raises OperatorError."""
    running = OperatorError(f"{home} 下已有 dispatcher 在运行", f"a dispatcher is already running under {home}")
    if read_running(home) is not None:
        raise running
    file = (embedded.make_folder(home, "logs").parent / "up.lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise running from None
    return file


def _log_who_blocks(line: str) -> None:
    _log.warning("migration_waits", why=line)


def _check_redis(url: str) -> None:
    try:
        redis.Redis.from_url(url, socket_connect_timeout=5).ping()
    except (redis.RedisError, ValueError) as error:
        raise OperatorError(
            "无法连接 Redis;请检查 DISPATCHER_REDIS_URL",
            f"can't reach Redis; check DISPATCHER_REDIS_URL ({type(error).__name__})",
        ) from None


def end_leftovers(home: Path) -> None:
    """End the children and servers of an `up` under this home that was killed."""
    kill_orphans({"DISPATCHER_HOME": str(home)})
    embedded.end_leftovers(home)


SIMULATED = """# Written by `dispatcher up`: no gateway was configured, so a simulated one is used.
[[providers]]
name = "simulated"
adapter = "http_gateway"
channels = ["sms", "voice"]
destinations = ["CN"]
timeout_s = 3
travel_s = 10
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
