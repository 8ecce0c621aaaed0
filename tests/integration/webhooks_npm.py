"""Webhooks at a receiver that verifies them by npm's standardwebhooks: `make webhooks-npm`, where npm is."""

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from casework_fixture import CaseworkFixture, event
from test_webhooks import all_events
from webhooks_fixture import Receiver, endpoint, send

from dispatcher.ports import own_port
from dispatcher.setup import Services
from dispatcher.webhooks import signing

FOLDER = Path(__file__).parents[1] / "webhooks_npm"


@contextmanager
def npm_receiver(secret: str, port: int) -> Iterator[list[dict[str, Any]]]:
    """Serves at this port; what it printed stands in the list afterwards."""
    printed: list[dict[str, Any]] = []
    environment = os.environ | {"SECRET": secret, "PORT": str(port)}
    command = ["node", str(FOLDER / "receiver.mjs")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert int(node.stdout.readline()) == port
        try:
            yield printed
        finally:
            node.terminate()
            printed += map(json.loads, node.stdout)


def test_npm_verifies_what_waited_for_an_hour(casework: CaseworkFixture, services: Services) -> None:
    port = own_port()
    assert port is not None
    secret = endpoint(services, Receiver(url=f"http://127.0.0.1:{port}/hooks"))._whsecret
    for number in range(1, 6):
        casework.open(number)
        casework.push(event("feedback", number, outcome="SELF_AWARE", note="已识破"))
    for _ in range(4):
        send(services)  # nobody listens
        casework.pass_time(minutes=20)
    with npm_receiver(signing.shown(secret), port) as taken:
        for _ in range(3):
            casework.pass_time(hours=1)
            send(services)
    by_case: dict[str, list[str]] = defaultdict(list)
    for each in taken:
        by_case[each["subject"]].append(each["sequence"])
    assert {each["id"] for each in taken} == all_events(casework)
    assert all(found == sorted(found) for found in by_case.values())


def test_npm_refuses_what_is_tampered_with_or_old() -> None:
    port, secret, other = own_port(), signing.new_secret(), signing.new_secret()
    assert port is not None
    now, body = datetime.now(UTC), '{"id": "e-1", "note": "已受理"}'
    good = signing.headers([other, secret], "e-1", now, body)  # the second of two secrets is its own
    posts = [
        (body, good),
        (body.replace("e-1", "e-2"), good),
        (body, good | {"webhook-id": "e-2"}),
        (body, signing.headers([other], "e-1", now, body)),
        (body, signing.headers([secret], "e-1", now - timedelta(minutes=6), body)),
    ]
    with npm_receiver(signing.shown(secret), port) as printed, httpx.Client(trust_env=False) as client:
        for content, headers in posts:
            client.post(f"http://127.0.0.1:{port}/", content=content.encode(), headers=headers)
    assert [each.get("id", "refused") for each in printed] == ["e-1", *["refused"] * 4]
