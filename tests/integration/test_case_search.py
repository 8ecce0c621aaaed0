"""`log` by number, name, state, urgency, provider: who rang? A search is on the record of the cases that it finds."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted, phone
from typer.testing import CliRunner
from visits_fixture import Load

from dispatcher.cli import log
from dispatcher.cli.app import build_app
from dispatcher.errors import OperatorError
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.journal import JournalRow
from dispatcher.supervision import case_search

Beside = Callable[[Callable[[], Any]], "Future[Any]"]
Find = Callable[..., list[dict[str, Any]]]
BY = ("--by", "S-1")

pytestmark = pytest.mark.usefixtures("staff")


@pytest.fixture
def services(casework: CaseworkFixture, load: Load, monkeypatch: pytest.MonkeyPatch) -> Services:
    load()
    made = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(log, "build_services", lambda: made)
    return made


@pytest.fixture
def find(services: Services) -> Iterator[Find]:
    """The lines of `log --json` with these options."""

    def lines(*words: str, typed: str | None = None) -> list[dict[str, Any]]:
        done = CliRunner().invoke(build_app(), ("log", *words, "--json"), input=typed, catch_exceptions=False)
        return [json.loads(line) for line in done.stdout.splitlines()]

    yield lines


def searches(casework: CaseworkFixture) -> list[tuple[str, str | None, Any]]:
    rows = casework.rows(JournalRow, JournalRow.event == "case_searched")
    return [(row.actor, str(row.case_id) if row.case_id else None, row.data["searched_by"]) for row in rows]


def test_a_number_that_rings_back_is_found_whosever_it_is(casework: CaseworkFixture, find: Find) -> None:
    daughter = {"name": "何晚", "relation": "女儿", "phone": phone(9)}
    own, other = str(casework.open(contacts=[daughter])), str(casework.open(2))
    assert {line["case"] for line in find("--phone", phone(1), *BY)} == {own}
    assert {line["case"] for line in find("--phone", f"+86 {phone(9)}", *BY)} == {own}
    assert {line["case"] for line in find("--phone", "-", *BY, typed=f"{phone(2)}\n")} == {other}
    assert find("--phone", phone(1), "--name", "何样2", *BY) == []


def test_a_search_is_on_the_record_of_the_cases_that_it_finds(casework: CaseworkFixture, find: Find) -> None:
    case_id = str(casework.open())
    find("--name", " 何样1 ", *BY)
    find("--phone", phone(3), *BY)
    find("--urgency", "high")
    assert searches(casework) == [("S-1", case_id, ["name"]), ("S-1", None, ["phone"])]


def test_a_search_holds_up_no_case_while_it_waits_for_another(
    casework: CaseworkFixture, services: Services, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_search, "_AT_ONCE", 1)
    first, second = sorted((casework.open(name="何同名"), casework.open(2, name="何同名")))
    with casework.holding(second):
        searching = beside(lambda: case_search.find(services.begin, by="S-1", name="何同名"))
        casework.sql("SELECT FROM cases WHERE id = :id FOR UPDATE NOWAIT", id=first)
    assert searching.result(timeout=30) == {first, second}
    assert {case_id for _, case_id, _ in searches(casework)} == {str(first), str(second)}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--phone", phone(1)), "needs --by"),
        (("--name", "何样1"), "needs --by"),
        (("--phone", "whoever", *BY), "can be dialled"),
        (("--state", "lost"), "--state: one of planned"),
    ],
)
def test_a_mistake_is_told_and_nothing_searched(
    casework: CaseworkFixture, find: Find, words: tuple[str, ...], message: str
) -> None:
    casework.open()
    with pytest.raises(OperatorError, match=message):
        find(*words)
    assert searches(casework) == []


def test_state_urgency_and_provider_narrow_the_log(casework: CaseworkFixture, find: Find) -> None:
    sent, waits = str(casework.open()), str(casework.open(2, urgency="critical", channels=["voice"]))
    casework.deliver(Scripted(channels=("sms",)))
    assert {line["case"] for line in find("--urgency", "critical")} == {waits}
    assert {line["case"] for line in find("--provider", "scripted", "--state", "accepted")} == {sent}
    assert find("--provider", "nobody") == []
    assert {line["state"] for line in find("--state", "planned")} <= {"planned"}


def test_the_last_line_says_that_there_is_more(
    casework: CaseworkFixture, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        casework.open(number)
    assert "仅显示" not in CliRunner().invoke(build_app(), ["log"]).stdout
    monkeypatch.setattr(log, "_SCREEN", 1)
    last = CliRunner().invoke(build_app(), ["log"]).stdout.splitlines()[-1]
    assert last == "仅显示最近 1 条;较早的用 --until 或其他条件筛选,全部用 --json"
