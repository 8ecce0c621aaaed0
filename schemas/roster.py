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

from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from schemas import edited_file
from schemas.edited_file import UnreadableFileError
from schemas.errors import bilingual
from schemas.roster_joins import misfits, printable
from schemas.validation_errors import Fault, Words, faults
from schemas.vocabulary import Role, Rung

_DAY_MINUTES = 24 * 60
_TOLD = 20  # faults in one message
_WORDS: Words = {
    "missing": ("缺少此项,请补上", "required, but missing"),
    "extra_forbidden": ("没有此项,应为 {known} 之一", "no such key; one of: {known}"),
    "enum": ("应为 {expected} 之一", "one of: {expected}"),
    "literal_error": ("应为 {expected} 之一", "one of: {expected}"),
    "string_type": ("应为带引号的文字", "give a text in quotes"),
    "string_too_short": ("不能为空", "must not be empty"),
    "string_too_long": ("不能超过 {max_length} 个字", "at most {max_length} characters"),
    "tuple_type": ("应为列表", "give a list: [[...]] for entries, [...] for shifts"),
    "model_type": ("应为一节", "give a table of keys"),
    "not_shown": ("含有控制字符、不可见字符或全为空白", "has control or invisible characters, or only blanks"),
}
# Of a text that has another form.
_CODE = ("只能用字母、数字、- 与 _", "letters, digits, - and _ only")
_SHIFT = ("班次写法如 08:00-20:00,跨零点为 20:00-08:00", "a shift is written 08:00-20:00, over midnight 20:00-08:00")
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_\-]+$")]
Shift = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class RosterError(ValueError):
    """The roster file can't be used. Every fault with its place and remedy, in both languages; many are counted."""

    def __init__(self, path: Path, errors: Sequence[str]) -> None:
        self.errors = list(errors)
        told, untold = self.errors[:_TOLD], len(self.errors) - _TOLD
        more = [bilingual(f"另有 {untold} 处", f"{untold} more")] if untold > 0 else []
        super().__init__(f"{path}: {'; '.join([*told, *more])}")


def _shown(text: str) -> str:
    """A name that a screen and the database can hold."""
    if not text.isprintable() or not text.strip():
        raise PydanticCustomError("not_shown", "characters that can't be shown")
    return text


class Unit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_shown)]
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
    def _fits_together(self) -> "Roster":
        found = list(misfits(self.model_dump(mode="json")))
        if found:
            raise ValueError("\n".join(found))
        return self


_ENTRIES: Mapping[str, type[BaseModel]] = {"units": Unit, "officers": Officer, "staff": StaffMember}


def read(path: Path) -> Roster:
    """Read a roster file. Raises RosterError."""
    try:
        tables = edited_file.read(path)
    except OSError as error:
        told = bilingual("无法读取", f"can't be read ({error.strerror})")
        raise RosterError(path, [told]) from None
    except UnreadableFileError as error:
        raise RosterError(path, [str(error)]) from None
    try:
        return Roster.model_validate(tables)
    except ValidationError as error:
        of_keys = (_line(fault, tables) for fault in faults(error) if fault.kind != "value_error")
        raise RosterError(path, [*of_keys, *misfits(tables)]) from None


def _line(fault: Fault, tables: Mapping[str, Any]) -> str:
    """A fault of one key, with whose entry it is in."""
    where = printable(fault.key) or "roster"
    model = _ENTRIES.get(str(fault.where[0])) if len(fault.where) > 2 else None
    fields = (model or Roster).model_fields
    expected = str(fault.facts.get("expected", "")).replace(" or ", ", ")
    zh, en = fault.in_words(_WORDS, known=", ".join(fields), expected=expected)
    if fault.kind == "string_pattern_mismatch":
        zh, en = _SHIFT if "duty" in fault.where else _CODE
    return f"{where}{_whose(tables, fault.where)}: {bilingual(zh, en)}"


def _whose(tables: Mapping[str, Any], where: Sequence[int | str]) -> str:
    """Nobody counts to the 700th entry."""
    if len(where) < 3 or not isinstance(where[1], int):
        return ""
    entry = tables[str(where[0])][where[1]]
    name = entry.get("badge", entry.get("code")) if isinstance(entry, dict) else None
    return f" ({printable(name)})" if isinstance(name, str) and name else ""


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
    known = set(shifts)
    covered = [any(_covers(shift, _clock(minute)) for shift in known) for minute in range(_DAY_MINUTES)]
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
