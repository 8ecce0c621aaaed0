"""A history in words, for the reader of a failure."""

from datetime import datetime
from typing import Any

from builders import FLAGS

from dispatcher.engine import Case, Decision


def facts(case: Case) -> str:
    """What a case begins with."""
    names = ("urgency", "channels", "fraud_type", "numbers", "places")
    said = [f"{name}={getattr(case, name)}" for name in names]
    return ", ".join([*said, *(flag for flag in FLAGS if getattr(case, flag))])


def short(decision: Decision) -> str:
    """One decision on one line."""
    known = {name: getattr(decision, name) for name in decision.__slots__ if getattr(decision, name) is not None}
    return f"  {type(decision).__name__}: {words(known)}"


def words(changes: dict[str, Any]) -> str:
    """What was said, or changed."""
    return ", ".join(
        f"{name}={f'{value:%a %H:%M:%S}' if isinstance(value, datetime) else value}" for name, value in changes.items()
    )
