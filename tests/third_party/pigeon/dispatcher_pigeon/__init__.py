"""Adapter for Pigeon, an SMS gateway made up for docs/write-a-provider.md.

POST /letters {"id", "phone", "words"} answers {"code": 0, "letter": its own number}; GET /letters/ID tells the state;
reports are pushed as a JSON array, with an HMAC of the body in X-Pigeon-Signature.
"""

from typing import Any

import httpx

from providers import error_codes, http, options, pushed_receipts
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
    SendOnlyProvider,
    Status,
)
from providers.callback_guard import BodySignature, CallbackGuard
from providers.error_codes import ErrorCodes, operations_fault, permanent, switch_channel, transient
from providers.limits import Limits, Rate
from providers.pushed_receipts import PushedReport, Ref
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.SMS})
_REPLY = Reply('{"code":0}')
_NEVER_TAKEN = 44
# The vendor's page on limits would stand here.
LIMITS = Limits(rate=(Rate(100, 1),), callee=(Rate(10, 3600),))
ERROR_CODES: ErrorCodes = {
    "pigeon.1": transient,  # all birds are out
    "pigeon.2": permanent(Result.FAILED_PERMANENT),  # no such loft
    "pigeon.3": permanent(Result.REJECTED_CONTENT),
    "pigeon.4": switch_channel,  # this loft has had enough for today
    "pigeon.5": operations_fault,  # no corn left
    "pigeon.6": operations_fault,  # wrong key
}
RESULTS = {"arrived": Result.DELIVERED, "lost": Result.FAILED_TEMPORARY}
SIGNATURE = BodySignature("X-Pigeon-Signature", prefix="sha256=", secret="receipts_key")


class _Report(PushedReport):
    id: Ref
    letter: Ref
    state: str


class Pigeon(SendOnlyProvider):
    """Settings: base_url, timeout_s (10), secret_env (the key), receipts_key_env, receipts_from."""

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
        self._guard = CallbackGuard(settings, SIGNATURE)
        key = {"X-Pigeon-Key": options.secret(settings)}
        self._http = http.client(options.base_url(settings), timeout_s=self.timeout_s, headers=key)

    async def send(self, message: Message) -> Outcome:
        if message.to is None:
            return error_codes.NO_NUMBER
        body = {"id": message.send_key, "phone": message.to, "words": message.text}
        answer = await http.exchange(self._http, "POST", "/letters", json=body)
        return _outcome(answer) if isinstance(answer, httpx.Response) else answer

    async def query(self, inquiry: Inquiry) -> Status:
        answer = await http.exchange(self._http, "GET", f"/letters/{inquiry.send_key}")
        if not isinstance(answer, httpx.Response):
            return InDoubt(answer.detail)
        body = http.json_object(answer) or {}
        if body.get("code") == _NEVER_TAKEN:
            return NeverTaken()
        return _status(body.get("state"), body.get("letter")) or InDoubt("status query answered in an unknown form")

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._guard.check(callback)
        return pushed_receipts.read_array(callback.body, _receipt, _REPLY)

    async def close(self) -> None:
        await self._http.aclose()


def _outcome(answer: httpx.Response) -> Outcome:
    body = http.json_object(answer)
    code = body.get("code") if body else None
    if body is None or not isinstance(code, int) or isinstance(code, bool):
        return error_codes.unreadable(answer.status_code)
    if code != 0:
        return error_codes.outcome(ERROR_CODES, f"pigeon.{code}", answer.status_code)
    return error_codes.accepted(body.get("letter"))


def _receipt(report: Any) -> Receipt | None:
    """Raises ValidationError, which counts it as unreadable."""
    pushed = _Report.model_validate(report)
    outcome = _status(pushed.state, pushed.letter)
    key = pushed_receipts.send_key(pushed.id)
    return Receipt(key, f"{pushed.letter}:{pushed.state}", outcome) if outcome and key else None


def _status(state: object, letter: object) -> Accepted | Answered | None:
    ref = letter if isinstance(letter, str) and letter else None
    if state == "flying":
        return Accepted(ref, held=True)
    result = RESULTS.get(state) if isinstance(state, str) else None
    return Answered(result, ref=ref) if result else None
