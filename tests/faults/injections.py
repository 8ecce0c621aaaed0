"""What drills do to the stack. Each returns once its fault is over."""

import time
from contextlib import ExitStack
from random import Random

import psycopg
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from dispatcher.store import engine
from tests.faults.fault_stack import FaultStack

_AWAY_S = 2.0
_HUNG_S = 20.0
_LOST_S = 60.0
_DELIVERING = ("worker-delivery-1", "worker-delivery-2")
_LOCK = text("SELECT id FROM cases WHERE state = 'open' ORDER BY random() LIMIT 20 FOR UPDATE SKIP LOCKED")
_LOCK_ATTEMPTS = text(
    "SELECT id FROM attempts WHERE action IS NOT NULL ORDER BY random() LIMIT 20 FOR UPDATE SKIP LOCKED"
)
_END_SESSIONS = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dispatcher'")
_SENDING = text(
    "SELECT EXISTS (SELECT FROM attempts WHERE state = 'sending' AND sent_at > clock_timestamp() - interval '100 ms')"
)


def kill_worker(stack: FaultStack, chance: Random) -> None:
    if name := _delivering(stack, chance):
        stack.kill(name)


def kill_workers(stack: FaultStack, chance: Random) -> None:
    if _delivering(stack, chance):
        for name in [each for each in stack.supervisor.children if each.startswith("worker")]:
            stack.kill(name)


def term_worker(stack: FaultStack, chance: Random) -> None:
    name = _delivering(stack, chance)
    if name is not None:
        with stack.fault(f"{name} told to end"):
            stack.terminate(name)


def hang_worker(stack: FaultStack, chance: Random) -> None:
    if name := _delivering(stack, chance):
        with stack.fault(f"{name} stood still"), stack.standing_still(name):
            time.sleep(_HUNG_S)


def hang_sweep(stack: FaultStack, _chance: Random) -> None:
    """The one that sweeps stands still; its stand-in takes over."""
    if "sweep-2" not in stack.supervisor.children:
        stack.add("sweep-2", stack.supervisor.children["sweep"].command)
        time.sleep(_AWAY_S)
    with stack.fault("sweep stood still"), stack.standing_still("sweep"):
        time.sleep(_HUNG_S)


def lose_redis(stack: FaultStack, _chance: Random) -> None:
    with stack.fault("Redis away"):
        stack.kill_redis()
        time.sleep(_LOST_S)
        stack.start_redis()


def hang_redis(stack: FaultStack, _chance: Random) -> None:
    with stack.fault("Redis hung"), stack.redis_standing_still():
        time.sleep(_LOST_S)


def fill_redis(stack: FaultStack, _chance: Random) -> None:
    """Redis answers, and refuses whatever would take memory."""
    with stack.fault("Redis full"):
        stack.redis().config_set("maxmemory", 1)
        time.sleep(_HUNG_S)
        stack.redis().config_set("maxmemory", 0)


def flush_redis(stack: FaultStack, _chance: Random) -> None:
    with stack.fault("FLUSHALL"):
        stack.redis().flushall()


def restart_redis(stack: FaultStack, _chance: Random) -> None:
    with stack.fault("Redis restarted"):
        stack.kill_redis()
        time.sleep(_AWAY_S)
        stack.start_redis()


def restart_postgres(stack: FaultStack, _chance: Random) -> None:
    with stack.fault("PostgreSQL restarted"):
        stack.kill_postgres()
        time.sleep(_AWAY_S)
        stack.start_postgres()


def lose_postgres(stack: FaultStack, _chance: Random) -> None:
    with stack.fault("PostgreSQL away"):
        stack.kill_postgres()
        time.sleep(5 * _AWAY_S)
        stack.start_postgres()


def make_read_only(stack: FaultStack, _chance: Random) -> None:
    """As after a switch-over: nobody may write any more, and every session is ended."""
    with stack.fault("PostgreSQL read-only"), _administrator(stack).connect() as connection:
        for word in ("on", "off"):
            connection.execute(text(f"ALTER SYSTEM SET default_transaction_read_only = {word}"))
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(_END_SESSIONS)
            if word == "on":
                time.sleep(3 * _AWAY_S)


def take_all_connections(stack: FaultStack, _chance: Random) -> None:
    """Somebody else has every connection that there is, those that the superuser is left too."""
    url = engine.normalised(stack.environment["DISPATCHER_DATABASE_URL"]).replace("+psycopg", "")
    until, ended = time.monotonic() + 4 * _AWAY_S, False
    with stack.fault("PostgreSQL out of connections"), ExitStack() as taken:
        first = taken.enter_context(psycopg.connect(url, autocommit=True))
        while time.monotonic() < until:
            try:
                taken.enter_context(psycopg.connect(url))
            except psycopg.OperationalError:
                if not ended:
                    first.execute(str(_END_SESSIONS))
                    ended = True
                time.sleep(0.01)


def break_postgres(stack: FaultStack, chance: Random) -> None:
    """One fault after the other."""
    kinds = (lose_postgres, make_read_only, take_all_connections, restart_postgres)
    kinds[len(stack.spans) % len(kinds)](stack, chance)


def demote_postgres(stack: FaultStack, _chance: Random) -> None:
    """A switch-over that takes its time: the primary comes back as a standby, and is promoted in the end."""
    with stack.fault("PostgreSQL read-only"), stack.as_standby():
        time.sleep(_HUNG_S)


def restart_both(stack: FaultStack, _chance: Random) -> None:
    with stack.fault("PostgreSQL and Redis restarted"):
        stack.kill_postgres()
        stack.kill_redis()
        time.sleep(_AWAY_S)
        stack.start_redis()
        stack.start_postgres()


def fill_disk(stack: FaultStack, _chance: Random) -> None:
    """A ballast takes what is left of the small disk; then it goes, and a server that gave up is started again."""
    ballast = stack.data / "ballast"
    with stack.fault("disk full"):
        try:
            with ballast.open("wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12):
                    _fill(file.write, bytes(size))
            time.sleep(2 * _AWAY_S)
        finally:
            ballast.unlink()
        stack.start_postgres()


def lock_cases(stack: FaultStack, _chance: Random) -> None:
    """A transaction of somebody else's that holds cases, and attempts of others, for a long time."""
    with stack.fault("locks held"), _database(stack).begin() as connection:
        connection.execute(_LOCK)
        connection.execute(_LOCK_ATTEMPTS)
        time.sleep(3 * _AWAY_S)


def change_sweeps(stack: FaultStack, _chance: Random) -> None:
    """Two; the first is killed and the other takes over; none, with all rings lost; one again."""
    with stack.fault("sweeps changed"):
        stack.add("sweep-2", stack.supervisor.children["sweep"].command)
        time.sleep(_AWAY_S)
        with stack.without("sweep"):
            time.sleep(2 * _AWAY_S)
            stack.resting.add("sweep-2")
            stack.kill("sweep-2")
            stack.redis().flushall()
            time.sleep(2 * _AWAY_S)


def _fill(write: object, block: bytes) -> None:
    try:
        while True:
            write(block)  # type: ignore[operator]
    except OSError:
        return


def _delivering(stack: FaultStack, chance: Random) -> str | None:
    """A worker that has work in hand: killing one that still starts proves nothing. None where there is none."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            with _database(stack).connect() as connection:
                up = [name for name in _DELIVERING if stack.is_up(name)]
                if up and connection.scalar(_SENDING):
                    return chance.choice(up)
        except OperationalError:
            pass
        time.sleep(0.01)
    return None


def _administrator(stack: FaultStack) -> Engine:
    """A session that is not among those of the dispatcher."""
    url = engine.normalised(stack.environment["DISPATCHER_DATABASE_URL"])
    return create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"application_name": "drill"})


def _database(stack: FaultStack) -> Engine:
    return engine.engine(stack.environment["DISPATCHER_DATABASE_URL"])
