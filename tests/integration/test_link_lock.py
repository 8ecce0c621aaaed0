"""Who holds a link: one process while its advisory lock lasts, and then the next."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import NO_REDIS, CaseworkFixture, pump_of
from sqlalchemy import Connection, text
from test_links import Line

from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store import advisory_locks
from dispatcher.wake import link_lane
from providers.registry import Registry

PATIENCE_S = 120.0


@dataclass
class Held(Line):
    """A line that notes whether it is open."""

    opened: int = 0
    closed: int = 0

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1


@dataclass
class Candidate:
    link: Any
    line: Held

    def start(self) -> None:
        threading.Thread(target=self.link.start, daemon=True).start()


@pytest.fixture
def module(pump_module: Any) -> Any:
    return import_module("tasks.link")


@pytest.fixture
def candidate(
    casework: CaseworkFixture, tmp_path: Path, pump_module: Any, module: Any
) -> Iterator[Callable[[], Candidate]]:
    """Makes processes that would hold the same link: each with services, a pump and a line of its own."""
    made: list[tuple[Candidate, Any]] = []

    def make() -> Candidate:
        services = Services(
            Settings(home=tmp_path, database_url=casework.url, redis_url=NO_REDIS), casework.sessions, casework.context
        )
        line = Held()
        vars(services)["registry"] = Registry([line])
        pump = pump_of(services)
        made.append((Candidate(module.Link(services, pump, line), line), pump))
        return made[-1][0]

    yield make
    for each, pump in made:
        each.link.stop()
        pump.close()


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def tries(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What came of each try to get the lock, from now on."""
    tried: list[bool] = []
    lock = advisory_locks.try_lock_connection

    def noted(holder: Connection, key: int) -> bool:
        tried.append(lock(holder, key))
        return tried[-1]

    monkeypatch.setattr(advisory_locks, "try_lock_connection", noted)
    return tried


def test_the_second_stands_by_until_the_first_has_gone(
    candidate: Callable[[], Candidate], module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = candidate(), candidate()
    first.start()
    until(lambda: first.link.is_ours)
    tried = tries(monkeypatch)
    second.start()
    until(lambda: len(tried) == 2)
    assert tried == [False, False]
    assert (first.line.opened, second.line.opened, second.link.is_ours) == (1, 0, False)
    first.link.stop()
    until(lambda: second.link.is_ours)
    assert second.line.opened == 1


def test_a_lock_that_is_lost_closes_the_line_until_it_is_won_again(
    casework: CaseworkFixture, candidate: Callable[[], Candidate], module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = candidate()
    holder.start()
    until(lambda: holder.link.is_ours)
    # A session that is ended gives its lock back only some time after its client knows: until then it is another's.
    lock = advisory_locks.try_lock_connection

    def lock_once_it_is_free(*asked: Any) -> bool:
        until(lambda: not holders(casework))
        return lock(*asked)

    monkeypatch.setattr(advisory_locks, "try_lock_connection", lock_once_it_is_free)
    end_holders(casework)
    until(lambda: holder.line.opened == 2)
    assert holder.line.closed == 1
    until(lambda: holder.link.is_ours)


def test_a_worker_whose_link_was_taken_over_ends(
    casework: CaseworkFixture, candidate: Callable[[], Candidate], module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(module.os, "kill", lambda process, number: ended.set())
    first = candidate()
    first.start()
    until(lambda: first.link.is_ours)
    with somebody_in_line(casework, module, first.line.name):
        end_holders(casework)  # and it is theirs at once
        until(ended.is_set)
        assert not first.link.is_ours
    assert first.line.closed == 1


@contextmanager
def somebody_in_line(casework: CaseworkFixture, module: Any, name: str) -> Iterator[None]:
    """Another process waits for the link's lock, and has it from the moment it is free until the end of the block."""
    key = advisory_locks.provider_link(name)
    over = threading.Event()

    def wait() -> None:
        with casework.sessions() as session:
            session.execute(text("SET lock_timeout = 0"))
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
            over.wait(PATIENCE_S)

    other = threading.Thread(target=wait)
    other.start()
    until(lambda: casework.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
    try:
        yield
    finally:
        over.set()
        other.join()


def test_only_a_link_that_is_held_here_is_served(module: Any) -> None:
    assert module.is_served("urgent")
    assert not module.is_served(link_lane("line"))


_HELD = """FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def holders(casework: CaseworkFixture) -> list[Any]:
    return casework.sql(f"SELECT pid {_HELD}")


def end_holders(casework: CaseworkFixture) -> None:
    casework.sql(f"SELECT pg_terminate_backend(pid) {_HELD}")
