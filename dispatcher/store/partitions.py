"""Monthly partitions by UUIDv7 id, made ahead of time.

A default partition takes what no month is ready for, so that no insert ever fails for want of one.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

PARTITIONED = ("attempts", "journal", "receipts")
AHEAD = 3  # months


def first_id(at: datetime) -> UUID:
    """The smallest UUIDv7 of a moment (RFC 9562: 48 bits of Unix milliseconds lead)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def ensure(connection: Connection, now: datetime) -> list[str]:
    """Make this month's partitions and those of the next months. Returns the names of the new ones."""
    made = []
    for table in PARTITIONED:
        for offset in range(AHEAD + 1):
            begin, end = _month(now, offset), _month(now, offset + 1)
            name = f"{table}_{begin:%Y%m}"
            is_there = connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name})
            if not is_there and _add(connection, table, name, begin, end):
                made.append(name)
    return made


def _add(connection: Connection, table: str, name: str, begin: datetime, end: datetime) -> bool:
    """False if the default partition holds rows of that month already; there they stay."""
    bounds = {"table": table, "name": name, "low": first_id(begin), "high": first_id(end)}
    try:
        with connection.begin_nested():
            connection.execute(text("SELECT dispatcher_add_partition(:table, :name, :low, :high)"), bounds)
    except IntegrityError:
        return False
    return True


def _month(now: datetime, offset: int) -> datetime:
    months = now.year * 12 + now.month - 1 + offset
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
