"""Vendors' receipts at the door of the hooks app: good, late, twice, unknown, forged, and in batches."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from casework_fixture import CaseworkFixture, Scripted
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from structlog.testing import capture_logs
from test_adapter_contract import settings
from vendors import REF, TOKEN, VENDORS, Posted

from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.receipts import ReceiptRow
from dispatcher.web.hooks.app import make
from providers import registry
from providers.base import Accepted, InDoubt
from schemas.vocabulary import Channel

REPORTING = [name for name, each in VENDORS.items() if each.reports and each.channel in (Channel.SMS, Channel.VOICE)]
BATCHED = [name for name in REPORTING if VENDORS[name].is_batched]
reporting = pytest.mark.parametrize("name", REPORTING)


class Door:
    """The hooks app of services with one vendor, and a message of its that was accepted."""

    def __init__(self, casework: CaseworkFixture, name: str, home: Path, **options: Any) -> None:
        self.casework, self.name, self.vendor = casework, name, VENDORS[name]
        self._key = 0
        table = settings(name)
        services = Services(Settings(home=home, database_url=casework.url), casework.sessions, casework.context)
        services.__dict__["registry"] = registry.build([replace(table, options={**table.options, **options})], {})
        self.app: FastAPI = make(services)

    def sent(self, outcome: Any = Accepted(REF)) -> str:
        """The key of a message that left."""
        self._key += 1
        case_id = self.casework.open(self._key, channels=[self.vendor.channel])
        if self.vendor.channel is Channel.VOICE:
            self.casework.pass_time(minutes=1)
        self.casework.deliver(Scripted([outcome], name=self.name, channels=(self.vendor.channel,)))
        [attempt] = [each for each in self.casework.attempts(case_id) if each.sent_at]
        return str(attempt.send_key)

    def report(self, key: str, well: bool = True, ref: str = REF) -> Posted:
        assert self.vendor.reports is not None
        return self.vendor.reports(key, ref, well)

    def post(self, posted: Posted) -> tuple[int, str]:
        async def answer() -> Response:
            async with AsyncClient(transport=ASGITransport(self.app), base_url="http://hooks") as client:
                url = f"/receipts/{self.name}{posted.path}"
                asked = {"params": posted.query, "content": posted.body, "headers": posted.headers}
                return await client.request(posted.method, url, **asked)

        found = asyncio.run(answer())
        return found.status_code, found.text

    def refused(self) -> dict[str, int]:
        async def answer() -> dict[str, int]:
            async with AsyncClient(transport=ASGITransport(self.app), base_url="http://hooks") as client:
                counts: dict[str, int] = (await client.get("/healthz")).json()["refused"]
                return counts

        return asyncio.run(answer())

    def result(self, key: str) -> tuple[str, str | None]:
        self.casework.settle()
        [attempt] = self.casework.rows_of_key(UUID(key))
        return attempt.state, attempt.result


@pytest.fixture
def at(casework: CaseworkFixture, tmp_path: Path) -> Any:
    return lambda name, **options: Door(casework, name, tmp_path, **options)


@reporting
def test_a_good_receipt_settles_and_is_answered_as_the_vendor_wants(at: Any, name: str) -> None:
    door = at(name)
    good, bad = door.sent(), door.sent(Accepted("ref-2"))
    with capture_logs() as logged:
        assert door.post(door.report(good)) == door.vendor.reply
        assert door.post(door.report(bad, well=False, ref="ref-2")) == door.vendor.reply
    assert door.result(good) == ("settled", door.vendor.good)
    assert door.result(bad) == ("settled", door.vendor.bad)
    assert [each["event"] for each in logged] == ["receipt_stored", "receipt_stored"]
    for secret in (TOKEN, "何样兰", "15400000001"):
        assert secret not in str(logged)
        assert all(secret not in str(row.__dict__) for row in door.casework.rows(ReceiptRow))


@reporting
def test_a_copy_is_stored_once_and_answered_the_same(at: Any, name: str) -> None:
    door = at(name)
    report = door.report(door.sent())
    assert door.post(report) == door.post(report) == door.vendor.reply
    assert len(door.casework.rows(ReceiptRow)) == 1


@reporting
def test_a_late_receipt_is_still_knowledge(at: Any, name: str) -> None:
    door = at(name)
    key = door.sent()
    door.casework.pass_time(hours=2)
    door.casework.clear_leases()
    door.casework.deliver(Scripted(statuses=[Accepted(REF)], name=name))
    assert door.result(key) == ("settled", "UNKNOWN")
    assert door.post(door.report(key)) == door.vendor.reply
    assert door.result(key) == ("settled", door.vendor.good)


@pytest.mark.parametrize("name", [name for name in REPORTING if VENDORS[name].reports_echo_key])
def test_a_receipt_settles_what_was_in_doubt(at: Any, name: str) -> None:
    """Our own key, or its beginning, is in it: the answer that never came is not needed."""
    door = at(name)
    key = door.sent(InDoubt("ReadTimeout"))
    assert door.post(door.report(key)) == door.vendor.reply
    assert door.result(key) == ("settled", door.vendor.good)


@reporting
def test_an_unknown_receipt_is_counted_and_changes_nothing(at: Any, name: str) -> None:
    door = at(name)
    key = door.sent()
    status, _ = door.post(door.report(str(uuid4()), ref="ref-of-somebody-else"))
    assert status == (404 if door.vendor.idempotent else 200)
    assert door.casework.rows(ReceiptRow) == []
    assert door.refused() == {"unknown_id": 1}
    assert door.result(key) == ("accepted", None)


@reporting
def test_a_forged_or_malformed_receipt_is_refused(at: Any, name: str) -> None:
    door = at(name)
    report = door.report(door.sent())
    forgeries = door.vendor.forgeries(report)
    assert forgeries, "its row has to say how a receipt is forged"
    assert report not in forgeries
    for forged in forgeries:
        assert door.post(forged)[0] == 400
    # The guard refused them, and not whatever read them after it.
    assert sum(door.refused().values()) == len(forgeries)
    assert not door.refused().keys() & {"malformed", "unknown_id"}
    for body in (b"\xff", b"{}", b"1", b'"' * 40):
        assert door.post(door.vendor.sign(replace(report, body=body, query={})))[0] == 400
    assert door.refused()["malformed"] == 4
    assert door.post(replace(report, body=b"x" * 70_000))[0] == 413
    assert door.casework.rows(ReceiptRow) == []
    assert TOKEN not in str(door.refused())


@reporting
def test_only_listed_addresses_may_bring_receipts(at: Any, name: str) -> None:
    # The client of these tests comes from 127.0.0.1.
    strange, known = at(name, receipts_from=["198.51.100.0/24"]), at(name, receipts_from=["127.0.0.0/8"])
    key = strange.sent()
    assert strange.post(strange.report(key))[0] == 400
    assert strange.refused() == {"foreign address": 1}
    assert known.post(known.report(key)) == known.vendor.reply


@pytest.mark.parametrize("name", BATCHED)
def test_a_batch_is_stored_item_by_item(at: Any, name: str) -> None:
    door = at(name)
    keys = [door.sent(), door.sent(Accepted("ref-2"))]
    reports = [door.report(keys[0]), door.report(keys[1], well=False, ref="ref-2")]
    items = [json.loads(each.body)[0] for each in reports]
    spoilt = {name: "\x00" if value == REF else value for name, value in items[0].items()}
    [unknown] = json.loads(door.report(str(uuid4()), ref="of-another-system").body)
    others = [unknown, "何样兰", {"out_id": keys[0]}, spoilt]
    batch = door.vendor.sign(replace(reports[0], body=json.dumps([*others, *items, items[0]]).encode()))
    with capture_logs() as logged:
        assert door.post(batch) == door.post(batch) == door.vendor.reply
    assert len(door.casework.rows(ReceiptRow)) == 2
    assert [door.result(key)[1] for key in keys] == [door.vendor.good, door.vendor.bad]
    assert door.refused() == {"unknown_id": 2, "malformed": 6}
    left_out = [each for each in logged if each["event"] == "receipts_left_out"]
    assert {(each["why"], each["receipts"]) for each in left_out} == {("unknown_id", 1), ("malformed", 3)}
    assert "何样兰" not in str(logged)


def test_an_account_without_the_echo_is_known_by_the_vendor_s_reference(at: Any) -> None:
    door = at("tencent_sms")
    key = door.sent()
    assert door.post(door.report("")) == door.vendor.reply
    assert door.result(key) == ("settled", "DELIVERED")


def test_a_reference_that_two_messages_have_settles_neither(at: Any) -> None:
    door = at("tencent_sms")
    keys = [door.sent(), door.sent()]
    door.post(door.report(""))
    assert {door.result(key) for key in keys} == {("accepted", None)}
    assert door.refused() == {"unknown_id": 1}


def test_a_key_press_counts_whether_it_comes_before_or_after_the_end_of_the_call(at: Any) -> None:
    door = at("tencent_voice")
    prompt = {"voiceprompt_callback": {"result": "0", "callid": REF, "mobile": "15400000001", "fee": "1"}}
    ended, pressed = Posted(json.dumps(prompt).encode()), door.report("")
    first = door.sent()
    assert door.post(ended) == door.vendor.reply
    assert door.result(first) == ("settled", "UNKNOWN")
    assert door.post(pressed) == door.vendor.reply
    assert door.result(first) == ("settled", "ANSWERED_SUBJECT")
    assert door.casework.rows_of_key(UUID(first))[0].confirmed


def test_a_key_reported_in_mid_call_is_taken_and_ringing_is_no_news(at: Any) -> None:
    door = at("aliyun_voice")
    key = door.sent()
    ringing = json.loads(door.report(key).body)[0] | {"status_code": "200101", "status_time": "2026-03-02 09:00:01"}
    del ringing["dtmf"]
    post = door.report(key)
    assert door.post(replace(post, body=json.dumps([ringing]).encode())) == door.vendor.reply
    assert (door.result(key), door.refused()) == (("accepted", None), {})
    pressed = ringing | {"status_code": "300000", "dtmf": "2"}
    assert door.post(replace(post, body=json.dumps([pressed]).encode())) == door.vendor.reply
    assert (door.result(key), door.refused()) == (("accepted", None), {})
    pressed["dtmf"] = "1"
    assert door.post(replace(post, body=json.dumps([pressed]).encode())) == door.vendor.reply
    assert door.result(key) == ("settled", "ANSWERED_SUBJECT")
