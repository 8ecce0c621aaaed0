"""Webhooks: what happened in a source's cases, sent in order, signed, until it is taken."""

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import SYSTEM, CaseworkFixture, Scripted, event, instruction
from settings_fixture import set_for
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError
from webhooks_fixture import HERE, Received, Receiver, endpoint, receiving, send

from dispatcher.clients import register as clients
from dispatcher.errors import Refused
from dispatcher.setup import Services
from dispatcher.store.source_events import SourceEventRow
from dispatcher.store.webhooks import WebhookDeliveryRow
from dispatcher.webhooks import addresses, deliveries, register, sender
from dispatcher.webhooks.sender import Sender

OTHER = "another"
PATIENCE_S = 60.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def second() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def in_order(receiver: Receiver) -> bool:
    """Of each case every event came after the one before it, the same one again left out."""
    by_case: dict[str, list[str]] = defaultdict(list)
    for each in receiver.events():
        if each["sequence"] not in by_case[each["subject"]]:
            by_case[each["subject"]].append(each["sequence"])
    return all(found == sorted(found) for found in by_case.values())


def all_events(casework: CaseworkFixture, system: str = SYSTEM) -> set[str]:
    return {str(row.id) for row in casework.rows(SourceEventRow, SourceEventRow.system == system)}


def states(casework: CaseworkFixture) -> set[str]:
    return {row.state for row in casework.rows(WebhookDeliveryRow)}


def test_a_receiver_that_is_down_for_an_hour_misses_nothing(
    casework: CaseworkFixture, services: Services, receiver: Receiver
) -> None:
    webhook = endpoint(services, receiver)
    receiver.status = 503
    end = casework.now + timedelta(hours=1)
    for number in itertools.count(1):
        casework.open(number)
        if number % 2:
            casework.push(event("feedback", number, outcome="SELF_AWARE"))
        send(services)
        if casework.now > end:
            break
        casework.pass_time(minutes=20)
    assert receiver.taken == [] and len(receiver.asked) > len(all_events(casework)) / 2
    receiver.status = 200
    for _ in range(3):
        casework.pass_time(hours=1)
        send(services)
    assert {each["id"] for each in receiver.events()} == all_events(casework)
    assert in_order(receiver) and states(casework) == {"taken"}
    for each in receiver.taken:
        assert webhook.verify(each.body, each.headers) == each.event
        assert each.headers["webhook-id"] == each.event["id"]
    ended = [row.data for row in casework.journal(None, "webhook_taken")]
    assert {each["event"] for each in ended} == all_events(casework)
    assert {(each["name"], each["status"]) for each in ended} == {("centre", 200)}


def test_what_is_tampered_with_or_sent_again_later_is_refused(
    casework: CaseworkFixture, services: Services, receiver: Receiver
) -> None:
    webhook = endpoint(services, receiver)
    casework.open()
    send(services)
    (first, *_) = receiver.taken
    secret = webhook._whsecret
    old = datetime.now(UTC) - timedelta(minutes=6)
    replayed = first.headers | {"webhook-timestamp": str(int(old.timestamp()))}
    signed_then = replayed | {"webhook-signature": webhook.sign(first.event["id"], old, first.body)}
    for body, headers in (
        (first.body.replace("accepted", "resolved"), first.headers),
        (first.body, first.headers | {"webhook-id": "another"}),
        (first.body, replayed),
        (first.body, signed_then),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)


def test_the_body_is_a_cloud_event(casework: CaseworkFixture, services: Services, receiver: Receiver) -> None:
    endpoint(services, receiver)
    case_id = casework.open()
    send(services)
    (first, *_) = receiver.taken
    assert first.headers["content-type"] == "application/cloudevents+json"
    assert first.event | {"id": "", "sequence": ""} == {
        "specversion": "1.0",
        "id": "",
        "source": "urn:warning-dispatcher:cases",
        "type": "warning-dispatcher.accepted",
        "subject": str(case_id),
        "time": casework.rows(SourceEventRow)[0].at.isoformat(),
        "datacontenttype": "application/json",
        "sequence": "",
        "data": {
            "system": SYSTEM,
            "case": str(case_id),
            "instructions": ["YJ-1"],
            "details": {"instruction_id": "YJ-1", "version": 1, "urgency": "high"},
        },
    }


def test_after_a_day_it_is_a_dead_letter_and_its_case_goes_on(
    casework: CaseworkFixture, services: Services, receiver: Receiver
) -> None:
    endpoint(services, receiver)
    casework.open()  # accepted, flagged
    receiver.status = 500
    begun = casework.now
    while "dead" not in states(casework):
        send(services)
        casework.pass_time(minutes=15)
    assert timedelta(hours=23) < casework.now - begun < timedelta(hours=26)  # looked at every quarter of an hour
    first, *_, last_try, second = (each.event["id"] for each in receiver.asked)
    assert first == last_try != second  # the second of the case has waited for the end of the first
    assert len(receiver.asked) == len(deliveries.WAITS) + 2
    with casework.sessions() as session:
        ((row, dead, name),) = register.dead(session)
    assert (row.status, row.tries, name, dead.type) == (500, len(deliveries.WAITS) + 1, "centre", "accepted")
    assert [each.data["status"] for each in casework.journal(None, "webhook_dead")] == [500]
    receiver.status = 200
    send(services)
    assert receiver.events()[0]["type"] == "warning-dispatcher.flagged" and in_order(receiver)
    taken = len(receiver.taken)
    with services.begin() as work:
        assert register.replay(work, "centre", [dead.id]) == 1
        assert register.replay(work, "centre") == 0
    send(services)
    assert [each["id"] for each in receiver.events()][taken:] == [str(dead.id)]
    assert states(casework) == {"taken"}


def verifies(secret: Webhook, received: Received) -> bool:
    try:
        secret.verify(received.body, received.headers)
    except WebhookVerificationError:
        return False
    return True


def test_two_secrets_sign_while_one_is_rotated(
    casework: CaseworkFixture, services: Services, receiver: Receiver
) -> None:
    old = endpoint(services, receiver)
    with services.begin() as work:
        middle = Webhook(register.rotate(work, "centre", overlap=timedelta(hours=1)))
    casework.open(1)
    send(services)
    assert [verifies(each, receiver.taken[-1]) for each in (old, middle)] == [True, True]
    with services.begin() as work:
        new = Webhook(register.rotate(work, "centre", overlap=timedelta(hours=1)))
    casework.open(2)
    send(services)
    assert [verifies(each, receiver.taken[-1]) for each in (old, middle, new)] == [False, True, True]
    with services.begin() as work:
        newest = Webhook(register.rotate(work, "centre", overlap=timedelta()))
    casework.open(3)
    send(services)
    assert [verifies(each, receiver.taken[-1]) for each in (middle, new, newest)] == [False, False, True]


def test_a_secret_stands_nowhere_in_the_database(
    casework: CaseworkFixture, services: Services, receiver: Receiver
) -> None:
    secret = endpoint(services, receiver)._whsecret
    with services.begin() as work:
        rotated = register.rotate(work, "centre", overlap=timedelta(hours=1))
    kept = casework.sql("SELECT wrapped FROM webhook_secrets")
    assert len(kept) == 2 and not any(secret in bytes(wrapped) for (wrapped,) in kept)
    written = str(casework.sql("SELECT * FROM journal") + casework.sql("SELECT * FROM webhook_endpoints"))
    assert rotated not in written and "whsec_" not in written


def test_anothers_events_are_never_seen(
    casework: CaseworkFixture, services: Services, receiver: Receiver, second: Receiver
) -> None:
    endpoint(services, receiver)
    endpoint(services, second, "north", OTHER)
    casework.open(1)
    casework.push(instruction(source={"system": OTHER}, instruction_id="N-9"))  # of the same person
    casework.push(instruction(2, source={"system": "a third"}))
    casework.push(event("feedback", outcome="SELF_AWARE", source={"system": SYSTEM}))
    send(services)
    for found, own, foreign in ((receiver, "YJ-1", ("N-9", OTHER)), (second, "N-9", ("YJ-1", SYSTEM))):
        assert {name for each in found.events() for name in each["data"]["instructions"]} == {own}
        assert not any(name in each.body for each in found.asked for name in foreign)
    assert {each["id"] for each in second.events()} == all_events(casework, OTHER)


def test_who_was_removed_or_revoked_is_told_nothing_more(
    casework: CaseworkFixture, services: Services, receiver: Receiver, second: Receiver
) -> None:
    endpoint(services, receiver)
    endpoint(services, second, "north")
    casework.open()
    with services.begin() as work:
        register.remove(work, "centre")
        clients.revoke(work, "north")
    send(services)
    assert receiver.asked == second.asked == []
    assert casework.sql("SELECT count(*) FROM webhook_secrets")[0][0] == 1
    with services.begin() as work, pytest.raises(Refused):
        register.rotate(work, "centre", overlap=timedelta())
    endpoint(services, receiver)  # its name is free again


def test_a_slow_receiver_delays_neither_another_nor_a_warning(
    casework: CaseworkFixture, services: Services, receiver: Receiver, second: Receiver
) -> None:
    endpoint(services, receiver, "slow")
    endpoint(services, second, "quick")
    receiver.hangs = True
    cases = 2 * deliveries.UNDER_WAY
    for number in range(1, cases + 1):
        casework.open(number)

    async def run() -> None:
        async with Sender(services, HERE) as sending:
            while len(second.taken) < len(all_events(casework)):
                await sending.send_due()
                await sending.wait(asyncio.Event())
            await asyncio.to_thread(receiver.wait_for, deliveries.UNDER_WAY)
            assert len(receiver.asked) == deliveries.UNDER_WAY  # it holds what it was given, and no more
            assert len(await asyncio.to_thread(casework.claim, Scripted())) == cases

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))
    assert receiver.taken == [] and in_order(second)


def test_a_long_backlog_is_looked_through_at_once(
    casework: CaseworkFixture, services: Services, receiver: Receiver
) -> None:
    """As it stands the moment it is entered, before PostgreSQL has counted what came."""
    endpoint(services, receiver)
    casework.sql(
        "INSERT INTO source_events (id, system, type, case_id, seq, at, instructions, data)"
        " SELECT gen_random_uuid(), :system, 'accepted', md5((n % 4000)::text)::uuid, n, now(), '{a}', '{}'"
        " FROM generate_series(1, 20000) AS n",
        system=SYSTEM,
    )
    with services.begin() as work:
        while deliveries.enter(work):
            pass
    with services.begin() as work:
        work.session.execute(text("SET LOCAL statement_timeout = '5s'"))  # joined to one another they took 15 s
        assert len(deliveries.find_due(work, {})) == deliveries.UNDER_WAY


def test_a_receiver_that_never_answers_is_given_up_in_time(
    casework: CaseworkFixture, services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "TIMEOUT_S", 0.3)
    endpoint(services, receiver)
    receiver.hangs = True
    casework.open()
    send(services)
    (row, *_) = casework.rows(WebhookDeliveryRow)
    assert (row.state, row.tries, row.status) == ("waiting", 1, None)


def test_a_sender_that_is_killed_sends_again_and_in_order(
    casework: CaseworkFixture,
    services: Services,
    receiver: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_for(casework, tmp_path, monkeypatch)
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", casework.url)
    monkeypatch.setenv("DISPATCHER_WEBHOOK_ALLOWED", "http://127.0.0.1")
    endpoint(services, receiver)
    casework.open(1)
    casework.open(2)
    casework.push(event("feedback", 2, outcome="SELF_AWARE"))
    receiver.hangs = True
    first = subprocess.Popen([sys.executable, "-m", "dispatcher.webhooks"])
    try:
        receiver.wait_for(2)  # one of each case is under way
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        receiver.hangs = False
        second = subprocess.Popen([sys.executable, "-m", "dispatcher.webhooks"])
        try:
            receiver.wait_for(2 + len(all_events(casework)))
        finally:
            second.terminate()
            assert second.wait(PATIENCE_S) == 0
    finally:
        first.kill()
    assert {each["id"] for each in receiver.events()} == all_events(casework)
    assert in_order(receiver)
    again = [each.event["id"] for each in receiver.asked]
    assert again[0] in again[2:] and again[1] in again[2:]


def test_redirects_are_not_followed(
    casework: CaseworkFixture, services: Services, receiver: Receiver, second: Receiver
) -> None:
    endpoint(services, receiver)
    receiver.status, receiver.location = 307, second.url
    casework.open()
    send(services)
    assert len(receiver.asked) == 1 and second.asked == []
    assert casework.rows(WebhookDeliveryRow)[0].status == 307


def test_a_name_that_leads_elsewhere_the_next_time_gains_nothing(
    casework: CaseworkFixture, services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked when it is entered, and where it is connected to: between the two the name is answered anew."""
    leads_to = "93.184.216.34"
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if host == "hooks.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (leads_to, int(port)))]
        return real(host, port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    named = addresses.read("http://hooks.example")
    with services.begin() as work:
        clients.create(work, clients.Entry("centre", {SYSTEM}, set(), calls_per_minute=1))
    url = receiver.url.replace("127.0.0.1", "hooks.example")
    with services.begin() as work:
        register.create(work, "centre", "centre", url, named)
    leads_to = "127.0.0.1"
    casework.open()
    send(services, named)
    assert receiver.asked == []
    assert casework.rows(WebhookDeliveryRow)[0].fault == "loopback"
    with services.begin() as work, pytest.raises(Refused, match="loopback"):
        register.create(work, "another", "centre", url, named)
    casework.pass_time(hours=1)
    send(services, addresses.read("http://hooks.example, http://127.0.0.0/8"))
    assert len(receiver.taken) > 0
    casework.open(2)
    send(services, addresses.read(""))  # no longer allowed: at each send it is looked at anew
    assert {row.fault for row in casework.rows(WebhookDeliveryRow) if row.state == "waiting" and row.tries} == {
        "not_allowed"
    }
