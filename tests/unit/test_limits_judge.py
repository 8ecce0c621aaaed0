"""The drill's own eyes: what they call exceeded is exceeded."""

import pytest

from providers.limits import Rate
from tests.limits.judge import Row, allowed_in, most_at_once, most_in


def test_a_window_begins_anywhere_and_ends_before_its_length() -> None:
    assert most_in([0.0, 0.5, 1.0], 1.0) == 2
    assert most_in([0.9, 0.0, 0.5, 1.4, 1.45], 1.0) == 4
    assert most_in([], 1.0) == 0


def test_calls_that_end_as_others_begin_do_not_overlap() -> None:
    assert most_at_once([(0.0, 1.0), (1.0, 2.0), (0.5, 1.5)]) == 2
    assert most_at_once([]) == 0


@pytest.mark.parametrize(
    ("rates", "duration", "allowed"),
    [([Rate(1, 60)], 60.0, 1), ([Rate(1, 60)], 60.1, 2), ([Rate(1, 2), Rate(5, 12)], 24.0, 10), ([Rate(3, 1)], 1.5, 6)],
)
def test_what_could_have_gone_in_a_time(rates: list[Rate], duration: float, allowed: int) -> None:
    assert allowed_in(rates, duration) == allowed


def test_one_too_many_or_too_little_use_does_not_hold() -> None:
    assert Row("r", 5, 5, 0.95).holds(0.95)
    assert not Row("r", 5, 6, 1.0).holds(0.95)
    assert not Row("r", 5, 5, 0.94).holds(0.95)
