"""Reports that are wrong, answers that a report owes, and cases that are reopened: stories in product time."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import START, CaseworkFixture, event, resident, withdrawal
from typer.testing import CliRunner
from visits_fixture import Load, act, assign, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.cli import visit
from dispatcher.cli.app import build_app
from dispatcher.errors import Refused
from dispatcher.reporting.log import Filters, log
from dispatcher.reporting.report_outcome import report_outcome
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.instructions import FeedbackRow
from dispatcher.store.visits import VisitRow
from dispatcher.supervision import corrections, decisions
from dispatcher.supervision.decisions import SupervisorDecision
from schemas.officer_report import OfficerReport
from schemas.refusals import RefusalCode
from schemas.vocabulary import Resolution, Result

CHILD = {"id_number": "990101201801010001"}


def report(casework: CaseworkFixture, case_id: UUID, result: Result, **said: Any) -> None:
    if visit_of(casework, case_id).state == "assigned":
        act(casework, case_id, "accept")
    act(casework, case_id, "report", result=result, **said)


def correct(
    casework: CaseworkFixture, visit_id: UUID, result: Result, by: str | None = "A", reason: str = "点错了", **said: Any
) -> None:
    with casework.begin() as work:
        corrections.correct(work, visit_id, OfficerReport(result=result, **said), by=by, reason=reason)


def kinds(casework: CaseworkFixture, case_id: UUID) -> set[str]:
    return {each.kind for each in casework.items(case_id)}


def test_a_wrong_report_is_corrected_and_the_case_goes_on(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_DISSUADED)
    first = visit_of(casework, case_id)
    assert casework.case(case_id).resolution == "DISSUADED_IN_TIME"
    casework.pass_time(minutes=10)
    correct(casework, first.id, Result.NOT_FOUND_TEMPORARILY)
    case, [before, again] = casework.case(case_id), casework.rows(VisitRow, VisitRow.case_id == case_id)
    assert (case.state, case.resolution, case.closed_at, case.first_contact_at) == ("open", None, None, None)
    assert (before.result, before.reported_at, before.corrected_at) == (
        *("NOT_FOUND_TEMPORARILY", START),
        START + timedelta(minutes=10),
    )
    assert (again.state, again.rule) == ("waiting", "revisit")
    assert "follow_up" not in kinds(casework, case_id)
    [entry] = casework.journal(case_id, "report_corrected")
    assert (entry.actor, entry.rule, entry.data["before"], entry.data["result"]) == (
        *("A", "report_corrected", "MET_DISSUADED"),
        "NOT_FOUND_TEMPORARILY",
    )
    assert casework.journal(case_id, "case_reopened")[0].rule == "report_corrected"
    with casework.begin() as work:
        [line] = [each for each in log(work.session, Filters(case=case_id)) if each.result is not None]
        told = report_outcome(work.session, first.id)
    assert (line.result, line.corrected_from, line.confirmed) == ("NOT_FOUND_TEMPORARILY", "MET_DISSUADED", False)
    assert (told.reopened, told.closed_as, told.next_visit) == (True, None, again.number)


def test_a_case_that_the_right_report_ends_is_ended_and_nobody_goes_again(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_REFUSED)
    first, again = casework.rows(VisitRow, VisitRow.case_id == case_id)
    casework.pass_time(minutes=1)
    correct(casework, first.id, Result.MET_SELF_AWARE, by="S-1")
    assert casework.case(case_id).resolution == "SELF_AWARE"
    assert visit_of(casework, case_id).state == "cancelled" and visit_of(casework, case_id).id == again.id
    correct(casework, first.id, Result.MET_REFUSED, by="S-1")
    assert casework.case(case_id).state == "open"
    assert visit_of(casework, case_id).state == "waiting"


def test_money_that_is_gone_is_asked_after_and_what_is_not_gone_is_taken_back(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_DISSUADED)
    first = visit_of(casework, case_id)
    correct(casework, first.id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=9000)
    case = casework.case(case_id)
    assert (case.resolution, case.money_lost) == ("ALREADY_TRANSFERRED_ALL", 9000)
    assert [each.hook for each in casework.attempts(case_id) if each.hook] == ["stop_payment"]
    assert kinds(casework, case_id) == {"follow_up", "case_report", "look_back"}
    with casework.begin() as work:
        told = report_outcome(work.session, first.id)
    assert (told.closed_as, told.bank_asked) == ("ALREADY_TRANSFERRED_ALL", ["stop_payment"])
    assert {each.kind for each in told.work_items} == kinds(casework, case_id)
    correct(casework, first.id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=6000)
    assert casework.case(case_id).money_lost == 6000
    correct(casework, first.id, Result.MET_DISSUADED)
    case = casework.case(case_id)
    assert (case.resolution, case.money_lost) == ("DISSUADED_IN_TIME", 0)
    assert kinds(casework, case_id) == {"follow_up"}
    outcomes = [each.outcome for each in casework.rows(FeedbackRow, FeedbackRow.direction == "out")]
    assert outcomes[0] == outcomes[-1] == "DISSUADED_IN_TIME" and "ALREADY_TRANSFERRED_ALL" in outcomes


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"by": "B"}, "wrong_role by=B act=correct allowed=supervisor"),
        ({"by": "NOBODY-9"}, "not_on_roster by=NOBODY-9"),
        ({"by": None}, "name_missing act=correct"),
        ({"reason": " "}, "reason_missing"),
        ({"result": Result.DELIVERED}, "wrong_visit_result"),
        ({"result": Result.MET_ALREADY_DEFRAUDED}, "loss_answer_missing result=MET_ALREADY_DEFRAUDED"),
    ],
)
def test_a_correction_that_is_not_one_changes_nothing(
    casework: CaseworkFixture, load: Load, how: dict[str, Any], message: str
) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_REFUSED)
    [first, _] = casework.rows(VisitRow, VisitRow.case_id == case_id)
    with pytest.raises(Refused, match=message):
        correct(casework, first.id, **({"result": Result.MET_DISSUADED} | how))
    assert casework.journal(case_id, "report_corrected") == []


def test_what_has_not_been_reported_is_not_corrected(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    with pytest.raises(Refused, match="visit_not_reported state=assigned"):
        correct(casework, visit_of(casework, case_id).id, Result.MET_DISSUADED)


def test_a_report_on_a_person_who_was_erased_stays_as_it_is(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_DISSUADED)
    casework.sql("UPDATE subjects SET wrapped_key = NULL, erased_at = now()")
    with pytest.raises(Refused, match="person_erased"):
        correct(casework, visit_of(casework, case_id).id, Result.NOT_FOUND_TEMPORARILY)
    assert (casework.case(case_id).state, visit_of(casework, case_id).result) == ("closed", "MET_DISSUADED")


def test_a_bank_is_not_asked_to_stop_what_never_left(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=9000)
    correct(casework, visit_of(casework, case_id).id, Result.MET_SELF_AWARE)
    assert [each.state for each in casework.attempts(case_id, "hook")] == ["cancelled"]
    [told] = [each for each in casework.journal(case_id, "attempt_cancelled") if each.data["channel"] == "hook"]
    assert told.rule == "stop_payment_groundless"
    correct(casework, visit_of(casework, case_id).id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=9000)
    assert [each.state for each in casework.attempts(case_id, "hook")] == ["cancelled", "planned"]


def test_where_the_person_has_another_open_case_a_supervisor_looks_at_the_end_that_was_wrong(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_with_visit(casework, id_number=resident(1))
    report(casework, case_id, Result.MET_DISSUADED)
    first = visit_of(casework, case_id)
    other = casework.open(2, id_number=resident(1))
    assert other != case_id
    correct(casework, first.id, Result.NOT_FOUND_TEMPORARILY)
    assert casework.case(case_id).state == "closed"
    assert "feedback_review" in kinds(casework, case_id)


def test_a_child_counts_as_met_only_with_a_guardian_and_the_report_says_so(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_with_visit(casework, **CHILD)
    with pytest.raises(Refused, match="guardian_answer_missing"):
        report(casework, case_id, Result.MET_DISSUADED)
    report(casework, case_id, Result.MET_DISSUADED, guardian_present=False)
    [first, again] = casework.rows(VisitRow, VisitRow.case_id == case_id)
    assert (casework.case(case_id).state, first.guardian_present, again.rule) == ("open", False, "guardian_absent")
    assert casework.case(case_id).first_contact_at is None
    casework.pass_time(minutes=1)
    correct(casework, first.id, Result.MET_DISSUADED, guardian_present=True)
    assert casework.case(case_id).resolution == "DISSUADED_IN_TIME"
    assert casework.case(case_id).first_contact_at == START


def test_a_child_who_was_not_found_needs_no_answer(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, **CHILD)
    report(casework, case_id, Result.NOT_FOUND_TEMPORARILY)
    assert visit_of(casework, case_id).rule == "revisit"


@pytest.mark.parametrize(("lost", "known"), [(7000, 7000), ("unknown", 0)])
def test_who_was_defrauded_says_of_how_much_or_that_nobody_knows(
    casework: CaseworkFixture, load: Load, lost: Any, known: int
) -> None:
    load()
    case_id = case_with_visit(casework)
    with pytest.raises(Refused, match="loss_answer_missing result=MET_ALREADY_DEFRAUDED"):
        report(casework, case_id, Result.MET_ALREADY_DEFRAUDED)
    with pytest.raises(Refused, match="unknown_loss_without_fraud"):
        report(casework, case_id, Result.MET_DISSUADED, lost_yuan="unknown")
    report(casework, case_id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=lost)
    case = casework.case(case_id)
    assert (case.resolution, case.money_lost) == ("ALREADY_TRANSFERRED_ALL", known)
    assert casework.journal(case_id, "visit_reported")[0].data["lost_yuan"] == lost


def test_a_supervisor_reopens_a_case_and_somebody_is_sent_anew(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_DISSUADED)
    casework.pass_time(hours=20)
    decide_as_supervisor(casework, decisions.reopen, case_id)
    case = casework.case(case_id)
    assert (case.state, case.resolution, case.reopened_at) == ("open", None, casework.now)
    assert case.deadlines["met_by"] == (casework.now + timedelta(minutes=30)).isoformat()
    assert "follow_up" not in kinds(casework, case_id)
    assign(casework)
    again = visit_of(casework, case_id)
    assert (again.rule, again.state, again.officer) == ("reopened_by_supervisor", "assigned", "A")
    report(casework, case_id, Result.MET_SELF_AWARE)
    assert casework.case(case_id).resolution == "SELF_AWARE"
    assert "follow_up" in kinds(casework, case_id)


@pytest.mark.parametrize("by", ["A", "DUTY", "NOBODY-9"])
def test_nobody_but_a_supervisor_reopens(casework: CaseworkFixture, load: Load, by: str) -> None:
    load()
    case_id = casework.open()
    casework.push(event("feedback", outcome="SELF_AWARE"))
    with pytest.raises(Refused, match=r"wrong_role|not_on_roster"):
        decide_as_supervisor(casework, decisions.reopen, case_id, by=SupervisorDecision(by, "复核"))


def test_neither_an_open_case_nor_a_withdrawn_one_nor_a_second_one_is_reopened(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = casework.open(id_number=resident(1))
    with pytest.raises(Refused, match=f"case_open case={case_id}"):
        decide_as_supervisor(casework, decisions.reopen, case_id)
    decide_as_supervisor(casework, decisions.close, case_id, Resolution.SELF_AWARE)
    other = casework.open(2, id_number=resident(1))
    with pytest.raises(Refused, match=f"other_case_open case={case_id} other={other}"):
        decide_as_supervisor(casework, decisions.reopen, case_id)
    withdrawn = casework.open(3)
    casework.push(withdrawal(3))
    with pytest.raises(Refused, match=f"case_withdrawn case={withdrawn}"):
        decide_as_supervisor(casework, decisions.reopen, withdrawn)


@pytest.fixture
def run(casework: CaseworkFixture, load: Load, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command of officers; gives what it prints."""
    load()
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(visit, "build_services", lambda: services)
    return lambda *words: CliRunner().invoke(build_app(), ("visit", *words), catch_exceptions=False).stdout


def test_a_command_answers_what_a_report_led_to(casework: CaseworkFixture, run: Callable[..., str]) -> None:
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    number = str(visit_of(casework, case_id).number)
    told = run("report", number, "MET_ALREADY_DEFRAUDED", "--lost-yuan", "unknown", "--officer", "A")
    item = next(each for each in casework.items(case_id) if each.kind == "case_report")
    assert "已结案:已全部转出" in told or "已结案" in told
    assert "已请银行" in told and f"待办 {item.number}:转接处警" in told
    line = json.loads(run("correct", number, "NOT_FOUND_TEMPORARILY", "--reason", "点错", "--officer", "A", "--json"))
    led_to = line["led_to"]
    assert (line["result"], led_to["reopened"], led_to["closed_as"]) == ("NOT_FOUND_TEMPORARILY", True, None)
    assert led_to["next_visit"] == visit_of(casework, case_id).number and led_to["next_visit_at"]


@pytest.mark.parametrize("amount", ["-1", "a lot", "1.5", "9" * 40])
def test_an_amount_is_a_number_or_unknown(run: Callable[..., str], amount: str) -> None:
    words = ("visit", "report", "7", "MET_ALREADY_DEFRAUDED", "--lost-yuan", amount, "--officer", "A")
    told = CliRunner().invoke(build_app(), words)
    assert (told.exit_code, "unknown" in told.stderr) == (2, True)


def test_however_often_it_is_corrected_what_follows_from_the_end_stands_once(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=5000)
    once = sorted(each.kind for each in casework.items(case_id))
    for lost in (5000, 6000, 7000):
        correct(casework, visit_of(casework, case_id).id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=lost)
    assert sorted(each.kind for each in casework.items(case_id)) == once


def twice_visited(casework: CaseworkFixture, first: int | None, second: int) -> tuple[UUID, UUID]:
    """Refused at the first visit, defrauded by the second; what each report said was gone."""
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_REFUSED, lost_yuan=first)
    visit = visit_of(casework, case_id)
    before = casework.rows(VisitRow, VisitRow.case_id == case_id)[0]
    casework.pass_time(days=1)
    assign(casework)
    assert visit.id != before.id
    report(casework, case_id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=second)
    return case_id, before.id


@pytest.mark.parametrize("said", [0, 1000, 9000, None])
def test_a_later_report_on_what_is_gone_stands_over_an_earlier_one(
    casework: CaseworkFixture, load: Load, said: int | None
) -> None:
    load()
    case_id, first = twice_visited(casework, 5000, 8000)
    correct(casework, first, Result.MET_REFUSED, by="S-1", lost_yuan=said)
    assert casework.case(case_id).money_lost == 8000


def test_what_was_lost_after_a_report_stays_when_it_is_corrected(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=5000)
    casework.push(event("later_loss", 1, loss_yuan=8000))
    assert casework.case(case_id).money_lost == 13000
    correct(casework, visit_of(casework, case_id).id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=6000)
    assert casework.case(case_id).money_lost == 14000


@pytest.mark.parametrize(("result", "said"), [(Result.MET_DISSUADED, None), (Result.MET_ALREADY_DEFRAUDED, "unknown")])
def test_what_was_lost_after_a_report_without_a_sum_stays_too(
    casework: CaseworkFixture, load: Load, result: Result, said: str | None
) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, result, lost_yuan=said)
    casework.push(event("later_loss", 1, loss_yuan=8000))
    for sum_, result_, gone in (
        (5000, Result.MET_ALREADY_DEFRAUDED, 13000),
        (None, Result.MET_DISSUADED, 8000),
        (6000, Result.MET_ALREADY_DEFRAUDED, 14000),
    ):
        correct(casework, visit_of(casework, case_id).id, result_, lost_yuan=sum_)
        assert casework.case(case_id).money_lost == gone


def test_a_report_that_no_longer_names_a_sum_leaves_what_the_other_says_now(
    casework: CaseworkFixture, load: Load
) -> None:
    """In whichever order they are corrected."""
    load()
    case_id, first = twice_visited(casework, 5000, 8000)
    second = visit_of(casework, case_id).id
    correct(casework, first, Result.MET_REFUSED, by="S-1", lost_yuan=0)
    assert casework.case(case_id).money_lost == 8000
    correct(casework, second, Result.MET_DISSUADED)
    assert casework.case(case_id).money_lost == 0
    correct(casework, first, Result.MET_REFUSED, by="S-1", lost_yuan=3000)
    assert casework.case(case_id).money_lost == 3000
    correct(casework, first, Result.MET_REFUSED, by="S-1")
    assert casework.case(case_id).money_lost == 0


def test_the_first_contact_is_the_first_of_those_that_are_left(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id, first = twice_visited(casework, None, 0)
    [was, then] = casework.rows(VisitRow, VisitRow.case_id == case_id)[:2]
    assert casework.case(case_id).first_contact_at == was.reported_at
    correct(casework, first, Result.NOT_FOUND_TEMPORARILY, by="S-1")
    assert casework.case(case_id).first_contact_at == then.reported_at
    correct(casework, first, Result.MET_REFUSED, by="S-1")
    assert casework.case(case_id).first_contact_at == was.reported_at


def test_a_case_that_nobody_warns_of_any_more_stays_closed(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_DISSUADED)
    casework.push(withdrawal(1))
    correct(casework, visit_of(casework, case_id).id, Result.NOT_FOUND_TEMPORARILY)
    assert casework.case(case_id).state == "closed"
    with pytest.raises(Refused, match="case_withdrawn"):
        decide_as_supervisor(casework, decisions.reopen, case_id)


@pytest.mark.parametrize("reason", ["", "\u3000", "\u200b\u2060"], ids=ascii)
def test_a_correction_without_a_reason_that_can_be_seen_is_refused(
    casework: CaseworkFixture, load: Load, reason: str
) -> None:
    load()
    case_id = case_with_visit(casework)
    report(casework, case_id, Result.MET_REFUSED)
    with pytest.raises(Refused, match=RefusalCode.REASON_MISSING):
        correct(casework, visit_of(casework, case_id).id, Result.MET_DISSUADED, reason=reason)
    assert casework.journal(case_id, "report_corrected") == []


@pytest.mark.parametrize(
    ("said", "right"),
    [(Result.MET_REFUSED, Result.NOT_FOUND_TEMPORARILY), (Result.MET_ALREADY_DEFRAUDED, Result.MET_DISSUADED)],
)
def test_nobody_rings_a_bank_about_a_loss_that_was_taken_back(
    casework: CaseworkFixture, load: Load, said: Result, right: Result
) -> None:
    load()
    case_id = case_with_visit(casework)
    visit_id = visit_of(casework, case_id).id
    report(casework, case_id, said, lost_yuan=5000)
    casework.deliver()
    stop = casework.attempts(case_id, "hook")[0]
    assert f"bank:{stop.id}" in {each.cause for each in casework.items(case_id)}
    correct(casework, visit_id, right)
    assert f"bank:{stop.id}" not in {each.cause for each in casework.items(case_id)}
