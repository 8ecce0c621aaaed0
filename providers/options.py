"""Reads an adapter's own settings. A SettingsError names the provider, the setting and the remedy."""

import re
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from providers.base import ProviderSettings, SettingsError
from schemas.validation_errors import faults
from schemas.vocabulary import Channel

Model = TypeVar("Model", bound=BaseModel)

LONGEST_TIMEOUT_S = 30
_LONGEST_HOST = 253
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
# The domestic products of the clouds reach numbers of the mainland only.
_MAINLAND = frozenset({"CN"})


def validated(model: type[Model], settings: ProviderSettings) -> Model:
    """The adapter's own settings as this model. The error names the setting, never its value."""
    try:
        return model.model_validate(dict(settings.options))
    except ValidationError as error:
        told = [f"provider {settings.name}: {fault.key}: {fault.message}" for fault in faults(error)]
        raise SettingsError(*told) from None


def channels(settings: ProviderSettings, able: frozenset[Channel]) -> frozenset[Channel]:
    """The channels that it is to serve, all among those that it can."""
    if not settings.channels or not settings.channels <= able:
        named = ", ".join(sorted(able))
        raise _error(settings, f"channels of {settings.adapter} must be among: {named}")
    return settings.channels


def mainland(settings: ProviderSettings) -> frozenset[str]:
    """Where it reaches: the mainland, unless the file says otherwise."""
    return _MAINLAND if settings.destinations is None else settings.destinations


def base_url(settings: ProviderSettings, default: str | None = None) -> str:
    """Without a slash at its end."""
    value = settings.options.get("base_url", default)
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise _error(settings, "base_url must be an http(s) URL")
    if fault := fault_of_url(value):
        raise _error(settings, f"base_url {fault}")
    return value.rstrip("/")


def fault_of_url(url: str) -> str | None:
    """What would only show at the first send. The URL is not repeated: it may hold a password."""
    unreadable = "has a host or a port that can't be read"
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
        host = httpx.URL(url).raw_host.decode("ascii")  # of a name in another script its ASCII form
    except (ValueError, httpx.InvalidURL):
        return unreadable
    if not has_port or any(each.isspace() or not each.isprintable() for each in url):
        return unreadable
    if not parts.hostname:
        return "has no host"
    if not is_host(host):
        return unreadable
    if parts.username is not None or parts.password is not None:
        return "holds a user or a password; the secret goes into the environment, named by secret_env"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "has a query or a fragment; name the path alone"
    return None


def is_host(name: str) -> bool:
    """Whether a connection could be opened to it: an address, or a name whose parts the DNS can hold."""
    try:
        ip_address(name)
    except ValueError:
        labels = name.removesuffix(".").split(".")
        # All digits and dots is an address, and a wrong one.
        is_name = all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
        return is_name and len(name) <= _LONGEST_HOST
    return True


def a_host(name: str) -> str:
    """For a model's field. Raises ValueError."""
    if not is_host(name):
        raise ValueError("write an address, or a name of ASCII letters, digits, dots and -, without a port")
    return name


def timeout_s(settings: ProviderSettings) -> float:
    """Seconds until an answer is given up, 10 unless the file says otherwise."""
    value = settings.options.get("timeout_s", 10.0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= LONGEST_TIMEOUT_S:
        raise _error(settings, f"timeout_s must be seconds, more than 0 and at most {LONGEST_TIMEOUT_S}")
    return float(value)


def text(settings: ProviderSettings, name: str, default: str | None = None) -> str:
    """A setting in words."""
    value = settings.options.get(name, default)
    if not isinstance(value, str) or not value:
        raise _error(settings, f"{name} must be a text")
    return value


def secret(settings: ProviderSettings, name: str = "secret") -> str:
    """A secret that the adapter can't do without."""
    value = settings.secret if name == "secret" else settings.secrets.get(name)
    if not value:
        raise _error(settings, f"{name}_env must name the environment variable that holds it")
    return value


def _error(settings: ProviderSettings, what: str) -> SettingsError:
    return SettingsError(f"provider {settings.name}: {what}")
