"""Intake of new instructions by slices, beside one line a transaction and beside a naive INSERT, in alternating rounds.

Each producer is a process with a connection of its own, and makes its lines as it goes. The naive side stores the raw
JSON, one line a commit; ours do much more for a line (checks, encryption, case, first attempts, journal), and that is
not taken out.
"""

import multiprocessing
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

import psutil
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from dispatcher import clock, embedded, policy, texts, vault
from dispatcher.bench.sample import instruction
from dispatcher.casework import unit_of_work
from dispatcher.casework.context import Context
from dispatcher.clock import Clock
from dispatcher.errors import OperatorError
from dispatcher.intake import batch, lines
from dispatcher.intake.answer import Answer
from dispatcher.setup import collect_garbage_seldom
from dispatcher.store import engine, migrate
from dispatcher.wake import Silent

SIDES = ("naive", "one", "slices")
_NAIVE = text("INSERT INTO bench_naive_intake (body) VALUES (CAST(:body AS jsonb))")
_DOOR = "bench"
_MB = 1024 * 1024 if sys.platform == "darwin" else 1024  # of what getrusage counts in
Take = Callable[[Sequence[bytes]], None]


@dataclass(frozen=True)
class Measured:
    """One side of one round. `cpu_ms`: of a producer and its server process together, for one line."""

    per_second: float
    cpu_ms: float


@dataclass(frozen=True)
class Round:
    """`memory_mb`: the most that a producer has had resident until its end."""

    naive: Measured
    one: Measured
    slices: Measured
    memory_mb: float


class _NotTakenError(Exception):
    """One of the bench's own lines was refused."""


class Producers:
    """So many processes that push lines when they are told to."""

    def __init__(self, url: str, home: Path, count: int) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._ends: list[Connection] = []
        self._processes = []
        self._made = 0
        for _ in range(count):
            ours, theirs = spawning.Pipe()
            self._processes.append(spawning.Process(target=_produce, args=(url, home, theirs), daemon=True))
            self._processes[-1].start()
            self._ends.append(ours)
        for end in self._ends:
            end.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()

    def push(self, side: str, count: int) -> Measured:
        """New lines, shared evenly. Raises OperatorError if one was not taken."""
        share = count // len(self._ends)
        begin = time.monotonic()
        for end in self._ends:
            end.send((side, self._made, share))
            self._made += share
        told = [end.recv() for end in self._ends]
        taken_s = time.monotonic() - begin
        if None in told:
            raise OperatorError("基准数据未被受理", "the bench's own instruction was refused")
        done = share * len(self._ends)
        return Measured(done / taken_s, sum(told) * 1000 / done)

    def most_memory_mb(self) -> float:
        """The most that one of them has had resident so far."""
        for end in self._ends:
            end.send(("memory", 0, 0))
        return max(float(end.recv()) for end in self._ends)


def rounds(home: Path, count: int, per_round: int, processes: int, tell: Callable[[str], None]) -> Iterator[Round]:
    """Alternating rounds on a server of their own. Each side's lines are about people of its own."""
    with _producers(home, processes) as producers:
        for side in SIDES:
            producers.push(side, 4 * batch.SLICE)  # statements are prepared, and caches are warm
        for number in range(count):
            tell(f"{number + 1}/{count}")
            naive, one, slices = (producers.push(side, per_round) for side in SIDES)
            yield Round(naive, one, slices, producers.most_memory_mb())


@contextmanager
def _producers(home: Path, processes: int) -> Iterator[Producers]:
    embedded.end_leftovers(home)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with ExitStack() as stack:
        server = embedded.postgres(home)
        stack.callback(server.stop)
        made = engine.engine(server.url)
        stack.callback(made.dispose)
        migrate.upgrade(made, clock.real_now())
        context = _context(home)
        with engine.sessions(server.url).begin() as session:
            context.vault.check(session)
            session.execute(
                text("CREATE TABLE bench_naive_intake (id bigint GENERATED ALWAYS AS IDENTITY, body jsonb)")
            )
        yield stack.enter_context(Producers(server.url, home, processes))


def _context(home: Path) -> Context:
    return Context(
        policy=policy.load(),
        vault=vault.load(home / "keys.json", make=True),
        clock=Clock("real"),
        texts=texts.load(),
        wake=Silent(),
    )


def _produce(url: str, home: Path, end: Connection) -> None:
    """A producer's process: one command at a time, until the bench is over."""
    made, sessions = engine.engine(url), engine.sessions(url)
    begin = partial(unit_of_work.begin, sessions, _context(home))
    sides: dict[str, Take] = {
        "naive": partial(_take_naively, made),
        "one": lambda raws: _check([lines.take_line(begin, raw, door=_DOOR) for raw in raws]),
        "slices": lambda raws: _check(batch.take_lines(begin, raws, door=_DOOR)),
    }
    collect_garbage_seldom()  # as `push` does
    end.send("ready")
    while True:
        side, first, count = end.recv()
        if side == "memory":
            end.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB)
            continue
        try:
            end.send(_cpu_s(sessions, sides[side], first, count))
        except _NotTakenError:
            end.send(None)


def _cpu_s(sessions: sessionmaker[Session], take: Take, first: int, count: int) -> float:
    """Push, and tell how much CPU that took: of this process, and of the one that serves its only connection."""
    with sessions() as session:
        server = psutil.Process(session.scalar(text("SELECT pg_backend_pid()")))
    before = time.process_time() + sum(server.cpu_times()[:2])
    at = clock.real_now()
    made = (instruction(number, at) for number in range(first, first + count))
    while raws := list(islice(made, batch.SLICE)):
        take(raws)
    return time.process_time() + sum(server.cpu_times()[:2]) - before


def _take_naively(made: Engine, raws: Sequence[bytes]) -> None:
    for raw in raws:
        with made.begin() as connection:
            connection.execute(_NAIVE, {"body": raw.decode()})


def _check(answers: Sequence[Answer]) -> None:
    if not all(each.taken for each in answers):
        raise _NotTakenError
