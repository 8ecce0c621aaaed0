"""The smpp adapter against real SMSCs: python -m tests.peers.smpp [--short]

Prints what crossed, and ends with 1 where anything was not as it must be.
"""

import asyncio
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from providers.base import (
    Accepted,
    InDoubt,
    Message,
    OperationsFault,
    Outcome,
    Permanent,
    ProviderSettings,
    Transient,
)
from providers.smpp.adapter import SmppProvider
from providers.smpp.parts import Part, Report
from schemas.vocabulary import Channel, Person, Result
from tests.peers.ledger import Ledger, crossed
from tests.peers.smpp import fall, load, processes
from tests.peers.smpp.processes import Peer

SHORT = "请立即停止转账,回拨96110"
LONG = "【反诈中心】您可能正遭遇电信网络诈骗,请立即停止转账,回拨96110。" * 3
NUMBER = "+861540000000"
_ACCEPTED = ("Accepted", "")

# Class of Jasmin's simulator → what the first message and the second come to: outcome, and a part of its detail.
ZOO: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "HappySMSC": (_ACCEPTED, _ACCEPTED),
    "EnquireLinkEchoSMSC": (_ACCEPTED, _ACCEPTED),
    "QoSSMSC_2MPS": (_ACCEPTED, ("Transient", "ESME_RTHROTTLED")),
    "NoResponseOnSubmitSMSC": (("InDoubt", "no answer"),) * 2,
    "GenericNackNoSeqNumOnSubmitSMSC": (("InDoubt", "no answer"),) * 2,
    "GenericNackWithSeqNumOnSubmitSMSC": (("OperationsFault", "ESME_RINVCMDID"),) * 2,
    "ErrorOnSubmitSMSC": (("OperationsFault", "ESME_RINVESMCLASS"),) * 2,
    "UnbindOnSubmitSMSC": (("InDoubt", "connection lost"),) * 2,
    "BindErrorSMSC": (("OperationsFault", "ESME_RBINDFAIL"),) * 2,
    "BindErrorGenericNackSMSC": (("OperationsFault", "ESME_RINVCMDID"),) * 2,
    # They answer no submit; what counts is that nothing worse comes of their rubbish.
    "CommandLengthTooShortSMSC": (("InDoubt|Transient", ""),) * 2,
    "CommandLengthTooLongSMSC": (("InDoubt|Transient", ""),) * 2,
    "InvalidCommandIdSMSC": (("InDoubt", "no answer"),) * 2,
    "NonFatalParseErrorSMSC": (("InDoubt", "no answer"),) * 2,
    "DeliverSMBeforeBoundSMSC": (("Transient", "not bound"),) * 2,
}


@dataclass
class Book:
    """Keeps what crossed."""

    parts: list[Part] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    async def taken(self, provider: str, part: Part) -> None:
        self.parts.append(part)

    async def reported(self, provider: str, report: Report) -> None:
        self.reports.append(report)

    async def parts_of(self, provider: str, send_key: str) -> Sequence[Part]:
        return [each for each in self.parts if each.send_key == send_key]


def settings(port: int, **options: Any) -> ProviderSettings:
    given = {"host": "127.0.0.1", "port": port, "system_id": "us", "source": "12381", "timeout_s": 1.0}
    return ProviderSettings(
        "peer", "smpp", frozenset({Channel.SMS}), secret=options.pop("secret", "password"), options=given | options
    )


def sms(last: int = 0, text: str = SHORT) -> Message:
    return Message(str(uuid.uuid4()), Channel.SMS, Person.SUBJECT, to=f"{NUMBER}{last}", text=text)


async def exchange(port: int, *messages: Message, wait_s: float = 0.0, **options: Any) -> tuple[list[Outcome], Book]:
    """Send these one after the other, and wait so long for receipts."""
    book = Book()
    provider = SmppProvider(settings(port, **options), book)
    await provider.open()
    said = [await provider.send(each) for each in messages]
    await asyncio.sleep(wait_s)
    await provider.close()
    return said, book


def outcomes_and_receipts(ledger: Ledger, peer: Peer) -> None:
    wanted: dict[int, tuple[type[Outcome], Result | None]] = {
        0: (Accepted, Result.DELIVERED),
        1: (Accepted, Result.FAILED_TEMPORARY),
        2: (Accepted, Result.FAILED_TEMPORARY),
        3: (Accepted, Result.FAILED_TEMPORARY),
        7: (Transient, None),
        8: (Permanent, None),
        9: (InDoubt, None),
    }
    for digit, (outcome, result) in wanted.items():
        said, book = asyncio.run(exchange(peer.said["port"], sms(digit), wait_s=0.2))
        found = [each.result for each in book.reports]
        is_right = isinstance(said[0], outcome) and (digit == 9 or found == ([result] if result else []))
        ledger.note(is_right, f"number …{digit}:", said[0], "| receipts:", [each.detail for each in book.reports])
    said, book = asyncio.run(exchange(peer.said["port"], sms(0, LONG), wait_s=0.2))
    is_whole = len(book.parts) == len(book.reports) == 2
    ledger.note(is_whole, "a long message:", said[0], "| receipts:", len(book.reports))


def told_otherwise(ledger: Ledger) -> None:
    """What the SMSC is told to do, and what a message comes to then."""
    refused, unbound = OperationsFault("ESME_RINVPASWD"), InDoubt("connection lost")
    for told, want, receipts in (
        ({"receipts": "before"}, Accepted("1"), 1),
        ({"receipts": "twice"}, Accepted("1"), 2),
        ({"receipts": "late", "late_ms": 300}, Accepted("1"), 1),
        ({"receipts": "never"}, Accepted("1"), 0),
        ({"bind_status": 14}, refused, 0),
        ({"unbind_on_submit": True}, unbound, 0),
        ({"silent": True, "receipts": "never"}, InDoubt("no answer"), 0),
    ):
        with processes.smsc(**told) as peer:
            said, book = asyncio.run(exchange(peer.said["port"], sms(), wait_s=0.6))
        ledger.note(said == [want] and len(book.reports) == receipts, told, said[0], "| receipts:", len(book.reports))
    with processes.smsc() as peer:
        said, _ = asyncio.run(exchange(peer.said["port"], sms(), secret="another"))
        ledger.note(said == [refused], "a wrong password:", said[0])


def zoo(ledger: Ledger) -> None:
    """Jasmin's bad peers."""
    with processes.simulators(*ZOO) as ports:
        for name, wanted in ZOO.items():
            said, _ = asyncio.run(exchange(ports[name], sms(), sms(), enquire_link_s=1.0))
            is_right = all(_fits(each, want) for each, want in zip(said, wanted, strict=True))
            ledger.note(is_right, f"jasmin {name}:", *said)


def _fits(said: Outcome, wanted: tuple[str, str]) -> bool:
    kinds, detail = wanted
    return type(said).__name__ in kinds.split("|") and detail in getattr(said, "detail", "")


def main() -> int:
    ledger, versions = Ledger(), processes.versions()
    for name in ("node", "twisted"):
        sys.stdout.write(f"{name} {versions[name]}\n")
    with processes.smsc() as peer:
        outcomes_and_receipts(ledger, peer)
        reports = [peer.report()]
    told_otherwise(ledger)
    zoo(ledger)
    crossed("jasmin SMSC simulator", versions["jasmin (sdist)"], f"{2 * len(ZOO)} messages to {len(ZOO)} bad peers")
    if "--short" not in sys.argv:
        reports += [load.run(ledger.note), fall.run(ledger.note)]
    taken, confirmed = (sum(each[what] for each in reports) for what in ("taken", "confirmed"))
    crossed("npm smpp", versions["npm smpp"], f"{taken} submit_sm taken, {confirmed} receipts confirmed")
    return ledger.close()


if __name__ == "__main__":
    sys.exit(main())
