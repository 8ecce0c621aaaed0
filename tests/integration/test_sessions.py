"""What each session with PostgreSQL is set to: nobody holds a lock for long who stands still, or is gone."""

from collections.abc import Iterator

import pytest
from casework_fixture import CaseworkFixture
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from dispatcher.store import advisory_locks, engine
from dispatcher.store.outages import unreachable


@pytest.fixture(params=[False, True], ids=["command", "serving"])
def made(casework: CaseworkFixture, request: pytest.FixtureRequest) -> Iterator[Engine]:
    # A URL of its own, so that nobody else's pool is disposed of.
    url = casework.url + ("&" if "?" in casework.url else "?") + "options=-c%20work_mem%3D5MB"
    yield engine.engine(url, serving=request.param)
    engine.engine(url, serving=request.param).dispose()


def test_a_process_that_serves_waits_for_nobody(made: Engine, request: pytest.FixtureRequest) -> None:
    names = ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout", "work_mem")
    with made.connect() as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in names]
    limits = ["12s", "10s", "1min"] if "serving" in request.node.name else ["0", "0", "0"]
    assert shown == [*limits, "5MB"]


def test_who_stands_still_in_a_transaction_loses_its_locks(casework: CaseworkFixture, made: Engine) -> None:
    """Its session is ended, and what it says next is an outage, never a fault of the row that it was about."""
    case_id = casework.open()
    with made.connect() as connection:
        connection.execute(text("SET idle_in_transaction_session_timeout = '100ms'"))
        connection.execute(text("SELECT FROM cases WHERE id = :id FOR UPDATE"), {"id": case_id})
        # Waits until the lock is free: the holder says nothing meanwhile.
        assert casework.sql("SELECT 1 FROM cases WHERE id = :id FOR UPDATE", id=case_id) == [(1,)]
        with pytest.raises(OperationalError) as caught:
            connection.execute(text("SELECT 1"))
        assert caught.value.connection_invalidated


def test_who_stands_still_with_a_lock_for_its_session_loses_it(made: Engine) -> None:
    with made.connect() as holder, made.connect() as other:
        holder.detach()
        assert advisory_locks.try_lock_connection(holder, advisory_locks.SWEEP)
        assert not advisory_locks.try_lock_connection(other, advisory_locks.SWEEP)
        assert holder.scalar(text("SHOW idle_session_timeout")) == "10s"
        holder.execute(text("SET idle_session_timeout = '100ms'"))
        holder.commit()
        with other.execution_options(isolation_level="AUTOCOMMIT").begin():
            other.execute(text("SET idle_session_timeout = 0"))
            other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": advisory_locks.SWEEP})
        with pytest.raises(OperationalError):
            holder.execute(text("SELECT 1"))


def test_a_pooler_that_refuses_our_settings_is_told_apart() -> None:
    error = OperationalError(None, None, ConnectionError('FATAL:  unsupported startup parameter: "options"'))
    assert "PgBouncer" in str(unreachable(error))
