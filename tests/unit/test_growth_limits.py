"""The limits of what grows: each is judged on the largest database, and one that is missed is said to be so."""

from dataclasses import replace

import pytest

from dispatcher.bench.growth import DELIVERY, READS, Measured
from dispatcher.bench.growth_limits import BYTES_A_CASE, READ_MS, judge

WITHIN = Measured(1000, 150, 27_000, {step: [1.0] for step in (*DELIVERY, *READS)}, 1.0, 200.0)


def missed(*measured: Measured) -> list[str]:
    return [each.name for each in judge(measured) if not each.kept]


def with_step(step: str, ms: float) -> Measured:
    return replace(WITHIN, ms=WITHIN.ms | {step: [ms]})


def test_nothing_is_missed_within_the_limits() -> None:
    assert missed(WITHIN, WITHIN) == []
    assert len(judge([WITHIN, WITHIN])) == 7


@pytest.mark.parametrize(
    ("largest", "name"),
    [
        *((with_step(step, limit + 1), f"{step} ms") for step, limit in READ_MS.items()),
        *((with_step(step, 3.0), "delivery path, last to first") for step in DELIVERY),
        (replace(WITHIN, rebuild_mb=301.0), "verify --rebuild MB"),
        (replace(WITHIN, bytes_a_case=BYTES_A_CASE + 1), "bytes a case"),
    ],
)
def test_each_limit_is_judged_on_the_largest(largest: Measured, name: str) -> None:
    assert missed(WITHIN, largest) == [name]
    assert missed(largest, WITHIN) == []


def test_of_one_database_alone_nothing_has_grown() -> None:
    judged = [each.name for each in judge([replace(WITHIN, rebuild_mb=None)])]
    assert "delivery path, last to first" not in judged
    assert "verify --rebuild MB" not in judged
