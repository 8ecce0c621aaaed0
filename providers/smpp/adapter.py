"""The `smpp` adapter: messages to an SMSC over one transceiver bind, receipts back over the same."""

import asyncio
import zlib
from collections.abc import Sequence
from typing import TypeVar

import smpp34

from providers.base import (
    Accepted,
    Answered,
    Callback,
    Capabilities,
    InDoubt,
    Inquiry,
    Message,
    OperationsFault,
    Outcome,
    Permanent,
    ProviderSettings,
    ReceiptRefused,
    Receipts,
    SendOnlyProvider,
    Status,
    Transient,
)
from providers.reach import Address
from providers.smpp import protocol_codes, text, wire
from providers.smpp.delivery_receipts import DroppedReceipts, UnreadableReceipt, report_of
from providers.smpp.link import Link, NotSent
from providers.smpp.link_options import options_of
from providers.smpp.message_ids import id_of_response
from providers.smpp.parts import Part, PartStore, reference
from providers.smpp.session import Answer, Lost
from providers.smpp.wire import Delivered
from schemas.vocabulary import Result

Value = TypeVar("Value")
_HEADER_OCTETS = 16
_INTERNATIONAL, _ISDN = 1, 1  # TON and NPI of an E.164 number (5.2.5, 5.2.6)


class Refused(Exception):
    """The SMSC answered with this command_status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"command_status 0x{status:08X}")
        self.status = status


class SmppProvider(SendOnlyProvider):
    """A provider. Options: providers.smpp.link_options. The secret is the password of the bind."""

    def __init__(self, settings: ProviderSettings, part_store: PartStore) -> None:
        self._options = options_of(settings)
        self._part_store = part_store
        self.name = settings.name
        self.timeout_s = self._options.timeout_s
        self.capabilities = Capabilities(
            channels=settings.channels,
            destinations=settings.destinations,
            receipts=True,
            queries=True,
            linked=True,
            at_once=self._options.at_once,
        )
        self.dropped_receipts = DroppedReceipts(settings.name)
        self.address = Address(self._options.host, self._options.port)  # a bind would be a second one
        self._link = Link(self._options, settings.secret or "", self._take_in, self.dropped_receipts.count)
        self._answers: set[asyncio.Task[str]] = set()

    async def open(self) -> None:
        self._link.open()

    async def close(self) -> None:
        await self._link.close()

    async def send(self, message: Message) -> Outcome:
        """Parts go one after the other; a message is accepted when all of them are."""
        if message.to is None or not message.text:
            return OperationsFault("a short message without its number or text", ours=True)
        try:
            parts = text.split(message.text, zlib.crc32(message.send_key.encode()))
        except ValueError:
            return Permanent(Result.REJECTED_CONTENT, "too_long")
        until = asyncio.get_running_loop().time() + self.timeout_s
        try:
            ids = [await self._send_part(message, parts, number, until) for number in range(1, len(parts) + 1)]
        except NotSent as reason:
            return Transient(str(reason)) if reason.status is None else protocol_codes.outcome_of(reason.status)
        except Refused as refusal:
            return protocol_codes.outcome_of(refusal.status)
        except (Lost, TimeoutError) as error:
            return InDoubt("connection lost" if isinstance(error, Lost) else "no answer")
        return Accepted(",".join(filter(None, ids)) or None)

    async def query(self, inquiry: Inquiry) -> Status:
        # Of a message sent twice, the later one: the first may have lost its parts' ids.
        known = {part.part: part for part in await self._part_store.parts_of(self.name, inquiry.send_key)}
        if not known or len(known) != known[max(known)].parts:
            return InDoubt("no message_id of every part")
        ref = ",".join(part.message_id for part in known.values())
        if not self._options.queries:
            return Accepted(ref)
        try:
            return _status([await self._state_of(part) for part in known.values()], ref)
        except (NotSent, Refused, Lost, TimeoutError) as error:
            return InDoubt(f"query_sm: {type(error).__name__}")

    # No cancel: cancel_sm reaches only a message that is still queued, and ours are sent on at once.

    def parse_receipts(self, callback: Callback) -> Receipts:
        raise ReceiptRefused("receipts of an SMPP link come over the link")

    async def _send_part(self, message: Message, parts: Sequence[bytes], number: int, until: float) -> str:
        """The message_id of one part. Raises NotSent, Refused, Lost or TimeoutError."""
        body = self._submit_sm(message, parts, number)
        while True:
            answer = await self._link.request(protocol_codes.SUBMIT_SM, body, until)
            taken = asyncio.create_task(self._taken(answer, message.send_key, number, len(parts)))
            self._answers.add(taken)
            taken.add_done_callback(self._forget)
            try:
                return await _within(taken, until)
            except Refused as refusal:
                if refusal.status != protocol_codes.THROTTLED:
                    raise
                self._link.throttled()
                if number == 1:
                    raise
                # The parts before it are taken: a message is not left in pieces for the sake of a second's pause.

    def _submit_sm(self, message: Message, parts: Sequence[bytes], number: int) -> bytes:
        mark = reference(message.send_key, number, len(parts))
        marks = [] if mark is None else [smpp34.Tlv(protocol_codes.USER_MESSAGE_REFERENCE, mark.to_bytes(2, "big"))]
        return smpp34.SubmitSm(
            self._options.source,
            (message.to or "").removeprefix("+"),
            parts[number - 1],
            source_addr_ton=self._options.source_ton,
            source_addr_npi=self._options.source_npi,
            dest_addr_ton=_INTERNATIONAL,
            dest_addr_npi=_ISDN,
            esm_class=text.HAS_HEADER if len(parts) > 1 else 0,
            registered_delivery=1,  # a receipt, whether it was delivered or not (5.2.17)
            data_coding=text.UCS2,
            tlvs=marks,
        ).encode()[_HEADER_OCTETS:]

    async def _taken(self, answer: Answer, send_key: str, part: int, parts: int) -> str:
        """Store the message_id before it is reported. Goes on if the sender has given up waiting."""
        pdu = await answer
        if pdu.status != protocol_codes.OK or pdu.command == protocol_codes.GENERIC_NACK:
            raise Refused(pdu.status)
        message_id = id_of_response(wire.first_string(pdu.body), self._options.id_form)
        if message_id:
            await self._part_store.taken(self.name, Part(message_id, send_key, part, parts))
        return message_id

    async def _state_of(self, part: Part) -> int | None:
        """The message_state that query_sm tells (4.8)."""
        options, until = self._options, asyncio.get_running_loop().time() + self.timeout_s
        body = wire.strings(part.message_id, options.source_ton, options.source_npi, options.source)
        pdu = await _within(await self._link.request(protocol_codes.QUERY_SM, body, until), until)
        if pdu.status != protocol_codes.OK:
            raise Refused(pdu.status)
        return wire.query_answer(pdu.body)

    async def _take_in(self, delivered: Delivered) -> None:
        try:
            report = report_of(delivered, self._options.id_form)
        except UnreadableReceipt as why:
            self.dropped_receipts.count(str(why))
            return
        if report is not None:
            await self._part_store.reported(self.name, report)

    def _forget(self, taken: asyncio.Task[str]) -> None:
        self._answers.discard(taken)
        if not taken.cancelled():
            taken.exception()  # retrieved: perhaps nobody waits for it


async def _within(awaited: asyncio.Future[Value], until: float) -> Value:
    """Wait without giving it up: an answer that comes too late for its sender still frees its place."""
    done, _ = await asyncio.wait({awaited}, timeout=until - asyncio.get_running_loop().time())
    if not done:
        raise TimeoutError
    return awaited.result()


def _status(states: Sequence[int | None], ref: str) -> Status:
    """Failed with its first failed part; delivered when all parts are."""
    unknown = protocol_codes.STATES[protocol_codes.UNKNOWN_STATE]
    parts = [protocol_codes.STATES.get(state or protocol_codes.UNKNOWN_STATE, unknown) for state in states]
    for name, result in parts:
        if result not in (None, Result.DELIVERED, Result.UNKNOWN):
            return Answered(result, ref=ref, detail=name)
    results = {result for _, result in parts}
    if results == {Result.DELIVERED}:
        return Answered(Result.DELIVERED, ref=ref)
    return InDoubt("message_state UNKNOWN") if Result.UNKNOWN in results else Accepted(ref, held=True)
