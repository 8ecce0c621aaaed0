"""Adapter for Kannel's sendsms (1.4.5), an open source box in front of a carrier's link.

Source: a Kannel that was run against an SMSC; texts and states are from there. Those marked [MEM] are unconfirmed.
No idempotence, no status query, and no id in the answer: our key comes back in the receipt's address alone.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import httpx

from providers import error_codes, http, options, pushed_receipts, reach, tiers
from providers.base import (
    Accepted,
    Answered,
    Callback,
    Capabilities,
    InDoubt,
    Message,
    Outcome,
    ProviderSettings,
    Receipt,
    ReceiptRefused,
    Receipts,
    Reply,
    SendOnlyProvider,
)
from providers.callback_guard import CallbackGuard
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.SMS})
_UCS2, _ALL_STATES = "2", "31"
_REPLY = Reply("ok", "text/plain")

# By the beginning of its 202.
_ACCEPTED: Mapping[str, Accepted] = {
    "0:": Accepted(),
    "3:": Accepted(held=True),  # the carrier's link is down; it goes out when that is back
}
# %d of a dlr-url. What the carrier throttles, Kannel itself tries again.
_STATES: Mapping[str, Accepted | Answered] = {
    "1": Answered(Result.DELIVERED),
    "2": Answered(Result.FAILED_TEMPORARY, detail="not_delivered"),
    "4": Accepted(held=True),
    "8": Accepted(),
    "16": Answered(Result.FAILED_TEMPORARY, detail="refused_by_smsc"),
    "34": Answered(Result.FAILED_TEMPORARY, detail="expired"),
    "66": Answered(Result.UNKNOWN, detail="unknown"),
}


class Kannel(SendOnlyProvider):
    """Settings: base_url, username, secret_env (the password), sender, timeout_s (10), and those of CallbackGuard."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=options.channels(settings, _CHANNELS), destinations=settings.destinations, receipts=True
        )
        self.timeout_s = options.timeout_s(settings)
        self._account = {
            "username": options.text(settings, "username"),
            "password": options.secret(settings),
            "from": options.text(settings, "sender"),
        }
        self._guard = CallbackGuard(settings)
        url = options.base_url(settings)
        self.address = reach.of_url(url)
        self._http = http.client(url, timeout_s=self.timeout_s)

    async def send(self, message: Message) -> Outcome:
        payload = {"to": message.to or "", "text": message.text or ""}
        if fault := tiers.fault(payload, message):
            return fault
        parameters = {
            **self._account,
            **payload,
            "charset": "UTF-8",
            "coding": _UCS2,
            "dlr-mask": _ALL_STATES,
            # %d: the state. Not %A, the carrier's answer: it repeats the beginning of the text.
            "dlr-url": f"{self._guard.url}?id={message.send_key}&type=%d",
        }
        answer = await http.exchange(self._http, "GET", f"/cgi-bin/sendsms?{urlencode(parameters)}")
        return _outcome(answer) if isinstance(answer, httpx.Response) else answer

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._guard.check(callback)
        state, key = callback.query.get("type", ""), pushed_receipts.send_key(callback.query.get("id"))
        if state not in _STATES or key is None:
            raise ReceiptRefused("malformed")
        return Receipts((Receipt(key, f"{key}:{state}", _STATES[state]),), reply=_REPLY)

    async def close(self) -> None:
        await self._http.aclose()


def _outcome(answer: httpx.Response) -> Outcome:
    status = answer.status_code
    if status == httpx.codes.ACCEPTED:
        return _ACCEPTED.get(answer.text[:2], InDoubt("202 with unknown words"))
    return error_codes.HTTP_STATUSES.get(status, error_codes.in_doubt)(f"kannel answered {status}")
