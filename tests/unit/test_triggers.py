"""Every trigger that a policy can name has a ground in the engine, a rule that tells it, and a line in the docs."""

from pathlib import Path

import pytest
from rules_table import rows

from dispatcher.engine import bank_requests, visits
from dispatcher.policy.triggers import BankTrigger, VisitTrigger

DOCS = (Path(__file__).parents[2] / "docs/policy.md").read_text("utf-8")


@pytest.mark.parametrize("trigger", VisitTrigger)
def test_every_trigger_of_a_visit_has_one_rule_and_a_test_that_would_miss_it(trigger: VisitTrigger) -> None:
    (ground,) = [each for each in visits._GROUNDS if each.trigger is trigger]
    assert any(row.names(ground.rule) for row in rows())


@pytest.mark.parametrize("trigger", BankTrigger)
def test_every_trigger_of_a_bank_request_has_a_ground(trigger: BankTrigger) -> None:
    assert trigger in bank_requests._GROUNDS


@pytest.mark.parametrize("trigger", [*VisitTrigger, *BankTrigger])
def test_every_trigger_is_explained(trigger: VisitTrigger | BankTrigger) -> None:
    assert any(f"`{trigger}`" in line for line in DOCS.splitlines() if line.startswith("| `"))
