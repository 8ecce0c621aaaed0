"""Adapter for any SMS or voice gateway that speaks our gateway protocol."""

from typing import Any

from providers.base import Message, ProviderSettings
from providers.gateway.client import GatewayClient
from schemas.vocabulary import Channel

_CHANNELS = frozenset({Channel.SMS, Channel.VOICE})


def http_gateway(settings: ProviderSettings) -> GatewayClient:
    """Raises SettingsError."""
    return GatewayClient(settings, _CHANNELS, _fields)


def _fields(message: Message) -> dict[str, Any]:
    return {
        "to": message.to,
        "text": message.text,
        "script": message.script,
        "collect": message.collect or None,
    }
