"""The client of our gateway protocol (schemas/gateway.py). The adapters of this package differ in the fields alone."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from pydantic import ValidationError

from providers import http, options, tiers
from providers.base import (
    Accepted,
    Answered,
    Callback,
    Capabilities,
    InDoubt,
    Inquiry,
    Message,
    NeverTaken,
    OperationsFault,
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
from schemas.gateway import GatewayReceipt
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
_OPERATIONS_STATUS = frozenset({401, 402, 403, 404, 405})
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
        return Receipts((Receipt(receipt.id, f"{receipt.id}:{receipt.result}", _reported(receipt)),))

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
    if status == httpx.codes.ACCEPTED:
        ref = _field(answer, "ref")
        return Accepted(ref[:100]) if ref else InDoubt("202 without a ref")
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        after = answer.headers.get("retry-after", "")
        return Transient(f"gateway answered {status}", float(after) if after.isdigit() else None)
    if status in _OPERATIONS_STATUS:
        return OperationsFault(f"gateway answered {status}")
    code = _field(answer, "code") or ""
    if code in _SWITCH:
        return SwitchChannel(code)
    if httpx.codes.BAD_REQUEST <= status < httpx.codes.INTERNAL_SERVER_ERROR:
        fallback = Result.FAILED_PERMANENT
        result = _ERROR_CODES.get(code, fallback)
        # Only a call has results of its own for these; the detail keeps the gateway's code.
        if message.channel is not Channel.VOICE and result in (Result.INVALID_NUMBER, Result.OUT_OF_SERVICE):
            result = fallback
        detail = code if code in _ERROR_CODES else f"gateway answered {status}"
        return Permanent(result, detail, number_fault=code == _INVALID_NUMBER)
    return InDoubt(f"gateway answered {status}")


def _field(answer: httpx.Response, name: str) -> str | None:
    value = (http.json_object(answer) or {}).get(name)
    return value if isinstance(value, str) and value else None
