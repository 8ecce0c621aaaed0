"""What `make faults-can-fail` takes out is still there to be taken out."""

import ast
from pathlib import Path

import pytest

from tests.faults.can_fail import SABOTAGES, Sabotage

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_a_sabotage_finds_its_text_and_leaves_a_program(sabotage: Sabotage) -> None:
    source = (ROOT / sabotage.file).read_text("utf-8")
    assert source.count(sabotage.text) == 1
    ast.parse(source.replace(sabotage.text, sabotage.instead))
