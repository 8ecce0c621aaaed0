"""KPIs: each numerator over its fixed denominator, what is shown beside, and money never added together."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, event, withdrawal
from visits_fixture import Load, act, assign, case_with_visit, decide_as_supervisor, employ, visit_of

from dispatcher import clock
from dispatcher.reporting import kpi
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import decisions, work_items
from dispatcher.visits import transfers
from providers.base import Answered, InDoubt
from schemas.instruction import Address
from schemas.officer_report import OfficerReport
from schemas.vocabulary import AddressKind, Answer, FollowUp, Resolution, Result, ReturnReason


def figures(
    casework: CaseworkFixture, since: datetime | None = None, until: datetime | None = None, precinct: str | None = None
) -> Any:
    with casework.sessions() as session:
        return kpi.kpis(session, casework.now, since=since, until=until, precinct=precinct)


def rate(casework: CaseworkFixture, name: str, precinct: str | None = None) -> tuple[int, int, dict[str, int]]:
    found = figures(casework, precinct=precinct)["rates"][name]
    return found["numerator"], found["denominator"], found["beside"]


def visited(casework: CaseworkFixture, number: int, result: Result | None, **changes: Any) -> UUID:
    """A case whose visit was assigned; with a result it was accepted and reported on."""
    case_id = case_with_visit(casework, number=number, **changes)
    if result is not None:
        act(casework, case_id, "accept")
        act(casework, case_id, "report", result=result, guardian_present=False)
    return case_id


def answered(casework: CaseworkFixture, number: int, word: Answered) -> UUID:
    """A case whose one call came to this."""
    case_id = casework.open(number, channels=["voice"])
    casework.pass_time(minutes=1)
    casework.deliver(Scripted([word]))
    return case_id


def ended(casework: CaseworkFixture, number: int, resolution: Resolution) -> UUID:
    case_id = casework.open(number)
    decide_as_supervisor(casework, decisions.close, case_id, resolution)
    return case_id


def test_without_a_case_no_rate_is_made_up(casework: CaseworkFixture) -> None:
    found = figures(casework)
    assert {each["rate"] for each in found["rates"].values()} == {None}
    assert (found["cases"], found["withdrawn"], found["steps"]["met"]) == (0, [], {})
    assert found["money_yuan"] == {"transferred": 0, "lost": 0, "stopped": 0, "returned": 0, "avoided": {}}


def test_accepted_of_what_was_pushed_to_a_precinct(casework: CaseworkFixture, load: Load) -> None:
    load()
    visited(casework, 1, Result.MET_DISSUADED)  # in time
    late = visited(casework, 2, None)  # accepted by the next one
    casework.pass_time(seconds=121)
    assign(casework)
    act(casework, late, "accept", officer="B")
    act(casework, late, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)  # it was accepted all the same
    visited(casework, 3, None)  # by nobody yet
    casework.open(4)
    casework.push(withdrawal(4))  # before any push
    visited(casework, 5, None)
    casework.push(withdrawal(5))  # after it
    assert rate(casework, "accepted") == (2, 3, {"withdrawn_before_push": 1})
    assert rate(casework, "accepted_in_time")[:2] == (1, 3)


def test_who_accepts_late_is_late_though_nobody_looked(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = visited(casework, 1, None)
    with casework.sessions.begin() as session:
        clock.step_to(session, START + timedelta(minutes=9))
    act(casework, case_id, "accept")
    assert rate(casework, "accepted")[:2] == (1, 1)
    assert rate(casework, "accepted_in_time")[:2] == (0, 1)
    accepted = figures(casework)["steps"]["accepted"]["critical"]
    assert (accepted["overdue"], accepted["p50_s"]) == (1, 540)


def test_acceptance_is_timed_from_the_first_assignment_and_outlives_a_return(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = visited(casework, 1, None)
    casework.pass_time(seconds=121)
    assign(casework)
    casework.pass_time(seconds=9)
    act(casework, case_id, "accept", officer="B")
    act(casework, case_id, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)
    line = figures(casework)["steps"]["accepted"]["critical"]
    assert line == {"of": 1, "done": 1, "overdue": 1, "p50_s": 130, "p90_s": 130}


def test_a_precinct_answers_for_its_own_visits(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = visited(casework, 1, Result.MET_REFUSED)
    casework.pass_time(minutes=1)
    hotel = Address(kind="current", text="海棠酒店", precinct_code="P2", valid_until=START + timedelta(days=1))
    decide_as_supervisor(casework, decisions.locate, case_id, hotel)
    casework.pass_time(hours=9, minutes=29)
    assign(casework)
    assert visit_of(casework, case_id).precinct_code == "P2"
    found = [rate(casework, "accepted", precinct)[:2] for precinct in (None, "P1", "P2")]
    assert found == [(1, 2), (1, 1), (0, 1)]
    steps = [figures(casework, precinct=precinct)["steps"]["accepted"]["critical"]["of"] for precinct in ("P1", "P2")]
    assert steps == [1, 1]


def test_true_contact_is_a_confirmed_talk_with_the_right_person(casework: CaseworkFixture) -> None:
    answered(casework, 1, Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED))
    answered(casework, 2, Answered(Result.ANSWERED_SUBJECT))  # no key pressed
    answered(casework, 3, Answered(Result.ANSWERED_NOT_SUBJECT, confirmed=True))
    answered(casework, 7, Answered(Result.ANSWERED_FAMILY, confirmed=True))  # on the subject's own number
    answered(casework, 4, Answered(Result.VOICEMAIL))
    casework.open(5, valid_until=(START - timedelta(hours=1)).isoformat(), urgency="low")
    answered(casework, 6, Answered(Result.VOICEMAIL))
    casework.push(withdrawal(6))
    beside = {"others_answered": 2, "forwarded": 0, "voicemail": 1, "expired": 1}
    assert rate(casework, "true_contact") == (1, 6, beside)


def test_met_of_those_who_needed_a_visit(casework: CaseworkFixture, load: Load) -> None:
    load()
    visited(casework, 1, Result.MET_REFUSED)
    visited(casework, 2, Result.NOT_FOUND_CONFIRMED)
    visited(casework, 3, Result.MET_DISSUADED, id_number="990101201801010001")  # a child, without a guardian
    visited(casework, 4, None)
    casework.push(withdrawal(4))
    away = visited(casework, 5, None)
    act(casework, away, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="AWAY")
    with casework.begin() as work:
        transfers.answer(work, visit_of(casework, away).id, accepts=True, by="X-1")
    casework.open(6)
    assert rate(casework, "met") == (1, 3, {"visit_withdrawn": 1, "transferred_out": 1})
    with casework.begin() as work:
        visit_id = visit_of(casework, away).id
        transfers.report(work, visit_id, OfficerReport(result=Result.MET_DISSUADED), by="X-1")
    assert rate(casework, "met") == (1, 3, {"visit_withdrawn": 1, "transferred_out": 1})


def test_a_case_that_ends_while_another_centre_has_it_was_theirs(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = visited(casework, 1, None)
    act(casework, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="AWAY")
    with casework.begin() as work:
        transfers.answer(work, visit_of(casework, case_id).id, accepts=True, by="X-1")
    casework.push(event("feedback", 1, outcome="SELF_AWARE"))
    assert visit_of(casework, case_id).state == "cancelled"
    assert rate(casework, "met") == (0, 0, {"visit_withdrawn": 0, "transferred_out": 1})


def test_met_is_timed_at_the_door_where_the_person_was(casework: CaseworkFixture, load: Load) -> None:
    load()
    work = {"kind": "工作", "text": "样板大厦9层", "precinct_code": "P1"}
    home = {"kind": "现住", "text": "样板路1号", "precinct_code": "P1"}
    case_id = visited(casework, 1, None, addresses=[home, work])
    act(casework, case_id, "accept")
    act(casework, case_id, "arrive")
    act(casework, case_id, "tried", address=AddressKind.WORK, result=Result.NOT_FOUND_TEMPORARILY)
    casework.pass_time(minutes=20)
    act(casework, case_id, "arrive")
    casework.pass_time(minutes=5)
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    assert figures(casework)["steps"]["met"]["critical"]["p50_s"] == 1200


def test_dissuaded_of_those_who_could_still_be(casework: CaseworkFixture) -> None:
    for number, resolution in enumerate(decisions.CLOSING, start=1):
        ended(casework, number, resolution)
    ended(casework, 50, Resolution.DISSUADED_IN_TIME)
    casework.open(51)
    assert rate(casework, "dissuaded") == (2, 5, {"self_aware": 1, "not_a_victim": 1, "unreachable": 1})


def followed_up(casework: CaseworkFixture, case_id: UUID, outcome: FollowUp, loss_yuan: int | None = None) -> None:
    duty = casework.rows(WorkItemRow, WorkItemRow.case_id == case_id, WorkItemRow.done_at.is_(None))[0]
    employ(casework)
    with casework.begin() as work:
        work_items.done(work, duty.id, work_items.WorkItemResult(outcome, loss_yuan), by="S-1")


def later_loss(casework: CaseworkFixture, number: int, loss_yuan: int) -> None:
    """A source tells of a loss that happened just now."""
    casework.push(event("later_loss", number, loss_yuan=loss_yuan, at=casework.now.isoformat()))


def test_defrauded_after_the_warning(casework: CaseworkFixture) -> None:
    cases = [ended(casework, number, Resolution.DISSUADED_IN_TIME) for number in range(1, 8)]
    casework.open(8)
    later_loss(casework, 1, 500)
    followed_up(casework, cases[0], FollowUp.DEFRAUDED)  # the same case twice is one
    followed_up(casework, cases[1], FollowUp.DEFRAUDED)
    followed_up(casework, cases[2], FollowUp.SAFE)
    later_loss(casework, 4, 0)  # a source says: nothing was lost
    followed_up(casework, cases[4], FollowUp.NOT_REACHED)
    casework.pass_time(days=30)
    later_loss(casework, 6, 1)  # on the last day
    casework.pass_time(seconds=1)
    later_loss(casework, 7, 1)  # too late to count
    assert rate(casework, "defrauded_after_warning") == (3, 7, {"unknown": 1})


def test_a_loss_counts_by_when_it_happened_however_late_it_is_told(casework: CaseworkFixture) -> None:
    ended(casework, 1, Resolution.DISSUADED_IN_TIME)
    casework.pass_time(days=45)
    casework.push(event("later_loss", 1, loss_yuan=500, at=(START + timedelta(days=20)).isoformat()))
    assert rate(casework, "defrauded_after_warning") == (1, 1, {"unknown": 0})


def test_a_follow_up_and_a_source_feed_the_figures_without_doubling_them(casework: CaseworkFixture) -> None:
    cases = [ended(casework, number, Resolution.DISSUADED_IN_TIME) for number in (1, 2)]
    assert rate(casework, "defrauded_after_warning") == (0, 2, {"unknown": 2})
    followed_up(casework, cases[0], FollowUp.SAFE)
    assert rate(casework, "defrauded_after_warning") == (0, 2, {"unknown": 1})
    casework.pass_time(days=2)
    followed_up(casework, cases[0], FollowUp.DEFRAUDED, 3000)
    later_loss(casework, 1, 2000)  # of the same money
    found = figures(casework)
    assert rate(casework, "defrauded_after_warning") == (1, 2, {"unknown": 1})
    assert found["money_yuan"]["lost"] == 3000
    assert found["rates"]["dissuaded"]["numerator"] == 2  # what was achieved then stands beside, and is not rewritten


def test_steps_by_urgency_with_what_is_overdue(casework: CaseworkFixture, load: Load) -> None:
    load()
    for number, minutes in ((1, 10), (2, 30), (3, 31)):
        case_id = visited(casework, number, None)
        act(casework, case_id, "accept")
        casework.pass_time(minutes=minutes)
        act(casework, case_id, "arrive")
        act(casework, case_id, "report", result=Result.MET_DISSUADED)
    visited(casework, 4, None)  # nobody went
    visited(casework, 5, None)
    casework.push(event("feedback", 5, outcome="SELF_AWARE"))  # ended in time without a meeting
    assert figures(casework)["steps"]["met"]["critical"]["overdue"] == 1  # the fourth has time left
    accepted = figures(casework)["steps"]["accepted"]["critical"]
    assert (accepted["of"], accepted["done"], accepted["p50_s"]) == (5, 3, 0)
    casework.pass_time(minutes=31)
    met = {"critical": {"of": 5, "done": 3, "overdue": 2, "p50_s": 1800, "p90_s": 1848}}
    assert figures(casework)["steps"]["met"] == met
    # The period says which cases; how they stand is how they stand now.
    assert figures(casework, until=START + timedelta(days=900))["steps"]["met"] == met
    assert figures(casework, until=START + timedelta(minutes=72))["steps"]["met"] == met


def test_the_first_sms_and_the_upstream_delay_stand_apart(casework: CaseworkFixture) -> None:
    casework.open(1, issued_at=(START - timedelta(minutes=20)).isoformat())
    casework.open(2, valid_until=START.isoformat(), issued_at=(START - timedelta(minutes=40)).isoformat())
    casework.deliver(Scripted())
    found = figures(casework)
    assert found["steps"]["first_sms"]["high"] | {"of": 1} == {
        "of": 1,
        "done": 1,
        "overdue": None,  # there is no deadline to miss
        "p50_s": 0,
        "p90_s": 0,
    }
    upstream = found["upstream_delay"]["high"]
    assert (upstream["p50_s"], upstream["expired_on_arrival"]) == (1800, 1)


def test_what_was_in_doubt_is_counted(casework: CaseworkFixture) -> None:
    casework.open(1)
    casework.open(2)
    casework.deliver(Scripted([InDoubt("timeout")]))
    casework.pass_time(minutes=3)
    casework.deliver(Scripted(statuses=[InDoubt("timeout")]))
    assert figures(casework)["doubtful"] == {"attempts": 3, "ever_in_doubt": 1, "possible_duplicates": 1}


def test_money_is_five_figures(casework: CaseworkFixture, load: Load) -> None:
    load()
    risk = {"amount_at_risk_yuan": 9000, "transfers": [{"at": START.isoformat(), "amount_yuan": 4000}]}
    case_id = visited(casework, 1, Result.MET_DISSUADED, risk=risk)
    casework.is_tampered = True
    casework.sql(
        "UPDATE cases SET money_stopped = 1500, money_lost = 2500, money_returned = 1000 WHERE id = :id", id=case_id
    )
    casework.open(2, risk=risk)
    casework.push(withdrawal(2))
    assert figures(casework)["money_yuan"] == {
        "transferred": 4000,
        "lost": 2500,
        "stopped": 1500,
        "returned": 1000,
        "avoided": {"amount_about_to_be_sent": 5000},
    }


def test_withdrawn_cases_leave_the_rates_and_stay_listed(casework: CaseworkFixture) -> None:
    withdrawn = casework.open(1)
    casework.push(withdrawal(1))
    ended(casework, 2, Resolution.SELF_AWARE)
    found = figures(casework)
    assert (found["cases"], found["withdrawn"]) == (2, [str(withdrawn)])
    assert rate(casework, "defrauded_after_warning") == (0, 1, {"unknown": 1})


def test_a_period_and_a_precinct(casework: CaseworkFixture, load: Load) -> None:
    load()
    visited(casework, 1, Result.MET_DISSUADED)
    casework.pass_time(days=1)
    visited(casework, 2, Result.MET_DISSUADED, precinct="P2")
    assert [figures(casework, precinct=each)["cases"] for each in ("P1", "P2", "COUNTY")] == [1, 1, 0]
    assert figures(casework, until=START + timedelta(days=1))["cases"] == 1
    assert figures(casework, since=START + timedelta(days=1))["cases"] == 1


def test_who_gave_a_visit_away_is_still_asked_about_it(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = visited(casework, 1, None)
    act(casework, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="P2")
    with casework.begin() as work:
        transfers.answer(work, visit_of(casework, case_id).id, accepts=True, by="Z")
    assert [figures(casework, precinct=each)["cases"] for each in ("P1", "P2")] == [1, 1]


@pytest.mark.parametrize("name", ["accepted", "accepted_in_time", "met", "dissuaded"])
def test_no_rate_exceeds_one(casework: CaseworkFixture, load: Load, name: str) -> None:
    load()
    case_id = visited(casework, 1, Result.MET_REFUSED)
    casework.pass_time(hours=9, minutes=30)
    assign(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    part, whole, _ = rate(casework, name)
    assert part <= whole
    assert whole >= 1
