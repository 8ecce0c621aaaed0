"""A real PostgreSQL for the tests that ask for one: started once, a fresh database from a template for each test.

It is always our own embedded server, whatever DISPATCHER_DATABASE_URL says: tests never touch another database.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from dispatcher import clock, embedded
from dispatcher.store import migrate

# Where pytest has loaded readline, that tells all workers a width of its own, and tables would be as narrow.
os.environ.pop("COLUMNS", None)

_TEMPLATE = "migrated"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder made by tempfile below it
_ROOM = 4 * 2**30  # bytes; two workers take one of them
_numbers = count(1)

NewDatabase = Callable[[str], str]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of the one server of this run.

    Not under pytest's own temporary folder: started as root, the server runs as another user, and each pytest
    that starts on this machine shuts that folder to all others.
    """
    with tempfile.TemporaryDirectory(dir=_in_memory(), prefix="dispatcher-pg-", ignore_cleanup_errors=True) as home:
        server = embedded.postgres(Path(home), durable=False)
        try:
            yield server.url
        finally:
            server.stop()


def _in_memory() -> Path | None:
    """A folder in memory, if there is room: a database has 700 files, which take eight times as long on a disk."""
    is_there = os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > _ROOM
    return _IN_MEMORY if is_there else None


@pytest.fixture(scope="session")
def administrator(postgres_server: str) -> Iterator[Engine]:
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def template(administrator: Engine) -> str:
    """The name of a database at the newest schema, which others are copied from."""
    url = _create(administrator, _TEMPLATE, "template0")
    engine = create_engine(url)
    migrate.upgrade(engine, clock.real_now())
    engine.dispose()
    return _TEMPLATE


@pytest.fixture
def new_database(administrator: Engine) -> Iterator[NewDatabase]:
    """Makes databases, and drops them when the test ends."""
    made: list[str] = []

    def make(copied_from: str) -> str:
        made.append(f"test_{next(_numbers)}")
        return _create(administrator, made[-1], copied_from)

    yield make
    with administrator.connect() as connection:
        for name in made:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database(new_database: NewDatabase, template: str) -> str:
    """The URL of a database of one's own, at the newest schema."""
    return new_database(template)


@pytest.fixture
def empty_database(new_database: NewDatabase) -> str:
    """The URL of a database of one's own, without a table."""
    return new_database("template0")


def _create(administrator: Engine, name: str, copied_from: str) -> str:
    with administrator.connect() as connection:
        copied = f"ENCODING 'UTF8' TEMPLATE {copied_from} STRATEGY FILE_COPY"
        connection.execute(text(f"CREATE DATABASE {name} {copied}"))
    return make_url(administrator.url).set(database=name).render_as_string(hide_password=False)
