"""A small SMSC on loopback. The last digit of the number picks what becomes of a message; faults are switched on it."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import smpp34

from providers.smpp import protocol_codes, wire
from providers.smpp.wire import Pdu

STATES = {"1": 5, "2": 8, "3": 3, "4": 1}  # undeliverable, rejected, expired, on its way; others are delivered
REFUSED = {"7": protocol_codes.THROTTLED, "8": 0x0B, "6": 0x0E}
SILENT = "9"


@dataclass
class Taken:
    """A submit_sm that was taken."""

    message_id: str
    pdu: smpp34.SubmitSm

    @property
    def number(self) -> str:
        return self.pdu.destination_addr

    @property
    def state(self) -> int:
        return STATES.get(self.number[-1], 2)

    @property
    def marks(self) -> list[smpp34.Tlv]:
        return [each for each in self.pdu.tlvs if each.tag == protocol_codes.USER_MESSAGE_REFERENCE]


@dataclass
class Smsc:
    """What it does is in its fields; what it saw too."""

    port: int = 0
    bind_status: int = 0
    bind_tries: int = 0
    is_mute: bool = False  # answers nothing at all, not even enquire_link
    answers: Callable[[int], bool] = lambda submitted: True  # whether this submit (from 1) is answered at once
    on_submit: Callable[["Far", int], None] | None = None  # before it is answered
    throttled: Callable[[int], bool] = lambda submitted: False
    receipts: str = "after"  # after, before, never, twice; in the form that `receipt` gives
    receipt: Callable[[Taken], bytes] = lambda taken: in_text(taken)
    taken: list[Taken] = field(default_factory=list)
    unanswered: list[tuple[Pdu, Taken]] = field(default_factory=list)
    submitted: int = 0
    most_open: int = 0  # submits without their answer at one time: the window as it is seen here
    confirmed: list[int] = field(default_factory=list)  # the statuses of deliver_sm_resp
    enquiries: int = 0
    sessions: list["Far"] = field(default_factory=list)

    @property
    def far(self) -> "Far":
        """The last that bound."""
        return self.sessions[-1]


@dataclass
class Far:
    """One connection, as the SMSC has it."""

    smsc: Smsc
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    open: int = 0
    sequence: int = 0

    async def serve(self) -> None:
        try:
            while True:
                self.hear(await wire.read(self.reader))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.writer.close()

    def hear(self, pdu: Pdu) -> None:
        smsc = self.smsc
        if smsc.is_mute:
            return
        if pdu.command == protocol_codes.BIND_TRANSCEIVER:
            smsc.bind_tries += 1
            if not smsc.bind_status:
                smsc.sessions.append(self)
            self.answer(pdu, smsc.bind_status, b"SMSC\0")
        elif pdu.command == protocol_codes.SUBMIT_SM:
            self.submit(pdu)
        elif pdu.command == protocol_codes.QUERY_SM:
            self.query(pdu)
        elif pdu.command == protocol_codes.DELIVER_SM | protocol_codes.RESPONSE:
            smsc.confirmed.append(pdu.status)
        elif pdu.command in (protocol_codes.ENQUIRE_LINK, protocol_codes.UNBIND):
            smsc.enquiries += pdu.command == protocol_codes.ENQUIRE_LINK
            self.answer(pdu)

    def submit(self, pdu: Pdu) -> None:
        smsc = self.smsc
        smsc.submitted += 1
        number = smsc.submitted
        self.open += 1
        smsc.most_open = max(smsc.most_open, self.open)
        if smsc.on_submit is not None:
            smsc.on_submit(self, number)
        asyncio.get_running_loop().call_soon(self.decide, pdu, number)

    def decide(self, pdu: Pdu, number: int) -> None:
        smsc, submit = self.smsc, smpp34.decode(pdu.frame)
        assert isinstance(submit, smpp34.SubmitSm)
        status = protocol_codes.THROTTLED if smsc.throttled(number) else REFUSED.get(submit.destination_addr[-1], 0)
        if status:
            self.settle(pdu, status, b"")
            return
        taken = Taken(f"{len(smsc.taken) + 1:08x}", submit)
        smsc.taken.append(taken)
        if smsc.receipts == "before":
            self.report(taken)
        if submit.destination_addr[-1] != SILENT and smsc.answers(number):
            self.take(pdu, taken)
        else:
            smsc.unanswered.append((pdu, taken))
        for _ in range({"after": 1, "twice": 2}.get(smsc.receipts, 0)):
            self.report(taken)

    def take(self, pdu: Pdu, taken: Taken) -> None:
        self.settle(pdu, 0, taken.message_id.encode() + b"\0")

    def answer_late(self) -> None:
        """Answer every submit that has no answer yet."""
        while self.smsc.unanswered:
            self.take(*self.smsc.unanswered.pop(0))

    def settle(self, pdu: Pdu, status: int, body: bytes) -> None:
        self.open -= 1
        self.answer(pdu, status, body)

    def query(self, pdu: Pdu) -> None:
        message_id = wire.first_string(pdu.body)
        found = next((each for each in self.smsc.taken if each.message_id == message_id), None)
        if found is None:
            self.answer(pdu, 0x67)  # ESME_RQUERYFAIL
        else:
            self.answer(pdu, 0, message_id.encode() + b"\0\0" + bytes([found.state, 0]))

    def report(self, taken: Taken) -> None:
        self.deliver(self.smsc.receipt(taken))

    def deliver(self, body: bytes) -> None:
        self.sequence += 1
        self.send(Pdu(protocol_codes.DELIVER_SM, 0, self.sequence, body))

    def answer(self, pdu: Pdu, status: int = 0, body: bytes = b"") -> None:
        self.send(Pdu(pdu.command | protocol_codes.RESPONSE, status, pdu.sequence, body))

    def send(self, pdu: Pdu) -> None:
        if not self.writer.is_closing():
            self.writer.write(pdu.frame)

    def cut(self) -> None:
        """The line goes dead, unannounced."""
        self.writer.transport.abort()

    def unbind(self) -> None:
        self.send(Pdu(protocol_codes.UNBIND, 0, 9_000))

    def rubbish(self, length: int) -> None:
        self.writer.write(struct.pack(">LLLL", length, protocol_codes.DELIVER_SM, 0, 1))


async def until(is_so: Callable[[], object], patience_s: float = 120.0) -> None:
    """What is waited for happens elsewhere and rings no bell."""
    async with asyncio.timeout(patience_s):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def in_text(taken: Taken, message_id: str | None = None) -> bytes:
    """A receipt in appendix B's words."""
    word = protocol_codes.STATES[taken.state][0]
    said = (
        f"id:{message_id or taken.message_id} sub:001 dlvrd:001 submit date:2603020900 done date:2603020901 "
        f"stat:{word} err:000 text:"
    )
    return receipt(taken.number, said.encode(), marks=taken.marks)


def in_parameters(taken: Taken) -> bytes:
    """A receipt that says it all in optional parameters."""
    told = [
        smpp34.Tlv(protocol_codes.RECEIPTED_MESSAGE_ID, taken.message_id.encode() + b"\0"),
        smpp34.Tlv(protocol_codes.MESSAGE_STATE, bytes([taken.state])),
    ]
    return receipt(taken.number, b"", marks=[*told, *taken.marks], esm_class=0 if taken.number[-2] == "1" else 4)


def receipt(number: str, text: bytes, marks: list[smpp34.Tlv], esm_class: int = 4) -> bytes:
    frame: bytes = smpp34.DeliverSm(number, "12381", text, esm_class=esm_class, tlvs=marks).encode()
    return frame[16:]


@asynccontextmanager
async def smsc(known: Smsc | None = None) -> AsyncIterator[Smsc]:
    """Serves on a free port of loopback, or on the one that it had."""
    here = known or Smsc()
    everybody: set[asyncio.Task[None]] = set()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        everybody.add(task := asyncio.current_task())  # type: ignore[arg-type]
        await Far(here, reader, writer).serve()
        everybody.discard(task)

    server = await asyncio.start_server(met, "127.0.0.1", here.port)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for task in everybody:
            task.cancel()
