"""The roster file: units and officers by badge (TOML, read by `dispatcher roster load FILE`).

[[units]]
code = "YT-WC-01"
name = "望潮派出所"
kind = "precinct"            # precinct, county, centre
parent = "YT-WC"

[[officers]]                 # in the order in which they are asked
badge = "WC01-A"
unit = "YT-WC-01"
role = "officer"             # officer, station_leader, county_desk, centre
duty = ["08:00-20:00"]       # local time; over midnight: "20:00-08:00"; left out: always

[[staff]]                    # who acts without standing on the ladder; a badge of an officer may stand here too
badge = "YT-SUP"
unit = "YT-FZ"
role = "supervisor"          # supervisor, operator (of a centre)
"""

from collections.abc import Iterable
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas import edited_file
from schemas.edited_file import UnreadableFileError
from schemas.validation_errors import faults
from schemas.vocabulary import Role, Rung

_DAY_MINUTES = 24 * 60
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_\-]+$")]
Shift = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class RosterError(ValueError):
    """The roster file can't be used; names the entry and the remedy."""


class Unit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    name: Annotated[str, Field(min_length=1, max_length=100)]
    kind: Literal["precinct", "county", "centre"]
    parent: Code | None = None


class Officer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    badge: Code
    unit: Code
    role: Rung
    duty: tuple[Shift, ...] = ("00:00-24:00",)


class StaffMember(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    badge: Code
    unit: Code
    role: Literal[Role.SUPERVISOR, Role.OPERATOR]


class Roster(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    units: tuple[Unit, ...]
    officers: tuple[Officer, ...]
    staff: tuple[StaffMember, ...] = ()

    @model_validator(mode="after")
    def _joined_up(self) -> "Roster":
        codes = {unit.code for unit in self.units}
        for unit in self.units:
            if unit.parent is not None and unit.parent not in codes:
                raise ValueError(f"unit {unit.code}: parent {unit.parent} is not among the units")
        for officer in self.officers:
            if officer.unit not in codes:
                raise ValueError(f"officer {officer.badge}: unit {officer.unit} is not among the units")
        if len({officer.badge for officer in self.officers}) != len(self.officers):
            raise ValueError("a badge stands twice")
        for member in self.staff:
            if member.unit not in codes:
                raise ValueError(f"staff {member.badge}: unit {member.unit} is not among the units")
        if len({member.badge for member in self.staff}) != len(self.staff):
            raise ValueError("a badge of the staff stands twice")
        return self


def read(path: Path) -> Roster:
    """Read a roster file. Raises RosterError."""
    try:
        return Roster.model_validate(edited_file.read(path))
    except OSError as error:
        raise RosterError(f"{path}: can't be read ({error.strerror})") from None
    except UnreadableFileError as error:
        raise RosterError(f"{path}: {error}") from None
    except ValidationError as error:
        fault = faults(error)[0]
        raise RosterError(f"{path}: {fault.key or 'roster'}: {fault.message}") from None


def on_duty(shifts: tuple[str, ...] | list[str], at: time) -> bool:
    """Whether one of the shifts covers a local time."""
    clock = at.strftime("%H:%M")
    return any(_covers(shift, clock) for shift in shifts)


def minutes_on(shifts: tuple[str, ...] | list[str], at: time) -> int | None:
    """For how many minutes a shift that covers a local time has gone on, the shortest of several; None if none does."""
    clock = at.strftime("%H:%M")
    begins = [shift.split("-")[0] for shift in shifts if _covers(shift, clock)]
    return min(((_minute(clock) - _minute(begin)) % _DAY_MINUTES for begin in begins), default=None)


def gaps(shifts: Iterable[str]) -> list[tuple[str, str]]:
    """From when to when of each day no shift is, in their order; one over midnight ends on the next day."""
    covered = [any(_covers(shift, _clock(minute)) for shift in set(shifts)) for minute in range(_DAY_MINUTES)]
    if not any(covered):
        return [("00:00", "24:00")]
    begins = [each for each in range(_DAY_MINUTES) if not covered[each] and covered[each - 1]]
    ends = [each for each in range(_DAY_MINUTES) if covered[each] and not covered[each - 1]]
    return [(_clock(begin), _clock(next((end for end in ends if end > begin), ends[0]))) for begin in begins]


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _covers(shift: str, clock: str) -> bool:
    begin, end = shift.split("-")
    return begin <= clock < end if begin < end else clock >= begin or clock < end
