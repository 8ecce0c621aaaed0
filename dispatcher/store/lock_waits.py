"""Who keeps a session of ours waiting for a lock."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

# What a session asks is not read: it may hold somebody's data.
_BLOCKERS = text("""
    SELECT pid, usename, application_name, host(client_addr), state,
           extract(epoch FROM clock_timestamp() - xact_start)::integer
    FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids(:pid)) ORDER BY xact_start
""")


@dataclass(frozen=True)
class Blocker:
    """A session that holds, or waits before ours for, what ours wants. None is what this user may not see."""

    pid: int
    user: str | None
    application: str | None
    address: str | None
    state: str | None
    transaction_s: int | None

    def __str__(self) -> str:
        told = (self.application, self.user, self.address, self.state)
        since = "" if self.transaction_s is None else f", {self.transaction_s} s"
        return f"pid {self.pid} ({', '.join(each for each in told if each)}{since})"


@contextmanager
def watch(engine: Engine, connection: Connection, every_s: float) -> Iterator[list[Blocker]]:
    """A list that holds, meanwhile and after, who blocked this connection when it was last seen waiting."""
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    blockers: list[Blocker] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(every_s):
            with suppress(DBAPIError), engine.connect() as other:
                if rows := other.execute(_BLOCKERS, {"pid": pid}).tuples().all():
                    blockers[:] = [Blocker(*row) for row in rows]

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield blockers
    finally:
        is_over.set()
        looking.join()
