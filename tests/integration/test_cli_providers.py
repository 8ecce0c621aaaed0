"""`dispatcher providers`: what an operator sees of the gateways, and does to them."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted
from typer.testing import CliRunner, Result
from visits_fixture import load_roster

from dispatcher import probe_message
from dispatcher.casework import provider_health
from dispatcher.cli import output, provider_trial, providers
from dispatcher.cli.app import build_app
from dispatcher.cli.refusals import line
from dispatcher.errors import OperatorError, Refused
from dispatcher.limits import Limiter, Shared
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.probes import ProbeRow
from dispatcher.store.providers import ProviderRow
from providers.base import (
    Accepted,
    Answered,
    InDoubt,
    Message,
    OperationsFault,
    Permanent,
    ProviderSettings,
    SwitchChannel,
    Transient,
)
from providers.registry import Registry
from schemas.vocabulary import Result as Contact

SECRET = "whsec_" + base64.b64encode(b"p" * 32).decode()
FILE = """
[[providers]]
name = "city"
adapter = "http_gateway"
channels = ["sms", "voice"]
base_url = "http://127.0.0.1:9"
secret_env = "TEST_GATEWAY_SECRET"

[[providers]]
name = "line"
adapter = "smpp"
channels = ["sms"]
host = "127.0.0.1"
system_id = "us"
secret_env = "TEST_GATEWAY_SECRET"

[[providers]]
name = "bank"
adapter = "bank_hook"
channels = ["hook"]
base_url = "http://127.0.0.1:9"
secret_env = "TEST_GATEWAY_SECRET"
"""
TEXT = "【云汀反诈】这是渠道测试,不是预警,请忽略。"
NUMBER = "13800138000"
Run = Callable[..., Result]


@pytest.fixture
def run(casework: CaseworkFixture, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs `dispatcher providers …` against a providers file with a gateway, a line and a bank."""
    path = tmp_path / "providers.toml"
    path.write_text(FILE, "utf-8")
    monkeypatch.setenv("TEST_GATEWAY_SECRET", SECRET)
    found = Settings(home=tmp_path, database_url=casework.url, redis_url=redis_url, providers_file=path)
    services = Services(found, casework.sessions, casework.context)
    for module in (providers, provider_trial):
        monkeypatch.setattr(module, "build_services", lambda: services)
    monkeypatch.setattr(output.out, "width", 220)
    with casework.sessions.begin() as session:
        provider_health.register(session, Registry([Scripted(name="city"), Scripted(name="spare")], {"spare": 0}))

    load_roster(casework)
    yield lambda *words: CliRunner().invoke(build_app(), ["providers", *words], catch_exceptions=False)


def lines(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_provider_is_told_with_what_is_in_doubt(casework: CaseworkFixture, run: Run) -> None:
    casework.open()
    casework.deliver(Scripted([InDoubt("ReadTimeout")], name="city"))
    found = lines(run("--json"))
    assert [(each["provider"], each["weight"], each["health"], each["share"]) for each in found] == [
        ("city", 1, "closed", 1),
        ("spare", 0, "closed", 1),
    ]
    assert [each["in_doubt"] for each in found] == [1, 0]
    assert found[0].keys() >= {"channels", "since", "cause", "last_error", "last_error_at", "limits"}
    assert [each["provider"] for each in lines(run("--json", "--name", "spare"))] == ["spare"]


def test_what_is_in_doubt_under_a_name_that_is_gone_is_told(casework: CaseworkFixture, run: Run) -> None:
    casework.open()
    casework.deliver(Scripted([InDoubt("ReadTimeout")], name="city"))
    with casework.sessions.begin() as session:
        provider_health.register(session, Registry([Scripted(name="spare")]))
    spare, gone = lines(run("--json"))
    assert (spare["provider"], spare["in_doubt"]) == ("spare", 0)
    assert (gone["provider"], gone["channels"], gone["health"], gone["since"]) == ("city", ["sms"], None, None)
    assert gone["in_doubt"] == 1
    assert lines(run("--json", "--name", "city")) == [gone]
    assert "已不在配置中" in run().stdout


def test_what_is_left_of_each_limit_is_told(casework: CaseworkFixture, run: Run, redis_url: str) -> None:
    allowed = {"rate": ["50/1m"], "at_once": 20, "callee": ["5/1h"], "quiet": "21:00-08:00"}
    casework.limiter = Limiter(Shared(redis_url), str, 1)
    city = Scripted(name="city", allowed=allowed)
    with casework.sessions.begin() as session:
        provider_health.register(session, Registry([city]))
    for number in (1, 2):
        casework.open(number)
    assert len(casework.claim(city)) == 2
    [found] = lines(run("--json"))
    assert [(each["kind"], each["limit"], each["used"]) for each in found["limits"]] == [
        ("rate", "50/1m", 2),
        ("lines", "20", 2),
        ("callee", "5/1h", None),
        ("quiet", "21:00-08:00", None),
    ]
    assert "50/1m (48)" in run().stdout


def test_pause_and_resume_stand_in_the_history_with_who_and_why(casework: CaseworkFixture, run: Run) -> None:
    for what, reason in (("pause", "线路检修"), ("resume", "检修完毕")):
        run(what, "city", "--by", "DUTY", "--reason", reason)
    found = lines(run("--history", "--json"))
    assert [(each["after"], each["share"], each["by"], each["note"]) for each in found] == [
        ("paused", None, "DUTY", "线路检修"),
        ("returning", 0.1, "DUTY", "检修完毕"),
    ]
    table = run("--history").stdout
    assert "人工暂停" in table and "DUTY: 线路检修" in table and "10%" in table
    assert "恢复中" in run().stdout


def test_whoever_pauses_the_only_provider_of_a_channel_is_told(run: Run) -> None:
    why = ("--by", "DUTY", "--reason", "线路检修")
    assert "现无可用服务商" not in run("pause", "city", *why).stderr
    told = run("pause", "spare", *why).stderr
    assert "现无可用服务商:短信, 语音外呼;消息将积压至恢复  dispatcher providers resume spare" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("pause", "nobody", "--by", "DUTY", "--reason", "x"), "no provider nobody; see `dispatcher providers`"),
        (("pause", "city", "--by", "张三", "--reason", "x"), "--by wants a badge"),
        (("pause", "city", "--by", "DUTY", "--reason", " "), "--reason wants 1 to 200"),
        (("pause", "city", "--by", "DUTY", "--reason", "投诉人 13800138000"), "no number of a person"),
        (("resume", "city", "--by", "DUTY", "--reason", "x"), "city is in use"),
        (("test", "nobody", NUMBER), "no provider nobody .* one of: city, line, bank"),
        (("test", "line", NUMBER), "line is a link"),
        (("test", "bank", NUMBER), "serves neither sms nor voice"),
        (("test", "city", "12"), "NUMBER is not a number that can be dialled"),
        (("test", "city", NUMBER, "--channel", "fax"), "--channel: one of sms, voice"),
    ],
)
def test_a_mistake_is_one_line_in_two_languages(
    casework: CaseworkFixture, run: Run, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises((OperatorError, Refused)) as told:
        run(*words)
    chinese, _, english = (line(told.value) if isinstance(told.value, Refused) else str(told.value)).partition(" / ")
    assert re.search(message, english) and NUMBER not in chinese + english and not chinese.isascii()
    assert casework.rows(ProviderRow)[0].health == "closed"


@dataclass
class Adapter:
    """What the adapter of a test sends, and what it says to that."""

    outcome: Any
    sent: list[tuple[ProviderSettings, Message]] = field(default_factory=list)

    async def send(self, table: ProviderSettings, message: Message) -> Any:
        self.sent.append((table, message))
        return self.outcome


OUTCOMES = [
    (Accepted("g-1"), 0, "已受理"),
    (Answered(Contact.DELIVERED), 0, "已有结果"),
    (Transient("gateway answered 500"), 1, "可稍后再试"),
    (Permanent(Contact.FAILED_PERMANENT, "content"), 1, "被拒"),
    (SwitchChannel("blacklisted"), 1, "此时不向该号码发送"),
    (OperationsFault("gateway answered 401"), 1, "需人工处理"),
    (InDoubt("ReadTimeout"), 1, "存疑"),
]


@pytest.mark.parametrize(("outcome", "code", "words"), OUTCOMES)
def test_a_test_tells_the_typed_outcome(
    casework: CaseworkFixture, run: Run, monkeypatch: pytest.MonkeyPatch, outcome: Any, code: int, words: str
) -> None:
    adapter = Adapter(outcome)
    monkeypatch.setattr(probe_message, "send", adapter.send)
    done = run("test", "city", NUMBER)
    assert (done.exit_code, words in done.stdout, type(outcome).__name__ in done.stdout) == (code, True, True)
    [(table, message)] = adapter.sent
    assert (table.name, message.to, message.text) == (
        "city",
        f"+86{NUMBER}",
        TEXT,
    )
    assert [str(each.send_key) for each in casework.rows(ProbeRow)] == [message.send_key]
    assert casework.sql("SELECT 1 FROM cases") == []
    told = json.loads(run("test", "city", NUMBER, "--channel", "voice", "--json").stdout)
    assert (told["outcome"], told["channel"]) == (type(outcome).__name__, "voice")
    assert adapter.sent[1][1].script and NUMBER not in done.stdout + json.dumps(told)


def test_a_gateway_that_is_not_there_is_told_as_what_it_is(run: Run) -> None:
    """Through the real adapter: nothing left, as nobody listens."""
    done = run("test", "city", NUMBER, "--json")
    assert (done.exit_code, json.loads(done.stdout)["outcome"]) == (1, "Transient")
