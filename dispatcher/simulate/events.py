"""Events that follow an invented instruction: withdrawn, corrected, sent twice, contradicted, warned about again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatcher.simulate.sample import Push
from dispatcher.simulate.weighted_random import GRID_MINUTES, draw_each
from schemas.vocabulary import Resolution

_BY = "centre-op-01"
_OTHER = "公安协查（虚构）"
_ODDS = {
    "withdrawn": 0.02,
    "false_alarm": 0.02,
    "later_loss": 0.01,
    "patched": 0.02,
    "repeated": 0.02,
    "contradicted": 0.005,
    "joined": 0.03,
    "warned_again": 0.02,
}


@dataclass(frozen=True)
class Later:
    """One thing that comes after an instruction, so many minutes after at least and at most."""

    between: tuple[int, int]
    make: Callable[[Push, datetime], dict[str, Any]]


def about(random: Random, first: Push, end: datetime) -> list[Push]:
    """Draw the events that follow this instruction within the week."""
    found = []
    happens = draw_each(random, _ODDS)
    for kind, later in _LATER.items():
        if kind not in happens:
            continue
        soonest, latest = (each // GRID_MINUTES for each in later.between)
        at = first.at + timedelta(minutes=GRID_MINUTES * random.randint(soonest, latest))
        if at < end:
            people = first.people_do if kind == "warned_again" else {}
            found.append(Push(at, f"{first.name}-{kind}", later.make(first, at), people))
    return found


def _event(first: Push, at: datetime, **fields: Any) -> dict[str, Any]:
    named = {"event_id": f"E-{first.name}", "instruction_id": first.body["instruction_id"]}
    return {**named, "source": first.body["source"], "at": at.isoformat(), "by": _BY, **fields}


def _withdrawn(first: Push, at: datetime) -> dict[str, Any]:
    return _event(first, at, op="withdraw", version=9, reason="上游核实为误推（虚构）")


def _false_alarm(first: Push, at: datetime) -> dict[str, Any]:
    return _event(first, at, op="feedback", outcome=Resolution.NOT_A_VICTIM.value)


def _later_loss(first: Push, at: datetime) -> dict[str, Any]:
    return _event(first, at, op="later_loss", loss_yuan=5000)


def _patched(first: Push, at: datetime) -> dict[str, Any]:
    """The source raises its own warning."""
    return _event(first, at, op="update", version=2, patch={"urgency": "特急", "note": "上游升级（虚构）"})


def _repeated(first: Push, at: datetime) -> dict[str, Any]:
    return first.body


def _contradicted(first: Push, at: datetime) -> dict[str, Any]:
    """The same version with another content."""
    return first.body | {"urgency": "高", "note": "同版本内容不同（虚构）"}


def _other_source(first: Push, at: datetime) -> dict[str, Any]:
    return first.body | {
        "instruction_id": f"{first.body['instruction_id']}-B",
        "source": {"system": _OTHER, "unit": "YT-FZ"},
        "issued_at": at.isoformat(),
        "valid_until": None,
        "urgency": "高",
    }


_LATER = {
    "withdrawn": Later((15, 120), _withdrawn),
    "false_alarm": Later((30, 1440), _false_alarm),
    "later_loss": Later((1440, 4320), _later_loss),
    "patched": Later((15, 60), _patched),
    "repeated": Later((15, 60), _repeated),
    "contradicted": Later((15, 60), _contradicted),
    "joined": Later((15, 240), _other_source),
    "warned_again": Later((1440, 5760), _other_source),
}
