"""What drills do to a stage. Each returns once its fault is over."""

import time
from random import Random

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from dispatcher.store import engine
from tests.faults.stage import Stage

_AWAY_S = 2.0
_DELIVERING = ("worker-urgent", "worker-routine")
_LOCK = text("SELECT id FROM cases WHERE state = 'open' ORDER BY random() LIMIT 20 FOR UPDATE SKIP LOCKED")
_LOCK_ATTEMPTS = text(
    "SELECT id FROM attempts WHERE action IS NOT NULL ORDER BY random() LIMIT 20 FOR UPDATE SKIP LOCKED"
)
_SENDING = text(
    "SELECT EXISTS (SELECT FROM attempts WHERE state = 'sending' AND sent_at > clock_timestamp() - interval '100 ms')"
)


def kill_worker(stage: Stage, chance: Random) -> None:
    if name := _delivering(stage, chance):
        stage.kill(name)


def kill_workers(stage: Stage, chance: Random) -> None:
    if _delivering(stage, chance):
        for name in [each for each in stage.supervisor.children if each.startswith("worker")]:
            stage.kill(name)


def term_worker(stage: Stage, chance: Random) -> None:
    name = _delivering(stage, chance)
    if name is not None:
        with stage.fault(f"{name} told to end"):
            stage.terminate(name)


def flush_redis(stage: Stage, _chance: Random) -> None:
    with stage.fault("FLUSHALL"):
        stage.redis().flushall()


def restart_redis(stage: Stage, _chance: Random) -> None:
    with stage.fault("Redis restarted"):
        stage.kill_redis()
        time.sleep(_AWAY_S)
        stage.start_redis()


def restart_postgres(stage: Stage, _chance: Random) -> None:
    with stage.fault("PostgreSQL restarted"):
        stage.kill_postgres()
        time.sleep(_AWAY_S)
        stage.start_postgres()


def restart_both(stage: Stage, _chance: Random) -> None:
    with stage.fault("PostgreSQL and Redis restarted"):
        stage.kill_postgres()
        stage.kill_redis()
        time.sleep(_AWAY_S)
        stage.start_redis()
        stage.start_postgres()


def fill_disk(stage: Stage, _chance: Random) -> None:
    """A ballast takes what is left of the small disk; then it goes, and a server that gave up is started again."""
    ballast = stage.data / "ballast"
    with stage.fault("disk full"):
        try:
            with ballast.open("wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12):
                    _fill(file.write, bytes(size))
            time.sleep(2 * _AWAY_S)
        finally:
            ballast.unlink()
        stage.start_postgres()


def lock_cases(stage: Stage, _chance: Random) -> None:
    """A transaction of somebody else's that holds cases, and attempts of others, for a long time."""
    with stage.fault("locks held"), _database(stage).begin() as connection:
        connection.execute(_LOCK)
        connection.execute(_LOCK_ATTEMPTS)
        time.sleep(3 * _AWAY_S)


def change_sweeps(stage: Stage, _chance: Random) -> None:
    """Two; the first is killed and the other takes over; none, with all rings lost; one again."""
    with stage.fault("sweeps changed"):
        stage.add("sweep-2", stage.supervisor.children["sweep"].command)
        time.sleep(_AWAY_S)
        with stage.without("sweep"):
            time.sleep(2 * _AWAY_S)
            stage.resting.add("sweep-2")
            stage.kill("sweep-2")
            stage.redis().flushall()
            time.sleep(2 * _AWAY_S)


def _fill(write: object, block: bytes) -> None:
    try:
        while True:
            write(block)  # type: ignore[operator]
    except OSError:
        return


def _delivering(stage: Stage, chance: Random) -> str | None:
    """A worker that has work in hand: killing one that still starts proves nothing. None where there is none."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            with _database(stage).connect() as connection:
                up = [name for name in _DELIVERING if stage.is_up(name)]
                if up and connection.scalar(_SENDING):
                    return chance.choice(up)
        except OperationalError:
            pass
        time.sleep(0.01)
    return None


def _database(stage: Stage) -> Engine:
    return engine.engine(stage.environment["DISPATCHER_DATABASE_URL"])
