"""Sessions of ours whose process stands still while it writes.

psycopg sends the rows of one write one after the other and asks for their results at the end (a pipeline). Between two
of them PostgreSQL waits without limit: to it the session is neither idle in its transaction nor busy with a statement,
so none of its timeouts runs; and in the midst of a COPY it puts a timeout off. Whoever stands still there would keep
its locks until it goes on.
"""

from sqlalchemy import Connection, text

from dispatcher.store.engine import APPLICATION, SILENCE_S

_END = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = :application AND datname = current_database() AND usename = current_user
      AND state = 'active' AND wait_event = 'ClientRead'
      AND query_start < clock_timestamp() - make_interval(secs => :silence_s)
""")


def end(connection: Connection, silence_s: float = SILENCE_S) -> int:
    """End the sessions that have said nothing for so long in the middle of a write. Returns how many."""
    ended = connection.scalars(_END, {"application": APPLICATION, "silence_s": silence_s})
    return sum(ended)
