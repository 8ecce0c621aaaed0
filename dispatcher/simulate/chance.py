"""Weighted draws, and the grid of the times that are drawn."""

from collections.abc import Mapping
from random import Random
from typing import TypeVar

# Few different moments, so that a stepped clock has few stops.
GRID_MINUTES = 15

Choice = TypeVar("Choice")


def one_of(chance: Random, weights: Mapping[Choice, float]) -> Choice:
    """One of these, each as often as it weighs."""
    (drawn,) = chance.choices(list(weights), list(weights.values()))
    return drawn


def which(chance: Random, odds: Mapping[str, float]) -> set[str]:
    """Those that came true, each by itself."""
    return {name for name, odd in odds.items() if chance.random() < odd}
