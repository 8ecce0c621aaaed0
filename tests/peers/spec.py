"""Validates a body against Tencent's machine-readable spec, which its command line client ships."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_TYPES = {"string": str, "int": int, "bool": bool, "object": dict}


def shipped(service: str, version: str, name: str) -> Any:
    """A file of the spec: api.json or examples.json."""
    path = files("tccli") / "services" / service / version / name
    return json.loads(path.read_text(encoding="utf-8"))


def check(spec: Mapping[str, Any], name: str, body: Mapping[str, Any]) -> None:
    """Raises ValueError naming the first member that is unknown, missing, or of another type."""
    members = {member["name"]: member for member in spec["objects"][name]["members"]}
    if unknown := body.keys() - members.keys():
        raise ValueError(f"{name} has no {sorted(unknown)}")
    if missing := {key for key, member in members.items() if member.get("required")} - body.keys():
        raise ValueError(f"{name} needs {sorted(missing)}")
    for key, value in body.items():
        _check_one(members[key], value)


def _check_one(member: Mapping[str, Any], value: Any) -> None:
    kind = member["type"]
    if kind == "list":
        if not isinstance(value, list) or not all(isinstance(each, _TYPES[member["member"]]) for each in value):
            raise ValueError(f"{member['name']} must be a list of {member['member']}")
    elif not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
        raise ValueError(f"{member['name']} must be {kind}")
