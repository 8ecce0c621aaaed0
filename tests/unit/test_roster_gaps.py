"""Times of the day at which no shift is."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.roster import gaps, minutes_on, on_duty

MINUTES = st.integers(0, 24 * 60 - 1)
SHIFTS = st.lists(
    st.builds(lambda a, b: f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}", MINUTES, MINUTES), max_size=6
)


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ([], [("00:00", "24:00")]),
        (["00:00-24:00"], []),
        (["08:00-20:00"], [("20:00", "08:00")]),
        (["20:00-08:00"], [("08:00", "20:00")]),
        (["08:00-20:00", "20:00-08:00"], []),
        (["08:00-12:00", "13:00-24:00"], [("00:00", "08:00"), ("12:00", "13:00")]),
    ],
)
def test_a_gap_is_from_when_to_when(shifts: list[str], expected: list[tuple[str, str]]) -> None:
    assert gaps(shifts) == expected


@given(SHIFTS)
def test_each_minute_is_in_a_shift_or_in_one_gap(shifts: list[str]) -> None:
    found = [f"{begin}-{end}" for begin, end in gaps(shifts)]
    for minute in range(24 * 60):
        at = time(minute // 60, minute % 60)
        assert on_duty(shifts, at) + sum(on_duty([gap], at) for gap in found) == 1


@pytest.mark.parametrize(
    ("shifts", "at", "expected"),
    [
        (["08:00-20:00"], time(8, 0), 0),
        (["08:00-20:00"], time(7, 59), None),
        (["20:00-08:00"], time(1, 30), 330),
        (["00:00-24:00", "08:00-20:00"], time(9, 0), 60),
        ([], time(9, 0), None),
    ],
)
def test_how_long_a_shift_has_gone_on(shifts: list[str], at: time, expected: int | None) -> None:
    assert minutes_on(shifts, at) == expected
