"""Brings a database to the newest schema."""

from collections.abc import Callable, Sequence
from datetime import datetime

from alembic import command
from alembic.config import Config
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from dispatcher.errors import OperatorError
from dispatcher.store import advisory_locks, lock_waits, partitions, revision
from dispatcher.store.lock_waits import Blocker

# Behind a migration that waits for a table everybody waits who uses it: so it soon lets go, and tries again.
LOCK_WAIT_S = 2.0
AGAIN_AFTER_S = 3.0
GIVE_UP_AFTER_S = 600.0


class Blocked(OperatorError):
    """Somebody holds what the migration needs. Nothing was changed."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        who = "; ".join(map(str, blockers)) or "?"
        super().__init__(
            f"数据库结构升级须等待表锁,未作更改;占用者:{who}",
            f"the migration needs a lock that others hold, and has changed nothing; held by {who}",
        )


def config(connection: Connection) -> Config:
    found = Config()
    found.set_main_option("script_location", str(revision.MIGRATIONS))
    found.attributes["connection"] = connection
    return found


def upgrade(
    engine: Engine, now: datetime, tell: Callable[[str], object] = str, check_stop: Callable[[], object] = str
) -> str:
    """Upgrade to the newest revision and make the partitions due. Returns the revision.

    A table that somebody else uses is waited for for a moment at a time; `tell` is given a line with who it is.
    `check_stop` is called between the steps: where it raises, nothing has been changed.
    Raises Blocked after ten minutes, and OperatorError for a database of a newer release.
    """

    def tell_why(state: RetryCallState) -> None:
        if state.outcome is not None:
            tell(str(state.outcome.exception()))

    patiently = Retrying(
        retry=retry_if_exception_type(Blocked),
        wait=wait_fixed(AGAIN_AFTER_S),
        stop=stop_after_delay(GIVE_UP_AFTER_S),
        before_sleep=tell_why,
        reraise=True,
    )
    patiently(_upgrade_once, engine, now, check_stop)
    return revision.newest()


def _upgrade_once(engine: Engine, now: datetime, check_stop: Callable[[], object]) -> None:
    """Raises Blocked."""
    check_stop()
    blockers: Sequence[Blocker] = ()
    try:
        with engine.begin() as connection, lock_waits.watch(engine, connection, LOCK_WAIT_S / 8) as blockers:
            # Another migration is waited for: nobody stands behind this lock but migrations.
            advisory_locks.lock(connection, [advisory_locks.MIGRATION])
            revision.check_known(connection)
            connection.execute(text(f"SET LOCAL lock_timeout = {int(LOCK_WAIT_S * 1000)}"))
            found = config(connection)
            found.attributes["check_stop"] = check_stop
            command.upgrade(found, "head")
            partitions.ensure(connection, now)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable | DeadlockDetected):
            raise Blocked(blockers) from None
        raise
