"""Adapter for a community platform (residents' chat groups, loudspeakers): a warning that names nobody."""

from typing import Any

from providers.base import Message, ProviderSettings
from providers.gateway.client import GatewayClient
from schemas.vocabulary import Channel

_CHANNELS = frozenset({Channel.BROADCAST})


def group_notice(settings: ProviderSettings) -> GatewayClient:
    """Raises SettingsError."""
    return GatewayClient(settings, _CHANNELS, _fields)


def _fields(message: Message) -> dict[str, Any]:
    return {**message.facts, "text": message.text}
