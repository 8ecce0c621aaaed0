"""What every adapter that speaks HTTP keeps to, each against a stub that speaks its vendor's form on loopback."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Any

import pytest
from vendor_stub import Asked, Says, Stub, stub
from vendors import REF, TOKEN, VENDORS, Vendor

from providers import registry
from providers.base import Accepted, Answered, InDoubt, Inquiry, Message, Outcome, Provider, ProviderSettings, Transient
from schemas.vocabulary import BankRequest, Channel, Person

# Adapters without HTTP, which have tests of their own.
ELSEWHERE = {"roster", "smpp", "sip"}
NUMBER = "+8615400000001"
PRIVATE = "何样兰"
SENT_AT = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # past midnight in China
TIMEOUT_S = 30.0
HURRIES_S = (0.4, 4.0, 30.0)  # where no answer ever comes: the first that is enough for the request to leave
_BY_CHANNEL: dict[Channel, dict[str, Any]] = {
    Channel.SMS: {"to": NUMBER, "text": "请勿转账"},
    Channel.VOICE: {"to": NUMBER, "script": f"{PRIVATE}您好||请勿转账", "collect": True},
    Channel.HOOK: {"to": "99010119870815931X", "hook": BankRequest.STOP_PAYMENT},
    Channel.BROADCAST: {"text": "请勿转账", "facts": {"area": "望潮区(虚构)"}},
}
Scenario = Callable[[Stub, Provider], Awaitable[None]]
every = pytest.mark.parametrize("name", VENDORS)


def settings(name: str, url: str = "http://127.0.0.1:9", timeout_s: float = TIMEOUT_S) -> ProviderSettings:
    vendor = VENDORS[name]
    return ProviderSettings(
        name=name,
        adapter=name,
        channels=frozenset({vendor.channel}),
        secret=vendor.secret,
        secrets=vendor.secrets,
        callback_url=f"https://hooks.invalid/receipts/{name}",
        options={**vendor.options, "base_url": url, "timeout_s": timeout_s},
    )


def message(vendor: Vendor, **more: Any) -> Message:
    says = _BY_CHANNEL[vendor.channel] | more
    person = Person.OTHER if vendor.channel is Channel.BROADCAST else Person.SUBJECT
    return Message(str(uuid.uuid4()), vendor.channel, person, fraud_type="F08", **says)


def play(name: str, scenario: Scenario, timeout_s: float = TIMEOUT_S) -> None:
    async def run_it() -> None:
        async with stub() as made:
            provider = registry.build([settings(name, made.url, timeout_s)], {})[name]
            try:
                await scenario(made, provider)
            finally:
                await provider.close()

    asyncio.run(run_it())


def send(
    name: str, says: Says, letter: Message | None = None, timeout_s: float = TIMEOUT_S
) -> tuple[Outcome, list[Asked]]:
    kept: list[Any] = []

    async def scenario(made: Stub, provider: Provider) -> None:
        made.says = says
        kept.append(await provider.send(letter or message(VENDORS[name])))
        kept.append(made.asked)

    play(name, scenario, timeout_s)
    return kept[0], kept[1]


def send_in_vain(name: str) -> tuple[Outcome, list[Asked]]:
    """Send to a vendor that reads the request and never answers."""
    tries = (send(name, Says(hangs=True), timeout_s=timeout_s) for timeout_s in HURRIES_S)
    return next((outcome, asked) for outcome, asked in tries if asked)


def test_every_adapter_keeps_to_the_contract() -> None:
    named = {entry.name for entry in entry_points(group=registry.GROUP)}
    assert named - ELSEWHERE == VENDORS.keys()


@every
def test_what_is_accepted_left_once_signed_and_with_these_fields_alone(name: str) -> None:
    vendor = VENDORS[name]
    letter = message(vendor)
    outcome, asked = send(name, vendor.accepts, letter)
    assert outcome == vendor.accepted
    [one] = asked
    assert one.fields == vendor.fields
    assert vendor.is_signed(one)
    assert PRIVATE not in one.whole
    assert vendor.echo(one) == vendor.echoes(letter.send_key)


@every
def test_a_message_that_carries_more_tells_no_more(name: str) -> None:
    vendor = VENDORS[name]
    more = {"visit_id": PRIVATE, "rung": 1, "script": PRIVATE, "facts": {"name": PRIVATE, "area": "望潮区(虚构)"}}
    more |= {} if vendor.channel is Channel.SMS else {"text": "请勿转账"}
    _, asked = send(name, vendor.accepts, message(vendor, **more))
    for one in asked:
        assert one.fields <= vendor.fields
        assert PRIVATE not in one.whole


@pytest.mark.parametrize(
    ("name", "says", "outcome"),
    [(name, *refusal) for name, vendor in VENDORS.items() for refusal in vendor.refusals],
)
def test_each_class_of_refusal(name: str, says: Says, outcome: Outcome) -> None:
    said, asked = send(name, says)
    assert said == outcome
    assert len(asked) == 1


@every
@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "null", '"OK"', '{"Code": 1, "Response": [], "errcode": "0"}', "{}"]
)
def test_an_answer_in_no_known_form_is_in_doubt(name: str, body: str) -> None:
    ok = VENDORS[name].accepts.status
    outcome, _ = send(name, Says(body, ok))
    assert isinstance(outcome, InDoubt)


@every
def test_no_answer_after_it_left_is_in_doubt_and_never_sent_again(name: str) -> None:
    for outcome, asked in (send_in_vain(name), send(name, Says(drops=True))):
        assert isinstance(outcome, InDoubt)
        assert len(asked) == 1


@every
def test_what_never_left_is_transient(name: str) -> None:
    async def scenario() -> Outcome:
        provider = registry.build([settings(name)], {})[name]
        try:
            return await provider.send(message(VENDORS[name]))
        finally:
            await provider.close()

    outcome = asyncio.run(scenario())
    assert isinstance(outcome, Transient)
    assert outcome.detail.startswith("not connected")


@pytest.mark.parametrize(
    ("name", "says", "status"), [(name, *status) for name, vendor in VENDORS.items() for status in vendor.statuses]
)
def test_each_status(name: str, says: Any, status: Any) -> None:
    async def scenario(made: Stub, provider: Provider) -> None:
        key = str(uuid.uuid4())
        made.says = says(key)
        assert await provider.query(Inquiry(key, REF, NUMBER, SENT_AT)) == status
        assert provider.capabilities.queries is bool(made.asked)
        assert all(VENDORS[name].is_signed(one) for one in made.asked)
        if not provider.capabilities.queries_need_number:
            assert NUMBER[3:] not in "".join(one.whole for one in made.asked)

    play(name, scenario)


@every
def test_a_query_without_an_answer_tells_nothing(name: str) -> None:
    async def scenario(made: Stub, provider: Provider) -> None:
        inquiry = Inquiry(str(uuid.uuid4()), REF, NUMBER, SENT_AT)
        for says in (Says(hangs=True), Says(drops=True), Says("[]")):
            made.says = says
            assert isinstance(await provider.query(inquiry), InDoubt)
        bare = await provider.query(Inquiry(inquiry.send_key))
        assert isinstance(bare, InDoubt)

    play(name, scenario, HURRIES_S[0])  # in doubt too where it does not leave in time


def test_a_day_is_the_vendor_s_day() -> None:
    async def scenario(made: Stub, provider: Provider) -> None:
        await provider.query(Inquiry(str(uuid.uuid4()), None, NUMBER, SENT_AT))
        assert made.asked[0].parameters["SendDate"] == "20260303"
        assert made.asked[0].parameters["PhoneNumber"] == "15400000001"

    play("aliyun_sms", scenario)


@every
def test_what_it_can_do_is_said(name: str) -> None:
    async def scenario(made: Stub, provider: Provider) -> None:
        vendor = VENDORS[name]
        assert provider.capabilities.idempotent is vendor.idempotent
        assert provider.capabilities.receipts is (vendor.reports is not None)
        assert provider.timeout_s == TIMEOUT_S
        made.says = Says("", 404)
        assert await provider.cancel(str(uuid.uuid4())) is False

    play(name, scenario)


@every
def test_a_missing_or_short_secret_is_told_at_the_start_and_never_repeated(name: str) -> None:
    good = settings(name)
    for missing in ("secret", *good.secrets):
        bad = (
            replace(good, secret=None)
            if missing == "secret"
            else replace(good, secrets={key: value for key, value in good.secrets.items() if key != missing})
        )
        with pytest.raises(registry.SettingsError, match=f"provider {name}: {missing}_env"):
            registry.build([bad], {})
    if "receipts_token" in good.secrets:
        with pytest.raises(registry.SettingsError) as caught:
            registry.build([replace(good, secrets={**good.secrets, "receipts_token": "too-short"})], {})
        assert "too-short" not in str(caught.value)
    assert TOKEN not in repr(good)


@pytest.mark.parametrize("name", [name for name, vendor in VENDORS.items() if "templates" in vendor.options])
def test_without_a_template_for_everybody_it_does_not_start(name: str) -> None:
    good = settings(name)
    rows = VENDORS[name].options["templates"]
    for templates in ([], rows[:1], [*rows, rows[0]], [{"params": {}}], [rows[-1] | {"colour": "red"}], "T-1"):
        with pytest.raises(registry.SettingsError, match="templates"):
            registry.build([replace(good, options={**good.options, "templates": templates})], {})


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({}, "T-F08"),
        ({"fraud_type": None}, "T-ANY"),
        ({"fraud_type": "F01"}, "T-ANY"),
        ({"language": "en"}, "T-ANY"),
    ],
)
def test_the_first_template_that_fits_is_sent(told: dict[str, Any], code: str) -> None:
    vendor = VENDORS["aliyun_sms"]
    _, asked = send("aliyun_sms", vendor.accepts, replace(message(vendor), **told))
    assert asked[0].parameters["TemplateCode"] == code
    assert json.loads(asked[0].parameters["TemplateParam"]) == {"city": "云汀市", "ring": "96110"}


def test_a_call_without_a_menu_is_played_as_it_is() -> None:
    vendor = VENDORS["aliyun_voice"]
    options = {"templates": [{"code": "TTS-1"}]}

    async def scenario() -> None:
        async with stub() as made:
            made.says = vendor.accepts
            plain = replace(settings("aliyun_voice"), options={**options, "base_url": made.url})
            provider = registry.build([plain], {})["aliyun_voice"]
            assert await provider.send(message(vendor)) == Accepted(REF)
            assert made.asked[0].headers["x-acs-action"] == "SingleCallByTts"
            assert made.asked[0].fields == {"?CalledNumber", "?TtsCode", "?OutId"}
            made.says = Says({"Code": "OK", "Data": '{"state": "200003"}'})
            status = await provider.query(Inquiry("k", REF, None, SENT_AT))
            assert isinstance(status, Answered)
            assert made.asked[1].parameters["ProdId"] == "11010000138001"
            await provider.close()

    asyncio.run(scenario())
