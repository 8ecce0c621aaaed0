"""Receipts at the door of the hooks app, signed for real, and how stored ones are settled."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from casework_fixture import CaseworkFixture, Scripted
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from receipts_fixture import answered, report, sent, services_with_gateway, signed
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from structlog.testing import capture_logs

from dispatcher.delivery import receipts
from dispatcher.setup import Services
from dispatcher.store.receipts import ReceiptRow
from dispatcher.store.tables import metadata
from dispatcher.web.hooks import app
from dispatcher.web.hooks.app import make
from providers.base import Answered, InDoubt, Receipt
from schemas.channel_results import RESULTS_OF
from schemas.vocabulary import Channel, Result


@pytest.fixture
def services(casework: CaseworkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    return services_with_gateway(casework, tmp_path, monkeypatch)


@pytest.fixture
def gateway(services: Services) -> FastAPI:
    """The hooks app of the services."""
    return make(services)


def post(gateway: FastAPI, body: bytes, provider: str = "city-sms", **how: Any) -> int:
    return post_as_is(gateway, body, signed(body, **how), provider)


def post_as_is(gateway: FastAPI, body: bytes, headers: dict[str, str], provider: str = "city-sms") -> int:
    return answered(gateway, body, headers, provider).status_code


def test_a_receipt_is_stored_then_settled(casework: CaseworkFixture, gateway: FastAPI) -> None:
    key = sent(casework)
    assert post(gateway, report(key)) == 204
    [row] = casework.rows(ReceiptRow)
    assert (row.provider, row.send_key, row.result, row.settled_at) == ("city-sms", key, "DELIVERED", None)
    assert casework.settle() == 1
    [attempt] = casework.rows_of_key(key)
    assert (attempt.state, attempt.result, attempt.ref) == ("settled", "DELIVERED", "r1")
    assert casework.rows(ReceiptRow)[0].settled_at == casework.now
    assert casework.settle() == 0


def test_a_vendor_can_speak_for_its_own_messages_only(casework: CaseworkFixture, gateway: FastAPI) -> None:
    case_id = casework.open()
    casework.deliver(Scripted(name="another-vendor"))
    key = str(casework.attempts(case_id)[0].send_key)
    assert post(gateway, report(key)) == 204
    casework.settle()
    assert casework.attempts(case_id)[0].state == "accepted"


def test_what_a_confirmed_call_says_is_kept_and_free_text_is_not(casework: CaseworkFixture, gateway: FastAPI) -> None:
    detail = {"confirmed": True, "answer": "denies", "note": "何样兰说没事"}
    assert post(gateway, report(sent(casework), "ANSWERED_SUBJECT", detail=detail)) == 204
    [row] = casework.rows(ReceiptRow)
    assert (row.result, row.confirmed, row.answer, row.detail) == ("ANSWERED_SUBJECT", True, "denies", None)


@pytest.mark.parametrize(
    ("channel", "result"),
    [("voice", each.value) for each in sorted(set(Result) - RESULTS_OF[Channel.VOICE])]
    + [("sms", each.value) for each in sorted(set(Result) - RESULTS_OF[Channel.SMS])],
)
def test_a_result_of_another_channel_is_kept_told_and_changes_nothing(
    casework: CaseworkFixture, gateway: FastAPI, channel: str, result: str
) -> None:
    case_id = casework.open(channels=[channel])
    casework.pass_time(minutes=1)
    casework.deliver(Scripted(name="city-sms"))
    key = casework.attempts(case_id)[0].send_key
    confirmed = {"confirmed": True, "answer": "dissuaded"}
    with capture_logs() as logged:
        assert post(gateway, report(key, result, detail=confirmed)) == 204
        casework.settle()
    [row] = casework.rows(ReceiptRow)
    assert (row.result, row.settled_at) == (result, casework.now)
    [attempt] = casework.rows_of_key(key)
    assert (attempt.state, attempt.result, attempt.confirmed) == ("accepted", None, False)
    assert casework.case(case_id).state == "open"
    assert casework.events(case_id)[-1] == "word_ignored"
    assert refused(gateway) == {"result of another channel": 1}
    assert [each["event"] for each in logged if each["log_level"] == "warning"] == [
        "receipts_left_out",
        "result_set_aside",
    ]
    true = "BUSY" if channel == "voice" else "DELIVERED"
    assert post(gateway, report(key, true)) == 204
    casework.settle()
    assert casework.rows_of_key(key)[0].result == true


@pytest.mark.parametrize("asked", ["send", "query"])
def test_a_result_of_another_channel_in_an_answer_is_taken_for_accepted(casework: CaseworkFixture, asked: str) -> None:
    met = Answered(Result.MET_DISSUADED, confirmed=True, ref="r1")
    provider = Scripted([met if asked == "send" else InDoubt("lost")], [met])
    case_id = casework.open(channels=["voice"])
    casework.pass_time(minutes=1)
    for _ in range(1 if asked == "send" else 2):
        casework.deliver(provider)
    attempt = casework.attempts(case_id, "voice")[0]
    assert (attempt.state, attempt.result, attempt.ref, attempt.confirmed) == ("accepted", None, "r1", False)
    assert casework.case(case_id).state == "open"


@pytest.mark.parametrize("word", ["BUSY\0", "\ud800", "忙", ""])
def test_a_word_that_can_not_be_stored_is_refused_or_unknown(
    casework: CaseworkFixture, gateway: FastAPI, word: str
) -> None:
    assert post(gateway, report(sent(casework), word)) in (204, 400)


def test_an_id_is_known_in_capitals_and_without_dashes(casework: CaseworkFixture, gateway: FastAPI) -> None:
    key = sent(casework)
    body = json.dumps({"id": key.hex.upper(), "ref": 20260302, "result": "DELIVERED", "at": 1772413580}).encode()
    assert post(gateway, body) == post(gateway, report(key)) == 204
    assert len(casework.rows(ReceiptRow)) == 1
    casework.settle()
    [attempt] = casework.rows_of_key(key)
    assert (attempt.result, attempt.ref) == ("DELIVERED", "20260302")


def test_a_queued_word_and_the_final_one_are_two(casework: CaseworkFixture, gateway: FastAPI) -> None:
    key = sent(casework)
    assert post(gateway, report(key, "QUEUED")) == post(gateway, report(key)) == 204
    assert [(each.held, each.result) for each in casework.rows(ReceiptRow)] == [(True, None), (False, "DELIVERED")]
    assert casework.settle() == 2
    assert casework.rows_of_key(key)[0].result == "DELIVERED"


WORDS = "Heyanglan-denies"
FORGED = {"secret": "whsec_" + base64.b64encode(b"x" * 32).decode()}
OLD, EARLY = ({"at": datetime.now(UTC) + timedelta(days=days)} for days in (-1, 1))


def contents(casework: CaseworkFixture) -> dict[str, str]:
    """Every table, whole."""
    digest = "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {} t"
    return {table.name: casework.sql(digest.format(table.name))[0][0] for table in metadata.sorted_tables}


@pytest.mark.parametrize(
    ("body", "how", "status", "why"),
    [
        (report, FORGED, 400, "No matching signature found"),
        (report, OLD, 400, "Message timestamp too old"),
        (report, EARLY, 400, "Message timestamp too new"),
        (report, {"provider": "nobody"}, 404, "unknown_provider"),
        (lambda key, **_: report(uuid4(), detail=WORDS), {}, 404, "unknown_id"),
        (lambda key, **_: b'{"id": "' + WORDS.encode(), {}, 400, "malformed"),
        (lambda key, **_: b"\xff\xfe", {}, 400, "malformed"),
        (lambda key, **_: b"[]", {}, 400, "malformed"),
        (lambda key, **_: report("-" * 36, detail=WORDS), {}, 400, "malformed"),
        (lambda key, **_: report(WORDS), {}, 400, "malformed"),
        (lambda key, **_: WORDS.encode() * 600_000, {}, 413, "too_large"),
    ],
    ids=(
        *("forged", "old", "early", "unknown_provider", "unknown_id", "no_json", "no_text", "no_object"),
        *("dashes", "no_id", "10_MB"),
    ),
)
def test_what_is_not_a_good_receipt_is_refused_counted_and_changes_nothing(
    casework: CaseworkFixture, gateway: FastAPI, body: Callable[..., bytes], how: dict[str, Any], status: int, why: str
) -> None:
    key = sent(casework)
    before = contents(casework)
    with capture_logs() as logged:
        assert post(gateway, body(key, detail=WORDS), **how) == status
    assert contents(casework) == before
    provider = how.get("provider", "city-sms")
    assert logged == [{"event": "receipt_refused", "log_level": "warning", "provider": provider, "why": why}]
    assert refused(gateway) == {why: 1}


def refused(gateway: FastAPI) -> dict[str, int]:
    async def answer() -> dict[str, int]:
        async with AsyncClient(transport=ASGITransport(gateway), base_url="http://hooks") as client:
            counts: dict[str, int] = (await client.get("/healthz")).json()["refused"]
            return counts

    return asyncio.run(answer())


def test_a_body_that_never_ends_is_given_up(gateway: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a request, kept open, costs its sender a connection and us a few seconds."""
    monkeypatch.setattr(app, "READ_WITHIN_S", 0.05)

    async def half() -> AsyncIterator[bytes]:
        yield b'{"id"'
        await asyncio.Event().wait()

    async def answer() -> int:
        async with AsyncClient(transport=ASGITransport(gateway), base_url="http://hooks") as client:
            return (await client.post("/receipts/city-sms", content=half())).status_code

    assert asyncio.run(answer()) == 408
    assert refused(gateway) == {"too_slow": 1}


def test_nobody_is_told_what_the_door_takes(gateway: FastAPI) -> None:
    async def statuses() -> list[int]:
        async with AsyncClient(transport=ASGITransport(gateway), base_url="http://hooks") as client:
            return [(await client.get(path)).status_code for path in ("/openapi.json", "/docs", "/redoc")]

    assert asyncio.run(statuses()) == [404, 404, 404]


def test_a_database_that_is_away_or_full_has_the_receipt_brought_again(
    casework: CaseworkFixture, services: Services
) -> None:
    body = report(sent(casework))
    away = create_engine("postgresql+psycopg://user@127.0.0.1:1/x", connect_args={"connect_timeout": 1})
    small = create_engine(casework.url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with small.connect():
        for engine in (away, small):
            answer = answered(make(replace(services, sessions=sessionmaker(engine))), body, signed(body))
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert casework.rows(ReceiptRow) == []
    assert post(make(replace(services, sessions=sessionmaker(small))), body) == 204


def test_a_message_that_has_not_left_has_no_receipt(casework: CaseworkFixture, gateway: FastAPI) -> None:
    """Claimed is committed before it leaves, so the first receipt that can be true finds it."""
    key = casework.attempts(casework.open())[0].send_key
    assert post(gateway, report(key)) == 404
    casework.claim(Scripted(name="city-sms"))
    assert post(gateway, report(key)) == 204


def test_reasons_are_counted_without_end_and_kept_within_bounds(casework: CaseworkFixture, gateway: FastAPI) -> None:
    for number in range(60):
        post(gateway, b"{}", provider=f"nobody-{number}")
    assert refused(gateway) == {"unknown_provider": 60}


def test_a_receipt_without_signature_or_with_a_changed_body_is_refused(
    casework: CaseworkFixture, gateway: FastAPI
) -> None:
    body = report(sent(casework))
    assert post_as_is(gateway, body, {}) == 400
    changed = body.replace(b"DELIVERED", b"NO_ANSWER")
    assert post_as_is(gateway, changed, signed(body)) == 400
    assert casework.rows(ReceiptRow) == []


def store(casework: CaseworkFixture, key: UUID, result: Result = Result.DELIVERED) -> None:
    with casework.begin() as work:
        receipts.store(work, "city-sms", Receipt(str(key), f"{key}:{result}", Answered(result)))


def test_a_receipt_for_an_unknown_message_settles_nothing(casework: CaseworkFixture) -> None:
    key = sent(casework)
    before = casework.rows_of_key(key)[0]
    store(casework, uuid4())
    assert casework.settle() == 1
    after = casework.rows_of_key(key)[0]
    assert (after.state, after.due_at) == (before.state, before.due_at)
    assert casework.settle() == 0


def test_many_are_settled_in_batches(casework: CaseworkFixture) -> None:
    keys = {sent(casework, number) for number in range(1, 4)}
    for key in keys:
        store(casework, key)
    for _ in range(receipts.BATCH):
        store(casework, uuid4())
    assert [casework.settle() for _ in range(3)] == [receipts.BATCH, len(keys), 0]
    assert {casework.rows_of_key(key)[0].result for key in keys} == {"DELIVERED"}


def test_the_receipt_of_a_case_that_somebody_holds_holds_up_no_other(casework: CaseworkFixture) -> None:
    held, other = sent(casework, 1), sent(casework, 2)
    store(casework, held)
    store(casework, other)
    with casework.holding(casework.rows_of_key(held)[0].case_id):
        assert casework.settle() == 1
        assert casework.rows_of_key(other)[0].result == "DELIVERED"
    assert casework.settle() == 1
    assert casework.rows_of_key(held)[0].result == "DELIVERED"


def test_settlers_at_once_settle_each_once(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [sent(casework, number) for number in range(1, 13)]
    for key in keys:
        store(casework, key)
        store(casework, key, Result.FAILED_TEMPORARY)
    monkeypatch.setattr(receipts, "BATCH", 4)
    with ThreadPoolExecutor(6) as threads:
        settled = sum(threads.map(lambda _: casework.settle(), range(12)))
    settled += sum(iter(casework.settle, 0))
    assert settled == 24
    for key in keys:
        case_id = casework.rows_of_key(key)[0].case_id
        settlements = [
            each for each in casework.journal(case_id, "attempt_settled") if each.data["attempt"] == str(key)
        ]
        assert len(settlements) == 1
