"""The embedded servers: kept data, homes of any name, their death, and what a killed `up` leaves."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from dispatcher import embedded
from dispatcher.embedded import restarts
from dispatcher.errors import OperatorError, StartStopped

PATIENCE_S = 300


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


def _wait_until(has_come: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not has_come():
        assert time.monotonic() < limit
        time.sleep(0.002)


def _has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_redis_that_a_killed_process_left_is_ended(home: Path) -> None:
    _start_and_die("redis", home)
    process = _process(home)
    assert process.is_running()
    embedded.end_leftovers(home)
    assert _has_ended(process)


@pytest.fixture
def open_home() -> Iterator[Path]:
    """Not under pytest's own folder, which other users can't enter: started as root, the server runs as another one."""
    with tempfile.TemporaryDirectory(prefix="dispatcher-pg-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
        embedded.end_leftovers(Path(folder))


def _postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))


def _answer(url: str) -> object:
    engine = create_engine(url)
    with engine.connect() as connection:
        answer = connection.scalar(text("SELECT count(*) FROM kept"))
    engine.dispose()
    return answer


def _keep_something(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 1"))
    engine.dispose()


def test_after_a_killed_process_the_next_one_has_its_data_and_stops_its_own_postgres(open_home: Path) -> None:
    _start_and_die("postgres", open_home)
    left = _postmaster(open_home)
    assert not _has_ended(left)
    embedded.end_leftovers(open_home)
    assert _has_ended(left)
    server = embedded.postgres(open_home)
    process = _postmaster(open_home)
    server.stop()
    assert _has_ended(process)


def test_a_killed_postgres_is_started_again_with_its_data_though_its_backends_live_on(open_home: Path) -> None:
    """A backend that is in the midst of something does not see that its server is gone, and keeps others out."""
    server = embedded.postgres(open_home)
    told: list[str] = []
    try:
        _keep_something(server.url)
        engine = create_engine(server.url)
        with engine.connect() as connection:
            backend = psutil.Process(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
            backend.suspend()
            _postmaster(open_home).kill()
            _wait_until(lambda: server.has_ended)
            embedded.keep_running([server], lambda zh, en: told.append(en), int)
        engine.dispose()
        assert _has_ended(backend)
        assert _answer(server.url) == 1
    finally:
        server.stop()
    assert told == ["the embedded PostgreSQL ended (-9); starting it", "the embedded PostgreSQL is back"]


def test_a_server_that_can_not_come_back_is_tried_a_few_times_and_then_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "_WAIT_S", 0.01)
    server = embedded.redis(home)
    told: list[str] = []
    _process(home).kill()
    shutil.rmtree(home / "redis")
    (home / "redis").write_text("no folder")
    _wait_until(lambda: server.has_ended)
    with pytest.raises(OperatorError, match="did not keep running 5 times in a row"):
        embedded.keep_running([server], lambda zh, en: told.append(en), int)
    assert told == ["the embedded Redis ended (-9); starting it"]
    server.stop()
    (home / "redis").unlink()


def test_what_runs_is_left_alone(home: Path) -> None:
    server = embedded.redis(home)
    process = _process(home)
    embedded.keep_running([server], lambda zh, en: pytest.fail(en), int)
    assert process.is_running()
    server.stop()


ODD = {
    "blanks": "Application Support",
    "Chinese": "预警 派发",
    "quotes": """it's "here" """.strip(),
    "what libpq reads in an address": "a,b@c:d?e=f&g#h%20+",
    "what a shell reads": "$HOME `x` \\ ;*",
    "too long for a socket": "很长" * 40,
}


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_a_home_of_any_name(open_home: Path, name: str) -> None:
    home = open_home / name
    database, queue = embedded.postgres(home, durable=False), embedded.redis(home)
    try:
        _keep_something(database.url)
        assert _answer(database.url) == 1
        # As libpq's own programs read it, too.
        with psycopg.connect(database.url.replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)
        with Redis.from_url(queue.url) as client:
            assert client.ping()
    finally:
        processes = [_process(home), _postmaster(home)]
        socket_folder = Path((home / "postgres" / "postmaster.pid").read_text().splitlines()[4])
        queue.stop()
        database.stop()
    assert all(_has_ended(each) for each in processes)
    assert socket_folder == home / "postgres" or not socket_folder.exists()
    embedded.end_leftovers(home)


def test_a_locale_that_is_not_there_and_settings_of_other_servers_do_not_matter(
    open_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LC_ALL": "zh_CN.GBK", "PGPORT": "6543", "PGDATA": "/nowhere", "PGHOST": "elsewhere"}.items():
        monkeypatch.setenv(name, value)
    server = embedded.postgres(open_home, durable=False)
    try:
        _keep_something(server.url)
        assert _answer(server.url) == 1
    finally:
        server.stop()


def test_a_data_folder_that_was_broken_off_is_never_taken_for_a_whole_one(open_home: Path) -> None:
    """The maker killed in the middle of it, and then asked to stop."""
    start = "import sys; from pathlib import Path; from dispatcher import embedded; "
    start += "embedded.postgres(Path(sys.argv[1]))"
    maker = subprocess.Popen([sys.executable, "-c", start, str(open_home)])
    _wait_until(lambda: bool(list(open_home.glob("postgres.new-*/PG_VERSION"))))
    maker.kill()
    maker.wait()
    assert not (open_home / "postgres").exists()
    with pytest.raises(StartStopped):
        embedded.postgres(open_home, stop_asked=lambda: bool(list(open_home.glob("postgres.new-*/PG_VERSION"))))
    assert not (open_home / "postgres").exists()
    server = embedded.postgres(open_home, durable=False)
    _keep_something(server.url)
    server.stop()
    assert not list(open_home.glob("postgres.new-*"))


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
