"""The four tiers: who carries a step out, and all that this tier may see of a case. One row a step."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from providers.base import Message
from schemas.vocabulary import Actor, Channel, Hook, Relation

Step = Channel | Hook | Relation


@dataclass(frozen=True, slots=True)
class Tier:
    """`fields` are paths in the JSON body: `a.b` is b within a, `a[].b` is b within each element of the list a."""

    actor: Actor
    fields: frozenset[str]


def _tier(actor: Actor, *fields: str) -> Tier:
    return Tier(actor, frozenset(("id", "channel", "callback_url", *fields)))


_ACCOUNT = ("hook", "to", "facts.reason", "facts.hours")
_TRANSFER = ("facts.transfers[].at", "facts.transfers[].amount_yuan", "facts.transfers[].payee_account")

TIERS: Mapping[Step, Tier] = {
    Channel.SMS: _tier(Actor.TELECOM, "to", "text"),
    Channel.VOICE: _tier(Actor.TELECOM, "to", "script", "collect"),
    Channel.VISIT: _tier(Actor.CENTRE, "visit_id", "rung", "precinct"),
    Hook.STOP_PAYMENT: _tier(Actor.BANK, "hook", "to", *_TRANSFER),
    Hook.PROTECT_ACCOUNT: _tier(Actor.BANK, *_ACCOUNT),
    Hook.LIFT_PROTECTION: _tier(Actor.BANK, *_ACCOUNT),
    Channel.HOOK: _tier(Actor.BANK),  # one that doesn't say what it asks for may tell nothing
    Channel.BROADCAST: _tier(Actor.COMMUNITY, "text", "area"),
    # The script holds a place. No `text` and no `collect`: those belong to warnings, which tell of the scam.
    Relation.COMMUNITY: _tier(Actor.COMMUNITY, "to", "script"),
}


def tier_of(channel: Channel, hook: Hook | None = None, relation: Relation | None = None) -> Tier:
    """The row of a step. A community worker is one on every channel."""
    return TIERS[hook or (relation if relation is Relation.COMMUNITY else channel)]


def actor_of(channel: Channel, hook: Hook | None = None, relation: Relation | None = None) -> Actor:
    """Who carries the step out."""
    return tier_of(channel, hook, relation).actor


def excess(body: Mapping[str, Any], message: Message) -> str | None:
    """The first field in the body of a message that its tier may not see."""
    allowed = _with_containers(tier_of(message.channel, message.hook, message.relation).fields)
    paths = (path for name, value in body.items() for path in _paths(value, name))
    found = next((path for path in paths if path not in allowed), None)
    # A name is told, but nothing that was made into one: a table by number has numbers for names.
    return found and re.sub(r"[^a-z_.\[\]]+", "?", found.rstrip(".["))


@cache
def _with_containers(fields: frozenset[str]) -> frozenset[str]:
    """The fields, and the objects (`a.`) and lists (`a[`) that they stand in."""
    return frozenset(field[: end.end()] for field in fields for end in re.finditer(r"\.|\[|$", field))


def _paths(value: object, path: str) -> Iterator[str]:
    """Containers are fields too: an empty one says by its name that there is something to tell."""
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
