"""The `smpp` adapter against a small SMSC: what it says of each message, and that it keeps to the window."""

import asyncio
import socket
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import smpp34
from smsc import Far, Smsc, in_parameters, receipt, smsc, until
from structlog.testing import capture_logs

from providers.base import (
    Accepted,
    Answered,
    InDoubt,
    Inquiry,
    Message,
    OperationsFault,
    Outcome,
    Permanent,
    ProviderSettings,
    SettingsError,
    Transient,
)
from providers.smpp import protocol_codes
from providers.smpp.adapter import SmppProvider
from providers.smpp.parts import Part, Report
from schemas.vocabulary import Channel, Person, Result

SHORT = "请立即停止转账"
PATIENCE_S = 30.0  # the longest that the adapter allows
SOON_S = 1.0  # where an answer never comes, and the test waits for the end of its time
LONG = "【反诈中心】您可能正遭遇电信网络诈骗,请立即停止转账。" * 4


@dataclass
class Book:
    """A port that keeps what it is told in memory. The real one has tests of its own."""

    parts: list[Part] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    is_away: bool = False

    async def taken(self, provider: str, part: Part) -> None:
        self.parts.append(part)

    async def reported(self, provider: str, report: Report) -> None:
        if self.is_away:
            raise ConnectionError
        self.reports.append(report)

    async def parts_of(self, provider: str, send_key: str) -> Sequence[Part]:
        return [each for each in self.parts if each.send_key == send_key]


def settings(port: int, **options: Any) -> ProviderSettings:
    given = {"host": "127.0.0.1", "port": port, "system_id": "us", "source": "12381", "timeout_s": PATIENCE_S}
    return ProviderSettings(
        "city-smpp", "smpp", frozenset({Channel.SMS}), secret="password", options={**given, **options}
    )


def sms(number: str = "+8615400000000", text: str = SHORT) -> Message:
    return Message(str(uuid.uuid4()), Channel.SMS, Person.SUBJECT, to=number, text=text)


@dataclass
class SmppFixture:
    smsc: Smsc
    book: Book
    provider: SmppProvider


Scenario = Callable[[SmppFixture], Awaitable[None]]


def play(scenario: Scenario, known: Smsc | None = None, **options: Any) -> None:
    async def run_it() -> None:
        async with smsc(known) as there:
            book = Book()
            provider = SmppProvider(settings(there.port, **options), book)
            await provider.open()
            if not there.bind_status:
                await until(lambda: provider._link.is_bound)
            try:
                await scenario(SmppFixture(there, book, provider))
            finally:
                await provider.close()

    asyncio.run(run_it())


def outcome(number: str, known: Smsc | None = None, **options: Any) -> Outcome:
    heard: list[Outcome] = []

    async def scenario(fixture: SmppFixture) -> None:
        heard.append(await fixture.provider.send(sms(number)))

    play(scenario, known, **options)
    return heard[0]


def test_a_message_is_taken_and_its_receipt_heard() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        message = sms()
        assert await fixture.provider.send(message) == Accepted("1")
        assert fixture.book.parts == [Part("1", message.send_key, 1, 1)]
        await until(lambda: fixture.smsc.confirmed == [0])
        [report] = fixture.book.reports
        assert (report.message_id, report.result, report.detail) == ("1", Result.DELIVERED, "DELIVRD 000")
        [taken] = fixture.smsc.taken
        assert (taken.number, taken.pdu.dest_addr_ton, taken.pdu.dest_addr_npi) == ("8615400000000", 1, 1)
        assert (taken.pdu.source_addr, taken.pdu.data_coding, taken.pdu.registered_delivery) == ("12381", 8, 1)
        assert taken.pdu.short_message.decode("utf-16-be") == SHORT
        assert [each.tag for each in taken.pdu.tlvs] == [protocol_codes.USER_MESSAGE_REFERENCE]

    play(scenario)


def test_a_long_message_goes_in_parts_that_belong_together() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        message = sms(text=LONG)
        assert await fixture.provider.send(message) == Accepted("1,2")
        assert [(each.part, each.parts) for each in fixture.book.parts] == [(1, 2), (2, 2)]
        bodies = [each.pdu.short_message for each in fixture.smsc.taken]
        assert [body[:3] + body[4:6] for body in bodies] == [b"\x05\x00\x03\x02\x01", b"\x05\x00\x03\x02\x02"]
        assert bodies[0][3] == bodies[1][3]
        assert all(each.pdu.esm_class == 0x40 and len(each.pdu.short_message) <= 140 for each in fixture.smsc.taken)
        assert b"".join(body[6:] for body in bodies).decode("utf-16-be") == LONG

    play(scenario)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+8615400000007", Transient("ESME_RTHROTTLED")),
        ("+8615400000008", Permanent(Result.FAILED_PERMANENT, "ESME_RINVDSTADR")),
        ("+8615400000006", OperationsFault("ESME_RINVPASWD")),
        ("+8615400000009", InDoubt("no answer")),
    ],
)
def test_what_the_smsc_says_of_a_message(number: str, said: Outcome) -> None:
    assert outcome(number, timeout_s=SOON_S if said == InDoubt("no answer") else PATIENCE_S) == said


def test_a_bind_that_is_refused_is_for_somebody_to_mend() -> None:
    assert outcome("+8615400000000", Smsc(bind_status=0x0E)) == OperationsFault("ESME_RINVPASWD")
    assert outcome("+8615400000000", Smsc(bind_status=0x0D)) == OperationsFault("ESME_RBINDFAIL")
    assert outcome("+8615400000000", Smsc(bind_status=protocol_codes.ALREADY_BOUND), timeout_s=SOON_S) == Transient(
        "not bound"
    )


def test_nobody_listens() -> None:
    async def scenario() -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))  # and does not listen
            provider = SmppProvider(settings(deaf.getsockname()[1], timeout_s=SOON_S), Book())
            assert await provider.send(sms()) == Transient("the link is not held here")
            await provider.open()
            assert await provider.send(sms()) == Transient("not bound")
            await provider.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("end", [Far.cut, Far.unbind, lambda far: far.rubbish(3), lambda far: far.rubbish(1 << 30)])
def test_a_line_that_ends_before_the_answer_leaves_a_doubt(end: Callable[[Far], None]) -> None:
    """And the link binds again by itself."""

    async def scenario(fixture: SmppFixture) -> None:
        fixture.smsc.answers = lambda submitted: submitted != 1
        fixture.smsc.on_submit = lambda far, submitted: end(far) if submitted == 1 else None
        assert await fixture.provider.send(sms()) == InDoubt("connection lost")
        await until(lambda: fixture.smsc.bind_tries == 2)
        assert await fixture.provider.send(sms()) == Accepted("2")

    play(scenario)


def test_an_answer_that_comes_too_late_still_gives_the_id() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        message = sms()
        fixture.smsc.answers = lambda submitted: False
        assert await fixture.provider.send(message) == InDoubt("no answer")
        fixture.smsc.far.answer_late()
        await until(lambda: len(fixture.book.parts) == 1)
        assert fixture.book.parts[0].send_key == message.send_key
        assert await fixture.provider.query(Inquiry(message.send_key)) == Accepted("1")

    play(scenario, timeout_s=SOON_S)


def test_the_window_is_never_exceeded() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        said = await asyncio.gather(*(fixture.provider.send(sms()) for _ in range(200)))
        assert all(isinstance(each, Accepted) for each in said)
        assert fixture.smsc.most_open == 4

    play(scenario, window=4)


def test_an_unanswered_message_keeps_its_place_until_the_line_is_made_new() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        fixture.smsc.answers = lambda submitted: submitted > 3
        first = await asyncio.gather(*(fixture.provider.send(sms()) for _ in range(2)))
        assert first == [InDoubt("no answer")] * 2
        assert await fixture.provider.send(sms()) in (InDoubt("no answer"), InDoubt("connection lost"))
        await until(lambda: fixture.smsc.bind_tries == 2)
        assert isinstance(await fixture.provider.send(sms()), Accepted)
        assert fixture.smsc.most_open == 3

    play(scenario, window=3, timeout_s=2 * SOON_S)


def test_what_finds_no_place_in_time_has_not_left() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        while not isinstance(await fixture.provider.send(sms()), Accepted):
            pass  # the line is not bound yet, on a machine that is busy
        before = fixture.smsc.submitted
        fixture.smsc.answers = lambda submitted: False
        said = await asyncio.gather(*(fixture.provider.send(sms()) for _ in range(5)))
        assert sorted(each.detail for each in said if isinstance(each, InDoubt)) == ["no answer"] * 2
        assert [each for each in said if isinstance(each, Transient)] == [
            Transient("its turn did not come in time")
        ] * 3
        assert fixture.smsc.submitted == before + 2

    play(scenario, window=2, timeout_s=SOON_S)


def test_the_pace_is_kept() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        await fixture.provider.send(sms())
        began = time.monotonic()
        await asyncio.gather(*(fixture.provider.send(sms()) for _ in range(20)))
        assert time.monotonic() - began >= 20 / 50 * 0.95

    play(scenario, per_second=50)


def test_a_throttled_part_is_sent_again_when_the_part_before_it_was_taken() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        fixture.smsc.throttled = lambda submitted: submitted == 2
        assert isinstance(await fixture.provider.send(sms(text=LONG)), Accepted)
        assert fixture.smsc.submitted == 3

    play(scenario)


def test_a_dead_peer_is_noticed_in_silence() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        await until(lambda: fixture.smsc.enquiries >= 2)
        fixture.smsc.is_mute = True
        await until(lambda: not fixture.provider._link.is_bound)

    play(scenario, enquire_link_s=0.1, timeout_s=SOON_S)


def test_a_receipt_that_can_not_be_kept_is_left_with_the_smsc_and_told() -> None:
    async def scenario(fixture: SmppFixture) -> None:
        fixture.book.is_away = True
        await fixture.provider.send(sms())
        await until(lambda: fixture.smsc.confirmed == [protocol_codes.TRY_LATER])
        fixture.book.is_away = False
        fixture.smsc.far.report(fixture.smsc.taken[0])
        await until(lambda: fixture.smsc.confirmed == [protocol_codes.TRY_LATER, 0])
        assert len(fixture.book.reports) == 1

    with capture_logs() as logged:
        play(scenario)
    assert [each["event"] for each in logged] == ["receipt_not_kept"]


@pytest.mark.parametrize("number", ["+8615400000003", "+8615400000013"])
def test_a_receipt_in_parameters_alone(number: str) -> None:
    """Some leave out the class that says it is a receipt; no person's message names a message_id."""

    async def scenario(fixture: SmppFixture) -> None:
        message = sms(number)
        await fixture.provider.send(message)
        await until(lambda: len(fixture.book.reports) == 1)
        [report] = fixture.book.reports
        assert (report.message_id, report.result, report.detail) == ("1", Result.FAILED_TEMPORARY, "EXPIRED")
        assert report.reference is not None

    play(scenario, Smsc(receipt=in_parameters))


def test_what_is_no_receipt_is_confirmed_and_not_kept() -> None:
    """A person's answer, an interim word, a thing that can't be read: the SMSC would bring each for ever."""

    async def scenario(fixture: SmppFixture) -> None:
        await fixture.provider.send(sms("+8615400000004"))
        fixture.smsc.far.deliver(receipt("8615400000000", "好的".encode("utf-16-be"), [], esm_class=0))
        fixture.smsc.far.deliver(b"\0\x01\x01no end")
        fixture.smsc.far.deliver(receipt("8615400000000", b"id:ABC123 stat:DELIVRD err:000", [], esm_class=0))
        fixture.smsc.far.deliver(receipt("8615400000000", b"stat:DELIVRD", []))
        fixture.smsc.far.deliver(receipt("8615400000000", b"", [smpp34.Tlv(0x1E, b"A" * 101)]))
        await until(lambda: fixture.smsc.confirmed == [0] * 6)
        assert fixture.book.reports == []
        assert fixture.provider.dropped_receipts.counts == Counter(forms)

    forms = ("unreadable_deliver_sm", "text_without_receipt_class", "no_message_id", "message_id_too_long")

    with capture_logs() as logged:
        play(scenario)
    told = {"event": "receipt_dropped", "log_level": "warning", "provider": "city-smpp", "dropped": 1}
    assert sorted(logged, key=lambda each: forms.index(each["form"])) == [told | {"form": form} for form in forms]


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("+8615400000000", Answered(Result.DELIVERED, ref="00000001")),
        ("+8615400000001", Answered(Result.FAILED_TEMPORARY, ref="00000001", detail="UNDELIV")),
        ("+8615400000004", Accepted("00000001", held=True)),
    ],
)
def test_query_sm(number: str, status: object) -> None:
    async def scenario(fixture: SmppFixture) -> None:
        message = sms(number)
        assert await fixture.provider.query(Inquiry(message.send_key)) == InDoubt("no message_id of every part")
        await fixture.provider.send(message)
        assert await fixture.provider.query(Inquiry(message.send_key)) == status

    play(scenario, Smsc(receipts="never"), queries=True)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"host": 7}, "host"),
        ({"system_id": "seventeen-letters"}, "system_id"),
        ({"window": 0}, "window"),
        ({"windows": 3}, "windows"),
        ({"timeout_s": 31}, "timeout_s"),
        ({"queries": True, "receipt_ids": "decimal_of_hex"}, "receipt_ids"),
    ],
)
def test_a_mistake_in_the_settings_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=f"provider city-smpp: .*{named}"):
        SmppProvider(settings(1, **changes), Book())
