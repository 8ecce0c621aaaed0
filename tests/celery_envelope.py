"""What kombu puts around the body of a message."""

import base64
import uuid
from typing import Any

QUEUE = "celery"


def envelope(body: bytes, **changes: Any) -> dict[str, Any]:
    """A message as a Celery client leaves it in Redis."""
    tag = str(uuid.uuid4())
    properties = {
        "correlation_id": tag,
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": QUEUE},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": tag,
    }
    message = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "intake", "id": tag},
        "properties": properties,
    }
    return message | changes
