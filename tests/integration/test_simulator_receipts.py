"""Receipts of the simulator: signed, late, twice, not at all, and brought again."""

import asyncio
from collections.abc import Callable

import pytest
from simulator_fixture import OTHER_SECRET, PATIENCE_S, SimulatorFixture, client, outcome_result, sms

from providers.base import Accepted, Answered, Callback, InDoubt, Inquiry, ReceiptRefused
from schemas.vocabulary import Result


def test_receipts_may_come_twice_late_or_not_at_all(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.faults(rate_duplicate_receipt=1)
        await fixture.gateway.send(sms())
        assert (await fixture.receipt()).dedupe_key == (await fixture.receipt()).dedupe_key
        await fixture.simulator.faults(late_ms=600_000)
        late = sms()
        accepted = await fixture.gateway.send(late)
        await fixture.simulator.faults(receipts=False)
        silent = sms()
        await fixture.gateway.send(silent)
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(await fixture.gateway.query(Inquiry(silent.send_key)), Answered):
                pass  # a query is the only way to see an outcome that no receipt reports
        assert await fixture.gateway.query(Inquiry(late.send_key)) == accepted
        assert fixture.mailbox.inbox.empty()
        assert fixture.events() == ["message", "receipt", "receipt", "message", "message"]

    play(scenario)


def test_a_receipt_not_taken_is_posted_again(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        fixture.mailbox.refusals = [500, 404, 302]
        await fixture.gateway.send(sms())
        assert outcome_result((await fixture.receipt()).outcome) is Result.DELIVERED
        assert fixture.mailbox.refusals == []
        assert fixture.events() == ["message", "receipt"]

    play(scenario)


def test_forged_receipts_are_refused(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.gateway.send(sms())
        headers, body = await fixture.mailbox.raw()
        stranger = client(fixture.simulator.base_url, secret=OTHER_SECRET)
        try:
            for gateway, forged in ((fixture.gateway, body.replace(b"DELIVERED", b"BUSY")), (stranger, body)):
                with pytest.raises(ReceiptRefused):
                    gateway.parse_receipts(Callback(headers, forged))
        finally:
            await stranger.close()
        assert fixture.gateway.parse_receipts(Callback(headers, body))

    play(scenario)


def test_timeout_after_accept_is_in_doubt_then_reported_twice(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(sms=["timeout_after_accept"])
        message = sms()
        assert isinstance(await fixture.gateway.send(message), InDoubt)
        assert fixture.events()[0] == "message"
        first, second = await fixture.receipt(), await fixture.receipt()
        assert first.dedupe_key == second.dedupe_key
        assert outcome_result(first.outcome) is outcome_result(second.outcome) is Result.DELIVERED
        assert isinstance(await fixture.gateway.send(message), Accepted)
        assert fixture.events() == ["message", "receipt", "receipt", "repeat"]

    play(scenario, "--timeout-hang-s", "0.1")
