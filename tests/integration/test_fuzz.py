"""Garbage at every door: each line is answered and kept, nothing shows a traceback, and the next valid one is taken."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from casework_fixture import PATIENT_REDIS, START, CaseworkFixture, Scripted, event, instruction, phone, withdrawal
from httpx import ASGITransport, AsyncClient
from redis import Redis
from structlog.testing import capture_logs
from test_adapter_contract import settings
from vendors import REF, VENDORS, Posted

from dispatcher.intake.celery_queue import QUEUE, IntakeQueue
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.receipts import ReceiptRow
from dispatcher.web.hooks.app import make
from providers import registry
from providers.base import Accepted
from schemas.errors import ProgramFault
from schemas.vocabulary import Channel, IntakeStatus
from tests import fuzz
from tests.celery_envelope import envelope

REPORTING = [name for name, each in VENDORS.items() if each.reports and each.channel in (Channel.SMS, Channel.VOICE)]
TAKEN = {status.value for status in IntakeStatus}
BODIES = (
    instruction(
        1,
        channels=["sms", "voice", "visit"],
        valid_until="2026-03-03T09:00:00+08:00",
        phones=[{"number": phone(1), "owner": "本人", "use": "常用", "country": "CN"}, {"number": phone(2)}],
        addresses=[{"kind": "residence", "text": "示例路1号", "city": "云汀市", "precinct_code": "YT-WC-01"}],
        contacts=[{"relation": "儿子", "name": "何样", "phone": phone(3), "basis": "登记"}],
        vulnerability=["老年"],
        language="zh",
        note="说明",
        risk={
            "amount_at_risk_yuan": 1000,
            "suspect_phone": phone(4),
            "suspected_remote_control": True,
            "transfers": [{"at": START.isoformat(), "amount_yuan": 1000, "payee_account": "虚构账户"}],
        },
    ),
    instruction(2, urgency="critical"),
    event("update", 2, version=2, patch={"victim.phones": [{"number": phone(5)}], "urgency": "low"}),
    withdrawal(2),
    event("feedback", 2, outcome="DISSUADED_IN_TIME"),
    event("later_loss", 2, loss_yuan=100),
)


@pytest.fixture(autouse=True)
def nothing_of_ours_raised(casework: CaseworkFixture) -> Iterator[None]:
    """Whatever came in, the rest of the way takes it: it is delivered, time passes, and no step raises."""
    yield
    casework.deliver(Scripted(channels=tuple(Channel)))
    casework.pass_time(hours=12)
    casework.deliver(Scripted(channels=tuple(Channel)))
    assert casework.sql("SELECT * FROM set_aside") == []
    assert [row.reason for row in casework.quarantined() if row.field == ProgramFault.FIELD] == []


def with_valid_ones(lines: list[bytes]) -> list[bytes]:
    """After each tenth a line that must be taken."""
    numbered: list[bytes] = []
    for number, line in enumerate(lines, start=1):
        numbered.append(line)
        if number % 10 == 0:
            numbered.append(json.dumps(instruction(1000 + number)).encode())
    return numbered


def valid_ids(lines: list[bytes]) -> set[str]:
    return {f"YJ-{1000 + number}" for number in range(10, len(lines) + 1, 10)}


def check_kept(casework: CaseworkFixture, refused: int) -> None:
    """Whatever was refused is kept. What had come before its instruction may be refused when it is taken after it."""
    rows = casework.quarantined()
    taken_late = sum(row.status == "accepted" and row.pushed_again_at is not None for row in rows)
    assert refused <= sum(row.status == "refused" for row in rows) <= refused + taken_late


def test_push_answers_and_keeps_every_line(casework: CaseworkFixture, redis_url: str, tmp_path: Path) -> None:
    lines = fuzz.lines(fuzz.LINES, fuzz.SEED, BODIES)
    pushed = with_valid_ones([json.dumps(body).encode() for body in BODIES] + lines)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
    given = {
        "DISPATCHER_DATABASE_URL": casework.url,
        "DISPATCHER_REDIS_URL": redis_url.removesuffix(PATIENT_REDIS),
        "DISPATCHER_HOME": str(tmp_path),
        "DISPATCHER_CLOCK": f"stepped:{START.isoformat()}",
    }
    command = [sys.executable, "-m", "dispatcher.cli", "push", "-", "--json"]
    done = subprocess.run(command, input=b"\n".join(pushed), env=clean | given, capture_output=True, check=False)
    assert done.stderr == b"", done.stderr[:600]
    assert done.returncode == 3
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["line"] for each in answers] == list(range(1, len(pushed) + 1))
    statuses = Counter(each["status"] for each in answers)
    assert set(statuses) <= TAKEN
    check_kept(casework, statuses["refused"])
    accepted = {each["instruction_id"] for each in answers if each["status"] == "accepted"}
    assert valid_ids(lines) <= accepted


def test_the_celery_door_answers_and_keeps_every_message(casework: CaseworkFixture, redis_url: str) -> None:
    dice = Random(fuzz.SEED)
    lines = list(dict.fromkeys(fuzz.lines(fuzz.LINES, fuzz.SEED, BODIES)))  # what comes twice is kept once
    with Redis.from_url(redis_url) as redis, capture_logs() as logged:
        redis.flushdb()
        queue = IntakeQueue(casework.sessions, casework.context, redis)
        for number, line in enumerate(lines, start=1):
            whole = envelope(b"[[" + line + b"], {}, {}]")
            # Every other time what is around the instruction is garbage, and not the instruction.
            item = json.dumps(whole).encode() if dice.random() < 0.5 else fuzz.fuzzed(dice, whole)
            redis.lpush(QUEUE, item)
            if number % 10 == 0:
                redis.lpush(QUEUE, json.dumps(envelope(json.dumps([[instruction(1000 + number)], {}, {}]).encode())))
        messages = redis.llen(QUEUE)
        for _ in range(messages):
            queue.take_next()
        assert redis.llen(QUEUE) == 0
    told = [each for each in logged if each["event"] == "instruction_taken"]
    assert len(told) >= messages
    assert {each["event"] for each in logged} <= {"instruction_taken"}
    refused = [each for each in told if each["status"] == "refused"]
    check_kept(casework, len(refused))
    assert valid_ids(lines) <= {each["instruction"] for each in told if each["status"] == "accepted"}


def test_the_hooks_answer_every_receipt(casework: CaseworkFixture, tmp_path: Path) -> None:
    dice = Random(fuzz.SEED)
    services = Services(Settings(home=tmp_path, database_url=casework.url), casework.sessions, casework.context)
    services.__dict__["registry"] = registry.build([settings(name) for name in REPORTING], {})
    app = make(services)
    keys = {name: _sent(casework, name, number) for number, name in enumerate(REPORTING, start=1)}

    async def post_all() -> list[int]:
        answers = []
        async with AsyncClient(transport=ASGITransport(app), base_url="http://hooks") as client:
            for number in range(fuzz.LINES):
                name = REPORTING[number % len(REPORTING)]
                posted = _fuzzed_receipt(dice, name, keys[name])
                url = f"/receipts/{name}{posted.path}"
                asked: dict[str, Any] = {"params": posted.query, "content": posted.body, "headers": posted.headers}
                answers.append((await client.request(posted.method, url, **asked)).status_code)
            for name in REPORTING:
                good = VENDORS[name].reports
                assert good is not None
                posted = good(keys[name], REF, True)
                asked = {"params": posted.query, "content": posted.body, "headers": posted.headers}
                answer = await client.request(posted.method, f"/receipts/{name}{posted.path}", **asked)
                assert (answer.status_code, answer.text) == VENDORS[name].reply, name
        return answers

    with capture_logs() as logged:
        answers = asyncio.run(post_all())
    assert {code // 100 for code in answers} == {2, 4}
    events = Counter(each["event"] for each in logged)
    assert set(events) <= {"receipt_stored", "receipt_repeated", "receipt_refused", "receipts_left_out"}
    assert len(casework.rows(ReceiptRow)) == events["receipt_stored"] >= 1
    while casework.settle():
        pass
    assert casework.sql("SELECT * FROM receipts WHERE settled_at IS NULL") == []


def _sent(casework: CaseworkFixture, name: str, number: int) -> str:
    """The key of a message that this vendor has."""
    channel = VENDORS[name].channel
    case_id = casework.open(number, channels=[channel])
    if channel is Channel.VOICE:
        casework.pass_time(minutes=1)
    casework.deliver(Scripted([Accepted(REF)], name=name, channels=(channel,)))
    [attempt] = [each for each in casework.attempts(case_id) if each.sent_at]
    return str(attempt.send_key)


def _fuzzed_receipt(dice: Random, name: str, key: str) -> Posted:
    """Garbage in the body or the query, signed by who may sign most times, so that it is read."""
    vendor = VENDORS[name]
    assert vendor.reports is not None
    good = vendor.reports(key, REF, dice.random() < 0.5)
    if good.body:
        posted = replace(good, body=fuzz.fuzzed(dice, json.loads(good.body)))
    else:
        query = dict(good.query)
        for _ in range(dice.choice((1, 1, 2))):
            value = fuzz.any_value(dice)
            text = value if isinstance(value, str) else json.dumps(value)
            query[dice.choice(list(query))] = text.encode("utf-8", "replace").decode()[:8000]
        posted = replace(good, query=query)
    return vendor.sign(posted) if dice.random() < 0.9 else posted
