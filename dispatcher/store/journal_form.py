"""How an entry of the journal holds what its transaction did to its case's rows: small, and without loss.

As JSON, deflated. What the entry says beside it (its case, its time, the texts of its data) is not said again but
named: `@case`, `@at`, `=attempt`. A text that begins so itself has its first character twice. Entries resemble each
other, but each has to be readable alone: so they are deflated against one text of what entries usually say.
"""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any
from uuid import UUID

# table → key → changed columns
Changes = dict[str, dict[str, dict[str, Any]]]
Names = Mapping[str, str]

# The first byte tells how the rest is read. What was written once is never changed: a better text is a form of its own.
_FORM = 1
_OWN, _OF_DATA = "@", "="
_SHORTEST = 16  # shorter texts are no longer than their names, once deflated
_WINDOW, _READING_WINDOW, _MEMORY = -13, -15, 5  # raw; so small that a compressor is copied in a microsecond
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))
# In JSON: a text that begins as a name does, or has a character that is written as two.
_TO_BE_LOOKED_AT = (f'"{_OWN}', f'"{_OF_DATA}', "\\")


class UnreadableChangesError(ValueError):
    """Somebody changed the entry: what it did to the rows can't be read, or names what it does not say."""


def pack(changes: Changes, case_id: UUID | None, at: datetime, data: Mapping[str, Any]) -> bytes:
    """Returns changes of an entry as it holds them."""
    names = {said: name for name, said in _said(case_id, at, data).items()}
    text = _ENCODER.encode(changes)
    if any(mark in text for mark in _TO_BE_LOOKED_AT):
        return deflate(_ENCODER.encode(_named(changes, names)))
    # Most have nothing that needs care: their texts can be replaced as they stand, which takes a fifth of the time.
    for said, name in names.items():
        text = text.replace(f'"{said}"', f'"{name}"')
    return deflate(text)


def unpack(packed: bytes, case_id: UUID | None, at: datetime, data: Mapping[str, Any]) -> Changes:
    """Returns what `pack` was given. Raises UnreadableChangesError."""
    try:
        changes: Changes = _resolved(json.loads(inflate(packed)), _said(case_id, at, data))
    except (KeyError, json.JSONDecodeError) as error:
        raise UnreadableChangesError(f"{type(error).__name__}: {error}") from None
    return changes


def deflate(text: str) -> bytes:
    compressor = _compressor().copy()
    packed: bytes = compressor.compress(text.encode()) + compressor.flush()
    return bytes([_FORM]) + packed


def inflate(packed: bytes) -> str:
    """Returns JSON that names what the entry says beside it. Raises UnreadableChangesError."""
    if packed[:1] != bytes([_FORM]):
        raise UnreadableChangesError(f"no form of an entry begins with {packed[:1].hex() or 'nothing'}")
    reader = zlib.decompressobj(_READING_WINDOW, _usual())
    try:
        return (reader.decompress(packed[1:]) + reader.flush()).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise UnreadableChangesError(type(error).__name__) from None


def _said(case_id: UUID | None, at: datetime, data: Mapping[str, Any]) -> dict[str, str]:
    """Name → what the entry says under it. It may say one thing under two names: who reads knows both."""
    said = {
        _OF_DATA + name: text
        for name, text in data.items()
        if isinstance(text, str) and len(text) >= _SHORTEST and '"' not in text and text[0] not in (_OWN, _OF_DATA)
    }
    said[_OWN + "at"] = at.astimezone(UTC).isoformat()
    if case_id is not None:
        said[_OWN + "case"] = str(case_id)
    return said


def _named(value: Any, names: Names) -> Any:
    if isinstance(value, str):
        return names.get(value) or (value[0] + value if value[:1] in (_OWN, _OF_DATA) else value)
    if isinstance(value, dict):
        return {_named(name, names): _named(part, names) for name, part in value.items()}
    return [_named(part, names) for part in value] if isinstance(value, list) else value


def _resolved(value: Any, said: Names) -> Any:
    if isinstance(value, str):
        if value[:1] not in (_OWN, _OF_DATA):
            return value
        return value[1:] if value[1:2] == value[0] else said[value]
    if isinstance(value, dict):
        return {_resolved(name, said): _resolved(part, said) for name, part in value.items()}
    return [_resolved(part, said) for part in value] if isinstance(value, list) else value


@cache
def _usual() -> bytes:
    return resources.files(__package__).joinpath(f"journal_form_{_FORM}.txt").read_bytes()


@cache
def _compressor() -> Any:
    return zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=_usual())
