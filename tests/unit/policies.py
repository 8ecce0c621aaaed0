"""Edited policies for tests: as the centre edits them, in a copy of the built-in file."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEFAULTS = Path(__file__).parents[2] / "dispatcher" / "policy" / "defaults.toml"

Key = tuple[str | int, ...]


def table() -> dict[str, Any]:
    """The built-in policy as plain values, to be changed."""
    return tomllib.loads(DEFAULTS.read_text("utf-8"))


def put(policy: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Set a dotted key; None removes it."""
    at: Any = policy
    *tables, last = key.split(".")
    for each in tables:
        at = at.setdefault(each, {})
    if value is None:
        del at[last]
    else:
        at[last] = value
    return policy


def write(path: Path, policy: dict[str, Any]) -> Path:
    path.write_text("\n".join(_lines(policy)), encoding="utf-8")
    return path


def values(part: Any, at: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value that is no table and no list, with where it stands."""
    if isinstance(part, dict | list):
        for name, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield from values(value, (*at, name))
    else:
        yield at, part


def _lines(policy: dict[str, Any], name: str = "") -> Iterator[str]:
    if name:
        yield f"[{name}]"
    for key, value in policy.items():
        if not isinstance(value, dict):
            # What JSON writes of texts, numbers, booleans and lists of them is TOML too.
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in policy.items():
        if isinstance(value, dict):
            yield from _lines(value, f"{name}.{key}" if name else key)
