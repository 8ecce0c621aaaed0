"""Whether two lines say the same: compared as they are understood, not as they were written."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dispatcher.casework.context import Context
from schemas import normalise, parse
from schemas.instruction import Contact, Event, Instruction, Phone
from schemas.wire import Wire

REPEATED = "instruction_repeated"
"""Journalled where an instruction came again as it was."""
# What may differ where the same event, by its own id, is told again.
_OF_A_DELIVERY = frozenset({"at", "by", "note", "reason"})


def digest(context: Context, said: Instruction | Event) -> bytes:
    """The same for the same content: numbers in E.164, times in UTC, no blanks, nothing that nobody knows."""
    understood = _understood(said)
    if isinstance(said, Event) and said.event_id is not None:
        understood = {name: each for name, each in understood.items() if name not in _OF_A_DELIVERY}
    for path in context.policy.volatile_fields:
        _drop(understood, path.split("."))
    return context.vault.digest("content", json.dumps(understood, sort_keys=True, default=str))


def digest_as_written(context: Context, raw: bytes) -> bytes:
    """As it was stored before lines were compared as understood."""
    body = json.loads(raw.decode("utf-8-sig"), parse_int=parse.whole)
    return context.vault.digest("content", json.dumps(body, sort_keys=True))


def _understood(value: Any) -> Any:
    if isinstance(value, Wire):
        fields = {name: _understood(getattr(value, name)) for name in type(value).model_fields}
        if isinstance(value, Phone):
            fields["number"] = _dialled(value.number, value.country)
        if isinstance(value, Contact):
            fields["phone"] = _dialled(value.phone, value.country)
        return {name: each for name, each in fields.items() if each is not None}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str):
        return " ".join(normalise.fold_width(value).split())
    if isinstance(value, dict):
        return {key: _understood(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_understood(each) for each in value]
    return value


def _dialled(number: str, country: str) -> str:
    try:
        return normalise.number(number, country).e164
    except ValueError:
        return normalise.compact(number)


def _drop(body: Any, path: Sequence[str]) -> None:
    for part in path[:-1]:
        body = body.get(part) if isinstance(body, dict) else None
    if isinstance(body, dict):
        body.pop(path[-1], None)
