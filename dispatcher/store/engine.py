"""Connections to PostgreSQL."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from dispatcher.errors import OperatorError
from dispatcher.store import journal_changes, outages


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


# Both ends find out within half a minute that the other host is gone, and the server then lets its locks go.
_KEEP_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_CLIENT = {"keepalives": 1, **_KEEP_ALIVE, "tcp_user_timeout": 20_000}
_SERVER = {f"tcp_{name}": value for name, value in _KEEP_ALIVE.items()} | {"tcp_user_timeout": 20_000}
# Whatever zone the server is set to, times are read in one: programs get the same text from every host.
_ZONE = {"timezone": "UTC"}
APPLICATION = "dispatcher"
SILENCE_S = 12  # in the middle of a write the sweep sees to it: silent_sessions.py
# Of a process that serves: one that stands still in mid-transaction holds its locks for no longer than this, nobody
# waits longer for a lock, and no statement takes longer.
_SERVING = {
    "idle_in_transaction_session_timeout": f"{SILENCE_S}s",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
}


@cache
def engine(url: str, *, serving: bool = False) -> Engine:
    """One pool for each process and database. All by which PostgreSQL is away for us is an OperationalError.

    `serving`: for workers, sweep and hooks, which wait for nobody; a command of a person's may take its time.
    With a pooler in between, the first connection raises OperatorError.
    """
    made = create_engine(
        normalised(url),
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text goes to the log; what was being stored does not
        # None beyond the pool: each burst of receipts or visits would open and close them again, at 30 ms apiece.
        pool_size=15,
        max_overflow=0,
        connect_args={
            "connect_timeout": 5,
            "application_name": APPLICATION,
            "options": _options(url, {**_ZONE, **_SERVER, **(_SERVING if serving else {})}),
            **_CLIENT,
        },
    )
    event.listen(made, "handle_error", _raise_outage)
    event.listen(made.pool, "first_connect", _refuse_pooler)
    return made


def _refuse_pooler(connection: Any, _record: object) -> None:
    """A pooler that takes our settings and drops them is known by the server process: it names one of its own.

    Raises OperatorError.
    """
    with connection.cursor() as cursor:
        [(pid,)] = cursor.execute("SELECT pg_backend_pid()").fetchall()
    connection.rollback()
    if pid != connection.info.backend_pid:
        connection.close()
        raise outages.pooler()


def _options(url: str, ours: Mapping[str, object]) -> str:
    """What each session is set to; what the URL itself sets comes last, and holds."""
    theirs = make_url(url).query.get("options", "")
    given = theirs if isinstance(theirs, str) else " ".join(theirs)
    return " ".join([*(f"-c {name}={value}" for name, value in ours.items()), given]).strip()


def _raise_outage(context: ExceptionContext) -> None:
    """psycopg calls some ways of being away an internal error, as it does what is a fault of ours.

    Read-only is a standby, or a primary that was demoted: we connect anew, since another may lead by then. A session
    that was ended may be ours that stood still for too long.
    """
    error = context.original_exception
    if isinstance(error, ReadOnlySqlTransaction):
        context.is_disconnect = True
    elif not context.is_disconnect or isinstance(context.sqlalchemy_exception, OperationalError):
        return
    raise OperationalError(None, None, error, hide_parameters=True, connection_invalidated=True)


@cache
def sessions(url: str, *, serving: bool = False) -> sessionmaker[Session]:
    """Sessions whose changes to cases go into the journal."""
    return journal_changes.install(sessionmaker(engine(url, serving=serving), expire_on_commit=False))
