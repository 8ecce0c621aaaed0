"""Brings a database to the newest schema."""

from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from dispatcher.store import partitions

_LOCK = 0x44535031  # one migration at a time, whoever starts it


def config(connection: Connection) -> Config:
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    found.attributes["connection"] = connection
    return found


def upgrade(engine: Engine, now: datetime) -> str:
    """Upgrade to the newest revision and make the partitions due. Gives the revision."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(config(connection), "head")
        partitions.ensure(connection, now)
    return newest()


def newest() -> str:
    script = Config()
    script.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    head = ScriptDirectory.from_config(script).get_current_head()
    assert head is not None, "the package has no migrations"  # noqa: S101
    return head


def is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest()
