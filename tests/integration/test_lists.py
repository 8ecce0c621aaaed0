"""What the lists of visits and cases say of each, on the screen and to programs."""

import json
from collections.abc import Callable, Iterator

import pytest
from casework_fixture import CaseworkFixture, Scripted, instruction
from typer.testing import CliRunner
from visits_fixture import OFF_DUTY, Load, act, assign, case_with_visit, decide_as_supervisor

from dispatcher.cli import case, transfer, visit, worklist
from dispatcher.cli.app import build_app
from dispatcher.errors import Refused
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import pauses
from schemas.refusals import RefusalCode
from schemas.vocabulary import ReturnReason, Rung, WorkItemKind

Run = Callable[..., str]


@pytest.fixture
def run(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command against the fixture's database; returns what it prints, as a pipe has it."""
    services = Services(Settings(), casework.sessions, casework.context)
    for module in (case, transfer, visit, worklist):
        monkeypatch.setattr(module, "build_services", lambda: services)

    def invoke(*words: str) -> str:
        told = CliRunner().invoke(build_app(), words, catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return told.stdout

    yield invoke


def rung(run: Run) -> tuple[str | None, int | None]:
    """Of the one visit, for programs; the screen says the same."""
    line = json.loads(run("visit", "list", "--all", "--json"))
    code, number = line["rung"], line["rung_number"]
    if code is not None:
        assert f" {number} {Rung(code).zh} " in run("visit", "list", "--all").splitlines()[2]
    return code, number


def test_a_visit_says_on_which_rung_of_the_ladder_it_is(casework: CaseworkFixture, load: Load, run: Run) -> None:
    load()
    case_id = case_with_visit(casework)
    assert rung(run) == ("officer", 1)
    casework.pass_time(minutes=3)
    assert rung(run) == ("officer", 2)  # who is asked next
    for _ in range(2):
        assign(casework)
        casework.pass_time(minutes=3)
    assign(casework)
    assert rung(run) == ("station_leader", 4)
    act(casework, case_id, "return", reason=ReturnReason.ADDRESS_INSUFFICIENT)
    assign(casework)
    act(casework, case_id, "accept")
    assert rung(run) == ("centre", 6)


def test_a_visit_that_moves_has_the_ladder_of_its_new_unit(casework: CaseworkFixture, load: Load, run: Run) -> None:
    load()
    case_id = case_with_visit(casework)
    casework.pass_time(minutes=3)
    assign(casework)
    assert rung(run) == ("officer", 2)
    act(casework, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="P2")
    assert rung(run) == ("officer", 2)  # the other unit has not answered
    run("transfer", "accept", "1", "--by", "Z")
    assert rung(run) == ("officer", 1)


def test_a_roster_loaded_later_begins_the_ladder_anew(casework: CaseworkFixture, load: Load, run: Run) -> None:
    load(**OFF_DUTY)
    case_with_visit(casework)
    assert rung(run) == ("centre", 6)
    load()
    assert rung(run) == (None, None)
    casework.advance()
    assert rung(run) == ("officer", 1)


def test_a_case_says_its_unit_how_it_stands_and_that_it_is_late(
    casework: CaseworkFixture, load: Load, run: Run
) -> None:
    load(**OFF_DUTY)
    case_with_visit(casework)
    paused = casework.open(2, channels=["sms"])
    decide_as_supervisor(casework, pauses.pause, paused)
    by_itself = casework.open(3, channels=["sms"], urgency="low")
    casework.deliver(Scripted())
    lines = {line["case"]: line for line in map(json.loads, run("case", "list", "--json").splitlines())}
    assert [lines[str(each)]["units"] for each in (paused, by_itself)] == [[], []]
    assert lines[str(by_itself)]["due_at"] is None
    title, _, first, *others = run("case", "list").splitlines()
    assert title == "案件 3 件,逾期 0 件"
    assert first.split()[:2] == ["特急", "进行中"]
    assert "P1" in first.split()
    assert sum("暂停" in row.split()[1] for row in others) == 1
    assert "逾期" not in "".join((first, *others))
    casework.pass_time(minutes=6)
    title, _, first, *others = run("case", "list").splitlines()
    assert title == "案件 3 件,逾期 1 件"
    assert first.split()[:3] == ["特急", "进行中", "逾期"]
    assert not any("逾期" in row for row in others)
    assert "\x1b" not in first
    assert run("case", "list", "--unit", "P1").splitlines()[0] == "案件 1 件,逾期 1 件"


def test_a_case_is_found_by_the_unit_that_took_its_visit(casework: CaseworkFixture, load: Load, run: Run) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="P2")
    run("transfer", "accept", "1", "--by", "Z")
    assert json.loads(run("case", "list", "--unit", "P2", "--json"))["units"] == ["P2", "P1"]


@pytest.mark.parametrize("unit", ["P1", "COUNTY", "CENTRE"])
def test_a_unit_has_what_any_unit_below_it_has(casework: CaseworkFixture, load: Load, run: Run, unit: str) -> None:
    load(**OFF_DUTY)
    case_id = case_with_visit(casework)
    for words in (("visit", "list"), ("worklist",), ("case", "list")):
        assert json.loads(run(*words, "--unit", unit, "--json"))["case"] == str(case_id), words
        assert run(*words, "--unit", "P2", "--json") == "", words


def test_a_case_that_goes_on_says_what_waits_beside_it_once_that_is_late(casework: CaseworkFixture, run: Run) -> None:
    casework.open(1, urgency="critical", channels=["sms", "voice"])
    casework.push(instruction(1, version=2, urgency="low", channels=["sms", "voice"]))
    assert [each.kind for each in casework.rows(WorkItemRow)] == [WorkItemKind.URGENCY_REVIEW]
    assert "自动继续" in run("case", "list")
    casework.is_tampered = True
    casework.sql("UPDATE duties SET due_at = due_at - interval '1 day'")
    listed = json.loads(run("case", "list", "--json"))
    assert (listed["overdue"], listed["waits_for"]) == (True, "urgency_review")
    assert listed["next_at"] is not None
    assert WorkItemKind.URGENCY_REVIEW.zh in run("case", "list")


@pytest.mark.parametrize("words", [("visit", "list", "--officer"), ("worklist", "--taken-by")])
def test_a_badge_that_nobody_has_is_told_and_is_no_empty_list(
    casework: CaseworkFixture, load: Load, run: Run, words: tuple[str, ...]
) -> None:
    load()
    run(*words, "A")
    with pytest.raises(Refused) as refused:
        run(*words, "NOBODY-9")
    assert refused.value.code is RefusalCode.NOT_ON_ROSTER
