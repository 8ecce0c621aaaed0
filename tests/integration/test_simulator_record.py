"""Start, record file and restart of the simulator."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from simulator_fixture import (
    NUMBER,
    PATIENCE_S,
    SECOND,
    SECRET,
    TEXT,
    SimulatorFixture,
    call,
    outcome_result,
    simulator_fixture,
    sms,
    spawn,
)

from providers.base import Accepted, Answered, Inquiry, Status
from schemas.vocabulary import Result


def test_a_restart_knows_its_messages_again(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    reported, queued, cancelled, unreported = sms(), call(), call(), sms(SECOND)

    messages = (reported, queued, cancelled)

    async def before() -> list[Status]:
        async with simulator_fixture(record) as fixture:
            await fixture.simulator.people(voice=["queued", "queued"])
            for message in messages:
                await fixture.gateway.send(message)
                await fixture.receipt()
            await fixture.gateway.cancel(cancelled.send_key)
            await fixture.simulator.faults(late_ms=600_000)
            await fixture.gateway.send(unreported)
            known = [await fixture.gateway.query(Inquiry(each.send_key)) for each in messages]
            assert await fixture.simulator.stop(signal.SIGINT) == (0, b"", b"")
            return known

    async def after(known: list[Status]) -> None:
        async with simulator_fixture(record) as fixture:
            assert [await fixture.gateway.query(Inquiry(each.send_key)) for each in messages] == known
            outcome = await fixture.gateway.query(Inquiry(unreported.send_key))
            assert outcome_result(outcome) is Result.DELIVERED
            assert isinstance(known[0], Answered)
            assert await fixture.gateway.send(reported) == Accepted(known[0].ref)
            assert await fixture.simulator.seen() == {
                "messages": 4,
                "repeats": 1,
                "receipts_sent": 0,
                "receipts_failed": 0,
                "faults": {},
            }
            assert await fixture.gateway.cancel(queued.send_key) is True

    known = asyncio.run(before())
    torn = b'{"at":"2026-'
    with record.open("ab") as file:
        file.write(torn)
    asyncio.run(after(known))
    assert torn + b"{" not in record.read_bytes()
    assert all(json.loads(line) for line in record.read_text().splitlines())


def test_the_record_holds_no_number_and_no_text(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(sms=["delivered", "rejected:content"], voice=["queued"])
        queued = call()
        for message in (sms(), queued):
            await fixture.gateway.send(message)
            await fixture.receipt()
        await fixture.gateway.send(queued)
        await fixture.gateway.send(sms())
        await fixture.gateway.cancel(queued.send_key)
        assert set(fixture.events()) == {"message", "repeat", "refused", "cancel", "receipt"}
        lines = [json.loads(line) for line in fixture.record.read_text().splitlines()]
        written = json.dumps(lines, ensure_ascii=False)
        assert NUMBER.removeprefix("+86") not in written
        assert TEXT not in written
        assert {len(line["to"]) for line in lines} == {64}
        assert fixture.record.stat().st_mode & 0o077 == 0

    play(scenario)


async def refusal_to_start(*arguments: str, secret: str | None = SECRET) -> tuple[int | None, str]:
    process = await spawn(*arguments, secret=secret)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert out == b""
    return process.returncode, err.decode()


@pytest.mark.parametrize("secret", [None, "", "whsec_", "whsec_x", "c2VjcmV0"])
def test_without_a_good_secret_it_does_not_start(tmp_path: Path, secret: str | None) -> None:
    code, said = asyncio.run(refusal_to_start("--port", "0", "--record", str(tmp_path / "r"), secret=secret))
    assert code == 2
    assert said.count("\n") == 1
    assert "DISPATCHER_SIMULATOR_SECRET" in said


def test_on_a_used_port_it_does_not_start(play: Callable[..., None], tmp_path: Path) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        port = fixture.simulator.base_url.rpartition(":")[2]
        code, said = await refusal_to_start("--port", port, "--record", str(tmp_path / "other"))
        assert code == 2
        assert said.count("\n") == 1
        assert port in said

    play(scenario)


@pytest.mark.parametrize("content", [None, "{}\n"])
def test_with_an_unusable_record_it_does_not_start(tmp_path: Path, content: str | None) -> None:
    record = tmp_path / "record"
    if content is None:
        record.mkdir()
    else:
        record.write_text(content)
    code, said = asyncio.run(refusal_to_start("--port", "0", "--record", str(record)))
    assert code == 2
    assert said.count("\n") == 1
    assert str(record) in said
