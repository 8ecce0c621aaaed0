"""Writes many new rows at once, by COPY: a session's own bookkeeping costs several times what the rows do."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from dispatcher.store.base import Base

_Processor = Callable[[Any], Any]


def write(session: Session, rows: Iterable[Base]) -> None:
    """Insert new rows that the session does not have, whole tables one after the other. What is not set is NULL."""
    by_table: dict[type[Base], list[Base]] = defaultdict(list)
    for row in rows:
        by_table[type(row)].append(row)
    connection = session.connection()
    cursor: Any = connection.connection.cursor()
    try:
        for table, found in by_table.items():
            statement, columns = _copied(table, connection.dialect)
            with cursor.copy(statement) as copy:
                for row in found:
                    copy.write_row(_values(row, columns))
    except psycopg.Error as error:
        raise _wrapped(error, is_over=cursor.connection.closed) from error


def _values(row: Base, columns: tuple[tuple[str, _Processor | None], ...]) -> list[Any]:
    given = row.__dict__
    values = []
    for name, process in columns:
        value = given.get(name)
        values.append(value if process is None or value is None else process(value))
    return values


@cache
def _copied(table: type[Base], dialect: Dialect) -> tuple[str, tuple[tuple[str, _Processor | None], ...]]:
    """The statement, and each column with what its type makes of a value."""
    columns = tuple((each.name, _processor(each.type, dialect)) for each in table.__table__.columns)
    names = ", ".join(f'"{name}"' for name, _ in columns)
    return f"COPY {table.__tablename__} ({names}) FROM STDIN", columns


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return json.dumps if isinstance(kind, JSONB) else kind.dialect_impl(dialect).bind_processor(dialect)


def _wrapped(error: psycopg.Error, *, is_over: bool) -> BaseException:
    """As SQLAlchemy raises what its own statements meet: callers tell an outage from a fault by that."""
    return DBAPIError.instance(
        None, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=is_over, dialect=None
    )
