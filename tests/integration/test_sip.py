"""The sip adapter on a stand-in for baresip that speaks its control port. With the real one: make peers-sip."""

import asyncio
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from providers import key_press, registry
from providers.base import (
    Answered,
    Callback,
    InDoubt,
    Inquiry,
    Message,
    OperationsFault,
    Outcome,
    Permanent,
    ProviderSettings,
    ReceiptRefused,
    SettingsError,
    Transient,
)
from providers.sip import response_codes
from providers.sip.adapter import SipProvider
from schemas.vocabulary import Channel, Person, Result

HERE = Path(__file__).parent
# Speaks a tenth of a second, and writes down what it was given and how.
SPEAKER = """
import sys, wave
said = open(sys.argv[3], "a")
said.write(sys.argv[1] + " " + sys.stdin.buffer.read().decode() + "\\n")
with wave.open(sys.argv[2], "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(bytes(1600))
"""
SCRIPT = "您是何先生本人吗?如果是本人请按1。||请先停止转账。"
PASSWORD = "pass-word!"
RING_S, KEY_S = 60.0, 60.0  # a person of the stand-in does what it does long before
DIES, DEAF = "21", "22"  # so the line ends, or says nothing, where it is told to dial
SOON_S = 1.5  # where nobody does anything, and the test waits for the end of that time
Scenario = Callable[[SipProvider], Awaitable[Any]]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BARESIP_TOLD", str(tmp_path / "told"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("providers.sip.adapter.PREPARE_S", 120.0)  # several programs start meanwhile
    monkeypatch.setattr("providers.sip.lines._START_S", 60.0)
    monkeypatch.setattr("providers.sip.control._ANSWER_S", 60.0)


def settings(tmp_path: Path, **options: Any) -> ProviderSettings:
    given = {
        "host": "trunk.invalid",
        "user": "96110",
        "local_address": "127.0.0.1",
        "baresip": str(HERE / "baresip.py"),
        "tts": [sys.executable, "-c", SPEAKER, "{voice}", "{wav}", str(tmp_path / "spoken")],
        "ring_s": RING_S,
        "key_s": KEY_S,
    }
    return ProviderSettings("line", "sip", frozenset({Channel.VOICE}), secret=PASSWORD, options=given | options)


def call(who: str, **more: Any) -> Message:
    told = {"to": f"+86154000000{who}", "script": SCRIPT, "collect": True} | more
    return Message(str(uuid.uuid4()), Channel.VOICE, Person.SUBJECT, **told)


def play(given: ProviderSettings, scenario: Scenario) -> Any:
    async def run_it() -> Any:
        provider = SipProvider(given)
        await provider.open()
        try:
            return await scenario(provider)
        finally:
            await provider.close()

    return asyncio.run(run_it())


def send(tmp_path: Path, *messages: Message, **options: Any) -> list[Outcome]:
    async def one_after_the_other(provider: SipProvider) -> list[Outcome]:
        return [await provider.send(each) for each in messages]

    found: list[Outcome] = play(settings(tmp_path, **options), one_after_the_other)
    return found


def told(tmp_path: Path, command: str) -> list[str]:
    rows = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    return [params for name, params in rows if name == command]


@pytest.mark.parametrize(
    ("who", "outcome", "options"),
    [
        ("01", key_press.CONFIRMED, {}),
        ("02", Answered(Result.BUSY, detail="sip_486"), {}),
        ("03", Answered(Result.NO_ANSWER, detail="rang_out"), {"ring_s": SOON_S}),
        ("04", InDoubt("no word from the trunk"), {"ring_s": SOON_S}),
        ("05", replace(key_press.NO_KEY, detail="hung_up"), {}),
        ("06", key_press.NO_KEY, {"key_s": SOON_S}),
        ("10", key_press.CONFIRMED, {}),
        ("11", key_press.NO_KEY, {"ring_s": SOON_S}),
        ("12", key_press.NO_KEY, {"key_s": SOON_S}),
        ("20", Transient("not dialled"), {}),
        ("23", OperationsFault("no sound"), {}),
    ],
)
def test_what_a_call_comes_to(tmp_path: Path, who: str, outcome: Outcome, options: dict[str, float]) -> None:
    """And the line is as good as before."""
    said = send(tmp_path, call(who), call("01"), **options)
    assert said == [outcome, key_press.CONFIRMED]
    assert told(tmp_path, "dial") == [f"sip:+86154000000{each}@trunk.invalid" for each in (who, "01")]
    assert len(told(tmp_path, "started")) == 1


@pytest.mark.parametrize("who", ["07", "08", "09", DIES, DEAF])
def test_a_line_lost_from_the_dialling_on_leaves_a_doubt_and_nobody_is_rung_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """The next call has a new line."""
    if who in (DIES, DEAF):  # its answer is waited for
        monkeypatch.setattr("providers.sip.control._ANSWER_S", 2 * SOON_S)
    said = send(tmp_path, call(who), call("01"))
    assert said == [InDoubt("line lost"), key_press.CONFIRMED]
    assert [uri for uri in told(tmp_path, "dial") if who in uri[10:]] == [f"sip:+86154000000{who}@trunk.invalid"]


def test_a_call_that_can_not_be_ended_goes_with_its_line(tmp_path: Path) -> None:
    assert send(tmp_path, call("13"), call("01"), key_s=SOON_S) == [key_press.NO_KEY, key_press.CONFIRMED]
    assert len(told(tmp_path, "started")) == 2


def test_whoever_rings_the_line_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BARESIP_RUNG", "1")
    assert send(tmp_path, call("01")) == [key_press.CONFIRMED]
    assert (tmp_path / "told").read_text().splitlines()[1] == '["hangup", ""]'


def test_closing_cuts_a_call_off_and_leaves_a_doubt(tmp_path: Path) -> None:
    async def closed_in_mid_call(provider: SipProvider) -> Outcome:
        calling = asyncio.create_task(provider.send(call("06")))
        await asyncio.to_thread(picked_up)
        await provider.close()
        return await calling

    def picked_up() -> None:
        while not (tmp_path / "told").exists() or "opening" not in (tmp_path / "told").read_text():
            time.sleep(0.02)

    assert play(settings(tmp_path), closed_in_mid_call) == InDoubt("line lost")


def test_nothing_can_be_asked_or_taken_back(tmp_path: Path) -> None:
    provider = SipProvider(settings(tmp_path))
    assert asyncio.run(provider.query(Inquiry("k"))) == InDoubt("no status query")
    assert asyncio.run(provider.cancel("k")) is False
    with pytest.raises(ReceiptRefused):
        provider.parse_receipts(Callback({}, b""))
    said = provider.capabilities
    assert (said.linked, said.at_once, said.receipts, said.queries, said.idempotent) == (True, 1, False, False, False)


def test_as_many_calls_at_a_time_as_there_are_lines(tmp_path: Path) -> None:
    async def two_at_once(provider: SipProvider) -> list[Outcome]:
        return await asyncio.gather(provider.send(call("06")), provider.send(call("01")))

    assert play(settings(tmp_path, lines=2, key_s=SOON_S), two_at_once) == [key_press.NO_KEY, key_press.CONFIRMED]


def test_without_its_lines_nothing_leaves(tmp_path: Path) -> None:
    provider = SipProvider(settings(tmp_path))
    assert asyncio.run(provider.send(call("01"))) == Transient("the lines are not held here")


def test_a_program_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.sip.adapter.PREPARE_S", 2 * SOON_S)
    assert send(tmp_path, call("01"), baresip="no-such-baresip") == [
        OperationsFault("no-such-baresip is not installed")
    ]


@pytest.mark.parametrize(
    ("tts", "why"),
    [
        (["no-such-tts"], "tts: No such file or directory"),
        (["false"], "tts: exit 1"),
        (["true"], "tts: wrote no WAV file"),
    ],
)
def test_words_that_do_not_become_sound_ring_nobody(tmp_path: Path, tts: list[str], why: str) -> None:
    assert send(tmp_path, call("01"), tts=tts) == [OperationsFault(why)]
    assert told(tmp_path, "dial") == []


def test_a_script_longer_than_a_call_may_be_rings_nobody(tmp_path: Path) -> None:
    assert send(tmp_path, call("01"), talk_s=1.0) == [Permanent(Result.REJECTED_CONTENT, "too_long")]
    assert told(tmp_path, "dial") == []


def test_what_leaves_is_the_number_and_the_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The words go by stdin, nothing of them stays, and what baresip prints goes nowhere."""
    message = call("01", visit_id="何样兰", facts={"name": "何样兰"}, fraud_type="F08")

    async def looked_at(provider: SipProvider) -> list[str]:
        assert await provider.send(message) == key_press.CONFIRMED
        return await asyncio.to_thread(files)

    def files() -> list[str]:
        return [each.name for each in tmp_path.glob("line-*/*.wav")]

    assert play(settings(tmp_path), looked_at) == ["silence.wav"]
    assert (tmp_path / "spoken").read_text() == "cmn 您是何先生本人吗?如果是本人请按1。\ncmn 请先停止转账。\n"
    everything = (tmp_path / "told").read_text()
    assert message.send_key not in everything
    assert "何样兰" not in everything
    assert told(tmp_path, "dial") == ["sip:+8615400000001@trunk.invalid"]
    printed = capfd.readouterr()
    assert "15400000001" not in printed.out + printed.err
    assert not list(tmp_path.glob("line-*"))


def test_a_number_as_the_country_writes_it_and_a_voice_for_the_language(tmp_path: Path) -> None:
    landline = call("", to="+865351234501", language="en-GB")
    assert send(tmp_path, landline, call("01"), numbers="national") == [key_press.CONFIRMED] * 2
    assert told(tmp_path, "dial") == ["sip:05351234501@trunk.invalid", "sip:15400000001@trunk.invalid"]
    assert [line.split()[0] for line in (tmp_path / "spoken").read_text().splitlines()] == ["en", "en", "cmn", "cmn"]


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("404 Not Found", Transient("sip_404", number_fault=True)),
        ("404 Number Not Provisioned", Transient("sip_404", number_fault=True)),
        ("484 Address Incomplete", Transient("sip_484", number_fault=True)),
        ("410 Gone", Permanent(Result.INVALID_NUMBER, "sip_410")),
        ("604 Does Not Exist Anywhere", Permanent(Result.INVALID_NUMBER, "sip_604")),
        ("480 Temporarily Unavailable", Answered(Result.NO_ANSWER, detail="sip_480")),
        ("600 Busy Everywhere", Answered(Result.BUSY, detail="sip_600")),
        ("603 Decline", Answered(Result.REJECTED, detail="sip_603")),
        ("607 Unwanted", Answered(Result.BLOCKED_SUSPECTED, detail="sip_607")),
        ("407 Proxy Authentication Required", OperationsFault("sip_407")),
        ("403 +8615400000001 refused", OperationsFault("sip_403")),
        ("503 Service Unavailable", Transient("sip_503")),
        ("499 何样兰", Transient("sip_499")),
        ("Connection refused", Transient("trunk unreachable")),
        ("Connection timed out", InDoubt("no word from the trunk")),
        ("何样兰", InDoubt("no word from the trunk")),
        ("", InDoubt("no word from the trunk")),
    ],
)
def test_each_end_of_a_call_that_nobody_took(words: str, outcome: Outcome) -> None:
    assert response_codes.outcome_of(words) == outcome


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lines": 0}, "lines"),
        ({"user": "96110;transport=tls"}, "user"),
        ({"host": "trunk invalid"}, "host"),
        ({"modules": "relative"}, "modules"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_setting_that_can_not_be_is_told_at_the_start(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=f"provider line: {named}"):
        registry.build([settings(tmp_path, **changes)], {})


@pytest.mark.parametrize("secret", [None, "pass word", 'quo"te', "semi;colon", "a" * 101])
def test_a_password_that_can_not_stand_in_a_file_is_refused_and_not_repeated(
    tmp_path: Path, secret: str | None
) -> None:
    with pytest.raises(SettingsError, match="provider line: secret_env") as caught:
        registry.build([replace(settings(tmp_path), secret=secret)], {})
    assert secret is None or secret not in str(caught.value)
