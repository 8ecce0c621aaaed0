"""A night shift: what needs somebody is on the first screen of one command, however much else there is."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, instruction
from rich.cells import cell_len
from typer.testing import CliRunner
from visits_fixture import OFF_DUTY, Load, assign, case_with_visit, visit_of

from dispatcher.cli import case, decide, item, log, output, visit, worklist
from dispatcher.cli.app import build_app
from dispatcher.settings import Settings, settings
from dispatcher.setup import Services
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.visits import OfficerRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import pauses, service_items
from dispatcher.supervision.decisions import SupervisorDecision
from providers.base import InDoubt, Message, Outcome
from schemas.vocabulary import WorkItemKind

INSTRUCTIONS, ROWS, COLUMNS = 200, 24, 80
ROUTINE = 60  # wait for a person too, on both lists: more than two screens
Run = Callable[..., str]


@pytest.fixture
def run(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command against the fixture's database; returns its first screen."""
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    for module in (case, decide, item, log, visit, worklist):
        monkeypatch.setattr(module, "build_services", lambda: services)
    monkeypatch.setattr(output.out, "width", COLUMNS)

    def invoke(*words: str) -> str:
        told = CliRunner().invoke(build_app(), words, catch_exceptions=False)
        assert told.exit_code == 0, told.output
        lines = told.stdout.splitlines()
        assert max(map(cell_len, lines)) <= COLUMNS
        return "\n".join(lines[:ROWS])

    yield invoke


@pytest.fixture
def routine(casework: CaseworkFixture, load: Load) -> None:
    """What fills the lists: visits of the morning that nobody took either, all long past their time."""
    load(**OFF_DUTY)
    for number in range(1000, 1000 + ROUTINE):
        places = [PLACE | {"precinct_code": "P1"}]
        casework.open(number, urgency="high", channels=["sms", "visit"], addresses=places)
    casework.deliver(Scripted())
    casework.pass_time(hours=1)  # no contact: a visit
    assign(casework)
    casework.pass_time(hours=5)
    assert len(casework.rows(VisitRow)) == ROUTINE
    late = casework.rows(WorkItemRow, WorkItemRow.done_at.is_(None), WorkItemRow.due_at < casework.now)
    assert len({each.case_id for each in late}) == ROUTINE


@pytest.fixture
def night(casework: CaseworkFixture, load: Load) -> dict[str, UUID]:
    """One case of each kind that somebody has to find."""
    if not casework.rows(OfficerRow):  # loaded again, it would start the ladders anew
        load(**OFF_DUTY)
    found = {
        "nobody accepts": case_with_visit(casework, number=1),
        "paused": casework.open(2, urgency="critical", channels=["sms"]),
        "came too late": casework.open(3, urgency="critical", valid_until="2026-03-02T08:00:00+08:00"),
        "nothing left to do": casework.open(4, urgency="critical", channels=["sms"], phones=None, addresses=[PLACE]),
        "in doubt": casework.open(5, urgency="critical", channels=["sms"]),
        "waits for approval": casework.open(6, urgency="critical", channels=["sms"]),
    }
    with casework.begin() as work:
        pauses.pause(work, found["paused"], SupervisorDecision("S-1", "家属在场"))
    casework.deliver(Doubtful("+8615400000005"))
    casework.push(instruction(6, version=2, urgency="low", channels=["sms"]))
    assert casework.push(instruction(7, urgency="特急", phones=[])).status == "refused"
    with casework.begin() as work:
        service_items.tend(work)  # as the sweep does
    return found


class Doubtful(Scripted):
    """Takes every message; whether it took the one to this number nobody knows."""

    def __init__(self, to: str) -> None:
        super().__init__()
        self.to = to

    async def send(self, message: Message) -> Outcome:
        return InDoubt("timeout") if message.to == self.to else await super().send(message)


PLACE = {"kind": "residence", "text": "样板路7号"}


# What an operator looks for, the kind of its item, and the command that --help names for it.
FOUND_BY = {
    "nobody accepts": (WorkItemKind.LADDER_EXHAUSTED, ("worklist",)),
    "paused": (WorkItemKind.PAUSED, ("worklist",)),
    "came too late": (WorkItemKind.EXPIRED, ("worklist",)),
    "nothing left to do": (WorkItemKind.NUMBER_REQUEST, ("worklist", "--urgency", "critical")),
    "waits for approval": (WorkItemKind.URGENCY_REVIEW, ("worklist", "--urgency", "critical")),
}


@pytest.mark.usefixtures("routine")
def test_what_needs_somebody_is_on_the_first_screen_of_two_hundred(
    casework: CaseworkFixture, night: dict[str, UUID], run: Run
) -> None:
    for number in range(10, INSTRUCTIONS - ROUTINE + 3):
        casework.open(number, urgency="low", channels=["sms"])
    assert f"逾期 {ROUTINE} 项" in run("worklist")
    assert len(casework.rows(InstructionRow)) + len(casework.quarantined()) == INSTRUCTIONS + 1  # one has two versions
    help_ = CliRunner().invoke(build_app(), ["--help"]).stdout
    for wanted, (kind, words) in FOUND_BY.items():
        assert words[0] in help_
        [item] = [each for each in casework.items(night[wanted]) if each.kind is kind]
        assert str(item.number) in numbers(run(*words)), (wanted, run(*words))
    [refused] = casework.rows(WorkItemRow, WorkItemRow.kind == WorkItemKind.URGENT_REFUSED)
    assert str(refused.number) in numbers(run("worklist"))
    assert str(visit_of(casework, night["nobody accepts"]).number) == numbers(run("visit", "list"))[0]
    assert "YJ-1" in run("case", "list").split()
    assert "YJ-5" in run("log", "--state", "in_doubt").split()
    assert "in_doubt" in CliRunner().invoke(build_app(), ["log", "--help"]).stdout


def numbers(screen: str) -> list[str]:
    """The first column: by which number each thing is called."""
    return [line.split()[0] for line in screen.splitlines()[2:] if line.split()[:1] and line.split()[0].isdecimal()]


def test_of_equally_urgent_ones_the_first_deadline_comes_first(casework: CaseworkFixture, load: Load, run: Run) -> None:
    """More than a screen of them, and what is due first came last."""
    load(**OFF_DUTY)
    place = PLACE | {"precinct_code": "P1"}
    for number in range(1000, 1000 + ROWS + 6):
        last = casework.open(number, urgency="critical", channels=["visit"], addresses=[place])
    assign(casework)
    casework.is_tampered = True
    sooner = """UPDATE cases SET deadlines = deadlines || '{"met_by": "2026-03-02T01:20:00+00:00"}' WHERE id = :id"""
    casework.sql(sooner, id=last)
    assert numbers(run("visit", "list"))[0] == str(visit_of(casework, last).number) == str(ROWS + 6)
    paused = casework.open(2, urgency="critical", channels=["sms"])
    with casework.begin() as work:
        pauses.pause(work, paused, SupervisorDecision("S-1", "家属在场"), work.now + timedelta(minutes=1))
    [item] = casework.items(paused)
    assert numbers(run("worklist"))[0] == str(item.number)


def test_an_operator_goes_from_the_list_to_the_officer_by_what_each_screen_says(
    casework: CaseworkFixture, night: dict[str, UUID], run: Run
) -> None:
    case_id = night["nobody accepts"]
    [waiting] = casework.items(case_id)
    number = visit_of(casework, case_id).number
    assert f"{waiting.number} 特急" in " ".join(run("worklist", "--for", "centre").split())
    told = run("item", "show", str(waiting.number))
    assert f"dispatcher visit assign {number} OFFICER --by" in told
    assert str(case_id) in told
    assert "处理人: S-1" in run("item", "take", str(waiting.number), "--by", "S-1")
    run("visit", "assign", str(number), "A", "--by", "S-1")
    assert run("visit", "list", "--urgency", "critical").splitlines()[2].split()[0] == str(number)


@pytest.mark.usefixtures("night")
def test_the_list_of_cases_says_what_comes_next_and_whom_each_waits_for(run: Run) -> None:
    screen = run("case", "list", "--urgency", "critical")
    assert "中心: 上门单无人承接" in screen.replace("\n", "")
    assert "中心: 暂停中" in screen


@pytest.mark.usefixtures("night")
def test_in_english_the_same_screens_hold_no_chinese(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_LANGUAGE", "en")
    settings.cache_clear()
    try:
        for words in (("worklist",), ("visit", "list"), ("case", "list")):
            assert run(*words).isascii()
    finally:
        settings.cache_clear()
