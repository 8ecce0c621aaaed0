"""What each step may take on the largest of the prepared databases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dispatcher.bench.growth import DELIVERY, Measured

# The steps of a warning's way together, on the largest beside the smallest.
PATH_RATIO = 1.2
# Milliseconds of what people read.
READ_MS = {"log --since": 50.0, "visit list": 50.0, "kpi week": 1_000.0, "kpi year": 10_000.0}
REBUILD_MB = 300.0
BYTES_A_CASE = 28_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of one limit."""

    name: str
    found: float
    limit: float
    kept: bool


def judge(measured: Sequence[Measured]) -> list[Judged]:
    """The limits that could be judged; these are sorted by size, and of one alone nothing has grown."""
    return [Judged(name, found, limit, found <= limit) for name, found, limit in _found(measured)]


def _found(measured: Sequence[Measured]) -> Iterator[tuple[str, float, float]]:
    smallest, largest = measured[0], measured[-1]
    if len(measured) > 1:
        yield "delivery path, last to first", _path_ms(largest) / _path_ms(smallest), PATH_RATIO
    for step, limit in READ_MS.items():
        yield f"{step} ms", largest.median(step), limit
    if largest.rebuild_mb is not None:
        yield "verify --rebuild MB", largest.rebuild_mb, REBUILD_MB
    yield "bytes a case", largest.bytes_a_case, BYTES_A_CASE


def _path_ms(measured: Measured) -> float:
    return sum(map(measured.median, DELIVERY))
