"""Receipts at the door of the hooks app, signed for real, and how stored ones are settled."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from desk import Desk, Scripted
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from dispatcher.delivery import receipts
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.receipts import ReceiptRow
from dispatcher.store.tables import metadata
from dispatcher.web.hooks.app import MAX_BODY_BYTES, make
from providers.base import Answered, Receipt
from schemas.vocabulary import Result

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
PROVIDERS = """
[[providers]]
name = "city-sms"
adapter = "http_gateway"
channels = ["sms", "voice"]
secret_env = "TEST_GATEWAY_SECRET"
base_url = "http://127.0.0.1:9"
"""


@pytest.fixture
def services(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """With one HTTP provider."""
    for name in [name for name in os.environ if name.startswith("DISPATCHER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEST_GATEWAY_SECRET", SECRET)
    (tmp_path / "providers.toml").write_text(PROVIDERS)
    settings = Settings(home=tmp_path, database_url=desk.url, providers_file=tmp_path / "providers.toml")
    return Services(settings, desk.sessions, desk.context)


@pytest.fixture
def gateway(services: Services) -> FastAPI:
    """The hooks app of the services."""
    return make(services)


def signed(body: bytes, *, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg-1", at, body.decode("latin-1")),
    }


def report(send_key: UUID | str, result: str = "DELIVERED", **more: Any) -> bytes:
    return json.dumps({"id": str(send_key), "ref": "r1", "result": result, **more}).encode()


def sent(desk: Desk, number: int = 1) -> UUID:
    """The key of a message that was accepted."""
    case_id = desk.open(number)
    desk.deliver(Scripted(name="city-sms"))
    return desk.attempts(case_id)[0].send_key


def post(gateway: FastAPI, body: bytes, provider: str = "city-sms", **how: Any) -> int:
    return post_as_is(gateway, body, signed(body, **how), provider)


def post_as_is(gateway: FastAPI, body: bytes, headers: dict[str, str], provider: str = "city-sms") -> int:
    return answered(gateway, body, headers, provider).status_code


def answered(gateway: FastAPI, body: bytes, headers: dict[str, str], provider: str = "city-sms") -> Response:
    async def answer() -> Response:
        async with AsyncClient(transport=ASGITransport(gateway), base_url="http://hooks") as client:
            return await client.post(f"/receipts/{provider}", content=body, headers=headers)

    return asyncio.run(answer())


def test_a_receipt_is_stored_then_settled(desk: Desk, gateway: FastAPI) -> None:
    key = sent(desk)
    assert post(gateway, report(key)) == 204
    [row] = desk.rows(ReceiptRow)
    assert (row.provider, row.send_key, row.result, row.settled_at) == ("city-sms", key, "DELIVERED", None)
    assert desk.settle() == 1
    [attempt] = desk.rows_of_key(key)
    assert (attempt.state, attempt.result, attempt.ref) == ("settled", "DELIVERED", "r1")
    assert desk.rows(ReceiptRow)[0].settled_at == desk.now
    assert desk.settle() == 0


def test_a_vendor_can_speak_for_its_own_messages_only(desk: Desk, gateway: FastAPI) -> None:
    case_id = desk.open()
    desk.deliver(Scripted(name="another-vendor"))
    key = str(desk.attempts(case_id)[0].send_key)
    assert post(gateway, report(key)) == 204
    desk.settle()
    assert desk.attempts(case_id)[0].state == "accepted"


def test_a_copy_of_a_receipt_is_stored_once(desk: Desk, gateway: FastAPI) -> None:
    key = sent(desk)
    with ThreadPoolExecutor(6) as threads:
        statuses = set(threads.map(lambda _: post(gateway, report(key)), range(18)))
    assert statuses == {204}
    assert len(desk.rows(ReceiptRow)) == 1
    assert desk.settle() == 1
    assert post(gateway, report(key)) == 204
    assert desk.settle() == 0


def test_what_a_confirmed_call_says_is_kept_and_free_text_is_not(desk: Desk, gateway: FastAPI) -> None:
    detail = {"confirmed": True, "answer": "denies", "note": "何样兰说没事"}
    assert post(gateway, report(sent(desk), "ANSWERED_SUBJECT", detail=detail)) == 204
    [row] = desk.rows(ReceiptRow)
    assert (row.result, row.confirmed, row.answer, row.detail) == ("ANSWERED_SUBJECT", True, "denies", None)


def test_a_queued_word_and_the_final_one_are_two(desk: Desk, gateway: FastAPI) -> None:
    key = sent(desk)
    assert post(gateway, report(key, "QUEUED")) == post(gateway, report(key)) == 204
    assert [(each.held, each.result) for each in desk.rows(ReceiptRow)] == [(True, None), (False, "DELIVERED")]
    assert desk.settle() == 2
    assert desk.rows_of_key(key)[0].result == "DELIVERED"


WORDS = "Heyanglan-denies"
FORGED = {"secret": "whsec_" + base64.b64encode(b"x" * 32).decode()}
OLD, EARLY = ({"at": datetime.now(UTC) + timedelta(days=days)} for days in (-1, 1))


def contents(desk: Desk) -> dict[str, str]:
    """Every table, whole."""
    digest = "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {} t"
    return {table.name: desk.sql(digest.format(table.name))[0][0] for table in metadata.sorted_tables}


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
        (lambda key, **_: report("-" * 36, detail=WORDS), {}, 400, "badly formed hexadecimal UUID string"),
        (lambda key, **_: report(WORDS), {}, 400, "malformed"),
        (lambda key, **_: WORDS.encode() * 600_000, {}, 413, "too_large"),
    ],
    ids=(
        *("forged", "old", "early", "unknown_provider", "unknown_id", "no_json", "no_text", "no_object"),
        *("dashes", "no_id", "10_MB"),
    ),
)
def test_what_is_not_a_good_receipt_is_refused_counted_and_changes_nothing(
    desk: Desk, gateway: FastAPI, body: Callable[..., bytes], how: dict[str, Any], status: int, why: str
) -> None:
    key = sent(desk)
    before = contents(desk)
    with capture_logs() as logged:
        assert post(gateway, body(key, detail=WORDS), **how) == status
    assert contents(desk) == before
    provider = how.get("provider", "city-sms")
    assert logged == [{"event": "receipt_refused", "log_level": "warning", "provider": provider, "why": why}]
    assert refused(gateway) == {why: 1}


def refused(gateway: FastAPI) -> dict[str, int]:
    async def answer() -> dict[str, int]:
        async with AsyncClient(transport=ASGITransport(gateway), base_url="http://hooks") as client:
            counts: dict[str, int] = (await client.get("/healthz")).json()["refused"]
            return counts

    return asyncio.run(answer())


def test_a_body_without_a_length_is_read_no_further_than_the_limit(gateway: FastAPI) -> None:
    chunk, read = b"x" * 1024, 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += len(chunk)
            yield chunk

    async def answer() -> int:
        async with AsyncClient(transport=ASGITransport(gateway), base_url="http://hooks") as client:
            return (await client.post("/receipts/city-sms", content=endless())).status_code

    assert asyncio.run(answer()) == 413
    assert read == MAX_BODY_BYTES + len(chunk)
    assert refused(gateway) == {"too_large": 1}
    assert post(gateway, b"x" * MAX_BODY_BYTES) == 400
    assert post(gateway, b"x" * (MAX_BODY_BYTES + 1)) == 413


def test_a_database_that_is_away_or_full_has_the_receipt_brought_again(desk: Desk, services: Services) -> None:
    body = report(sent(desk))
    away = create_engine("postgresql+psycopg://user@127.0.0.1:1/x", connect_args={"connect_timeout": 1})
    small = create_engine(desk.url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with small.connect():
        for engine in (away, small):
            answer = answered(make(replace(services, sessions=sessionmaker(engine))), body, signed(body))
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert desk.rows(ReceiptRow) == []
    assert post(make(replace(services, sessions=sessionmaker(small))), body) == 204


def test_a_message_that_has_not_left_has_no_receipt(desk: Desk, gateway: FastAPI) -> None:
    """Claimed is committed before it leaves, so the first receipt that can be true finds it."""
    key = desk.attempts(desk.open())[0].send_key
    assert post(gateway, report(key)) == 404
    desk.claim(Scripted(name="city-sms"))
    assert post(gateway, report(key)) == 204


def test_reasons_are_counted_without_end_and_kept_within_bounds(desk: Desk, gateway: FastAPI) -> None:
    for number in range(60):
        post(gateway, b"{}", provider=f"nobody-{number}")
    assert refused(gateway) == {"unknown_provider": 60}


def test_a_receipt_without_signature_or_with_a_changed_body_is_refused(desk: Desk, gateway: FastAPI) -> None:
    body = report(sent(desk))
    assert post_as_is(gateway, body, {}) == 400
    changed = body.replace(b"DELIVERED", b"NO_ANSWER")
    assert post_as_is(gateway, changed, signed(body)) == 400
    assert desk.rows(ReceiptRow) == []


def store(desk: Desk, key: UUID, result: Result = Result.DELIVERED) -> None:
    with desk.begin() as work:
        receipts.store(work, "city-sms", Receipt(str(key), f"{key}:{result}", Answered(result)))


def test_a_receipt_for_an_unknown_message_settles_nothing(desk: Desk) -> None:
    key = sent(desk)
    before = desk.rows_of_key(key)[0]
    store(desk, uuid4())
    assert desk.settle() == 1
    after = desk.rows_of_key(key)[0]
    assert (after.state, after.due_at) == (before.state, before.due_at)
    assert desk.settle() == 0


def test_many_are_settled_in_batches(desk: Desk) -> None:
    keys = {sent(desk, number) for number in range(1, 4)}
    for key in keys:
        store(desk, key)
    for _ in range(receipts.BATCH):
        store(desk, uuid4())
    assert [desk.settle() for _ in range(3)] == [receipts.BATCH, len(keys), 0]
    assert {desk.rows_of_key(key)[0].result for key in keys} == {"DELIVERED"}


def test_the_receipt_of_a_case_that_somebody_holds_holds_up_no_other(desk: Desk) -> None:
    held, other = sent(desk, 1), sent(desk, 2)
    store(desk, held)
    store(desk, other)
    with desk.holding(desk.rows_of_key(held)[0].case_id):
        assert desk.settle() == 1
        assert desk.rows_of_key(other)[0].result == "DELIVERED"
    assert desk.settle() == 1
    assert desk.rows_of_key(held)[0].result == "DELIVERED"


def test_settlers_at_once_settle_each_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [sent(desk, number) for number in range(1, 13)]
    for key in keys:
        store(desk, key)
        store(desk, key, Result.FAILED_TEMPORARY)
    monkeypatch.setattr(receipts, "BATCH", 4)
    with ThreadPoolExecutor(6) as threads:
        settled = sum(threads.map(lambda _: desk.settle(), range(12)))
    settled += sum(iter(desk.settle, 0))
    assert settled == 24
    for key in keys:
        case_id = desk.rows_of_key(key)[0].case_id
        settlements = [each for each in desk.journal(case_id, "attempt_settled") if each.data["attempt"] == str(key)]
        assert len(settlements) == 1
