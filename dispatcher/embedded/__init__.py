"""Real PostgreSQL and a real Redis-compatible server from wheels, under DISPATCHER_HOME.

For a fresh machine, demos and tests. A deployment names its own servers and forbids this with
DISPATCHER_EMBEDDED=never, so that a forgotten variable can't take warnings into a private database.
"""

from dispatcher.embedded.folders import check_home, make_folder
from dispatcher.embedded.leftovers import end_leftovers
from dispatcher.embedded.postgres_server import postgres
from dispatcher.embedded.redis_server import redis
from dispatcher.embedded.restarts import keep_running
from dispatcher.embedded.server import Server

__all__ = ["Server", "check_home", "end_leftovers", "keep_running", "make_folder", "postgres", "redis"]
