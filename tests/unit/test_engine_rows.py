"""What decisions add to a case."""

from builders import CRITICAL, TWO
from engine_harness import EngineHarness


def test_every_row_that_decisions_add_has_a_name_of_its_own() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=())
    asked_for = list(harness.case.work_items)  # a number, which then comes
    harness.joined(numbers=TWO)
    harness.assign()
    names = [each.id for each in (*harness.case.attempts, *harness.case.visits, *harness.case.work_items, *asked_for)]
    assert len(set(names)) == len(names) == harness.case.made
