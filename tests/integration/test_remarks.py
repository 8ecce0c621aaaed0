"""Reasons and remarks of supervisors and sources: who says who reads sees them, and each reading is on the record."""

import json
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, event, withdrawal
from typer.testing import CliRunner
from visits_fixture import ORDER, Load, case_with_visit, decide_as_supervisor

from dispatcher.cli import case, item
from dispatcher.cli.app import build_app
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.cases import CaseRow
from dispatcher.store.vault import SubjectRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import pauses, remarks

Run = Callable[..., str]
NOTE = "家属称[b]正在[/b]银行"


@pytest.fixture
def run(casework: CaseworkFixture, load: Load, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command against the fixture's database; gives what it prints."""
    load()
    services = Services(Settings(), casework.sessions, casework.context)
    for module in (case, item):
        monkeypatch.setattr(module, "build_services", lambda: services)
    yield lambda *words: CliRunner().invoke(build_app(), words, catch_exceptions=False).stdout


@pytest.fixture
def case_id(casework: CaseworkFixture, run: Run) -> UUID:
    opened: UUID = case_with_visit(casework, note=NOTE)
    decide_as_supervisor(casework, pauses.pause, opened)
    return opened


def read(casework: CaseworkFixture, case_id: UUID) -> list[str | None]:
    with casework.begin() as work:
        return [each.text for each in remarks.read(work, case_id, by="S-1")]


def test_each_reading_is_on_the_record(casework: CaseworkFixture, case_id: UUID) -> None:
    assert read(casework, case_id) == [NOTE, ORDER.reason]
    (entry,) = casework.journal(case_id, "remarks_read")
    assert (entry.actor, entry.rule, len(entry.data["remarks"])) == ("S-1", "remarks_read", 2)
    assert ORDER.reason not in json.dumps(entry.data, ensure_ascii=False)


def test_without_a_reader_only_that_they_are_there_is_told(casework: CaseworkFixture, run: Run, case_id: UUID) -> None:
    (waiting, *_) = casework.rows(WorkItemRow, WorkItemRow.case_id == case_id)
    for words in (("case", str(case_id)), ("case", str(case_id), "--why"), ("item", "show", str(waiting.id))):
        for shown in (run(*words), run(*words, "--json")):
            assert ORDER.reason not in shown
            assert NOTE not in shown
        assert "--by 警号" in run(*words)
    assert casework.journal(case_id, "remarks_read") == []


def test_with_a_reader_the_words_are_shown(casework: CaseworkFixture, run: Run, case_id: UUID) -> None:
    (waiting, *_) = casework.rows(WorkItemRow, WorkItemRow.case_id == case_id)
    for words in (("case", str(case_id)), ("case", str(case_id), "--why"), ("item", "show", str(waiting.id))):
        shown = "".join(run(*words, "--by", "S-1").split())
        assert ORDER.reason in shown
        assert NOTE in shown
    assert ORDER.reason in run("case", str(case_id), "--json", "--by", "S-1")
    assert [each.actor for each in casework.journal(case_id, "remarks_read")] == ["S-1"] * 4


@pytest.mark.usefixtures("staff")
def test_what_a_source_wrote_of_an_event_is_kept_and_shown(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(event("later_loss", loss_yuan=500, note="又转了一笔"))
    casework.push(event("feedback", outcome="NOT_A_VICTIM", note="本人否认"))
    casework.push(withdrawal(reason="误报,样本重复"))
    assert read(casework, case_id) == ["又转了一笔", "本人否认", "误报,样本重复"]


def test_of_who_was_erased_nothing_is_left_to_read(casework: CaseworkFixture, case_id: UUID) -> None:
    with casework.sessions.begin() as session:
        session.get_one(SubjectRow, session.get_one(CaseRow, case_id).subject_id).wrapped_key = None
    assert read(casework, case_id) == [None]
