"""The door for receipts that no vendor signs: an unguessable path and, if the file lists them, known addresses."""

import hmac
from ipaddress import ip_address, ip_network

from providers import options
from providers.base import Callback, ProviderSettings, ReceiptRefused, SettingsError

# 24 characters of base64url are 144 bits: nobody finds such a path by trying.
_SHORTEST_TOKEN = 24


class Door:
    """Settings: receipts_token_env, and receipts_from, a list of addresses or networks (left out: from anywhere)."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self._token = options.secret(settings, "receipts_token")
        if len(self._token) < _SHORTEST_TOKEN or not self._token.replace("-", "").replace("_", "").isalnum():
            raise SettingsError(
                f"provider {settings.name}: what receipts_token_env names must hold {_SHORTEST_TOKEN} or more "
                "composer, digits, - and _; try: openssl rand -hex 20"
            )
        listed = settings.options.get("receipts_from")
        try:
            self._networks = None if listed is None else [ip_network(each) for each in listed]
        except (ValueError, TypeError):
            raise SettingsError(
                f'provider {settings.name}: receipts_from must be a list of networks such as ["10.0.0.0/8"]'
            ) from None
        self._callback_url = settings.callback_url

    @property
    def url(self) -> str:
        """The whole receipts address. It is a secret."""
        return f"{self._callback_url}/{self._token}"

    def check(self, callback: Callback) -> None:
        """Raises ReceiptRefused."""
        if not hmac.compare_digest((callback.token or "").encode(), self._token.encode()):
            raise ReceiptRefused("wrong token")
        if self._networks is None:
            return
        try:
            sender = ip_address(callback.sender or "")
        except ValueError:
            raise ReceiptRefused("unknown address") from None
        if not any(sender in network for network in self._networks):
            raise ReceiptRefused("foreign address")
