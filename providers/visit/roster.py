"""The built-in visit provider: hands a door visit to the officer on duty.

It has no network of its own; casework, which knows the roster, is reached through a port.
"""

from typing import Protocol

from providers.base import (
    Accepted,
    Callback,
    Capabilities,
    Inquiry,
    Message,
    NeverTaken,
    OperationsFault,
    Outcome,
    Permanent,
    ProviderSettings,
    ReceiptRefused,
    Receipts,
    Status,
)
from schemas.vocabulary import Channel, Result


class VisitDesk(Protocol):
    """What casework offers: assign the visit to whoever stands on this rung now."""

    async def assign(self, visit_id: str, rung: int, send_key: str) -> str | None:
        """The badge it was assigned to, None where nobody is on duty. The same send_key twice assigns once."""
        ...

    async def assigned(self, send_key: str) -> str | None:
        """The badge that this send_key was assigned to, if any."""
        ...


class RosterProvider:
    def __init__(self, settings: ProviderSettings, desk: VisitDesk) -> None:
        self.name = settings.name
        self.capabilities = Capabilities(channels=frozenset({Channel.VISIT}), idempotent=True, queries=True)
        self.timeout_s = 10.0
        self._desk = desk

    async def send(self, message: Message) -> Outcome:
        if message.visit_id is None or message.rung is None:
            return OperationsFault("a visit message without its visit")
        badge = await self._desk.assign(message.visit_id, message.rung, message.send_key)
        if badge is None:
            return Permanent(Result.NOBODY_ON_DUTY, "nobody_on_duty")
        return Accepted(ref=badge)

    async def query(self, inquiry: Inquiry) -> Status:
        badge = await self._desk.assigned(inquiry.send_key)
        return Accepted(ref=badge) if badge else NeverTaken()

    async def cancel(self, send_key: str) -> bool:
        return True

    def parse_receipts(self, callback: Callback) -> Receipts:
        raise ReceiptRefused("visits are reported by officers, not by receipts")

    async def close(self) -> None:
        return None
