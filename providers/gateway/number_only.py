"""Adapter for a national short code of the kind of 12381: it gets a number and the type of scam, and words it itself.

It speaks the gateway protocol; how the short code's own interface looks is not published.
"""

from typing import Any

from providers.base import Message, ProviderSettings
from providers.gateway.client import GatewayClient
from schemas.vocabulary import GENERIC_FRAUD_TYPE, Channel

_CHANNELS = frozenset({Channel.SMS})


def number_only(settings: ProviderSettings) -> GatewayClient:
    """Raises SettingsError."""
    return GatewayClient(settings, _CHANNELS, _fields)


def _fields(message: Message) -> dict[str, Any]:
    return {"to": message.to, "type": message.fraud_type or GENERIC_FRAUD_TYPE}
