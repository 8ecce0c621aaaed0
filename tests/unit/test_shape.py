"""The shape of the product's code, beyond what import-linter's layers say."""

from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGES = ("dispatcher", "tasks", "providers", "schemas")
LONGEST = 350  # lines of a file; migrations are history, and a table of codes is as long as there are codes
TABLES = {"schemas/vocabulary.py"}
MOST_IN_CASEWORK = 16


@cache
def imports() -> grimp.ImportGraph:
    """Every import of ours, type-only ones included."""
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False)


def test_no_circle_of_imports() -> None:
    graph = imports()
    TopologicalSorter({each: graph.find_modules_directly_imported_by(each) for each in graph.modules}).prepare()


def test_files_are_short_enough_to_be_read() -> None:
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in paths}
    assert {name: length for name, length in lengths.items() if length > LONGEST and name not in TABLES} == {}


def test_the_core_of_casework_stays_small() -> None:
    assert len(list((ROOT / "dispatcher" / "casework").glob("*.py"))) <= MOST_IN_CASEWORK
