"""The values of a policy: durations, times of day, windows, zones. A mistake is told with what to write instead."""

import re
from datetime import time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.errors import bilingual

_DURATION = re.compile(r"(-?)([0-9]{1,9})([smhd])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
_LONGEST = timedelta(days=3650)


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Window(Part):
    begin: time
    end: time


def duration_text(value: timedelta) -> str:
    """A duration as a policy writes it, in the largest unit that is whole."""
    unit = next(name for name, one in _UNITS.items() if not value % one and (value or name == "s"))
    return f"{value // _UNITS[unit]}{unit}"


def _duration(value: object) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            bilingual('请写时长,如 "90s"、"5m"、"2h"、"7d"', 'give a duration such as "90s", "5m", "2h" or "7d"')
        )
    if match[1]:
        raise ValueError(
            bilingual(
                f"时长不能为负,请去掉负号({match[0]})",
                f"a wait can't be negative ({match[0]}); drop the minus",
            )
        )
    found = int(match[2]) * _UNITS[match[3]] if int(match[2]) <= _LONGEST.total_seconds() else None
    if found is None or found > _LONGEST:
        raise ValueError(bilingual("时长不能超过 3650d", "a duration can't be longer than 3650d"))
    return found


def _clock(value: object) -> time:
    try:
        found = value if isinstance(value, time) else time.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError(bilingual('请写时刻,如 "21:30"', 'give a time such as "21:30"'))
    return found


def quiet_span(begin: time, end: time) -> timedelta:
    """How long it is quiet from one time of the day to another, over midnight or not."""
    first, last = (timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) for at in (begin, end))
    return (last - first) % timedelta(days=1)


def _window(value: object) -> Window:
    try:
        begin, end = map(_clock, str(value).split("-"))
    except ValueError:
        raise ValueError(bilingual('请写时段,如 "06:30-08:30"', 'give a window such as "06:30-08:30"')) from None
    if begin >= end:
        raise ValueError(
            bilingual("时段须在当天内结束,请拆成两段", "a window ends later on the same day; split it in two")
        )
    return Window(begin=begin, end=end)


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ValueError, KeyError, OSError):
        raise ValueError(bilingual('请写时区,如 "Asia/Shanghai"', 'give a time zone such as "Asia/Shanghai"')) from None


def _not_empty(values: tuple[object, ...]) -> tuple[object, ...]:
    if not values:
        raise ValueError(bilingual("不能为空,至少写 1 项", "must not be empty: give at least 1"))
    return values


def at_most(most: int) -> AfterValidator:
    """A list of so many entries and no more."""

    def check(values: tuple[object, ...]) -> tuple[object, ...]:
        if len(values) > most:
            raise ValueError(bilingual(f"至多 {most} 项", f"give at most {most}"))
        return values

    return AfterValidator(check)


def between(least: str, most: str) -> AfterValidator:
    """A duration within these bounds: shorter it is a storm, longer nobody is told at all."""
    bounds = _duration(least), _duration(most)

    def check(value: timedelta) -> timedelta:
        if not bounds[0] <= value <= bounds[1]:
            raise ValueError(
                bilingual(
                    f"应在 {least} 至 {most} 之间,现为 {duration_text(value)}",
                    f"give {least} to {most}, not {duration_text(value)}",
                )
            )
        return value

    return AfterValidator(check)


# Not a length of the field, which would count entries that are at fault as missing.
NotEmpty = AfterValidator(_not_empty)
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Soon = Annotated[timedelta, BeforeValidator(_duration), between("0s", "7d")]
"""Until something happens for the first time, or has to have happened."""
Rest = Annotated[timedelta, BeforeValidator(_duration), between("1s", "7d")]
"""Between two of a kind."""
ShortRest = Annotated[timedelta, BeforeValidator(_duration), between("1s", "1d")]
"""As `Rest`, where a message or a visit waits for nothing else."""
Answer = Annotated[timedelta, BeforeValidator(_duration), between("1m", "7d")]
"""Until a person has to have seen to something: less, and everybody is told all the time."""
Clock = Annotated[time, BeforeValidator(_clock)]
Windows = Annotated[tuple[Annotated[Window, BeforeValidator(_window)], ...], NotEmpty, at_most(10)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Count = Annotated[int, Field(ge=1, strict=True)]
Few = Annotated[int, Field(ge=1, le=10, strict=True)]
Many = Annotated[int, Field(ge=1, le=50, strict=True)]
"""Of calls or messages to one person, a day or in all: more is a mistake of typing."""
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
