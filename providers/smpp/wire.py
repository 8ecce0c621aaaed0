"""PDUs on the wire (SMPP 3.4, 3.2 and 4).

submit_sm and deliver_sm, the two with fields worth getting wrong, are the codec's (smpp34); the others are a header
and some C strings.
"""

import asyncio
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import smpp34

from providers.smpp import protocol_codes

_HEADER = struct.Struct(">LLLL")  # command_length, command_id, command_status, sequence_number
_LONGEST = 0x11000  # octets: a message_payload of 64 KiB, and capacity for the rest


class BadFrame(Exception):
    """The far end's stream can't be cut into PDUs any more; only a new connection helps."""


@dataclass(frozen=True, slots=True)
class Pdu:
    command: int
    status: int
    sequence: int
    body: bytes = b""

    @property
    def frame(self) -> bytes:
        return _HEADER.pack(_HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a deliver_sm carries, as far as a receipt is concerned. `text` is undecoded: data_coding may be wrong."""

    esm_class: int
    data_coding: int
    text: bytes
    parameters: Mapping[int, bytes]


async def read(stream: asyncio.StreamReader) -> Pdu:
    """The next PDU. Raises BadFrame, asyncio.IncompleteReadError or OSError."""
    header = await stream.readexactly(_HEADER.size)
    length, command, status, sequence = _HEADER.unpack(header)
    if not _HEADER.size <= length <= _LONGEST:
        raise BadFrame(f"command_length {length}")
    return Pdu(command, status, sequence, await stream.readexactly(length - _HEADER.size))


def strings(*values: str | int) -> bytes:
    """C strings, and integers of one octet."""
    return b"".join(bytes([each]) if isinstance(each, int) else each.encode("ascii") + b"\0" for each in values)


def first_string(body: bytes) -> str:
    """The C string at the start; some leave its end out."""
    return body.split(b"\0", 1)[0].decode("ascii", "replace")


def query_answer(body: bytes) -> int | None:
    """The message_state in a query_sm_resp: message_id, final_date, then one octet (4.8.2)."""
    rest = body.split(b"\0", 2)
    return rest[2][0] if len(rest) == 3 and rest[2] else None


def delivered(pdu: Pdu) -> Delivered | None:
    """The fields of a deliver_sm; None if it is unreadable."""
    try:
        read_ = smpp34.decode(pdu.frame)
    except smpp34.SmppError:
        return None
    if not isinstance(read_, smpp34.DeliverSm):
        return None
    parameters = {each.tag: each.value for each in reversed(read_.tlvs)}
    text = read_.short_message or parameters.get(protocol_codes.MESSAGE_PAYLOAD, b"")
    return Delivered(read_.esm_class, read_.data_coding, text, parameters)
