"""docs/rules.md names every rule of the journal, and tests that are there. `make without-names` runs them."""

import ast
import re
from collections import Counter
from functools import cache

import pytest
from rules_table import ROOT, Row, rows

from dispatcher.texts import reasons


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_rule_of_the_journal_has_one_row() -> None:
    counts = Counter(each.name for each in rows() if not each.is_flag)
    assert counts == Counter(list(reasons.load().rules))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_the_test_beside_a_rule_is_there(row: Row) -> None:
    assert row.test in functions_of(row.path)


def test_no_line_of_a_table_is_overlooked() -> None:
    lines = [line for line in (ROOT / "docs/rules.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    assert len(lines) == len(rows())


def test_the_nineteen_rules_stand_in_their_order() -> None:
    numbers = re.findall(r"^## Rule (\d+)", (ROOT / "docs/rules.md").read_text("utf-8"), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 20)]
