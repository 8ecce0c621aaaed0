"""The four tiers: who carries a step out, and all that this tier may see of a case. One row a step."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from providers.base import Message, OperationsFault
from schemas.vocabulary import Actor, BankRequest, Channel, Relation

Step = Channel | BankRequest | Relation

_ENVELOPE = ("id", "channel", "callback_url")


@dataclass(frozen=True, slots=True)
class Tier:
    """`fields` are paths in the JSON body: `a.b` is b within a, `a[].b` is b in each element of the list a."""

    actor: Actor
    fields: frozenset[str]


def _tier(actor: Actor, *fields: str) -> Tier:
    return Tier(actor, frozenset((*_ENVELOPE, *fields)))


_ACCOUNT = ("hook", "to", "facts.reason", "facts.hours")

TIERS: Mapping[Step, Tier] = {
    Channel.SMS: _tier(Actor.TELECOM, "to", "text", "type"),
    Channel.VOICE: _tier(Actor.TELECOM, "to", "script", "collect"),
    # A visit is our own; this is what the roster is asked with.
    Channel.VISIT: _tier(Actor.CENTRE, "visit_id", "rung", "precinct"),
    BankRequest.STOP_PAYMENT: _tier(
        Actor.BANK,
        "hook",
        "to",
        "facts.transfers[].at",
        "facts.transfers[].amount_yuan",
        "facts.transfers[].payee_account",
    ),
    BankRequest.PROTECT_ACCOUNT: _tier(Actor.BANK, *_ACCOUNT, "facts.appeal"),
    BankRequest.LIFT_PROTECTION: _tier(Actor.BANK, *_ACCOUNT),
    Channel.HOOK: _tier(Actor.BANK),  # a hook that asks for nothing needs to know nothing
    Channel.BROADCAST: _tier(Actor.COMMUNITY, "text", "area"),
    # A community worker, as the law defines one, gets a place, and no text written for the victim.
    Relation.COMMUNITY: _tier(Actor.COMMUNITY, "to", "script"),
}


def tier_of(channel: Channel, hook: BankRequest | None = None, relation: Relation | None = None) -> Tier:
    """The row of a step. A community worker is one on every channel."""
    is_community = relation is Relation.COMMUNITY
    return TIERS[hook or (Relation.COMMUNITY if is_community else channel)]


def actor_of(channel: Channel, hook: BankRequest | None = None, relation: Relation | None = None) -> Actor:
    """Who carries the step out."""
    return tier_of(channel, hook, relation).actor


def excess(body: Mapping[str, Any], message: Message) -> str | None:
    """The first field of a body that the message's tier may not see; None if there is none."""
    allowed = _with_containers(tier_of(message.channel, message.hook, message.relation).fields)
    paths = (path for name, value in body.items() for path in _paths(value, name))
    field = next((path for path in paths if path not in allowed), None)
    # Only what looks like a field's name is repeated: a table by number has numbers for names.
    return field and _NO_NAME.sub("?", field.rstrip(".["))


def fault(body: Mapping[str, Any], message: Message) -> OperationsFault | None:
    """Why a body is not sent: it holds more than its tier may see."""
    field = excess(body, message)
    return OperationsFault(f"payload holds a field its tier may not see: {field}", ours=True) if field else None


_NO_NAME = re.compile(r"[^a-z_.\[\]]+")


@cache
def _with_containers(fields: frozenset[str]) -> frozenset[str]:
    """The fields, and the objects (`a.`) and lists (`a[`) that they stand in."""
    return frozenset(field[: end.end()] for field in fields for end in re.finditer(r"\.|\[|$", field))


def _paths(value: object, path: str) -> Iterator[str]:
    """Every path in a body, those of containers too: an empty one under a wrong name is a field as well.

    A list is `a[`, and not `a[]`: that would be a bare text in it.
    """
    if isinstance(value, Mapping):
        yield f"{path}."
        for name, part in value.items():
            yield from _paths(part, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        yield f"{path}["
        for part in value:
            yield from _paths(part, f"{path}[]")
    else:
        yield path
