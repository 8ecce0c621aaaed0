"""Brings a database to the newest schema."""

from datetime import datetime

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from dispatcher.store import advisory_locks, partitions, revision


def config(connection: Connection) -> Config:
    found = Config()
    found.set_main_option("script_location", str(revision.MIGRATIONS))
    found.attributes["connection"] = connection
    return found


def upgrade(engine: Engine, now: datetime) -> str:
    """Upgrade to the newest revision and make the partitions due. Returns the revision."""
    with engine.begin() as connection:
        advisory_locks.lock(connection, [advisory_locks.MIGRATION])
        command.upgrade(config(connection), "head")
        partitions.ensure(connection, now)
    return revision.newest()
