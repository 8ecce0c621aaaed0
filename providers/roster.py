"""Adapter for door visits: hands a visit to the officer on duty.

It has no network of its own. The dispatcher, which stores the roster, assigns through `VisitAssigner`.
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
    SendOnlyProvider,
    Status,
)
from schemas.vocabulary import Channel, Result


class VisitAssigner(Protocol):
    """The storage of this provider (entry point `roster` of dispatcher.provider_storage)."""

    async def assign(self, visit_id: str, rung: int, send_key: str) -> str | None:
        """Assign the visit to an officer on duty on this rung. The same send_key twice assigns once.

        Returns the badge; None if nobody is on duty.
        """
        ...

    async def assigned(self, send_key: str) -> str | None:
        """Returns the badge that this send_key was assigned to, if any."""
        ...


class RosterProvider(SendOnlyProvider):
    def __init__(self, settings: ProviderSettings, assigner: VisitAssigner) -> None:
        self.name = settings.name
        self.capabilities = Capabilities(channels=frozenset({Channel.VISIT}), idempotent=True, queries=True)
        self.timeout_s = 10.0
        self._assigner = assigner

    async def send(self, message: Message) -> Outcome:
        if message.visit_id is None or message.rung is None:
            return OperationsFault("a visit message without its visit")
        badge = await self._assigner.assign(message.visit_id, message.rung, message.send_key)
        if badge is None:
            return Permanent(Result.NOBODY_ON_DUTY, "nobody_on_duty")
        return Accepted(ref=badge)

    async def query(self, inquiry: Inquiry) -> Status:
        badge = await self._assigner.assigned(inquiry.send_key)
        return Accepted(ref=badge) if badge else NeverTaken()

    async def cancel(self, send_key: str) -> bool:
        return True

    def parse_receipts(self, callback: Callback) -> Receipts:
        raise ReceiptRefused("visits are reported by officers, not by receipts")

    async def close(self) -> None:
        return None
