"""Brings a database to the newest schema."""

from datetime import datetime

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from dispatcher.store import partitions, revision

_LOCK = 0x44535031  # one migration at a time, whoever starts it


def config(connection: Connection) -> Config:
    found = Config()
    found.set_main_option("script_location", str(revision.MIGRATIONS))
    found.attributes["connection"] = connection
    return found


def upgrade(engine: Engine, now: datetime) -> str:
    """Upgrade to the newest revision and make the partitions due. Gives the revision."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(config(connection), "head")
        partitions.ensure(connection, now)
    return revision.newest()
