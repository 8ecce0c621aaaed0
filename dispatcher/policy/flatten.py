"""A policy as one flat list of its keys, as the file writes them."""

from collections.abc import Iterator
from datetime import time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.policy.fields import Part, Window, duration_text


def flatten(part: Part, under: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its value; optional keys that are not set are left out."""
    for name, field in type(part).model_fields.items():
        key, value = f"{under}{field.alias or name}", getattr(part, name)
        if isinstance(value, Part):
            yield from flatten(value, f"{key}.")
        elif value is not None:
            yield key, value


def duration(part: Part, key: str) -> timedelta | None:
    """The duration at a dotted key, where it is set."""
    found = dict(flatten(part)).get(key)
    return found if isinstance(found, timedelta) else None


def plain(value: Any) -> Any:
    """A value as TOML and JSON have it."""
    match value:
        case timedelta():
            return duration_text(value)
        case time():
            return value.isoformat().removesuffix(":00")
        case Window():
            return f"{plain(value.begin)}-{plain(value.end)}"
        case tuple():
            return [plain(each) for each in value]
        case StrEnum() | ZoneInfo():
            return str(value)
    return value
