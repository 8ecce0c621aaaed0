"""What a provider's contract allows, as data: beside an adapter as its vendor's defaults, and in PROVIDERS_FILE.

limits = { rate = ["50/1s"], at_once = 20, account = ["20000/1d"], callee = ["1/1m", "5/1h", "20/24h"],
           quiet = "21:00-08:00", reserved_urgent = 0.2 }

Each key left out is the adapter's default; an empty list, at_once = 0 or quiet = "" takes a default away.
"""

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from schemas.validation_errors import Fault, faults

_RATE = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,5})([smhd])")
_QUIET = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_S = 31 * 86400


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `places` messages in any `seconds`, wherever they begin."""

    places: int
    seconds: int

    def __str__(self) -> str:
        unit = next(name for name in reversed(_SECONDS) if not self.seconds % _SECONDS[name])
        return f"{self.places}/{self.seconds // _SECONDS[unit]}{unit}"


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours of a day in which a provider reaches nobody; over midnight if `begin` is later than `end`."""

    begin: time
    end: time

    def holds(self, at: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


def _rate(value: object) -> Rate:
    if isinstance(value, Rate):
        return value
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    seconds = int(match[2]) * _SECONDS[match[3]] if match else 0
    if match is None or seconds > _LONGEST_S:
        raise ValueError('write a number of messages, a slash and a time of at most 31 days, such as "5/1h"')
    return Rate(int(match[1]), seconds)


def _quiet(value: object) -> Quiet | None:
    if isinstance(value, Quiet):
        return value
    if value is None or value == "":
        return None
    match = _QUIET.fullmatch(value) if isinstance(value, str) else None
    if match is None or match.groups()[:2] == match.groups()[2:]:
        raise ValueError('write two times of a day, such as "21:00-08:00"')
    return Quiet(time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4])))


def _rates(value: object) -> tuple[Rate, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError('write a list such as ["1/1m", "5/1h"]')  # noqa: TRY004
    return tuple(_rate(rate) for rate in value)


Rates = Annotated[tuple[Rate, ...], BeforeValidator(_rates)]


class Limits(BaseModel):
    """`rate` and `account` count messages of a provider, `callee` those to one number, `at_once` those under way.

    `rate` full: a message waits. `account` used up: operations fault. `callee` used up and `quiet`: another provider
    or channel. `reserved_urgent` is the part of `rate`, `at_once` and `account` that routine work must leave free.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rate: Rates = ()
    at_once: Annotated[int, Field(ge=0, le=100_000)] = 0
    account: Rates = ()
    callee: Rates = ()
    quiet: Annotated[Quiet | None, BeforeValidator(_quiet)] = None
    reserved_urgent: Annotated[float, Field(ge=0, le=0.9)] = 0.2

    @property
    def count(self) -> bool:
        """Whether there is anything to be counted."""
        return bool(self.rate or self.at_once or self.account or self.callee)

    def table(self) -> dict[str, Any]:
        """As a file has it, in JSON; what is not limited is left out."""
        rates = {name: [str(rate) for rate in getattr(self, name)] for name in ("rate", "account", "callee")}
        others = {"at_once": self.at_once, "quiet": str(self.quiet) if self.quiet else None}
        limited = {name: value for name, value in (rates | others).items() if value}
        return limited | {"reserved_urgent": self.reserved_urgent} if limited else {}

    def over(self, defaults: Self) -> Self:
        """These, and the defaults for what is not set here."""
        return defaults.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


NO_LIMITS = Limits()


def read(value: object) -> Limits:
    """The table `limits` of a provider. Raises ValueError: each field and its remedy, in one line."""
    if not isinstance(value, dict):
        raise ValueError('limits must be a table such as { rate = ["50/1s"], at_once = 20 }')  # noqa: TRY004
    try:
        return Limits.model_validate(value)
    except ValidationError as error:
        raise ValueError("; ".join(_told(fault) for fault in faults(error))) from None


def _told(fault: Fault) -> str:
    field = fault.where[0]
    if fault.kind == "extra_forbidden":
        return f"limits.{field} is unknown; one of: {', '.join(Limits.model_fields)}"
    return f"limits.{field}: {fault.message}"
