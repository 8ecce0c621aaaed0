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

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from providers import provider_table
from providers.base import Provider, ProviderSettings, SettingsError
from providers.given import Given, nearest
from providers.limits import NO_LIMITS, Limits
from providers.provider_table import OURS
from schemas import edited_file
from schemas.edited_file import UnreadableFileError
from schemas.vocabulary import Channel

GROUP = "dispatcher.providers"
_REINSTALL = (
    "an entry point that was added or moved is found once its package is installed again: "
    "`make .venv/run`, or `pip install -e .`"
)
_TO_NUMBERS = frozenset({Channel.SMS, Channel.VOICE})
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

    Raises SettingsError with the faults of all of them.
    """
    providers, faults = _built(tables, storage)
    if faults:
        raise SettingsError(*faults)
    return _of(providers, tables, without)


def _of(providers: list[Provider], tables: list[ProviderSettings], without: frozenset[Channel]) -> Registry:
    weights = {settings.name: settings.weight for settings in tables}
    slow_s = {settings.name: settings.slow_s for settings in tables if settings.slow_s is not None}
    travel_s = {settings.name: settings.travel_s for settings in tables if settings.travel_s is not None}
    limits_of = {settings.name: settings.limits for settings in tables}
    return Registry(providers, weights, slow_s, limits_of, travel_s, without)


def _built(tables: list[ProviderSettings], storage: Mapping[str, Any]) -> tuple[list[Provider], list[str]]:
    """What can be built, and what is wrong with the rest."""
    adapters = installed_adapters()
    providers: list[Provider] = []
    faults: list[str] = []
    for settings in tables:
        stored = storage.get(settings.adapter)
        try:
            factory = _factory(settings, adapters)
            providers.append(factory(settings) if stored is None else factory(settings, stored))
            _check_names(settings)
        except SettingsError as error:
            faults += error.faults
        except (ValueError, TypeError, LookupError, OSError) as error:
            # What the adapter itself did not foresee. The error's words may hold a secret.
            faults.append(f"provider {settings.name}: can't be built with these settings ({type(error).__name__})")
    return providers, faults


def _check_names(settings: ProviderSettings) -> None:
    """A misspelt name would take a limit, a fence or a timeout out of force. Raises SettingsError.

    An adapter asks for all its settings where it is built.
    """
    faults = [
        f"provider {settings.name}: unknown setting {unknown + ending}; "
        + nearest(unknown + ending, {each + ending for each in (*given.asked, *ours)})
        for given, ours, ending in ((settings.options, OURS, ""), (settings.secrets, ("secret",), provider_table.ENV))
        if isinstance(given, Given)
        for unknown in given.unasked
    ]
    if faults:
        raise SettingsError(*faults)


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
    """Read PROVIDERS_FILE. Raises SettingsError with the faults of every table, each with its remedy."""
    tables, faults = _read(path, environment, callback_base)
    if faults:
        raise SettingsError(f"{path}: {faults[0]}", *faults[1:])
    return tables


def load(
    path: Path,
    environment: Mapping[str, str],
    callback_base: str,
    storage: Callable[[set[str]], Mapping[str, Any]],
    without: frozenset[Channel] = frozenset(),
) -> Registry:
    """Read PROVIDERS_FILE and build its providers. `storage` is asked with the adapters that are used.

    Raises SettingsError with all faults of the file: of its tables, and of what was made of the good ones.
    """
    tables, faults = _read(path, environment, callback_base)
    stored = storage({table.adapter for table in tables})
    providers, more = _built(tables, stored)
    if faults := faults + more:
        raise SettingsError(f"{path}: {faults[0]}", *faults[1:])
    return _of(providers, tables, without)


def _read(path: Path, environment: Mapping[str, str], callback_base: str) -> tuple[list[ProviderSettings], list[str]]:
    """The tables that can be used, and what is wrong with the others."""
    try:
        data = edited_file.read(path)
    except OSError as error:
        return [], [f"can't be read ({error.strerror}); check DISPATCHER_PROVIDERS_FILE"]
    except UnreadableFileError as error:
        return [], [str(error)]
    found = data.get("providers")
    faults = [f"unknown table {name}; the tables are [[providers]]" for name in data if name != "providers"]
    if not isinstance(found, list) or not found or not all(isinstance(table, dict) for table in found):
        return [], ["no [[providers]] table; add one for each gateway", *faults]
    tables: list[ProviderSettings] = []
    for table in found:
        try:
            tables.append(provider_table.read(table, environment, callback_base))
        except SettingsError as error:
            faults += error.faults
    names = Counter(table["name"] for table in found if isinstance(table.get("name"), str))
    faults += [f"two providers have the same name, {name!r}; names must differ" for name in names if names[name] > 1]
    return tables, faults
