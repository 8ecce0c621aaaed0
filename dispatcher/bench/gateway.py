"""What a gateway does in the benchmarks beside the simulated one: it brings receipts when they are asked for."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import aiohttp
from standardwebhooks import Webhook

PROVIDER = "simulated"  # as `up` names it
_CONNECTIONS = 64


async def bring_receipts(url: str, secret: str, sent: Iterable[tuple[UUID, str | None]]) -> None:
    """A signed receipt for each message, by its key and reference, by 64 connections. Raises aiohttp.ClientError."""
    webhook, waiting = Webhook(secret), iter(list(sent))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS), raise_for_status=True) as http:
        await asyncio.gather(*(_bring(http, url, webhook, waiting) for _ in range(_CONNECTIONS)))


async def _bring(
    http: aiohttp.ClientSession, url: str, webhook: Webhook, waiting: Iterator[tuple[UUID, str | None]]
) -> None:
    for send_key, ref in waiting:
        body, at = json.dumps({"id": str(send_key), "ref": ref, "result": "DELIVERED"}), datetime.now(UTC)
        headers = {
            "webhook-id": str(send_key),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": webhook.sign(str(send_key), at, body),
        }
        async with http.post(url, data=body, headers=headers):
            pass
