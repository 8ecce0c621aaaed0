"""Receipts that come at once are stored in groups: one commit, in the order in which they came, each for itself."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from receipts_fixture import report, sent, services_with_gateway, signed

from dispatcher.setup import Services
from dispatcher.store.receipts import ReceiptRow
from dispatcher.web.hooks.app import make
from providers.base import Answered, Callback, Receipt, Receipts
from providers.registry import Registry
from schemas.vocabulary import Result


@pytest.fixture
def services(casework: CaseworkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    return services_with_gateway(casework, tmp_path, monkeypatch)


def post_at_once(app: FastAPI, bodies: Sequence[bytes], provider: str = "city-sms") -> list[int]:
    """All on their way before the first is answered. A fault of ours is a 500, as a gateway sees it."""

    async def post() -> list[int]:
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://hooks") as client:
            address = f"/receipts/{provider}"
            answers = await asyncio.gather(
                *(client.post(address, content=body, headers=signed(body)) for body in bodies)
            )
            return [each.status_code for each in answers]

    return asyncio.run(post())


def test_what_comes_at_once_is_stored_in_few_transactions(casework: CaseworkFixture, services: Services) -> None:
    keys = [sent(casework, number) for number in range(1, 13)]
    assert post_at_once(make(services), [report(key) for key in keys]) == [204] * 12
    [(rows, transactions)] = casework.sql("SELECT count(*), count(DISTINCT xmin::text) FROM receipts")
    assert rows == 12
    assert transactions < 6
    assert casework.settle() == 12


def test_receipts_of_one_group_are_settled_in_the_order_in_which_they_came(
    casework: CaseworkFixture, services: Services
) -> None:
    """By their dedupe keys DELIVERED would come before QUEUED."""
    keys = [sent(casework, number) for number in (1, 2, 3)]
    words = ("QUEUED", "DELIVERED", "FAILED_PERMANENT")
    assert set(post_at_once(make(services), [report(key, word) for word in words for key in keys])) == {204}
    for key in keys:
        assert [row.result for row in casework.rows(ReceiptRow, ReceiptRow.send_key == key)] == [None, *words[1:]]


def test_copies_are_stored_once_whoever_stores_them(casework: CaseworkFixture, services: Services) -> None:
    """In one group, in another, and in that of another process."""
    keys = [sent(casework, number) for number in (1, 2, 3)]
    apps = [make(services) for _ in range(4)]
    orders = [keys * 2, keys[::-1] * 2] * 2
    with ThreadPoolExecutor(len(apps)) as processes:
        answers = list(processes.map(post_at_once, apps, [[report(key) for key in order] for order in orders]))
    assert {status for statuses in answers for status in statuses} == {204}
    assert len(casework.rows(ReceiptRow)) == casework.settle() == 3
    assert post_at_once(make(services), [report(keys[0])]) == [204]
    assert casework.settle() == 0


@dataclass
class Garbling(Scripted):
    """Reports what PostgreSQL can't store, if the body says so."""

    def parse_receipts(self, callback: Callback) -> Receipts:
        key, _, is_garbled = callback.body.decode().partition(" ")
        return Receipts((Receipt(key, f"{key}\0" if is_garbled else key, Answered(Result.DELIVERED)),))


@pytest.mark.parametrize("bad", [{0}, {7}, {2, 5}, set(range(8))], ids=str)
def test_one_that_can_not_be_stored_spoils_no_other_of_its_group(
    casework: CaseworkFixture, services: Services, bad: set[int]
) -> None:
    vars(services)["registry"] = Registry([Garbling(name="city-sms")])
    keys = [sent(casework, number) for number in range(1, 9)]
    bodies = [f"{key} garbled" if place in bad else str(key) for place, key in enumerate(keys)]
    statuses = post_at_once(make(services), [body.encode() for body in bodies])
    assert statuses == [500 if place in bad else 204 for place in range(8)]
    assert {row.send_key for row in casework.rows(ReceiptRow)} == {
        key for place, key in enumerate(keys) if place not in bad
    }


def test_one_that_is_refused_refuses_no_other_of_its_group(casework: CaseworkFixture, services: Services) -> None:
    key = sent(casework)
    unknown = UUID(int=key.int + 1)
    assert post_at_once(make(services), [report(unknown), report(key), report(unknown)]) == [404, 204, 404]
    assert [row.send_key for row in casework.rows(ReceiptRow)] == [key]
