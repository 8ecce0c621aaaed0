"""Four tiers: what leaves the building for telecom, bank and community holds no field more than the step needs."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from json import loads
from typing import Any

import pytest

from providers.base import Accepted, Message, OperationsFault, ProviderSettings
from providers.broadcast.group_notice import group_notice
from providers.gateway import GatewayClient
from providers.hook.bank_hook import bank_hook
from providers.http_gateway import http_gateway
from providers.tiers import actor_of
from schemas.vocabulary import Actor, Channel, Hook, Person, Relation

SECRET = "whsec_" + "A" * 43 + "="
KEY = "01890a5d-ac96-774b-bcce-b302099a8057"
ENVELOPE = {"id", "channel", "callback_url"}
TRANSFER = {"at": "2026-03-02T09:11:20+08:00", "amount_yuan": 48000, "payee_account": "0000000000000001"}

# Everything that a message could carry; each step may let out its own part only.
EVERYTHING = Message(
    send_key=KEY,
    channel=Channel.SMS,
    person=Person.SUBJECT,
    to="+8615400000001",
    text="短信",
    script="您好||正文",
    collect=True,
    visit_id=KEY,
    rung=2,
    facts={},
)
SMS = replace(EVERYTHING, script=None, collect=False)
VOICE = replace(EVERYTHING, channel=Channel.VOICE, text=None)
COMMUNITY = replace(VOICE, person=Person.OTHER, relation=Relation.COMMUNITY)
HOOK = replace(EVERYTHING, channel=Channel.HOOK, to="990101198708159311")
STOP = replace(HOOK, hook=Hook.STOP_PAYMENT, facts={"transfers": [TRANSFER]})
PROTECT = replace(HOOK, hook=Hook.PROTECT_ACCOUNT, facts={"reason": "refused"})
LIFT = replace(HOOK, hook=Hook.LIFT_PROTECTION, facts={"reason": "lift_protection_ordered"})
NOTICE = replace(EVERYTHING, channel=Channel.BROADCAST, person=Person.OTHER, facts={"area": "望潮区"})


class _Listener(BaseHTTPRequestHandler):
    bodies: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.server.bodies.append(loads(self.rfile.read(int(self.headers["content-length"]))))  # type: ignore[attr-defined]
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b'{"ref": "r"}')

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def listener() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Listener)
    server.bodies = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def adapter(server: HTTPServer, message: Message) -> GatewayClient:
    make = {Channel.HOOK: bank_hook, Channel.BROADCAST: group_notice}.get(message.channel, http_gateway)
    options = {"base_url": f"http://127.0.0.1:{server.server_port}"}
    channels = frozenset({message.channel})
    return make(ProviderSettings("one", make.__name__, channels, None, SECRET, "http://127.0.0.1/cb", options))


def sent(server: HTTPServer, message: Message) -> tuple[object, list[dict[str, Any]]]:
    async def send() -> object:
        provider = adapter(server, message)
        try:
            return await provider.send(message)
        finally:
            await provider.close()

    return asyncio.run(send()), server.bodies  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (SMS, {"to", "text"}),
        (VOICE, {"to", "script", "collect"}),
        (STOP, {"hook", "to", "facts"}),
        (PROTECT, {"hook", "to", "facts"}),
        (LIFT, {"hook", "to", "facts"}),
        (NOTICE, {"text", "area"}),
    ],
    ids=["sms", "voice", "stop_payment", "protect_account", "lift_protection", "broadcast"],
)
def test_each_step_lets_out_its_own_fields_and_no_more(
    listener: HTTPServer, message: Message, fields: set[str]
) -> None:
    outcome, bodies = sent(listener, message)
    assert outcome == Accepted("r")
    assert [set(body) for body in bodies] == [ENVELOPE | fields]
    assert bodies[0].get("facts", {}) == (message.facts if message.channel is Channel.HOOK else {})


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (replace(STOP, facts={"transfers": [TRANSFER | {"payer_name": "沈样衡"}]}), "facts.transfers[].payer_name"),
        (replace(PROTECT, facts={"reason": "refused", "fraud_type": "F02"}), "facts.fraud_type"),
        (replace(NOTICE, facts={"area": "望潮区", "victim": "沈样衡"}), "victim"),
        (replace(SMS, script="您好"), "script"),
        (replace(COMMUNITY, text="骗局"), "text"),
    ],
    ids=["bank", "protection", "groups", "sms", "community"],
)
def test_what_a_tier_may_not_see_never_leaves(listener: HTTPServer, message: Message, field: str) -> None:
    outcome, bodies = sent(listener, message)
    assert outcome == OperationsFault(f"payload holds a field its tier may not see: {field}")
    assert bodies == []


def test_every_step_names_its_actor() -> None:
    assert actor_of(Channel.SMS) is actor_of(Channel.VOICE) is Actor.TELECOM
    assert {actor_of(Channel.HOOK, hook) for hook in Hook} == {Actor.BANK}
    assert actor_of(Channel.VISIT) is Actor.CENTRE
    assert actor_of(Channel.BROADCAST) is actor_of(Channel.VOICE, None, Relation.COMMUNITY) is Actor.COMMUNITY
