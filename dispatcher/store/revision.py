"""Which revision a database has and which is newest. Asked at each start, so without Alembic, which loads slowly."""

from pathlib import Path

from sqlalchemy import Connection, Engine, text

from dispatcher.errors import OperatorError

MIGRATIONS = Path(__file__).parent / "migrations"


def newest() -> str:
    """The revision of the newest migration: its file's number."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def is_current(engine: Engine) -> bool:
    """Raises OperatorError for a database of a newer release."""
    with engine.connect() as connection:
        return check_known(connection) == newest()


def check_known(connection: Connection) -> str | None:
    """The database's revision. Raises OperatorError where this program knows none of that number: it is too old."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and not any((MIGRATIONS / "versions").glob(f"{found}_*.py")):
        raise OperatorError(
            f"本程序比数据库旧:数据库结构为 {found},本程序只到 {newest()};请安装更新的版本",
            f"this program is older than the database: its schema is {found}, and this knows no more than {newest()}; "
            "install the newer release",
        )
    return None if found is None else str(found)
