"""A text as short messages (3GPP TS 23.040, 9.2.3.24.1: concatenated short messages, 8-bit reference number).

Always UCS-2: what an SMSC's default alphabet is differs between vendors (SMPP 3.4, 5.2.19), and our texts are Chinese.
"""

from collections.abc import Iterator

UCS2 = 8  # data_coding
HAS_HEADER = 0x40  # esm_class: UDHI
_WHOLE, _PART = 140, 134  # octets of text in one message, and in a part behind its header of six
_MOST = 255


def split(text: str, reference: int) -> list[bytes]:
    """The user data of each part, headers included. `reference` tells a phone whose parts belong together.

    Raises ValueError if it needs more than 255 parts.
    """
    whole = text.encode("utf-16-be")
    if len(whole) <= _WHOLE:
        return [whole]
    parts = list(_cut(text))
    if len(parts) > _MOST:
        raise ValueError(f"{len(parts)} parts; at most {_MOST} go together")
    head = bytes([5, 0, 3, reference & 0xFF, len(parts)])
    return [head + bytes([number]) + part for number, part in enumerate(parts, 1)]


def _cut(text: str) -> Iterator[bytes]:
    """Never within a character: an emoji is two units, and half of one shows as rubbish."""
    part = b""
    for character in text:
        octets = character.encode("utf-16-be")
        if len(part) + len(octets) > _PART:
            yield part
            part = b""
        part += octets
    yield part
