"""Each tier sees its fields of the body and no more, whatever the message carries."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import web
from simulator_fixture import IDENTITY, NUMBER, SECRET, TEXT, client

from providers.base import Accepted, Message, OperationsFault, ProviderSettings
from providers.gateway.bank_hook import bank_hook
from providers.gateway.group_notice import group_notice
from providers.gateway.http_gateway import http_gateway
from providers.roster import RosterProvider
from providers.tiers import TIERS, Step
from schemas.vocabulary import BankRequest, Channel, Person, Relation

CALLBACK = "http://127.0.0.1:1/receipts/simulated"
PRIVATE = "何样兰"
TRANSFER = {"at": "2026-03-02T09:12:05+08:00", "amount_yuan": 52_000, "payee_account": "0000000000000002"}


def message(channel: Channel, **says: Any) -> Message:
    return Message(str(uuid.uuid4()), channel, Person.OTHER, **says)


MEASURE = {"reason": "refused", "hours": 24}

# For each step its adapter and a message that says all that the step may say.
FULL: dict[Step, tuple[Any, Message]] = {
    Channel.SMS: (http_gateway, message(Channel.SMS, to=NUMBER, text=TEXT)),
    Channel.VOICE: (http_gateway, message(Channel.VOICE, to=NUMBER, script=TEXT, collect=True)),
    BankRequest.STOP_PAYMENT: (
        bank_hook,
        message(Channel.HOOK, hook=BankRequest.STOP_PAYMENT, to=IDENTITY, facts={"transfers": [TRANSFER, TRANSFER]}),
    ),
    BankRequest.PROTECT_ACCOUNT: (
        bank_hook,
        message(Channel.HOOK, hook=BankRequest.PROTECT_ACCOUNT, to=IDENTITY, facts=MEASURE | {"appeal": TEXT}),
    ),
    BankRequest.LIFT_PROTECTION: (
        bank_hook,
        message(Channel.HOOK, hook=BankRequest.LIFT_PROTECTION, to=IDENTITY, facts=MEASURE),
    ),
    Channel.BROADCAST: (group_notice, message(Channel.BROADCAST, text=TEXT, facts={"area": "望潮区(虚构)"})),
    Relation.COMMUNITY: (
        http_gateway,
        message(Channel.VOICE, to=NUMBER, script="样板路18号(虚构)", relation=Relation.COMMUNITY),
    ),
}
# What each tier gets beside id, channel and callback URL; here again, so that the table can't grow unnoticed.
MAY_SEE: dict[Step, set[str]] = {
    Channel.SMS: {"to", "text"},
    Channel.VOICE: {"to", "script", "collect"},
    BankRequest.STOP_PAYMENT: {"hook", "to"} | {f"facts.transfers[].{name}" for name in TRANSFER},
    BankRequest.PROTECT_ACCOUNT: {"hook", "to", "facts.reason", "facts.hours", "facts.appeal"},
    BankRequest.LIFT_PROTECTION: {"hook", "to", "facts.reason", "facts.hours"},
    Channel.BROADCAST: {"text", "area"},
    Relation.COMMUNITY: {"to", "script"},
}
# Steps that go by no gateway: the roster is our own, and a hook that asks for nothing is not sent.
ELSEWHERE = {Channel.VISIT, Channel.HOOK}

# What a message of any step may carry by mistake. Each is either left at home, or keeps the whole message at home.
EXCESS: list[dict[str, Any]] = [
    {"text": PRIVATE},
    {"script": PRIVATE},
    {"to": PRIVATE},
    {"collect": True},
    {"visit_id": PRIVATE},
    {"facts": {"fraud_type": PRIVATE}},
    {"facts": {"to": PRIVATE}},
    {"facts": {"id": PRIVATE}},
    {"facts": {"area": {"victim": PRIVATE}}},
    {"facts": {"reason": {"name": PRIVATE}}},
    {"facts": {"transfers": PRIVATE}},
    {"facts": {"transfers": [PRIVATE]}},
    {"facts": {"transfers": [{**TRANSFER, "payer": PRIVATE}]}},
    {"facts": {"transfers": {PRIVATE: TRANSFER}}},
    {"facts": {PRIVATE: {}}},
    {"facts": {PRIVATE: []}},
]


@dataclass
class Wire:
    """A gateway that takes everything and keeps the bodies."""

    url: str = ""
    bodies: list[Any] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        return web.json_response({"ref": "r-1"}, status=202)


@asynccontextmanager
async def wire() -> Any:
    kept, app = Wire(), web.Application()
    app.router.add_post("/messages", kept.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    kept.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield kept
    finally:
        await runner.cleanup()


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The paths of a body, written independently of the code under test."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, f"{path}[]")
    else:
        yield path


def run(scenario: Callable[[Wire], Awaitable[None]]) -> None:
    async def run_it() -> None:
        async with wire() as kept:
            await scenario(kept)

    asyncio.run(run_it())


async def send(kept: Wire, adapter: Any, letter: Message) -> Any:
    gateway = client(kept.url, adapter, callback_url=CALLBACK)
    try:
        return await gateway.send(letter)
    finally:
        await gateway.close()


def test_every_step_that_goes_by_a_gateway_is_tested_here() -> None:
    assert FULL.keys() == MAY_SEE.keys()
    assert FULL.keys() | ELSEWHERE == TIERS.keys()


@pytest.mark.parametrize("step", FULL)
def test_a_full_message_fills_exactly_the_fields_of_its_tier(step: Step) -> None:
    async def scenario(kept: Wire) -> None:
        adapter, letter = FULL[step]
        assert await send(kept, adapter, letter) == Accepted("r-1")
        assert set(leaves(kept.bodies[0])) == MAY_SEE[step] | {"id", "channel", "callback_url"}
        assert kept.bodies[0].get("facts", letter.facts) == letter.facts

    run(scenario)


@pytest.mark.parametrize("step", FULL)
def test_a_message_that_carries_more_tells_no_more(step: Step) -> None:
    async def scenario(kept: Wire) -> None:
        adapter, letter = FULL[step]
        own = MAY_SEE[step] | {"id", "channel", "callback_url"}
        for more in EXCESS:
            (name,) = more
            if name in own and name != "facts":
                continue  # the step's own field, in other words
            outcome = await send(kept, adapter, replace(letter, **more))
            if isinstance(outcome, OperationsFault):
                assert PRIVATE not in outcome.detail
        for body in kept.bodies:
            assert set(leaves(body)) <= own
            assert PRIVATE not in str(body)

    run(scenario)


@pytest.mark.parametrize(
    ("letter", "named"),
    [
        (message(Channel.SMS, to=NUMBER, text=TEXT, script=TEXT), "script"),
        (message(Channel.VOICE, to=NUMBER, script=TEXT, text=TEXT), "text"),
        (message(Channel.VOICE, to=NUMBER, script=TEXT, collect=True, relation=Relation.COMMUNITY), "collect"),
        (message(Channel.SMS, to=NUMBER, text=TEXT, relation=Relation.COMMUNITY), "text"),
        (message(Channel.HOOK, hook=BankRequest.STOP_PAYMENT, facts={"reason": "refused"}), "facts.reason"),
        (
            message(Channel.HOOK, hook=BankRequest.STOP_PAYMENT, facts={"transfers": [{"at": "", "payer": ""}]}),
            "facts.transfers[].payer",
        ),
        (message(Channel.HOOK, hook=BankRequest.PROTECT_ACCOUNT, facts={"transfers": []}), "facts.transfers"),
        (message(Channel.HOOK, hook=BankRequest.STOP_PAYMENT, facts={"transfers": ["to whom"]}), "facts.transfers[]"),
        (message(Channel.HOOK, to=IDENTITY), "to"),
        (message(Channel.HOOK), "facts"),
        (message(Channel.BROADCAST, text=TEXT, facts={"area": "望潮区(虚构)", "to": NUMBER}), "to"),
        (message(Channel.BROADCAST, text=TEXT, facts={"area": "望潮区(虚构)", "name": PRIVATE}), "name"),
        (message(Channel.BROADCAST, text=TEXT, facts={NUMBER: "望潮区(虚构)"}), "?"),
    ],
)
def test_the_field_that_keeps_a_message_at_home_is_named(letter: Message, named: str) -> None:
    adapters = {Channel.HOOK: bank_hook, Channel.BROADCAST: group_notice}

    async def scenario(kept: Wire) -> None:
        outcome = await send(kept, adapters.get(letter.channel, http_gateway), letter)
        assert outcome == OperationsFault(f"payload holds a field its tier may not see: {named}")
        assert kept.bodies == []

    run(scenario)


def test_a_message_that_we_keep_at_home_is_no_fault_of_its_provider() -> None:
    async def scenario(kept: Wire) -> None:
        outcome = await send(kept, http_gateway, message(Channel.SMS, to=NUMBER, text=TEXT, script=TEXT))
        assert isinstance(outcome, OperationsFault)
        assert outcome.ours

    run(scenario)


def test_a_bank_may_be_told_of_no_transfer_yet() -> None:
    async def scenario(kept: Wire) -> None:
        for facts in ({}, {"transfers": []}):
            letter = message(Channel.HOOK, hook=BankRequest.STOP_PAYMENT, facts=facts)
            assert await send(kept, bank_hook, letter) == Accepted("r-1")
        assert [body["facts"] for body in kept.bodies] == [{}, {"transfers": []}]
        assert all("to" not in body for body in kept.bodies)

    run(scenario)


def test_the_roster_is_asked_with_the_visit_alone() -> None:
    class Assigner:
        asked: tuple[object, ...] = ()

        async def assign(self, visit_id: str, rung: int, send_key: str) -> str | None:
            self.asked = (visit_id, rung, send_key)
            return "WC01-A"

        async def assigned(self, send_key: str) -> str | None:
            return None

    assigner = Assigner()
    roster = RosterProvider(ProviderSettings("roster", "roster", frozenset({Channel.VISIT}), secret=SECRET), assigner)
    visit = message(Channel.VISIT, visit_id="v-1", rung=0, to=NUMBER, text=PRIVATE, facts={"name": PRIVATE})
    assert asyncio.run(roster.send(visit)) == Accepted("WC01-A")
    assert assigner.asked == ("v-1", 0, visit.send_key)
    assert {"visit_id", "rung", "id"} <= TIERS[Channel.VISIT].fields
