"""Faults on demand: what the gateway does badly, and how often."""

import random
from collections import Counter
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Rate = Annotated[float, Field(ge=0, le=1)]
RateName = Literal[
    "rate_429",
    "rate_500",
    "rate_refusal_inside",
    "rate_hang",
    "rate_slow",
    "rate_slow_lost",
    "rate_drop_after_accept",
    "rate_hang_after_accept",
    "rate_cut_answer",
    "rate_garbage_answer",
    "rate_duplicate_receipt",
]
Milliseconds = Annotated[int, Field(ge=0, le=600_000)]


class Faults(BaseModel):
    """All rates concern POST /messages, but for rate_duplicate_receipt."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    delay_ms: Milliseconds = 0
    rate_429: Rate = 0
    rate_500: Rate = 0
    rate_refusal_inside: Rate = 0
    rate_hang: Rate = 0
    rate_slow: Rate = 0
    slow_ms: Milliseconds = 0
    rate_slow_lost: Rate = 0
    rate_drop_after_accept: Rate = 0
    rate_hang_after_accept: Rate = 0
    rate_cut_answer: Rate = 0
    rate_garbage_answer: Rate = 0
    answer_late_ms: Milliseconds = 0
    late_ms: Milliseconds = 0
    jitter_ms: Milliseconds = 0
    rate_duplicate_receipt: Rate = 0
    receipts: bool = True
    seed: int = 0


class Dice:
    """The faults in force, and the seeded chance that decides when they strike.

    Each fault throws its own dice: receipts go out on their own time, so with common ones
    the same seed would not strike the same messages.
    """

    def __init__(self) -> None:
        self.struck: Counter[RateName] = Counter()
        self.load(Faults())

    def load(self, faults: Faults) -> None:
        self.faults = faults
        self._dice = {name: random.Random(f"{faults.seed}:{name}") for name in get_args(RateName)}  # noqa: S311
        self._jitter = random.Random(f"{faults.seed}:jitter_ms")  # noqa: S311

    def strikes(self, name: RateName) -> bool:
        rate: float = getattr(self.faults, name)
        strikes = self._dice[name].random() < rate
        self.struck[name] += strikes
        return strikes

    def jitter_s(self) -> float:
        return self._jitter.uniform(0, self.faults.jitter_ms / 1000)
