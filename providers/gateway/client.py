"""The client of our gateway protocol (schemas/gateway.py). The adapters of this package differ in the fields alone."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx
from pydantic import ValidationError

from providers import error_codes, http, options, reach, tiers
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
    Permanent,
    ProviderSettings,
    Receipt,
    ReceiptRefused,
    Receipts,
    Status,
    SwitchChannel,
    Transient,
)
from providers.callback_guard import CallbackGuard, StandardWebhook
from schemas.gateway import GatewayReceipt, ref_of
from schemas.vocabulary import Channel, Result

# A refusal's {"code"}, if the gateway sends one.
_INVALID_NUMBER = "invalid_number"
_ERROR_CODES: Mapping[str, Result] = {
    _INVALID_NUMBER: Result.INVALID_NUMBER,
    "out_of_service": Result.OUT_OF_SERVICE,
    "unsupported_destination": Result.UNSUPPORTED,
    "content": Result.REJECTED_CONTENT,
}
_SWITCH = frozenset({"number_limit", "blacklisted"})
# Of a request that is refused for its form a code may still name the number or the text; of these none does.
_STATUS_ALONE = frozenset({401, 402, 403, 404, 405, 408, 409, 421, 425, 429, 499})
Fields = Callable[[Message], Mapping[str, Any]]


class GatewayClient:
    """A provider. `fields` returns the body of a message, beside its id, channel and callback URL.

    Settings: base_url, timeout_s (10), secret_env (it signs receipts and is the bearer token), and receipts_from.
    """

    def __init__(self, settings: ProviderSettings, channels: frozenset[Channel], fields: Fields) -> None:
        base_url = options.base_url(settings)
        serves = options.channels(settings, channels)
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=serves,
            destinations=settings.destinations,
            idempotent=True,
            receipts=True,
            queries=True,
            cancels=True,
        )
        self.timeout_s = options.timeout_s(settings)
        self.address = reach.of_url(base_url)
        self._fields = fields
        self._callback_url = settings.callback_url
        self._guard = CallbackGuard(settings, StandardWebhook())
        self._http = http.client(
            base_url, timeout_s=self.timeout_s, headers={"Authorization": f"Bearer {settings.secret}"}
        )

    async def send(self, message: Message) -> Outcome:
        body = self._body(message)
        if fault := tiers.fault(body, message):
            return fault
        headers = {"Idempotency-Key": message.send_key}
        answer = await http.exchange(self._http, "POST", "/messages", json=body, headers=headers)
        return _outcome_of(message, answer) if isinstance(answer, httpx.Response) else answer

    async def query(self, inquiry: Inquiry) -> Status:
        answer = await http.exchange(self._http, "GET", f"/messages/{inquiry.send_key}")
        if not isinstance(answer, httpx.Response):
            return InDoubt(answer.detail)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return NeverTaken()
        if answer.status_code != httpx.codes.OK:
            return InDoubt(f"status query answered {answer.status_code}")
        try:
            return _reported(GatewayReceipt.model_validate_json(answer.content))
        except ValidationError:
            return InDoubt("status query answered in an unknown form")

    async def probe(self) -> str | None:
        """Asks for a message that nobody sent: it has to say that it has none."""
        status = await self.query(Inquiry(str(uuid.uuid4())))
        if isinstance(status, NeverTaken):
            return None
        return status.detail if isinstance(status, InDoubt) else "it knows a message that nobody sent"

    async def cancel(self, send_key: str) -> bool:
        try:
            answer = await self._http.delete(f"/messages/{send_key}")
        except http.ERRORS:
            return False
        return answer.status_code == httpx.codes.OK

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._guard.check(callback)
        try:
            receipt = GatewayReceipt.model_validate_json(callback.body)
        except (ValidationError, ValueError):
            raise ReceiptRefused("malformed") from None
        return Receipts((Receipt(receipt.id, f"{receipt.id}:{receipt.word}", _reported(receipt)),))

    async def close(self) -> None:
        await self._http.aclose()

    def _body(self, message: Message) -> dict[str, Any]:
        envelope = {"id": message.send_key, "channel": message.channel, "callback_url": self._callback_url}
        body = {**self._fields(message), **envelope}
        return {name: value for name, value in body.items() if value is not None}


def _reported(receipt: GatewayReceipt) -> Accepted | Answered:
    if receipt.is_interim or receipt.contact_result is Result.ACCEPTED:
        return Accepted(receipt.ref, held=receipt.is_interim)
    return Answered(
        receipt.contact_result,
        receipt.confirmed,
        receipt.answer,
        receipt.ref,
        receipt.note,
        receipt.stopped_yuan,
        receipt.hours,
    )


def _outcome_of(message: Message, answer: httpx.Response) -> Outcome:
    status = answer.status_code
    body = http.json_object(answer) or {}
    if status == httpx.codes.ACCEPTED:
        ref = ref_of(body.get("ref"))
        return Accepted(ref) if ref else InDoubt("202 without a ref")
    # A gateway is idempotent: what broke in it may be sent again.
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Transient(_said(answer), _retry_after(answer))
    code = None if status in _STATUS_ALONE or status < httpx.codes.BAD_REQUEST else body.get("code")
    if isinstance(code, str) and code in _SWITCH:
        return SwitchChannel(code)
    if isinstance(code, str) and code in _ERROR_CODES:
        return _refused(message, code)
    if status in error_codes.HTTP_STATUSES:
        outcome = error_codes.HTTP_STATUSES[status](_said(answer))
        return replace(outcome, retry_after_s=_retry_after(answer)) if isinstance(outcome, Transient) else outcome
    if status >= httpx.codes.BAD_REQUEST:
        return Permanent(Result.FAILED_PERMANENT, _said(answer))
    return InDoubt(_said(answer))


def _refused(message: Message, code: str) -> Permanent:
    result = _ERROR_CODES[code]
    # Only a call has results of its own for these; the detail keeps the gateway's code.
    if message.channel is not Channel.VOICE and result in (Result.INVALID_NUMBER, Result.OUT_OF_SERVICE):
        result = Result.FAILED_PERMANENT
    return Permanent(result, code, number_fault=code == _INVALID_NUMBER)


def _said(answer: httpx.Response) -> str:
    return f"gateway answered {answer.status_code}"


def _retry_after(answer: httpx.Response) -> float | None:
    """The seconds that it asks to wait; a date is passed over."""
    after = answer.headers.get("retry-after", "")
    return float(after) if after.isascii() and after.isdecimal() else None
