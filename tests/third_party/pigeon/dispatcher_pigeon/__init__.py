"""Adapter for Pigeon, an SMS gateway made up for docs/write-a-provider.md.

POST /composer {"id", "phone", "words"} answers {"code": 0, "letter": its own number}; GET /composer/ID tells the state;
reports are pushed as a JSON array, unsigned.
"""

from typing import Any

import httpx

from providers import batches, codes, http, options
from providers.base import (
    Accepted,
    Answered,
    Callback,
    Capabilities,
    InDoubt,
    Inquiry,
    Message,
    NeverTaken,
    Outcome,
    ProviderSettings,
    Receipt,
    Receipts,
    Reply,
    Status,
)
from providers.batches import Item, Ref
from providers.codes import Codes
from providers.door import Door
from providers.limits import Limits, Rate
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.SMS})
_REPLY = Reply('{"code":0}')
_NEVER_TAKEN = 44
# The vendor's page on limits would stand here.
LIMITS = Limits(rate=(Rate(100, 1),), callee=(Rate(10, 3600),))
REFUSALS: Codes = {
    "pigeon.1": codes.later,  # all birds are out
    "pigeon.2": codes.never(Result.FAILED_PERMANENT),  # no such loft
    "pigeon.3": codes.never(Result.REJECTED_CONTENT),
    "pigeon.4": codes.elsewhere,  # this loft has had enough for today
    "pigeon.5": codes.mend,  # no corn left
    "pigeon.6": codes.mend,  # wrong key
}
STATES = {"arrived": Result.DELIVERED, "lost": Result.FAILED_TEMPORARY}


class _Report(Item):
    id: Ref
    letter: Ref
    state: str


class Pigeon:
    """Settings: base_url, timeout_s (10), secret_env (the key), receipts_token_env, receipts_from."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=options.channels(settings, _CHANNELS),
            destinations=settings.destinations,
            receipts=True,
            queries=True,
            limits=LIMITS,
        )
        self.timeout_s = options.timeout_s(settings)
        self._door = Door(settings)
        key = {"X-Pigeon-Key": options.secret(settings)}
        self._http = http.client(options.base_url(settings), timeout_s=self.timeout_s, headers=key)

    async def send(self, message: Message) -> Outcome:
        if message.to is None:
            return codes.NO_NUMBER
        body = {"id": message.send_key, "phone": message.to, "words": message.text}
        answer = await http.exchange(self._http, "POST", "/composer", json=body)
        return _outcome(answer) if isinstance(answer, httpx.Response) else answer

    async def query(self, inquiry: Inquiry) -> Status:
        answer = await http.exchange(self._http, "GET", f"/composer/{inquiry.send_key}")
        if not isinstance(answer, httpx.Response):
            return InDoubt(answer.detail)
        said = http.json_object(answer) or {}
        if said.get("code") == _NEVER_TAKEN:
            return NeverTaken()
        return _word(said.get("state"), said.get("letter")) or InDoubt("status query answered in an unknown form")

    async def cancel(self, send_key: str) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._door.check(callback)
        return batches.read(callback.body, _receipt, _REPLY)

    async def close(self) -> None:
        await self._http.aclose()


def _outcome(answer: httpx.Response) -> Outcome:
    said = http.json_object(answer)
    code = said.get("code") if said else None
    if said is None or not isinstance(code, int) or isinstance(code, bool):
        return codes.unreadable(answer.status_code)
    if code != 0:
        return codes.outcome(REFUSALS, f"pigeon.{code}", answer.status_code)
    ref = said.get("letter")
    return Accepted(ref[:100]) if isinstance(ref, str) and ref else codes.UNREADABLE


def _receipt(item: Any) -> Receipt | None:
    """Raises ValidationError, which counts it as unreadable."""
    report = _Report.model_validate(item)
    word = _word(report.state, report.letter)
    key = batches.send_key(report.id)
    return Receipt(key, f"{report.letter}:{report.state}", word) if word and key else None


def _word(state: object, ref: object) -> Accepted | Answered | None:
    letter = ref if isinstance(ref, str) and ref else None
    if state == "flying":
        return Accepted(letter, held=True)
    result = STATES.get(state) if isinstance(state, str) else None
    return Answered(result, ref=letter) if result else None
