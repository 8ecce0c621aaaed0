"""The same traffic over the API, by a centre that pushes again whatever was not answered."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from dispatcher.clients import register
from dispatcher.intake.answer import Answer
from schemas.vocabulary import ClientScope, IntakeStatus
from tests.faults.traffic import Traffic

_AGAIN = frozenset({429, 500, 503})
_REFUSED = frozenset({IntakeStatus.CONFLICT, IntakeStatus.STALE, IntakeStatus.REFUSED})
T = TypeVar("T")


class NotAnswered(Exception):
    """What was pushed may be taken, or may not: it is pushed again."""


persistently: Callable[[Callable[..., T]], Callable[..., T]] = retry(
    retry=retry_if_exception_type((httpx.TransportError, NotAnswered)),
    wait=wait_fixed(0.2),
    stop=stop_after_delay(180),
    reraise=True,
)


@dataclass
class HttpTraffic(Traffic):
    def __post_init__(self) -> None:
        super().__post_init__()
        systems = {push.body["source"]["system"] for push in self.pushes if "source" in push.body}
        entry = register.Entry("centre", systems, set(ClientScope), calls_per_minute=1_000_000)
        with self.services.begin() as work:
            key = register.create(work, entry)
        self._centre = httpx.Client(
            base_url=self.stack.url("api"), headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
        )

    def _take(self, raw: bytes) -> Answer:
        """A new instruction by its own call, all else as a batch of one line."""
        return self._push_one(raw) if json.loads(raw)["op"] == "create" else self._push_batch(raw)

    @persistently
    def _push_one(self, raw: bytes) -> Answer:
        answer = self._centre.post("/v1/instructions", content=raw)
        told = _told(answer, answer.json())
        code = told.get("code", IntakeStatus.ACCEPTED)
        status = IntakeStatus(code) if code in _REFUSED else IntakeStatus.ACCEPTED
        if status is IntakeStatus.ACCEPTED:
            answer.raise_for_status()
        return Answer(status, told.get("instruction_id"), told.get("case"), told.get("detail"))

    @persistently
    def _push_batch(self, raw: bytes) -> Answer:
        answer = self._centre.post("/v1/instructions:batch", content=raw + b"\n")
        told = _told(answer, json.loads(answer.text.splitlines()[-1]))
        return Answer(IntakeStatus(told["status"]), told["instruction_id"], told["case"], told["reason"])


def _told(answer: httpx.Response, body: dict[str, str]) -> dict[str, str]:
    """Raises NotAnswered, also where a batch ends in a problem."""
    if answer.status_code in _AGAIN or body.get("code") == "unavailable":
        raise NotAnswered(answer.status_code)
    return body
