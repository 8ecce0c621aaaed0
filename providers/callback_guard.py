"""Guards a receipts address: who calls it, and what proves that. Nothing of a callback is read before its guard.

An adapter picks its proof as data: `CallbackGuard(settings, BodySignature("X-Signature"))`. A callback that is repeated
needs no guard: receipts are stored once, by their `dedupe_key`.
"""

import base64
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal, Protocol

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from providers import options
from providers.base import Callback, ProviderSettings, ReceiptRefused, SettingsError

# 24 characters of base64url are 144 bits: nobody finds such a path by trying.
_SHORTEST_TOKEN = 24

_SIGNATURES = "webhook-signature"
# An HMAC-SHA256 as Standard Webhooks writes it, version 1.
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")

Verify = Callable[[Callback], None]  # raises ReceiptRefused


class Proof(Protocol):
    """What shows that a callback is the vendor's."""

    def verifier(self, settings: ProviderSettings) -> Verify:
        """The check, with its secrets. Raises SettingsError."""
        ...

    def path(self, settings: ProviderSettings) -> str:
        """What follows the provider's name in the receipts address."""
        ...


@dataclass(frozen=True, slots=True)
class PathToken:
    """An unguessable end of the path, for vendors that sign nothing. Setting: receipts_token_env."""

    def verifier(self, settings: ProviderSettings) -> Verify:
        token = options.secret(settings, "receipts_token")
        if len(token) < _SHORTEST_TOKEN or not token.replace("-", "").replace("_", "").isalnum():
            raise SettingsError(
                f"provider {settings.name}: what receipts_token_env names must hold {_SHORTEST_TOKEN} or more "
                "letters, digits, - and _; try: openssl rand -hex 20"
            )

        def verify(callback: Callback) -> None:
            if not hmac.compare_digest((callback.token or "").encode(), token.encode()):
                raise ReceiptRefused("wrong token")

        return verify

    def path(self, settings: ProviderSettings) -> str:
        return f"/{options.secret(settings, 'receipts_token')}"


@dataclass(frozen=True, slots=True)
class BodySignature:
    """An HMAC over the body, in a header. `secret` names the setting with its key: secret_env, or NAME_env."""

    header: str
    digest: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""  # in front of the signature, such as "sha256="
    secret: str = "secret"  # noqa: S105 - the setting's name

    def verifier(self, settings: ProviderSettings) -> Verify:
        key = options.secret(settings, self.secret).encode()

        def verify(callback: Callback) -> None:
            signature = self._decoded(callback.headers.get(self.header.lower(), ""))
            if not hmac.compare_digest(signature, hmac.digest(key, callback.body, self.digest)):
                raise ReceiptRefused("wrong signature")

        return verify

    def path(self, settings: ProviderSettings) -> str:
        return ""

    def _decoded(self, value: str) -> bytes:
        text = value.removeprefix(self.prefix)
        try:
            return bytes.fromhex(text) if self.encoding == "hex" else base64.b64decode(text, validate=True)
        except ValueError:
            raise ReceiptRefused("malformed signature") from None


@dataclass(frozen=True, slots=True)
class StandardWebhook:
    """The signature of standardwebhooks.com, over id, time and body. Setting: secret_env, which holds whsec_…"""

    def verifier(self, settings: ProviderSettings) -> Verify:
        if not settings.secret:
            raise SettingsError(f"provider {settings.name}: secret_env must name a variable that holds whsec_…")
        try:
            webhook = Webhook(settings.secret)
        except (ValueError, EmptyWebhookSecretError):
            raise SettingsError(f"provider {settings.name}: the secret must be whsec_ and base64") from None

        def verify(callback: Callback) -> None:
            headers = {**callback.headers, _SIGNATURES: _readable(callback.headers.get(_SIGNATURES, ""))}
            try:
                webhook.verify(callback.body, headers, json_parse=False)
            except WebhookVerificationError as error:
                raise ReceiptRefused(str(error)) from None  # the library's own words: forged, too old, too new
            except ValueError:
                raise ReceiptRefused("malformed") from None

        return verify

    def path(self, settings: ProviderSettings) -> str:
        return ""


def _readable(signatures: str) -> str:
    """The signatures that can be compared. The library gives up at the first odd one, and a good one may follow it."""
    return " ".join(filter(_SIGNATURE.fullmatch, signatures.split())) or signatures


def _networks(given: object) -> list[IPv4Network | IPv6Network]:
    """Raises ValueError. A number would be read as an address, and an empty list lets nobody in."""
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise ValueError
    return [ip_network(each) for each in given]


class CallbackGuard:
    """Settings: those of the proof, and receipts_from, a list of addresses or networks (left out: from anywhere)."""

    def __init__(self, settings: ProviderSettings, proof: Proof = PathToken()) -> None:
        """Raises SettingsError."""
        self._verify = proof.verifier(settings)
        self._url = f"{settings.callback_url}{proof.path(settings)}"
        networks = settings.options.get("receipts_from")
        try:
            self._networks = None if networks is None else _networks(networks)
        except ValueError:
            raise SettingsError(
                f'provider {settings.name}: receipts_from must be a list of networks such as ["10.0.0.0/8"]'
            ) from None

    @property
    def url(self) -> str:
        """The whole receipts address. With a PathToken it is a secret."""
        return self._url

    def check(self, callback: Callback) -> None:
        """Raises ReceiptRefused."""
        self._verify(callback)
        if self._networks is None:
            return
        try:
            sender = ip_address(callback.sender or "")
        except ValueError:
            raise ReceiptRefused("unknown address") from None
        if not any(sender in network for network in self._networks):
            raise ReceiptRefused("foreign address")
