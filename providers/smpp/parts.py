"""Parts of a message, reports on them, and the port under which both are kept."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.vocabulary import Result

# user_message_reference has 16 bits: 12 of the send_key, 4 of these (part, of how many). The last is for all others.
_PLACES = [(part, parts) for parts in range(1, 6) for part in range(1, parts + 1)]
_PLACE_BITS = 0xF


@dataclass(frozen=True, slots=True)
class Part:
    """A part that the SMSC has taken under this message_id. `part` counts from 1."""

    message_id: str
    send_key: str
    part: int
    parts: int


@dataclass(frozen=True, slots=True)
class Report:
    """A receipt: what became of one part. `reference` is the user_message_reference, if the SMSC returns it."""

    message_id: str
    result: Result
    detail: str
    reference: int | None = None


class PartStore(Protocol):
    """Where parts and their receipts are kept, so that they find each other whichever comes first, in whatever process.

    `taken` and `reported` return once it is committed, and are safe to repeat. They raise if it can't be kept.
    """

    async def taken(self, provider: str, part: Part) -> None: ...

    async def reported(self, provider: str, report: Report) -> None: ...

    async def parts_of(self, provider: str, send_key: str) -> Sequence[Part]:
        """The parts known to be taken, in the order in which they were sent."""
        ...


def reference(send_key: str, part: int, parts: int) -> int | None:
    """The user_message_reference of a part; None for more parts than it can encode."""
    if (part, parts) not in _PLACES:
        return None
    return (zlib.crc32(send_key.encode()) & ~_PLACE_BITS & 0xFFFF) | _PLACES.index((part, parts))


def referred(reference_: int, message_id: str, send_keys: Iterable[str]) -> Part | None:
    """The part that this reference was made for, if exactly one of these keys can have made it.

    One in 4,096 keys has the same bits, so ask about few: those whose response never came.
    """
    place = reference_ & _PLACE_BITS
    if place >= len(_PLACES):
        return None
    part, parts = _PLACES[place]
    possible = [key for key in send_keys if reference(key, part, parts) == reference_]
    return Part(message_id, possible[0], part, parts) if len(possible) == 1 else None
