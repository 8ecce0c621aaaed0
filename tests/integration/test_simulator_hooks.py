"""Banks and groups: a hook's whole script is played in one attempt, a broadcast names nobody."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from simulator_fixture import (
    IDENTITY,
    NUMBER,
    TEXT,
    SimulatorFixture,
    call,
    hook,
    notice,
    outcome_result,
    simulator_fixture,
    sms,
)

from providers.base import Accepted, Answered, Inquiry, Message, OperationsFault
from schemas.gateway import REQUESTED
from schemas.vocabulary import BankRequest, Channel, Person, Result

# The words of one script, how many interim receipts come first, and the end: result, yuan, hours.
SCRIPTS = [
    (BankRequest.STOP_PAYMENT, ["accepted", "partly_stopped:52000"], 1, (Result.STOPPED_PARTLY, 52_000, None)),
    (BankRequest.STOP_PAYMENT, ["accepted", "requested", "stopped:100000"], 2, (Result.STOPPED, 100_000, None)),
    (BankRequest.STOP_PAYMENT, ["stopped:0"], 0, (Result.STOPPED, 0, None)),
    (BankRequest.STOP_PAYMENT, ["not_stopped"], 0, (Result.NOT_STOPPED, None, None)),
    (BankRequest.PROTECT_ACCOUNT, ["requested", "granted_24h"], 1, (Result.GRANTED, None, 24)),
    (BankRequest.PROTECT_ACCOUNT, ["accepted", "refused"], 1, (Result.REFUSED, None, None)),
    (BankRequest.LIFT_PROTECTION, ["requested", "lifted"], 1, (Result.LIFTED, None, None)),
    (BankRequest.PROTECT_ACCOUNT, ["requested", "granted_72h"], 1, (Result.GRANTED, None, 72)),
    (BankRequest.PROTECT_ACCOUNT, ["requested"], 1, (Result.REFUSED, None, None)),
    (BankRequest.LIFT_PROTECTION, ["refused"], 0, (Result.REFUSED, None, None)),
]
DEFAULTS = [
    (BankRequest.STOP_PAYMENT, 1, Result.NOT_STOPPED),
    (BankRequest.PROTECT_ACCOUNT, 1, Result.REFUSED),
    (BankRequest.LIFT_PROTECTION, 0, Result.LIFTED),
]

LATE_S = 3  # a bank's second word comes so long after its first


async def outcomes(fixture: SimulatorFixture, message: Message) -> list[Accepted | Answered]:
    """Send, and give all that is reported until the end."""
    accepted = await fixture.bank.send(message)
    assert isinstance(accepted, Accepted)
    found: list[Accepted | Answered] = []
    while not (found and isinstance(found[-1], Answered)):
        receipt = await fixture.receipt()
        assert (receipt.send_key, receipt.outcome.ref) == (message.send_key, accepted.ref)
        found.append(receipt.outcome)
    assert await fixture.bank.query(Inquiry(message.send_key)) == found[-1]
    return found


def test_each_script_of_a_bank_is_played_in_one_attempt(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        for kind, script, interim, end in SCRIPTS:
            await fixture.simulator.people(numbers=[], identities=[IDENTITY], **{kind: script})
            *first, last = await outcomes(fixture, hook(kind))
            assert all(isinstance(each, Accepted) and each.held for each in first)
            assert len(first) == interim
            assert isinstance(last, Answered)
            assert (last.result, last.stopped_yuan, last.hours) == end
            assert not last.confirmed

    play(scenario)


@pytest.mark.parametrize(("kind", "interim", "end"), DEFAULTS)
def test_a_bank_without_a_script_or_an_identity_does_the_ordinary(
    play: Callable[..., None], kind: BankRequest, interim: int, end: Result
) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(
            numbers=[], identities=[IDENTITY], stop_payment=["stopped:1"], protect_account=["granted_24h"]
        )
        used_up = hook(kind)
        await outcomes(fixture, used_up)
        for message in (hook(kind), hook(kind, to=None), hook(kind, to="990101198001010000")):
            found = await outcomes(fixture, message)
            assert (len(found) - 1, outcome_result(found[-1])) == (interim, end)

    play(scenario)


def test_one_person_has_words_for_calls_and_for_hooks(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(
            identities=[IDENTITY, "P1234567"], voice=["busy"], stop_payment=["stopped:7"], protect_account=["refused"]
        )
        assert (
            outcome_result((await outcomes(fixture, hook(BankRequest.STOP_PAYMENT, to="P1234567")))[-1])
            is Result.STOPPED
        )
        assert (
            outcome_result((await outcomes(fixture, hook(BankRequest.STOP_PAYMENT)))[-1]) is Result.NOT_STOPPED
        )  # shared
        await fixture.gateway.send(call())
        assert outcome_result((await fixture.receipt()).outcome) is Result.BUSY

    play(scenario)


def test_a_request_in_hand_can_be_recalled_until_the_bank_has_answered(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        fixture.mailbox.on_receipt = lambda: fixture.simulator.faults(late_ms=LATE_S * 1000)
        message = hook(BankRequest.PROTECT_ACCOUNT, reason="refused", hours=24)
        await fixture.bank.send(message)
        assert (await fixture.receipt()).dedupe_key.endswith(REQUESTED)
        would_come = time.monotonic() + LATE_S
        assert await fixture.bank.cancel(message.send_key) is True
        await fixture.simulator.faults()
        answered = hook(BankRequest.LIFT_PROTECTION)
        await outcomes(fixture, answered)
        assert await fixture.bank.cancel(answered.send_key) is False
        await asyncio.sleep(max(0.0, would_come - time.monotonic()))
        after = hook(BankRequest.LIFT_PROTECTION)
        await outcomes(fixture, after)  # nothing but these
        assert outcome_result(await fixture.bank.query(Inquiry(message.send_key))) is Result.UNKNOWN
        assert fixture.mailbox.inbox.empty()

    play(scenario)


def test_a_broadcast_is_delivered_to_nobody_by_name(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        message = notice()
        assert isinstance(await fixture.group.send(message), Accepted)
        receipt = await fixture.receipt()
        assert (receipt.send_key, outcome_result(receipt.outcome)) == (message.send_key, Result.DELIVERED)
        assert {json.loads(line)["to"] for line in fixture.record.read_text().splitlines()} == {None}

    play(scenario, "--answer-ms", "300")


def test_the_same_hook_twice_acts_once(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        message = hook(BankRequest.STOP_PAYMENT)
        first = await fixture.bank.send(message)
        assert await fixture.bank.send(message) == first
        seen = await fixture.simulator.seen()
        assert (seen["messages"], seen["repeats"]) == (1, 1)

    play(scenario)


@pytest.mark.parametrize(
    ("persona", "named"),
    [
        ({}, ("needs a number or an identity",)),
        ({"identities": [IDENTITY], "stop_payment": ["granted_24h"]}, ("granted_24h", "partly_stopped:YUAN")),
        ({"identities": [IDENTITY], "stop_payment": ["stopped"]}, ("stopped:YUAN",)),
        ({"identities": [IDENTITY], "stop_payment": ["stopped:15400000001"]}, ("stopped:YUAN",)),
        ({"identities": [IDENTITY], "stop_payment": ["stopped:-1"]}, ("stopped:YUAN",)),
        ({"identities": [IDENTITY], "protect_account": ["refused", "granted_24h"]}, ("refused", "must come last")),
        ({"identities": [IDENTITY], "lift_protection": {IDENTITY: ["lifted"]}}, ("lift_protection",)),
        ({"identities": [IDENTITY], "sms": ["delivered"]}, ("sms", "without numbers")),
        ({"numbers": [NUMBER], "stop_payment": ["not_stopped"]}, ("stop_payment", "without identities")),
        ({"identities": [""]}, ("identities",)),
    ],
)
def test_a_script_that_no_bank_can_play_is_refused(
    play: Callable[..., None], persona: dict[str, object], named: tuple[str, ...]
) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        status, body = await fixture.simulator.control("PUT", "/control/people", [persona])
        assert status == 400
        assert all(each in json.dumps(body) for each in named), body

    play(scenario)


GOOD = {"id": str(uuid.UUID(int=1)), "channel": "hook", "hook": "stop_payment", "to": IDENTITY, "facts": {}}
NOTICE = {"id": GOOD["id"], "channel": "broadcast", "text": TEXT, "area": "望潮区(虚构)"}


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "hook": "freeze_everything"},
        {**GOOD, "hook": None},
        {**GOOD, "facts": "transfers"},
        {**GOOD, "to": ""},
        {**NOTICE, "to": NUMBER},
        {**NOTICE, "area": ""},
        {name: value for name, value in NOTICE.items() if name != "text"},
        {**GOOD, "channel": "sms", "to": NUMBER, "text": TEXT},
    ],
)
def test_malformed_hooks_and_notices_are_refused(play: Callable[..., None], body: dict[str, object]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        async with fixture.simulator.session.post(
            f"{fixture.simulator.base_url}/messages", json=body, headers={"Idempotency-Key": str(GOOD["id"])}
        ) as answer:
            assert (answer.status, await answer.json()) == (400, {"code": "malformed"})

    play(scenario)


def test_a_hook_that_does_not_say_what_it_asks_for_never_leaves(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        nameless = Message(str(uuid.uuid4()), Channel.HOOK, Person.SUBJECT, to=IDENTITY)
        assert isinstance(await fixture.bank.send(nameless), OperationsFault)
        assert fixture.events() == []

    play(scenario)


def test_a_restart_knows_hooks_again_and_the_record_holds_no_identity(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    answered, waiting = hook(BankRequest.PROTECT_ACCOUNT), hook(BankRequest.STOP_PAYMENT)

    async def before() -> Answered:
        async with simulator_fixture(record) as fixture:
            await fixture.simulator.people(identities=[IDENTITY], protect_account=["requested", "granted_24h"])
            granted = (await outcomes(fixture, answered))[-1]
            await fixture.simulator.faults(late_ms=600_000)
            await fixture.bank.send(waiting)
            await fixture.gateway.send(sms())
            assert isinstance(granted, Answered)
            return granted

    async def after(granted: Answered) -> None:
        async with simulator_fixture(record) as fixture:
            assert await fixture.bank.query(Inquiry(answered.send_key)) == granted
            assert outcome_result(await fixture.bank.query(Inquiry(waiting.send_key))) is Result.NOT_STOPPED

    asyncio.run(after(asyncio.run(before())))
    written = record.read_text()
    assert IDENTITY not in written
    assert IDENTITY[:-1] not in written
