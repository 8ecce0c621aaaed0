"""Receipts of the simulator: signed, late, twice, not at all, and brought again."""

import asyncio
from collections.abc import Callable

import pytest
from gateway_stage import OTHER_SECRET, PATIENCE_S, World, client, outcome_result, sms

from providers.base import Accepted, Answered, Callback, InDoubt, Inquiry, ReceiptRefused
from schemas.vocabulary import Result


def test_receipts_may_come_twice_late_or_not_at_all(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.faults(rate_duplicate_receipt=1)
        await stage.gateway.send(sms())
        assert (await stage.receipt()).dedupe_key == (await stage.receipt()).dedupe_key
        await stage.simulator.faults(late_ms=600_000)
        late = sms()
        accepted = await stage.gateway.send(late)
        await stage.simulator.faults(receipts=False)
        silent = sms()
        await stage.gateway.send(silent)
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(await stage.gateway.query(Inquiry(silent.send_key)), Answered):
                pass  # a query is the only way to see an outcome that no receipt reports
        assert await stage.gateway.query(Inquiry(late.send_key)) == accepted
        assert stage.mailbox.inbox.empty()
        assert stage.events() == ["message", "receipt", "receipt", "message", "message"]

    play(scenario)


def test_a_receipt_not_taken_is_posted_again(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        stage.mailbox.refusals = [500, 404, 302]
        await stage.gateway.send(sms())
        assert outcome_result((await stage.receipt()).outcome) is Result.DELIVERED
        assert stage.mailbox.refusals == []
        assert stage.events() == ["message", "receipt"]

    play(scenario)


def test_forged_receipts_are_refused(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.gateway.send(sms())
        headers, body = await stage.mailbox.raw()
        stranger = client(stage.simulator.base_url, secret=OTHER_SECRET)
        try:
            for gateway, forged in ((stage.gateway, body.replace(b"DELIVERED", b"BUSY")), (stranger, body)):
                with pytest.raises(ReceiptRefused):
                    gateway.parse_receipts(Callback(headers, forged))
        finally:
            await stranger.close()
        assert stage.gateway.parse_receipts(Callback(headers, body))

    play(scenario)


def test_timeout_after_accept_is_in_doubt_then_reported_twice(play: Callable[..., None]) -> None:
    async def scenario(stage: World) -> None:
        await stage.simulator.people(sms=["timeout_after_accept"])
        message = sms()
        assert isinstance(await stage.gateway.send(message), InDoubt)
        assert stage.events()[0] == "message"
        first, second = await stage.receipt(), await stage.receipt()
        assert first.dedupe_key == second.dedupe_key
        assert outcome_result(first.outcome) is outcome_result(second.outcome) is Result.DELIVERED
        assert isinstance(await stage.gateway.send(message), Accepted)
        assert stage.events() == ["message", "receipt", "receipt", "repeat"]

    play(scenario, "--timeout-hang-s", "0.1")
