"""Patches: an update that names what changes, by dotted paths in wire names (victim.phones, risk.amount_at_risk_yuan).

A number in a path is a place in a list: victim.phones.0.number.
"""

import copy
import re
from typing import Any

from schemas.errors import BadInstruction
from schemas.reading.words import is_absent
from schemas.wire import wire_path

_MAY_CHANGE = frozenset({"urgency", "fraud_type", "channels", "valid_until", "note", "source_kind", "victim", "risk"})
# Who the person is. Another person is another instruction.
_FIXED = frozenset({"victim", "victim.id_number", "victim.id_type"})
# No list on the wire is as long; other digits, such as ², are no number to Python either.
_PLACE = re.compile(r"[0-9]{1,3}")


def apply(body: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The instruction with the patch applied. Raises BadInstruction where a field may not change or is not there."""
    patched = copy.deepcopy(body)
    for path, value in patch.items():
        parts = path.split(".")
        # An object alone is a list of one: `victim.0.id_number` is the same field.
        field = ".".join(part for part in parts if not _PLACE.fullmatch(part))
        if parts[0] not in _MAY_CHANGE or field in _FIXED:
            raise BadInstruction(
                wire_path(f"patch.{parts[0] if field not in _FIXED else path}"),
                "该字段不可修改;可改字段:" + "、".join(sorted(_MAY_CHANGE)) + "(证件号除外)",
                f"this field may not change; fields that may: {', '.join(sorted(_MAY_CHANGE))}, "
                "the identity number excepted",
            )
        _set(patched, parts, value)
    return patched


def _set(body: Any, parts: list[str], value: Any) -> None:
    at = body
    for part in parts[:-1]:
        at = _step(at, part, parts)
    last = parts[-1]
    if isinstance(at, dict) and not _PLACE.fullmatch(last):
        at[last] = value
    elif _is_place(at, last):
        at[int(last)] = value
    else:
        raise _no_such(parts)


def _step(at: Any, part: str, parts: list[str]) -> Any:
    if isinstance(at, dict) and not _PLACE.fullmatch(part):
        if is_absent(at.get(part)):
            at[part] = {}
        return at[part]
    if isinstance(at, dict) and at and part == "0":  # an object alone is a list of one
        return at
    if _is_place(at, part):
        return at[int(part)]
    raise _no_such(parts)


def _is_place(at: Any, part: str) -> bool:
    return isinstance(at, list) and _PLACE.fullmatch(part) is not None and int(part) < len(at)


def _no_such(parts: list[str]) -> BadInstruction:
    path = wire_path(f"patch.{'.'.join(parts)}")
    return BadInstruction(path, "没有这个位置", "no such place in the instruction; give the whole list")
