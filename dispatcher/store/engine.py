"""Connections to PostgreSQL."""

from functools import cache

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from dispatcher.errors import OperatorError
from dispatcher.store import journal_changes


def normalised(url: str) -> str:
    """The URL with psycopg 3 as driver, whatever way it was written. Raises OperatorError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or not parsed.drivername.startswith(("postgresql", "postgres")):
        raise OperatorError(
            "DISPATCHER_DATABASE_URL 应形如 postgresql://用户@主机/库名",
            "DISPATCHER_DATABASE_URL must look like postgresql://user@host/name",
        )
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@cache
def engine(url: str) -> Engine:
    """One pool for each process and database."""
    return create_engine(
        normalised(url),
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text goes to the log; what was being stored does not
        # None beyond the pool: each burst of receipts or visits would open and close them again, at 30 ms apiece.
        pool_size=15,
        max_overflow=0,
        connect_args={"connect_timeout": 5, "application_name": "dispatcher"},
    )


@cache
def sessions(url: str) -> sessionmaker[Session]:
    """Sessions whose changes to cases go into the journal."""
    return journal_changes.install(sessionmaker(engine(url), expire_on_commit=False))
