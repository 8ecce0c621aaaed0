"""Brings an older policy file up to this version: what it lacks is added with the built-in values, all else stays."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dispatcher.policy.models import Policy

_DEFAULTS = Path(__file__).with_name("defaults.toml")


def lacking(text: str) -> dict[str, Any]:
    """Keys that this version needs and the file lacks, with the built-in values. ValueError: the text is no TOML."""
    try:
        Policy.model_validate(tomllib.loads(text))
    except ValidationError as error:
        where = [each["loc"] for each in error.errors(include_url=False) if each["type"] == "missing"]
    else:
        where = []
    built_in = tomllib.loads(_DEFAULTS.read_text("utf-8"))
    return dict(entry for at in where for entry in _entries(_at(built_in, at), ".".join(map(str, at))))


def upgraded(text: str, added: Mapping[str, Any]) -> str:
    """The file with these keys, each in its table; comments and order stay. Raises ValueError where that is no TOML."""
    lines = text.splitlines()
    for key, value in added.items():
        table, _, name = key.rpartition(".")
        at = _place(lines, table)
        lines[at:at] = [f"{name} = {toml(value)}"]
    done = "\n".join([*lines, ""])
    tomllib.loads(done)
    return done


def toml(value: Any) -> str:
    """A value as TOML writes it: what JSON writes of texts, numbers, booleans and lists of them."""
    return json.dumps(value, ensure_ascii=False)


def _place(lines: list[str], table: str) -> int:
    """Below which line a table's keys begin; a table that is not there yet is begun at the end."""
    if not table:
        return next((number for number, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    header = re.compile(rf"\s*\[\s*{re.escape(table)}\s*\]\s*(#.*)?")
    found = next((number for number, line in enumerate(lines) if header.fullmatch(line)), None)
    if found is None:
        lines += ["", f"[{table}]"]
        return len(lines)
    return found + 1


def _at(table: Any, where: tuple[int | str, ...]) -> Any:
    for part in where:
        table = table[part]
    return table


def _entries(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _entries(each, f"{key}.{name}")
    else:
        yield key, value
