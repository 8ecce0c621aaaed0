"""How a model of the wire reads a line: what stands in an optional place never costs the warning.

An optional field that can't be read is absent, an element of a list that can't be read is left out, each with a flag
that names it. What is required and can't be read refuses the line.

Most lines are written as they are to be. They are read at once (`PlainReading`), and field by field (`LineReading`)
only where something in them is doubtful: that costs twice as much.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, NoReturn, Self, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas.reading import Doubt
from schemas.reading.lists import Split
from schemas.reading.words import is_absent
from schemas.validation_errors import Fault, faults, path_of

_PART, _PLACE, _LONGEST_PATH = re.compile(r"[^.\[\]]+"), re.compile(r"[0-9]{1,3}"), 100


@dataclass
class LineReading:
    """What is doubtful of one line, and what was left out, by path. Never a value."""

    flags: list[str] = field(default_factory=list)
    left_out: list[Fault] = field(default_factory=list)
    _place: list[int | str] = field(default_factory=list)

    def at(self, part: int | str) -> Self:
        """What is read inside the block stands in this field, or at this index."""
        self._place.append(part)
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        self._place.pop()

    def doubt(self, what: str) -> None:
        self.flags.append(f"{what}:{wire_path(path_of(tuple(self._place)))}")

    def leave_out(self, error: ValidationError, inside: int = 0) -> None:
        """Flag what was refused here; so many parts of each place are this one's own."""
        for fault in faults(error):
            refused = fault.below(tuple(self._place), inside)
            self.left_out.append(refused)
            what = "missing" if refused.kind == "missing" else "unreadable"
            self.flags.append(f"{what}:{wire_path(refused.path)}")


class PlainReading:
    """Of a line that is to have nothing doubtful: whatever is, is an error."""

    @staticmethod
    def doubt(what: str) -> NoReturn:
        raise PydanticCustomError("doubtful", "doubtful")

    def check_list(self, value: Any, split: Split | None) -> None:
        """Each element says one thing, in the form that it is to have."""
        if not isinstance(value, list) or any(
            is_absent(each) or (split is not None and split(each, self.doubt) != [each]) for each in value
        ):
            self.doubt("list")


def reads(reader: Callable[[Any, Doubt], object]) -> BeforeValidator:
    """A field that is written in several forms."""

    def read(value: object, info: ValidationInfo) -> object:
        return reader(value, _nothing if info.context is None else info.context.doubt)

    return BeforeValidator(read)


@dataclass(frozen=True)
class Elements:
    """A list whose elements are written in several forms."""

    split: Split


def _nothing(what: str) -> None:
    return None


class Wire(BaseModel):
    """Unknown fields are kept and flagged; errors never repeat the input, which may be personal data."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, body: Any) -> Any:
        """Null and blank are absent; a list of one object is that object."""
        if isinstance(body, list) and len(body) == 1:
            body = body[0]
        if not isinstance(body, dict):
            return body
        known = cls.__pydantic_fields__
        return {name: value for name, value in body.items() if name not in known or not is_absent(value)}

    @field_validator("*", mode="wrap")
    @classmethod
    def _or_left_out(cls, value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        reading = info.context
        if reading is None or info.field_name is None:
            return read(value)
        declared = _declared(cls, info.field_name)
        if isinstance(reading, PlainReading):
            if declared.is_list:
                reading.check_list(value, declared.split)
            return read(value)
        with reading.at(info.field_name):
            if declared.is_required:
                return read(value)
            if declared.is_list:
                return tuple(_elements(value, read, declared.split, reading)) or declared.default
            try:
                return read(value)
            except ValidationError as error:
                reading.leave_out(error)
                return declared.default

    def unknown_fields(self, prefix: str = "") -> list[str]:
        """Dotted paths of fields that the schema does not know."""
        found = [prefix + name for name in self.__pydantic_extra__ or {}]
        for name in type(self).model_fields:
            value = getattr(self, name)
            for index, part in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(part, Wire):
                    inner = f"{prefix}{name}[{index}]." if isinstance(value, tuple) else f"{prefix}{name}."
                    found += part.unknown_fields(inner)
        return found


class _Declared(NamedTuple):
    """What matters of a field when it is read."""

    is_required: bool
    is_list: bool
    split: Split | None
    default: Any


@cache
def _declared(model: type[Wire], name: str) -> _Declared:
    field = model.__pydantic_fields__[name]
    split = next((each.split for each in field.metadata if isinstance(each, Elements)), None)
    return _Declared(field.is_required(), get_origin(field.annotation) is tuple, split, field.default)


def _elements(
    value: Any, read: ValidatorFunctionWrapHandler, split: Split | None, reading: LineReading
) -> Iterator[Any]:
    """Each element by itself; one that can't be read is left out. A single value is a list of one."""
    for index, element in enumerate(value if isinstance(value, list | tuple) else [value]):
        if is_absent(element):
            continue
        with reading.at(index):
            for part in split(element, reading.doubt) if split else [element]:
                try:
                    yield from read([part])
                except ValidationError as error:
                    reading.leave_out(error, inside=1)


class Line(Wire):
    """What one line says as a whole."""

    _flags: tuple[str, ...] = PrivateAttr(())

    @model_validator(mode="after")
    def _keep_flags(self, info: ValidationInfo) -> Self:
        if isinstance(info.context, LineReading):
            self._flags = tuple(dict.fromkeys(info.context.flags))
        return self

    @property
    def reading_flags(self) -> tuple[str, ...]:
        """What was left out of the line, or read though it is doubtful: kind and path."""
        return self._flags


@cache
def _names() -> frozenset[str]:
    models, found = [Wire], set[str]()
    while models:
        model = models.pop()
        models += model.__subclasses__()
        found |= model.model_fields.keys()
    return frozenset(found)


def wire_path(path: str) -> str:
    """The path with `?` for whatever is no name of the wire's: a key that somebody made up may be personal data."""
    known = _PART.sub(lambda part: part[0] if part[0] in _names() or _PLACE.fullmatch(part[0]) else "?", path)
    return known[:_LONGEST_PATH]
