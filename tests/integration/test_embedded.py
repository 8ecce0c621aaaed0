"""The embedded servers: kept data, their place in the process tree, and what a killed `up` leaves."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from dispatcher import embedded


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder with a space in its name, as the default one has on macOS."""
    home = tmp_path / "Application Support"
    yield home
    embedded.end_leftovers(home)


def _process(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "redis" / "valkey.pid").read_text()))


def test_what_redis_holds_is_there_after_a_restart_on_the_same_port(home: Path) -> None:
    server = embedded.redis(home)
    with Redis.from_url(server.url) as client:
        client.set("key", "value")
        server.stop()
        port = client.connection_pool.connection_kwargs["port"]
        again = embedded.redis(home, port)
        assert again.url == server.url
        assert client.get("key") == b"value"
        again.stop()


def test_redis_has_a_session_of_its_own_so_that_ctrl_c_ends_its_clients_first(home: Path) -> None:
    server = embedded.redis(home)
    process = _process(home)
    assert os.getsid(process.pid) != os.getsid(0)
    server.stop()
    assert not process.is_running()


def _start_and_die(server: str, home: Path) -> None:
    """A process that starts this server and ends without stopping it."""
    start = "import os, sys; from pathlib import Path; from dispatcher import embedded; "
    start += "getattr(embedded, sys.argv[1])(Path(sys.argv[2])); os._exit(0)"
    subprocess.run([sys.executable, "-c", start, server, str(home)], check=True)


def _has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_redis_that_a_killed_process_left_is_ended(home: Path) -> None:
    _start_and_die("redis", home)
    process = _process(home)
    assert process.is_running()
    embedded.end_leftovers(home)
    assert _has_ended(process)


def test_after_a_killed_process_the_next_one_stops_its_own_postgres() -> None:
    # Not under pytest's own folder, which other users can't enter: started as root, the server runs as another one.
    with tempfile.TemporaryDirectory(prefix="dispatcher-pg-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        _start_and_die("postgres", home)
        embedded.end_leftovers(home)
        server = embedded.postgres(home)
        process = psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))
        server.stop()
        has_ended = _has_ended(process)
        embedded.end_leftovers(home)
        assert has_ended


def test_postgres_is_closed_to_others_also_where_its_path_is_too_long_for_a_socket() -> None:
    """Its folder, and that of its socket: who reaches the socket is the superuser."""
    with tempfile.TemporaryDirectory(prefix="dispatcher-pg-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / ("long" * 20)
        home.mkdir(0o700)
        server = embedded.postgres(home, durable=False)
        try:
            socket_folder = Path((home / "postgres" / "postmaster.pid").read_text().splitlines()[4])
            assert home not in socket_folder.parents
            assert [stat.S_IMODE(each.stat().st_mode) for each in (home / "postgres", socket_folder)] == [0o700] * 2
            assert stat.S_IMODE(home.stat().st_mode) & 0o066 == 0
            with create_engine(server.url).connect() as connection:
                assert connection.scalar(text("SELECT 1")) == 1
        finally:
            server.stop()
