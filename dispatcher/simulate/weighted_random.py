"""Random draws by weight, and the grid of the times that are drawn."""

from collections.abc import Mapping
from random import Random
from typing import TypeVar

# Few different moments, so that a stepped clock has few stops.
GRID_MINUTES = 15

Choice = TypeVar("Choice")


def weighted_choice(random: Random, weights: Mapping[Choice, float]) -> Choice:
    """Draw one; each comes as often as it weighs."""
    (drawn,) = random.choices(list(weights), list(weights.values()))
    return drawn


def draw_each(random: Random, odds: Mapping[str, float]) -> set[str]:
    """Draw each by itself; return those that came true."""
    return {name for name, odd in odds.items() if random.random() < odd}
