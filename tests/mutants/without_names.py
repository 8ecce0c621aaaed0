"""Takes each name of docs/rules.md out and asks the test beside it to notice: `make without-names`.

What the engine decides under the name is dropped, what the name would hold back goes at once, and of what casework
does the entry in the journal is left out. See docs/testing.md.
"""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dispatcher import engine
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import evolve
from dispatcher.engine.times import Due
from schemas.vocabulary import Hold

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from rules_table import Row, rows

ARGUMENTS = ["-q", "-p", "no:cacheprovider", "--tb=no", "--no-header", "--no-summary"]


class Without:
    """A pytest plugin: the test of each row runs without that row's name."""

    def __init__(self, asked: list[Row]) -> None:
        self.asked = asked
        self.row: Row | None = None
        self.noticed: set[Row] = set()

    def is_out(self, rule: str | None) -> bool:
        return self.row is not None and self.row.names(rule)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        node = metafunc.definition.nodeid
        metafunc.fixturenames.append("without")
        metafunc.parametrize("without", [each for each in self.asked if each.node == node])

    def pytest_runtest_setup(self, item: pytest.Function) -> None:
        self.row = item.callspec.params["without"]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.row is not None:
            self.noticed.add(self.row)


def main() -> int:
    plugin = Without([each for each in rows() if not each.is_flag])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_run", _deciding(plugin))
        patch.setattr(Due, "until", _holding(plugin, Due.until))
        for door in ("note", "note_without_case"):
            patch.setattr(UnitOfWork, door, _noting(plugin, getattr(UnitOfWork, door)))
        ended = pytest.main([*ARGUMENTS, *{each.node: None for each in plugin.asked}], plugins=[plugin])
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        sys.exit(f"pytest ended with {ended!r}")
    missed = [each for each in plugin.asked if each not in plugin.noticed]
    for each in missed:
        print(f"{each.name} is not missed by {each.node}")
    print(f"{len(plugin.asked)} names taken out one by one: {len(missed)} not missed by the test beside them")
    return int(bool(missed))


def _deciding(plugin: Without) -> Callable[..., engine.Case]:
    def run(rule: engine.Rule, case: engine.Case, policy: Any, now: datetime, made: list[engine.Decision]) -> Any:
        for decision in rule(case, policy, now):
            if not plugin.is_out(decision.rule):
                made.append(decision)
                case = evolve(case, decision, now)
        return case

    return run


def _holding(plugin: Without, until: Callable[..., Due]) -> Callable[..., Due]:
    def held(due: Due, at: datetime, hold: Hold) -> Due:
        return Due(at) if plugin.is_out(hold) else until(due, at, hold)

    return held


def _noting(plugin: Without, note: Callable[..., None]) -> Callable[..., None]:
    def noted(work: UnitOfWork, *what: Any, rule: str | None = None, **who: Any) -> None:
        if not plugin.is_out(rule):
            note(work, *what, rule=rule, **who)

    return noted


if __name__ == "__main__":
    sys.exit(main())
