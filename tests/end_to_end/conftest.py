"""One stack for all tests of a module: the sample cases are played once, then looked at from all sides."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dispatcher.clock import hold_clock_driver
from dispatcher.store.engine import engine
from tests.end_to_end.stack import Answer, Up

CASES = "S01,S02,S04,S12,S13"
CLOCK = {"DISPATCHER_CLOCK": "stepped:2026-03-02T09:02:10+08:00"}


@dataclass
class Played:
    up: Up
    answers: dict[str, dict[str, Any]]
    _cases: dict[str, dict[str, Any]] = field(default_factory=dict)

    def case(self, name: str) -> dict[str, Any]:
        """A case as it stood when it was first asked for."""
        if name not in self._cases:
            self._cases[name] = self.up.run("case", self.answers[name]["case"], "--json").lines[0]
        return self._cases[name]

    def attempts(self, name: str, **wanted: Any) -> list[dict[str, Any]]:
        found = self.case(name)["attempts"]
        return [each for each in found if all(each[key] == value for key, value in wanted.items())]

    def journal(self, name: str, event: str) -> list[dict[str, Any]]:
        return [each for each in self.case(name)["journal"] if each["event"] == event]


class Folders:
    """Makes folders outside pytest's own: each pytest that starts on this machine shuts that to PostgreSQL's user."""

    def __init__(self, base: str) -> None:
        self._base = base

    def mktemp(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._base))


@pytest.fixture(scope="session")
def tmp_path_factory() -> Iterator[Folders]:
    with tempfile.TemporaryDirectory(prefix="dispatcher-up-", ignore_cleanup_errors=True) as base:
        yield Folders(base)


@pytest.fixture
def tmp_path(tmp_path_factory: Folders) -> Path:
    return tmp_path_factory.mktemp("test")


@pytest.fixture(scope="package")
def played(tmp_path_factory: Folders) -> Iterator[Played]:
    up = Up(tmp_path_factory.mktemp("up"), CLOCK)
    up.start()
    try:
        done = up.run("simulate", "--cases", CASES, "--json")
        assert done.code == 0, done.err
        # Else the clock would run through the years of whoever is never reached, and take both cores for it.
        with hold_clock_driver(engine(up.running["DISPATCHER_DATABASE_URL"])):
            yield Played(up, {line["name"]: line for line in done.lines})
    finally:
        up.stop()


@pytest.fixture(scope="package")
def sample_file() -> Path:
    return Path(__file__).parents[2] / "dispatcher" / "samples" / "instructions.json"


__all__ = ["Answer", "Played"]
