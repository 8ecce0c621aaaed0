"""Secrets of endpoints, and signatures by them (Standard Webhooks, HMAC-SHA256)."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

_BYTES = 32


def new_secret() -> bytes:
    return secrets.token_bytes(_BYTES)


def shown(secret: bytes) -> str:
    """A secret as its receiver is given it."""
    return "whsec_" + base64.b64encode(secret).decode()


def headers(secrets_: Sequence[bytes], event_id: str, at: datetime, body: str) -> dict[str, str]:
    """Signed by each secret: a receiver that knows one of them finds its own. `at`: real time, anew at each try."""
    return {
        "content-type": "application/cloudevents+json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(event_id, at, body) for secret in secrets_),
    }
