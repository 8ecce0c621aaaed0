"""One [[providers]] table of PROVIDERS_FILE, as its adapter is built with it; see the registry."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from providers import limits
from providers.base import ProviderSettings, SettingsError
from providers.given import Given
from providers.limits import NO_LIMITS, Limits
from schemas import normalise
from schemas.vocabulary import Channel

OURS = ("name", "adapter", "channels", "destinations", "weight", "slow_s", "travel_s", "limits")
ENV = "_env"
# It stands in the receipts address, in the name of a queue and in keys of Redis.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_QUOTES = "\"'“”‘’"
_HEAVIEST, _SLOWEST_S = 1000, 600

Table = Mapping[str, Any]


def read(table: Table, environment: Mapping[str, str], callback_base: str) -> ProviderSettings:
    """Raises SettingsError with every fault of the table."""
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError("a provider needs a name of at most 60 ASCII letters, digits, - and _")
    faults = [f"provider {name}: {fault}" for fault in _faults(table, environment)]
    if faults:
        raise SettingsError(*faults)
    secrets = {key.removesuffix(ENV): environment[variable] for key, variable in _variables(table)}
    regions = table.get("destinations")
    return ProviderSettings(
        name=name,
        adapter=table["adapter"],
        channels=frozenset(Channel(channel) for channel in table["channels"]),
        destinations=None if regions is None else frozenset(regions),
        secret=secrets.pop("secret", None),
        secrets=Given(secrets),
        weight=float(table.get("weight", 1)),
        slow_s=_seconds(table, "slow_s"),
        travel_s=_seconds(table, "travel_s"),
        callback_url=f"{callback_base.rstrip('/')}/receipts/{name}",
        limits=_limits(table),
        options=Given({key: value for key, value in table.items() if key not in OURS and not key.endswith(ENV)}),
    )


def _faults(table: Table, environment: Mapping[str, str]) -> Iterator[str]:
    if not isinstance(table.get("adapter"), str):
        yield "adapter is missing"
    if not _all(table.get("channels"), _is_channel):
        yield f"channels must be a list of: {', '.join(Channel)}"
    if table.get("destinations") is not None and not _all(table["destinations"], _is_region):
        yield (
            'destinations must be a list of calling regions such as ["CN", "GB"], '
            "or US for all of +1; leave it out for anywhere"
        )
    # No share can be drawn of a number that is not finite.
    if not _is_number(table.get("weight", 1), 0, _HEAVIEST):
        yield f"weight must be a number from 0 (only when no other is left) to {_HEAVIEST}"
    for key in ("slow_s", "travel_s"):
        value = table.get(key, 1)
        if value == 0 or not _is_number(value, 0, _SLOWEST_S):
            yield f"{key} must be seconds, more than 0 and at most {_SLOWEST_S}"
    try:
        _limits(table)
    except ValueError as error:
        yield str(error)
    for key, variable in _variables(table):
        if fault := _fault_of_secret(key, variable, environment):
            yield fault


def _fault_of_secret(key: str, variable: object, environment: Mapping[str, str]) -> str | None:
    if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
        # The value is not repeated: it may be the secret itself.
        return f"{key} must be the name of an environment variable"
    value = environment.get(variable)
    if not value:
        return f"{key} names {variable}, which is not set"
    if value != value.strip() or (len(value) > 1 and value[0] in _QUOTES and value[-1] in _QUOTES):
        return f"{variable} has blanks or quotes around its value; take them away"
    if not value.isprintable():
        return f"{variable} has characters that can't be seen; enter its value anew"
    return None


def _all(values: object, is_one: Any) -> bool:
    # Each by itself: TOML may put lists into a list, and those are in no set.
    return isinstance(values, list) and bool(values) and all(is_one(each) for each in values)


def _is_channel(value: object) -> bool:
    return isinstance(value, str) and value in set(Channel)


def _is_region(value: object) -> bool:
    return isinstance(value, str) and value in normalise.CALLING_REGIONS


def _is_number(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _seconds(table: Table, key: str) -> float | None:
    return None if table.get(key) is None else float(table[key])


def _limits(table: Table) -> Limits:
    """Raises ValueError."""
    return limits.read(table["limits"]) if "limits" in table else NO_LIMITS


def _variables(table: Table) -> list[tuple[str, Any]]:
    return [(key, variable) for key, variable in table.items() if key.endswith(ENV)]
