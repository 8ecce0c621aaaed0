"""What `case` shows a person: what waits and why, which deadlines were missed, and the journal in words."""

from collections.abc import Callable, Iterator

import pytest
from casework_fixture import CaseworkFixture, Scripted
from sqlalchemy import update
from typer.testing import CliRunner
from visits_fixture import Load

from dispatcher.casework import provider_health
from dispatcher.cli import case
from dispatcher.cli.app import build_app
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.providers import ProviderRow
from providers.base import Transient
from providers.registry import Registry
from schemas.vocabulary import Health

Run = Callable[..., str]


@pytest.fixture
def run(casework: CaseworkFixture, load: Load, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    load()
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(case, "build_services", lambda: services)
    yield lambda *words: CliRunner().invoke(build_app(), words, catch_exceptions=False).stdout


def test_a_held_message_is_shown_with_its_time_and_what_holds_it(casework: CaseworkFixture, run: Run) -> None:
    casework.pass_time(hours=14)
    case_id = casework.open(urgency="medium")
    assert "待执行,03-03 08:00 执行 (夜间免打扰)" in run("case", str(case_id))


def test_what_is_due_says_so_and_why_it_has_not_gone(casework: CaseworkFixture, run: Run) -> None:
    case_id = casework.open(urgency="medium")
    assert "已到时间,等待发送" in run("case", str(case_id))
    with casework.sessions.begin() as session:
        provider_health.register(session, Registry([Scripted(name="city")]))
        session.execute(update(ProviderRow).values(health=Health.PAUSED))
    casework.context.provider_health.forget()
    shown = run("case", str(case_id))
    assert "无可用服务商" in shown
    assert "已到时间" not in shown


def test_what_is_tried_again_says_so(casework: CaseworkFixture, run: Run) -> None:
    case_id = casework.open(urgency="medium")
    casework.deliver(Scripted([Transient("busy")], name="city"))
    assert "上次未成,稍后再试" in run("case", str(case_id))


def test_a_deadline_that_was_missed_is_marked(casework: CaseworkFixture, run: Run) -> None:
    case_id = casework.open(channels=["voice"])
    assert "已超时" not in run("case", str(case_id))
    casework.pass_time(hours=14)
    (line,) = [line for line in run("case", str(case_id)).splitlines() if "首次外呼期限: " in line]
    assert line.endswith("已超时")


def test_an_address_of_unknown_kind_is_shown_as_unknown(casework: CaseworkFixture, run: Run) -> None:
    shown = run("case", str(casework.open(addresses=[{"kind": "月球", "text": "样板路1号"}])))
    assert "登记一个地址(类型不详)" in shown


def test_the_journal_is_told_in_words_and_money_by_name(casework: CaseworkFixture, run: Run) -> None:
    shown = run("case", str(casework.open(risk={"amount_at_risk_yuan": 5000})))
    assert "受理 省反诈平台(虚构) 的指令 YJ-1(版本 1)" in shown
    assert "金额(元,各自独立): 涉险 5,000" in shown
    assert "{" not in shown
    assert "=" not in shown
