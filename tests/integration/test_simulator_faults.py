"""Faults on demand, and what the gateway client makes of them."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator

import aiohttp
import pytest
from simulator_fixture import OTHER_SECRET, SimulatorFixture, client, outcome_result, sms

from providers.base import Accepted, InDoubt, Inquiry, NeverTaken, OperationsFault, Outcome, Transient
from schemas.vocabulary import Result

SOON = ("--timeout-hang-s", "0.1")  # then the simulator drops the call that it lets hang


def test_a_hanging_answer_ends_in_a_dropped_connection(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(sms=["timeout_after_accept"])
        outcome = await fixture.gateway.send(sms())
        assert isinstance(outcome, InDoubt)
        assert outcome.detail != "ReadTimeout"

    play(scenario, *SOON)


def test_dropped_after_accept_is_in_doubt_and_reported(play: Callable[..., None]) -> None:
    """httpx-aiohttp reports a lost connection as ConnectTimeout; taken for 'not sent' it would make a duplicate."""

    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.gateway.send(sms())  # so that the next one goes by a connection already open, too
        await fixture.receipt()
        await fixture.simulator.faults(rate_drop_after_accept=1)
        for message in (sms(), sms()):
            assert isinstance(await fixture.gateway.send(message), InDoubt)
            receipt = await fixture.receipt()
            assert receipt.send_key == message.send_key
            assert outcome_result(receipt.outcome) is Result.DELIVERED
        assert (await fixture.simulator.seen())["messages"] == 3

    play(scenario)


def test_a_refusal_inside_of_a_200_is_in_doubt_and_the_query_tells(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.faults(rate_refusal_inside=1)
        message = sms()
        assert await fixture.gateway.send(message) == InDoubt("gateway answered 200")
        assert await fixture.gateway.query(Inquiry(message.send_key)) == NeverTaken()
        seen = await fixture.simulator.seen()
        assert (seen["messages"], seen["faults"]) == (0, {"rate_refusal_inside": 1})

    play(scenario)


@pytest.mark.parametrize("fault", ["rate_hang_after_accept", "rate_cut_answer", "rate_garbage_answer"])
def test_an_answer_that_says_nothing_is_in_doubt_though_taken(play: Callable[..., None], fault: str) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.faults(**{fault: 1})
        message = sms()
        assert isinstance(await fixture.gateway.send(message), InDoubt)
        assert (await fixture.receipt()).send_key == message.send_key
        seen = await fixture.simulator.seen()
        assert (seen["messages"], seen["faults"]) == (1, {fault: 1})

    play(scenario, *SOON)


def test_a_receipt_may_come_before_the_answer(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.faults(answer_late_ms=3000)
        sending = asyncio.create_task(fixture.gateway.send(sms()))
        await fixture.receipt()
        assert not sending.done()
        assert isinstance(await sending, Accepted)

    play(scenario)


def test_receipts_overtake_each_other(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.faults(jitter_ms=2000, seed=7)
        await asyncio.gather(*(fixture.gateway.send(sms()) for _ in range(8)))
        taken = [json.loads(line)["id"] for line in fixture.record.read_text().splitlines() if '"message"' in line]
        came = [(await fixture.receipt()).send_key for _ in taken]
        assert sorted(came) == sorted(taken)
        assert came != taken

    play(scenario)


def test_a_hang_before_taking_is_in_doubt_and_never_taken(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.faults(rate_hang=1)
        message = sms()
        assert isinstance(await fixture.gateway.send(message), InDoubt)
        assert await fixture.gateway.query(Inquiry(message.send_key)) == NeverTaken()
        assert fixture.events() == []

    play(scenario, *SOON)


def test_an_ailing_gateway_is_transient(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        message = sms()
        await fixture.simulator.faults(rate_429=1)
        assert await fixture.gateway.send(message) == Transient("gateway answered 429", 1.0)
        await fixture.simulator.faults(rate_500=1)
        assert await fixture.gateway.send(message) == Transient("gateway answered 500")
        assert await fixture.gateway.query(Inquiry(message.send_key)) == NeverTaken()
        await fixture.simulator.faults()
        assert isinstance(await fixture.gateway.send(message), Accepted)

    play(scenario)


def test_the_same_seed_strikes_the_same_messages(play: Callable[..., None]) -> None:
    async def struck(fixture: SimulatorFixture) -> list[bool]:
        await fixture.simulator.faults(rate_500=0.5, seed=7)
        return [isinstance(await fixture.gateway.send(sms()), Transient) for _ in range(20)]

    async def scenario(fixture: SimulatorFixture) -> None:
        first = await struck(fixture)
        assert set(first) == {True, False}
        assert await struck(fixture) == first

    play(scenario)


def test_a_slow_gateway_answers_late(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.faults(delay_ms=600_000)
        assert isinstance(await hurried(fixture), InDoubt)

    play(scenario)


async def hurried(fixture: SimulatorFixture) -> Outcome:
    """What a client without patience makes of a slow answer: with the least patience in which it can send at all."""
    for timeout_s in (0.2, 2.0, 20.0):
        gateway = client(fixture.simulator.base_url, timeout_s=timeout_s)
        try:
            outcome = await gateway.send(sms())
        finally:
            await gateway.close()
        if not isinstance(outcome, Transient):
            break
    return outcome


@pytest.mark.parametrize(
    ("field_name", "value"),
    [("rate_429", 1.5), ("rate_500", -0.1), ("delay_ms", -1), ("late_ms", "soon"), ("receipts", 2), ("rate_42", 0)],
)
def test_faults_out_of_range_are_refused_by_name(play: Callable[..., None], field_name: str, value: object) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        status, body = await fixture.simulator.control("PUT", "/control/faults", {field_name: value})
        assert (status, body["field"]) == (400, field_name)

    play(scenario)


def test_a_wrong_bearer_is_a_fault_of_operations(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        stranger = client(fixture.simulator.base_url, secret=OTHER_SECRET)
        try:
            assert isinstance(await stranger.send(sms()), OperationsFault)
        finally:
            await stranger.close()
        async with aiohttp.ClientSession() as nobody:
            for path in ("/messages/x", "/control/seen", "/nowhere"):
                async with nobody.get(f"{fixture.simulator.base_url}{path}") as answer:
                    assert answer.status == 401
        assert fixture.events() == []

    play(scenario)


def test_a_refused_connection_is_transient(unused_port: int) -> None:
    async def scenario() -> Outcome:
        gateway = client(f"http://127.0.0.1:{unused_port}")
        try:
            return await gateway.send(sms())
        finally:
            await gateway.close()

    assert isinstance(asyncio.run(scenario()), Transient)


@pytest.fixture
def unused_port() -> Iterator[int]:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # nobody else gets it meanwhile
        yield deaf.getsockname()[1]
