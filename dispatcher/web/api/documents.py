"""What the OpenAPI document says of bodies: the schemas of the wire, with examples of invented people."""

from collections.abc import Mapping
from typing import Any

from schemas.instruction import json_schema

TITLE = "预警劝阻派发 / Warning dispatcher"
ABOUT = """反诈中心推送、更改、跟踪预警指令的接口。2xx 即已提交入库;问题按 RFC 9457 答复,`code` 供程序判断。

The anti-fraud centre's interface: push, change and follow warning instructions. A 2xx means committed. Problems are
answered as RFC 9457; programs look at `code`. Lists page by key: pass `next` of a page as `after` of the next.

Authorization: `Bearer KEY`, from `dispatcher client create`. All times carry a zone.
"""
_SOURCE = {"system": "test-centre"}
_PERSON = {
    "name": "云小样",
    "phones": [{"number": "15400000001"}],
    "addresses": [{"kind": "residence", "text": "云汀市望潮区示例路 1 号(虚构)", "precinct_code": "YT-WC-01"}],
}
_EXAMPLE = {
    "instruction_id": "W-1",
    "version": 1,
    "source": _SOURCE,
    "issued_at": "2026-11-23T08:00:00+08:00",
    "urgency": "特急",
    "fraud_type": "F08",
    "channels": ["sms", "voice", "visit"],
    "victim": _PERSON,
}
_EXAMPLE_IN_ENGLISH = _EXAMPLE | {
    "instruction_id": "W-2",
    "urgency": "high",
    "channels": ["sms", "voice"],
    "victim": {"name": "Yun Xiaoyang", "phones": [{"number": "+44 7700 900001"}], "language": "en"},
    "risk": {"amount_at_risk_yuan": 20000, "transfer_ongoing": True},
}
_AT = {"at": "2026-11-23T09:00:00+08:00", "source": _SOURCE}
_EVENT_EXAMPLES: Mapping[str, dict[str, Any]] = {
    "update": {"version": 2, "patch": {"urgency": "critical"}, **_AT},
    "withdraw": {"version": 1, "reason": "误报", **_AT},
    "feedback": {"outcome": "DISSUADED_IN_TIME", "by": "OP-17", **_AT},
    "later_loss": {"loss_yuan": 5000, **_AT},
}
# What the path says need not stand in the body.
_OF_PATH = frozenset({"op", "instruction_id"})


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without `$defs`: those stand among the document's own, where no two may differ."""
    defined = schema.pop("$defs", {})

    def inline(part: Any) -> Any:
        if isinstance(part, list):
            return [inline(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return inline(defined[part["$ref"].rpartition("/")[2]] | {k: v for k, v in part.items() if k != "$ref"})
        return {name: inline(each) for name, each in part.items()}

    found: dict[str, Any] = inline(schema)
    return found


def _event(op: str) -> dict[str, Any]:
    schema = inlined(json_schema(op))
    schema["required"] = [name for name in schema.get("required", []) if name not in _OF_PATH]
    return schema | {"examples": [_EVENT_EXAMPLES[op]]}


INSTRUCTION: Mapping[str, Any] = inlined(json_schema()) | {"examples": [_EXAMPLE, _EXAMPLE_IN_ENGLISH]}
EVENTS: Mapping[str, Mapping[str, Any]] = {op: _event(op) for op in _EVENT_EXAMPLES}


def body_of(*schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The request body of a route, one of these."""
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
    examples = [example for each in schemas for example in each["examples"]]
    named = {f"example_{number}": {"value": example} for number, example in enumerate(examples, start=1)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "examples": named}}}}


BATCH: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "content": {
            "application/jsonl": {
                "schema": {"type": "string", "format": "binary", "description": "JSON Lines"},
                "examples": {"two": {"value": '{"instruction_id": "W-1", …}\n{"op": "withdraw", …}\n'}},
            }
        },
    }
}

_LINE = {"anyOf": [{"$ref": "#/components/schemas/LineAnswer"}, {"$ref": "#/components/schemas/Problem"}]}
# One object a line; the last may be the problem that ended it.
LINES: Mapping[str, Any] = {"type": "array", "items": _LINE}
