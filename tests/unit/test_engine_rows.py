"""What decisions add to a case."""

from builders import CRITICAL, TWO
from harness import World


def test_every_row_that_decisions_add_has_a_name_of_its_own() -> None:
    world = World.of(CRITICAL, numbers=())
    world.joined(numbers=TWO)
    world.assign()
    names = [each.id for each in (*world.case.attempts, *world.case.visits)]
    assert len(set(names)) == len(names) == world.case.made
