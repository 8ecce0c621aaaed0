"""Parts of a message, their receipts, and the port under which they are kept."""

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from providers.sms.smpp import codes
from providers.sms.smpp.wire import Delivered, first_string
from schemas.vocabulary import Result

IdForm = Literal["same", "decimal_of_hex", "hex_of_decimal"]
# How ids are written in (responses, receipts). Vendors differ, and an id that is not compared is a lost receipt.
_BASES: dict[str, tuple[int, int]] = {"decimal_of_hex": (16, 10), "hex_of_decimal": (10, 16)}
_RECEIPT, _KIND = 0x04, 0x3C  # esm_class, 5.2.12
_ID = re.compile(r"\bid:\s*([!-~]+)", re.IGNORECASE)
_STAT = re.compile(r"\bstat:\s*([A-Z0-9:]{1,10})", re.IGNORECASE)
_ERR = re.compile(r"\berr:\s*([0-9A-Za-z]{1,8})\b", re.IGNORECASE)

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
    """A receipt: what became of one part. `reference` is the user_message_reference, where the SMSC gives it back."""

    message_id: str
    result: Result
    detail: str
    reference: int | None = None


class PartBook(Protocol):
    """Where parts and their receipts are kept, so that they find each other whichever comes first, in whatever process.

    Both methods return once it is committed, and are safe to repeat. They raise where it can't be kept.
    """

    async def taken(self, provider: str, part: Part) -> None: ...

    async def reported(self, provider: str, report: Report) -> None: ...

    async def parts_of(self, provider: str, send_key: str) -> Sequence[Part]:
        """The parts known to be taken, in the order in which they were sent."""
        ...


def reference(send_key: str, part: int, parts: int) -> int | None:
    """The user_message_reference of a part; None where there are more parts than it can tell."""
    if (part, parts) not in _PLACES:
        return None
    return (zlib.crc32(send_key.encode()) & ~_PLACE_BITS & 0xFFFF) | _PLACES.index((part, parts))


def referred(reference_: int, message_id: str, send_keys: Iterable[str]) -> Part | None:
    """The part that this reference was made for, where exactly one of these keys can have made it.

    One in 4,096 keys has the same bits, so ask about few: those whose response never came.
    """
    place = reference_ & _PLACE_BITS
    if place >= len(_PLACES):
        return None
    part, parts = _PLACES[place]
    possible = [key for key in send_keys if reference(key, part, parts) == reference_]
    return Part(message_id, possible[0], part, parts) if len(possible) == 1 else None


def id_of_response(message_id: str, form: IdForm) -> str:
    """A message_id as we keep it."""
    return _number(message_id, _BASES[form][0]) if form in _BASES else message_id


def report_of(delivered: Delivered, form: IdForm) -> Report | None:
    """The receipt in a deliver_sm; None for a message of a person, or for news that are not the end.

    The optional parameters (5.3.2.12, 5.3.2.35) count before the text (appendix B), which each vendor words its way.
    """
    given = delivered.parameters.get(codes.RECEIPTED_MESSAGE_ID, b"")
    if delivered.esm_class & _KIND != _RECEIPT and not given:  # which only a receipt has; some leave its class out
        return None
    message_id = first_string(given) or _found(_ID, delivered.text)
    if not message_id:
        return None
    word, result = codes.STATES[_state(delivered)]
    if result is None:
        return None
    mark = delivered.parameters.get(codes.USER_MESSAGE_REFERENCE)
    return Report(
        _number(message_id, _BASES[form][1]) if form in _BASES else message_id,
        result,
        " ".join(filter(None, (_found(_STAT, delivered.text) or word, _found(_ERR, delivered.text)))),
        int.from_bytes(mark, "big") if mark else None,
    )


def _state(delivered: Delivered) -> int:
    value = delivered.parameters.get(codes.MESSAGE_STATE)
    if value:
        state = int.from_bytes(value, "big")
    else:
        state = codes.WORDS.get((_found(_STAT, delivered.text) or "").upper(), codes.UNKNOWN_STATE)
    return state if state in codes.STATES else codes.UNKNOWN_STATE


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None


def _number(message_id: str, base: int) -> str:
    try:
        return str(int(message_id, base))
    except ValueError:
        return message_id
