"""The smpp adapter through a Jasmin gateway to an SMSC on npm's smpp: python -m tests.peers.jasmin"""

import asyncio
import contextlib
import sys
from collections.abc import Sequence

from providers.base import Accepted, Message, OperationsFault, Outcome
from providers.smpp.adapter import SmppProvider
from schemas.vocabulary import Result
from tests.peers.jasmin import gateway
from tests.peers.ledger import Ledger, crossed
from tests.peers.packages import BROKER
from tests.peers.smpp.__main__ import LONG, Book, settings, sms
from tests.peers.smpp.processes import npm_version, smsc, versions
from tests.peers.stack import until

# What the SMSC does with the number that ends so → what the gateway reports to us. None: it never does.
WANTED: dict[int, tuple[str, Result | None]] = {
    0: ("DELIVRD", Result.DELIVERED),
    1: ("UNDELIV", Result.FAILED_TEMPORARY),
    2: ("REJECTD", Result.FAILED_TEMPORARY),
    3: ("EXPIRED", Result.FAILED_TEMPORARY),
    8: ("ESME_RINVDSTADR", None),
}
LONG_WANTED = ("a long message, DELIVRD", Result.DELIVERED)
_PATIENCE_S = 60.0  # the gateway looks again after a while for a message whose receipt overtook its response


async def exchange(port: int, messages: Sequence[Message], parts: int, secret: str) -> tuple[list[Outcome], Book]:
    """Send these one after the other, and wait for the receipts of so many parts."""
    book = Book()
    provider = SmppProvider(settings(port, system_id=gateway.USER, secret=secret, timeout_s=10.0), book)
    await provider.open()
    said = [await provider.send(each) for each in messages]
    with contextlib.suppress(TimeoutError):
        await asyncio.to_thread(until, lambda: len(book.reports) >= parts, _PATIENCE_S)
    await provider.close()
    return said, book


def each_report(ledger: Ledger, port: int) -> int:
    """Returns how many receipts came back."""
    messages, wanted_reports = [*(sms(digit) for digit in WANTED), sms(0, LONG)], 6
    said, book = asyncio.run(exchange(port, messages, wanted_reports, gateway.PASSWORD))
    reported = {each.message_id: each for each in book.reports}
    for message, outcome, (word, wanted) in zip(messages, said, [*WANTED.values(), LONG_WANTED], strict=True):
        parts = [part.message_id for part in book.parts if part.send_key == message.send_key]
        found = [reported[each] for each in parts if each in reported]
        due = [wanted] * len(parts) if wanted else []
        is_right = isinstance(outcome, Accepted) and [each.result for each in found] == due
        ledger.note(
            is_right and bool(parts), f"{word}: {len(parts)} part(s) accepted,", [each.detail for each in found]
        )
    ledger.note(len(book.reports) == len(reported) == wanted_reports, "each receipt once:", len(book.reports))
    return len(book.reports)


def main() -> int:
    ledger = Ledger()
    with smsc(receipts="late", late_ms=500) as carrier, gateway.running(carrier.said["port"]) as port:
        reports = each_report(ledger, port)
        said, _ = asyncio.run(exchange(port, [sms()], 0, "another"))
        ledger.note(said == [OperationsFault("ESME_RINVPASWD")], "a wrong password:", *said)
        seen = carrier.report()
    crossed("jasmin", versions()["jasmin (sdist)"], f"{seen['submits']} submit_sm passed on, {reports} receipts to us")
    crossed("rabbitmq-server", BROKER.version("rabbitmq-server"), "the gateway's queues")
    crossed("npm smpp", npm_version(), f"{seen['submits']} submit_sm, {seen['confirmed']} receipts confirmed")
    return ledger.close()


if __name__ == "__main__":
    sys.exit(main())
