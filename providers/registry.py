"""Finds adapters by entry point and builds providers from PROVIDERS_FILE (TOML).

[[providers]]
name = "city-sms"
adapter = "http_gateway"        # an entry point of group dispatcher.providers
channels = ["sms"]
destinations = ["CN"]           # calling regions; left out: anywhere
limits = { rate = ["50/1s"] }   # limits.py has them all; left out: what the adapter knows of its vendor
secret_env = "CITY_SMS_SECRET"  # the variable, never the secret; the adapter's other secrets as NAME_env
weight = 2                      # its share beside the others of a channel; 0: only when no other is left
base_url = "https://…"          # all else is the adapter's own
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from providers import limits
from providers.base import Provider, ProviderSettings, SettingsError
from providers.given import Given, nearest
from providers.limits import NO_LIMITS, Limits
from schemas import edited_file, normalise
from schemas.edited_file import UnreadableFileError
from schemas.vocabulary import Channel

GROUP = "dispatcher.providers"
_REINSTALL = (
    "an entry point that was added or moved is found once its package is installed again: "
    "`make .venv/run`, or `pip install -e .`"
)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_TO_NUMBERS = frozenset({Channel.SMS, Channel.VOICE})
_OURS = ("name", "adapter", "channels", "destinations", "weight", "slow_s", "travel_s", "limits")
_ENV = "_env"
_QUOTES = "\"'"
_HEAVIEST, _SLOWEST_S = 1000, 600
TRAVEL_S = 60.0  # below the shortest wait for a doubt, 90 s


class Registry:
    """The providers of one process, in the order of the file.

    A provider that is not in `weights` has weight 1. An answer after `slow_s`, or half of the timeout, is slow.
    What was given up may arrive for `travel_s` yet, or a minute. `without`: channels that are meant to have none.
    """

    def __init__(
        self,
        providers: list[Provider],
        weights: Mapping[str, float] | None = None,
        slow_s: Mapping[str, float] | None = None,
        limits: Mapping[str, Limits] | None = None,
        travel_s: Mapping[str, float] | None = None,
        without: frozenset[Channel] = frozenset(),
    ) -> None:
        self._by_name = {provider.name: provider for provider in providers}
        self._weights, self._slow_s, self._limits = weights or {}, slow_s or {}, limits or {}
        self._travel_s = travel_s or {}
        self.without = without

    def __getitem__(self, name: str) -> Provider:
        return self._by_name[name]

    def get(self, name: str | None) -> Provider | None:
        return self._by_name.get(name) if name else None

    def reaching(self, channel: Channel, country: str | None = None) -> list[Provider]:
        """The providers of the channel that reach this calling region.

        A number without one has no E.164 form that we know: only providers that take any number get it.
        """
        is_to_number = channel in _TO_NUMBERS
        return [p for p in self._of(channel) if not is_to_number or _reaches(p, country)]

    def weight(self, name: str) -> float:
        return self._weights.get(name, 1.0)

    def slow_s(self, name: str) -> float:
        """Seconds after which its answer counts as slow."""
        return self._slow_s.get(name, self._by_name[name].timeout_s / 2)

    def travel_s(self, name: str | None) -> float:
        """Seconds for which a request that was given up may still arrive: in a proxy, in a queue at the gateway."""
        return self._travel_s.get(name or "", TRAVEL_S)

    def limits(self, provider: Provider) -> Limits:
        """The limits of PROVIDERS_FILE; for those that it leaves out, the vendor's."""
        return self._limits.get(provider.name, NO_LIMITS).over(provider.capabilities.limits)

    def serves(self, channel: Channel) -> bool:
        """Whether any provider serves the channel."""
        return next(self._of(channel), None) is not None

    def _of(self, channel: Channel) -> Iterator[Provider]:
        return (p for p in self._by_name.values() if channel in p.capabilities.channels)

    def all(self) -> list[Provider]:
        return list(self._by_name.values())

    def links(self) -> list[str]:
        """Names of the providers whose line one process holds."""
        return [provider.name for provider in self.all() if provider.capabilities.linked]

    async def close(self) -> None:
        for provider in self._by_name.values():
            await provider.close()


def _reaches(provider: Provider, country: str | None) -> bool:
    destinations = provider.capabilities.destinations
    return destinations is None or country in destinations


def build(
    tables: list[ProviderSettings], storage: Mapping[str, Any], without: frozenset[Channel] = frozenset()
) -> Registry:
    """Build every provider. `storage`, by adapter name, is the second argument of adapters that keep something.

    Raises SettingsError.
    """
    adapters = installed_adapters()
    providers: list[Provider] = []
    for settings in tables:
        factory = _factory(settings, adapters)
        stored = storage.get(settings.adapter)
        providers.append(factory(settings) if stored is None else factory(settings, stored))
        _check_names(settings)
    weights = {settings.name: settings.weight for settings in tables}
    slow_s = {settings.name: settings.slow_s for settings in tables if settings.slow_s is not None}
    travel_s = {settings.name: settings.travel_s for settings in tables if settings.travel_s is not None}
    limits_of = {settings.name: settings.limits for settings in tables}
    return Registry(providers, weights, slow_s, limits_of, travel_s, without)


def _check_names(settings: ProviderSettings) -> None:
    """A misspelt name would take a limit, a fence or a timeout out of force. Raises SettingsError.

    An adapter asks for all its settings where it is built.
    """
    for given, ours, ending in ((settings.options, _OURS, ""), (settings.secrets, ("secret",), _ENV)):
        if isinstance(given, Given) and given.unasked:
            name = given.unasked[0] + ending
            remedy = nearest(name, {each + ending for each in (*given.asked, *ours)})
            raise SettingsError(f"provider {settings.name}: unknown setting {name}; {remedy}")


@cache
def installed_adapters() -> Mapping[str, EntryPoint]:
    """By name. Kept, for nobody installs another while a process runs, and to look at all packages takes 10 ms."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _factory(settings: ProviderSettings, adapters: Mapping[str, EntryPoint]) -> Callable[..., Provider]:
    adapter = settings.adapter
    if adapter not in adapters:
        known = ", ".join(sorted(adapters))
        raise SettingsError(f"provider {settings.name}: unknown adapter {adapter!r}; one of: {known}; {_REINSTALL}")
    try:
        factory: Callable[..., Provider] = adapters[adapter].load()
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"provider {settings.name}: adapter {adapter!r} can't be loaded ({error}); {_REINSTALL}"
        ) from None
    return factory


def read(path: Path, environment: Mapping[str, str], callback_base: str) -> list[ProviderSettings]:
    """Read PROVIDERS_FILE. Raises SettingsError naming the table and the remedy."""
    try:
        data = edited_file.read(path)
    except OSError as error:
        raise SettingsError(f"{path}: can't be read ({error.strerror}); check DISPATCHER_PROVIDERS_FILE") from None
    except UnreadableFileError as error:
        raise SettingsError(f"{path}: {error}") from None
    tables = data.get("providers")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{path}: no [[providers]] table; add one for each gateway")
    settings = [_settings(path, table, environment, callback_base) for table in tables]
    names = [table.name for table in settings]
    if len(set(names)) != len(names):
        raise SettingsError(f"{path}: two providers have the same name; names must differ")
    return settings


def _settings(
    path: Path, table: Mapping[str, Any], environment: Mapping[str, str], callback_base: str
) -> ProviderSettings:
    name = table.get("name")
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise SettingsError(f"{path}: a provider needs a name of composer, digits, - and _")
    if not isinstance(table.get("adapter"), str):
        raise SettingsError(f"{path}: provider {name}: adapter is missing")
    channels = table.get("channels", [])
    if not isinstance(channels, list) or not channels or not all(_is_channel(channel) for channel in channels):
        raise SettingsError(f"{path}: provider {name}: channels must be a list of: {', '.join(Channel)}")
    secrets = _secrets(path, name, table, environment)
    return ProviderSettings(
        name=name,
        adapter=table["adapter"],
        channels=frozenset(Channel(channel) for channel in channels),
        destinations=_destinations(path, name, table.get("destinations")),
        secret=secrets.pop("secret", None),
        secrets=Given(secrets),
        weight=_weight(path, name, table.get("weight", 1)),
        slow_s=_seconds(path, name, "slow_s", table),
        travel_s=_seconds(path, name, "travel_s", table),
        callback_url=f"{callback_base.rstrip('/')}/receipts/{name}",
        limits=_limits(path, name, table.get("limits", {})),
        options=Given({key: value for key, value in table.items() if key not in _OURS and not key.endswith(_ENV)}),
    )


def _is_channel(value: object) -> bool:
    return isinstance(value, str) and value in set(Channel)


def _limits(path: Path, name: str, table: object) -> Limits:
    try:
        return limits.read(table)
    except ValueError as error:
        raise SettingsError(f"{path}: provider {name}: {error}") from None


def _destinations(path: Path, name: str, regions: object) -> frozenset[str] | None:
    if regions is None:
        return None
    # Each by itself: TOML may put lists into a list, and those are in no set.
    if not isinstance(regions, list) or not regions or not all(_is_region(region) for region in regions):
        raise SettingsError(
            f'{path}: provider {name}: destinations must be a list of calling regions such as ["CN", "GB"], '
            "or US for all of +1; leave it out for anywhere"
        )
    return frozenset(regions)


def _weight(path: Path, name: str, value: object) -> float:
    # No share can be drawn of a number that is not finite.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _HEAVIEST:
        raise SettingsError(
            f"{path}: provider {name}: weight must be a number from 0 (only when no other is left) to {_HEAVIEST}"
        )
    return float(value)


def _seconds(path: Path, name: str, key: str, table: Mapping[str, Any]) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= _SLOWEST_S:
        raise SettingsError(f"{path}: provider {name}: {key} must be seconds, more than 0 and at most {_SLOWEST_S}")
    return float(value)


def _is_region(value: object) -> bool:
    return isinstance(value, str) and value in normalise.CALLING_REGIONS


def _secrets(path: Path, name: str, table: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    named = {key: variable for key, variable in table.items() if key.endswith(_ENV)}
    for key, variable in named.items():
        if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
            # The value is not repeated: it may be the secret itself.
            raise SettingsError(f"{path}: provider {name}: {key} must be the name of an environment variable")
        value = environment.get(variable)
        if not value:
            raise SettingsError(f"{path}: provider {name}: {key} names {variable}, which is not set")
        if value != value.strip() or value[0] in _QUOTES:
            raise SettingsError(
                f"{path}: provider {name}: {variable} has blanks or quotes around its value; take them away"
            )
    return {key.removesuffix(_ENV): environment[variable] for key, variable in named.items()}
