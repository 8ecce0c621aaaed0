"""Which provider gets a message: by weight and standing, and none twice in one chain of retries. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from uuid import UUID

_BYTES = 6  # fewer bits than a float holds, so that what is drawn stays below 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that reaches the number and may be used.

    `weight` 0 is a reserve: only when no other is left. `share` of the weight: 1 in full use, less while it comes
    back, 0 where its breaker is open.
    """

    name: str
    weight: float = 1.0
    share: float = 1.0


def choose(candidates: Sequence[Candidate], tried: Collection[str], at: float) -> str | None:
    """One of them; `at`, in [0, 1), draws. None where there is nobody.

    Those in use come before those whose breaker is open: where all are, a refusal costs less than not to try.
    """
    best = min((_rank(each, tried) for each in candidates), default=None)
    group = [each for each in candidates if _rank(each, tried) == best]
    edges = list(accumulate((each.weight or 1) * (each.share or 1) for each in group))
    found = (each.name for each, edge in zip(group, edges, strict=True) if at * edges[-1] < edge)
    return next(found, None)


def has_another(candidates: Sequence[Candidate], tried: Collection[str]) -> bool:
    """Whether one is in use that was not tried yet."""
    return any(each.share > 0 and each.name not in tried for each in candidates)


def drawn(attempt_id: UUID) -> float:
    """The number in [0, 1) of an attempt: asked again, the choice is the same."""
    return int.from_bytes(blake2b(attempt_id.bytes, digest_size=_BYTES).digest()) / (1 << 8 * _BYTES)


def _rank(candidate: Candidate, tried: Collection[str]) -> tuple[bool, bool, bool]:
    return candidate.share == 0, candidate.name in tried, candidate.weight == 0
