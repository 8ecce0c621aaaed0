"""Adapter for a bank, or the platform in front of the banks: asks it to stop payments and to protect accounts."""

from typing import Any

from providers.base import Message, ProviderSettings
from providers.gateway.client import GatewayClient
from schemas.vocabulary import Channel

_CHANNELS = frozenset({Channel.HOOK})


def bank_hook(settings: ProviderSettings) -> GatewayClient:
    """Raises SettingsError."""
    return GatewayClient(settings, _CHANNELS, _fields)


def _fields(message: Message) -> dict[str, Any]:
    return {"hook": message.hook, "to": message.to, "facts": message.facts}
