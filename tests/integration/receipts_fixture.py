"""What the tests of receipts bring to the hooks: signed reports of messages that were sent."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from settings_fixture import forget_settings
from standardwebhooks import Webhook

from dispatcher.settings import Settings
from dispatcher.setup import Services

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
PROVIDERS = """
[[providers]]
name = "city-sms"
adapter = "http_gateway"
channels = ["sms", "voice"]
secret_env = "TEST_GATEWAY_SECRET"
base_url = "http://127.0.0.1:9"
"""


def services_with_gateway(casework: CaseworkFixture, home: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """With one HTTP provider."""
    forget_settings(monkeypatch)
    monkeypatch.setenv("TEST_GATEWAY_SECRET", SECRET)
    (home / "providers.toml").write_text(PROVIDERS)
    settings = Settings(home=home, database_url=casework.url, providers_file=home / "providers.toml")
    return Services(settings, casework.sessions, casework.context)


def signed(body: bytes, *, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg-1", at, body.decode("latin-1")),
    }


def answered(gateway: FastAPI, body: bytes, headers: dict[str, str], provider: str = "city-sms") -> Response:
    """What the hooks answer to this post."""

    async def answer() -> Response:
        async with AsyncClient(transport=ASGITransport(gateway), base_url="http://hooks") as client:
            return await client.post(f"/receipts/{provider}", content=body, headers=headers)

    return asyncio.run(answer())


def report(send_key: UUID | str, result: str = "DELIVERED", **more: Any) -> bytes:
    return json.dumps({"id": str(send_key), "ref": "r1", "result": result, **more}).encode()


def sent(casework: CaseworkFixture, number: int = 1) -> UUID:
    """The key of a message that was accepted."""
    case_id = casework.open(number)
    casework.deliver(Scripted(name="city-sms"))
    return casework.attempts(case_id)[0].send_key
