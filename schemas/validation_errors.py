"""What a model refused. Pydantic's errors are read here alone; who shows one to people words it by a table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import isclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

# Pydantic's kind of error -> Chinese, English; both may name what Pydantic knows of it, and {message}, {kind}.
Words = Mapping[str, tuple[str, str]]
_OTHER = ("写法有误", "{message}")
Where = tuple[int | str, ...]


def path_of(where: Where) -> str:
    """As JSON is addressed: phones[0].number."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).removeprefix(".")


@dataclass(frozen=True)
class Fault:
    """One thing that a model refused. It never holds the value, which may be personal data or a secret."""

    where: Where
    kind: str
    message: str  # in English: Pydantic's, or that of our own validator
    facts: Mapping[str, Any]

    @property
    def key(self) -> str:
        """As a TOML file has it: officers.0.role."""
        return ".".join(map(str, self.where))

    @property
    def path(self) -> str:
        """As JSON is addressed: phones[0].number."""
        return path_of(self.where)

    def below(self, place: Where, inside: int = 0) -> "Fault":
        """The same fault, seen from further out; the first `inside` parts of where it was are not told."""
        return replace(self, where=(*place, *self.where[inside:]))

    def in_words(self, words: Words, other: tuple[str, str] = _OTHER, **facts: str) -> tuple[str, str]:
        """In Chinese and in English; `other` is for a kind that is not in the table."""
        known = {**self.facts, "message": self.message, "kind": self.kind, **facts}
        zh, en = words.get(self.kind, other)
        return zh.format(**known), en.format(**known)


def faults(error: ValidationError) -> list[Fault]:
    """All that the model refused, in the order of its fields."""
    return [
        Fault(each["loc"], each["type"], each["msg"].removeprefix("Value error, "), each.get("ctx", {}))
        for each in error.errors(include_url=False, include_input=False)
    ]


def known_keys(model: type[BaseModel], where: Where) -> list[str]:
    """The keys that could have stood in this place of a model."""
    for part in where[:-1]:
        kind = model.model_fields[str(part)].annotation
        model = next(each for each in (kind, *get_args(kind)) if isclass(each) and issubclass(each, BaseModel))
    return [field.alias or name for name, field in model.model_fields.items()]
