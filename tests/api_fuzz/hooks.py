"""What schemathesis does not know by itself: JSON Lines."""

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/jsonl")
def to_lines(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@schemathesis.deserializer("application/jsonl")
def lines(_context: Any, response: Any) -> Any:
    return [json.loads(line) for line in response.content.splitlines()]
