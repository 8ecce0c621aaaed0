"""An instruction as a source sends it, and what becomes of it or of a changed copy."""

import json
from copy import deepcopy
from typing import Any

import pytest

from schemas import parse
from schemas.errors import BadInstruction
from schemas.instruction import Event, Instruction

BODY: dict[str, Any] = {
    "op": "create",
    "instruction_id": "YJ20260302-000001",
    "version": 1,
    "source": {"system": "省反诈平台(虚构)", "unit": "YT-FZ", "ref": "SRC-1"},
    "issued_at": "2026-03-02T09:02:10+08:00",
    "valid_until": None,
    "urgency": "特急",
    "fraud_type": "F08",
    "channels": ["sms", "voice", "visit"],
    "victim": {
        "name": "何样兰",
        "birth_date": "1954-11-07",
        "phones": [{"number": "15400000001"}],
        "addresses": [{"kind": "现住", "text": "样板路18号"}],
        "contacts": [{"relation": "女儿", "phone": "15400000101"}],
    },
    "risk": {"amount_at_risk_yuan": 20000, "transfers": [{"at": "2026-03-02T09:00:00+08:00", "amount_yuan": 1}]},
}
EVENT = {"op": "withdraw", "instruction_id": "YJ1", "at": "2026-03-02T09:10:00+08:00", "by": "YT-FZ"}
PRIVATE = "何样兰 15400000001"
GONE = object()


def put(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of a body with another value at a dotted path; GONE removes it."""
    changed = deepcopy(body)
    at: Any = changed
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in way:
        at = at[part]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return changed


def line(body: object) -> Instruction | Event:
    return parse.line(json.dumps(body).encode())


def refusal(body: object) -> BadInstruction:
    with pytest.raises(BadInstruction) as caught:
        line(body)
    return caught.value
