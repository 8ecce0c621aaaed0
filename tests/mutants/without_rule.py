"""Takes the engine's rules out one by one and asks its tests to notice: `make without-rules`. See docs/testing.md.

Tables are rules too, and mutmut does not touch them: each of their entries is taken out as well.
"""

import contextlib
import importlib
import inspect
import os
import pkgutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, get_type_hints

import pytest

from dispatcher import engine
from dispatcher.engine import Decision

UNIT = Path(__file__).parents[1] / "unit"
ACCEPTED = Path(__file__).with_name("accepted.toml")
# Not the laws: what a rule is for deserves an example that says so.
TESTS = [str(path) for path in sorted(UNIT.glob("test_engine*.py")) if "laws" not in path.name]
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "--tb=no"]

Removal = Callable[[], None]


def main() -> int:
    with _silence():
        # Here and not in each child: what is collected once is imported once.
        pytest.main(["--collect-only", *OPTIONS, *TESTS])
    if _tests_without(lambda: None) is not pytest.ExitCode.OK:
        sys.exit("The engine's tests must pass before a rule is taken out.")
    rules, entries = dict(_rules()), dict(_entries())
    accepted = {
        each["entry"] for each in tomllib.loads(ACCEPTED.read_text("utf-8")).get("table", ()) if each["why"].strip()
    }
    unnoticed = [name for name, remove in (rules | entries).items() if not _is_noticed(name, remove)]
    # A reason excuses an entry of a table, never a rule.
    faults = [name for name in unnoticed if name in rules or name not in accepted]
    print(f"{len(rules)} rules and {len(entries)} table entries taken out one by one: {len(unnoticed)} unnoticed")
    for name in faults:
        print(f"no test misses {name}, and no reason is given")
    return int(bool(faults))


def _modules() -> list[ModuleType]:
    names = [each.name for each in pkgutil.iter_modules(engine.__path__, f"{engine.__name__}.")]
    return [engine, *map(importlib.import_module, names)]


def _short(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _rules() -> Iterator[tuple[str, Removal]]:
    """Every public function of the engine that yields decisions, whatever list it stands in."""
    for module in _modules():
        for name, rule in vars(module).items():
            is_own = inspect.isfunction(rule) and rule.__module__ == module.__name__ and not name.startswith("_")
            if is_own and get_type_hints(rule).get("return") == Iterator[Decision]:
                yield f"{_short(module)}.{name}", partial(_empty, rule)


def _empty(rule: FunctionType) -> None:
    """The code itself is replaced, so that every list and module that holds the rule loses it."""
    rule.__code__ = _nothing.__code__


def _nothing(*_: object, **__: object) -> Iterator[Decision]:
    yield from ()


def _entries() -> Iterator[tuple[str, Removal]]:
    """Each entry of each table of values. Lists of rules are left out: their entries are the rules themselves."""
    for module in _modules():
        for name, table in vars(module).items():
            if name.isupper() and isinstance(table, frozenset | tuple | dict) and not any(map(callable, table)):
                for entry in sorted(table, key=str):
                    yield f"{_short(module)}.{name} without {entry}", partial(_shorten, table, entry)


def _shorten(table: Any, entry: object) -> None:
    """In every module that uses the table by its name."""
    rest = (each for each in table if each != entry)
    shorter = {key: table[key] for key in rest} if isinstance(table, dict) else type(table)(rest)
    for module in _modules():
        for name, value in list(vars(module).items()):
            if value is table:
                setattr(module, name, shorter)


def _is_noticed(name: str, remove: Removal) -> bool:
    code = _tests_without(remove, subject=name.partition(".")[0])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        sys.exit(f"pytest ended with {code!r} without {name}")
    is_noticed = code is pytest.ExitCode.TESTS_FAILED
    print(f"{'noticed  ' if is_noticed else 'UNNOTICED'}  {name}", flush=True)
    return is_noticed


def _tests_without(remove: Removal, subject: str = "") -> pytest.ExitCode:
    """How the engine's tests end in a child of their own; those of the rule's subject first, where most are missed."""
    tests = sorted(TESTS, key=lambda path: f"_{subject}." not in path)
    child = os.fork()
    if child == 0:
        with _silence():
            remove()
            os._exit(pytest.main([*OPTIONS, *tests]))
    return pytest.ExitCode(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


if __name__ == "__main__":
    sys.exit(main())
