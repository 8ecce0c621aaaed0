"""What in PROVIDERS_FILE can be used and is hardly meant: limits that say nothing beside one another, and the like."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import permutations

from providers.base import Provider
from providers.limits import Limits, Quiet, Rate
from providers.registry import Registry
from schemas.errors import bilingual

_LONGEST_QUIET = timedelta(hours=12)
_DAY = timedelta(days=1)
# What is counted: those that all messages of a provider count in bound those to one number too, and not the other way.
_KINDS = ("rate", "account", "callee")


def oddities(registry: Registry) -> list[str]:
    """One line each, in both languages."""
    return [f"provider {each.name}: {odd}" for each in registry.all() for odd in _of(each, registry)]


def _of(provider: Provider, registry: Registry) -> Iterator[str]:
    limits, name = registry.limits(provider), provider.name
    yield from _idle_limits(limits)
    at_once = provider.capabilities.at_once
    if at_once is not None and limits.at_once > at_once:
        yield bilingual(
            f"limits.at_once {limits.at_once} 不起作用:线路最多 {at_once}",
            f"limits.at_once {limits.at_once} says nothing: its line takes {at_once} at most",
        )
    if limits.quiet and (lasts := _length(limits.quiet)) > _LONGEST_QUIET:
        hours = f"{lasts / timedelta(hours=1):.3g}"
        yield bilingual(
            f"limits.quiet {limits.quiet} 每天 {hours} 小时不发送;起止是否写反?",
            f"limits.quiet {limits.quiet} reaches nobody for {hours} h of a day; are the two times swapped?",
        )
    if registry.slow_s(name) >= provider.timeout_s:
        yield bilingual(
            f"slow_s 不小于超时 {provider.timeout_s:g} 秒,永不算慢",
            f"slow_s is not below the timeout of {provider.timeout_s:g} s, so no answer is ever slow",
        )


def _idle_limits(limits: Limits) -> Iterator[str]:
    """Limits that never hold anything back, since another one does so before."""
    told = [(kind, rate) for kind in _KINDS for rate in getattr(limits, kind)]
    for (kind, rate), (other_kind, other) in permutations(told, 2):
        if (kind == "callee" or other_kind != "callee") and _is_idle(rate, other):
            mine, others = f"limits.{kind} {rate}", f"limits.{other_kind} {other}"
            yield bilingual(
                f"{mine} 不起作用:{others} 总是先到;是否写反?",
                f"{mine} says nothing: {others} is always full before it",
            )


def _is_idle(rate: Rate, other: Rate) -> bool:
    """Whether `other` lets through too little for `rate` to be reached. Of two that are equal, both."""
    windows = -(-rate.seconds // other.seconds)
    return other.places * windows <= rate.places if rate.seconds > other.seconds else other.places <= rate.places


def _length(quiet: Quiet) -> timedelta:
    day = date(2026, 1, 1)
    return (datetime.combine(day, quiet.end) - datetime.combine(day, quiet.begin)) % _DAY
