"""The migrated schema is the one that the models mean, however often and by whomever it is migrated."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from dispatcher import clock
from dispatcher.store import migrate, revision
from dispatcher.store.partitions import PARTITIONED
from dispatcher.store.tables import metadata


@pytest.fixture
def empty(empty_database: str) -> Iterator[Engine]:
    engine = create_engine(empty_database)
    yield engine
    engine.dispose()


def not_a_partition(_: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    prefixes = tuple(f"{table}_" for table in PARTITIONED)
    return not (kind == "table" and reflected and compare_to is None and str(name).startswith(prefixes))


def schema(engine: Engine) -> list[Any]:
    catalogue = "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    with engine.connect() as connection:
        return list(connection.execute(text(catalogue)))


def test_models_and_migrations_agree(database: str) -> None:
    engine = create_engine(database)
    with engine.connect() as connection:
        options = {"include_object": not_a_partition, "compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


def test_upgrading_twice_is_harmless(empty: Engine) -> None:
    assert not revision.is_current(empty)
    assert migrate.upgrade(empty, clock.real_now()) == revision.newest()
    before = schema(empty)
    assert migrate.upgrade(empty, clock.real_now()) == revision.newest()
    assert schema(empty) == before
    assert revision.is_current(empty)


def test_upgrades_at_once_are_harmless(empty: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        revisions = list(threads.map(lambda _: migrate.upgrade(empty, clock.real_now()), range(4)))
    assert revisions == [revision.newest()] * 4
    assert revision.is_current(empty)
