"""Posts receipts: late, twice or not at all if asked for, and again until they are taken."""

import asyncio
import json
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import aiohttp
from standardwebhooks import Webhook
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_delay, wait_exponential

from providers.simulator.faults import Dice
from providers.simulator.ledger import Ledger, TakenMessage
from providers.simulator.record import now
from providers.simulator.script_words import Act

GIVE_UP_AFTER_S = 120
_POST_TIMEOUT = aiohttp.ClientTimeout(total=10)
_CONNECTIONS = 128


class NotTakenError(Exception):
    """The receiver answered, but not with 2xx."""


class ReceiptSender:
    def __init__(self, ledger: Ledger, dice: Dice, secret: str, answer_ms: int, silent_ms: int) -> None:
        self._ledger = ledger
        self._dice = dice
        self._webhook = Webhook(secret)
        self._answer_ms = answer_ms
        self._silent_ms = silent_ms
        self._under_way: set[asyncio.Task[None]] = set()
        self.sent = 0
        self.failed = 0

    async def __aenter__(self) -> "ReceiptSender":
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_POST_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._session.close()

    def dispatch(self, taken: TakenMessage) -> None:
        self._start(self._report(taken))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _report(self, taken: TakenMessage) -> None:
        """Let happen what is to come, one thing after the other, and report each."""
        while taken.coming:
            act = taken.coming[0]
            await asyncio.sleep(self._delay_s(act))
            if not taken.coming:
                return  # cancelled meanwhile: there is nothing to report
            taken.step(now())
            await self._post_receipts(taken, act)

    async def _post_receipts(self, taken: TakenMessage, act: Act) -> None:
        if not (taken.callback_url and self._dice.faults.receipts):
            return
        body = json.dumps(taken.status)
        # One id for every copy: that is how a receiver of Standard Webhooks knows copies.
        webhook_id = f"{taken.line.id}:{taken.result}"
        for _ in range(self._copies(act)):
            self._ledger.note("receipt", taken)
            delivery = self._deliver(taken.callback_url, webhook_id, body)
            if self._dice.faults.jitter_ms:
                self._start(self._overtaken(delivery))
            else:
                await delivery

    async def _overtaken(self, delivery: Coroutine[Any, Any, None]) -> None:
        """On its own way, so that later receipts may come first."""
        await asyncio.sleep(self._dice.jitter_s())
        await delivery

    def _delay_s(self, act: Act) -> float:
        usual = self._silent_ms if act.silent else self._answer_ms
        return (usual + self._dice.faults.late_ms) / 1000

    def _copies(self, act: Act) -> int:
        return 2 if act.silent or self._dice.strikes("rate_duplicate_receipt") else 1

    async def _deliver(self, url: str, webhook_id: str, body: str) -> None:
        persistently = AsyncRetrying(
            wait=wait_exponential(multiplier=0.2, max=5),
            stop=stop_after_delay(GIVE_UP_AFTER_S),
            retry=retry_if_exception_type((aiohttp.ClientError, TimeoutError, NotTakenError)),
        )
        try:
            await persistently(self._post, url, webhook_id, body)
        except RetryError:
            self.failed += 1
        else:
            self.sent += 1

    async def _post(self, url: str, webhook_id: str, body: str) -> None:
        async with self._session.post(
            url, data=body, headers=self._headers(webhook_id, body), allow_redirects=False
        ) as answer:
            if answer.status // 100 != 2:
                raise NotTakenError

    def _headers(self, webhook_id: str, body: str) -> dict[str, str]:
        """Signed anew at each try: receivers refuse old timestamps."""
        at = datetime.now(UTC)
        return {
            "content-type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(webhook_id, at, body),
        }
