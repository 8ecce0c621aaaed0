"""Which revision a database has and which is newest. Asked at each start, so without Alembic, which loads slowly."""

from pathlib import Path

from sqlalchemy import Engine, text

MIGRATIONS = Path(__file__).parent / "migrations"


def newest() -> str:
    """The revision of the newest migration: its file's number."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return False
        return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == newest())
