"""KPIs: each numerator over its fixed denominator, what is shown beside, and money never added together."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from desk import START, Desk, Scripted, event, withdrawal
from station import Load, act, assign, case_with_visit, give, visit_of

from dispatcher import clock
from dispatcher.reporting import kpi
from dispatcher.reporting import log as attempt_log
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import decisions, work_items
from dispatcher.visits import transfers
from providers.base import Answered, InDoubt
from schemas.instruction import Address
from schemas.vocabulary import AddressKind, Answer, FollowUp, Resolution, Result, ReturnReason


def figures(
    desk: Desk, since: datetime | None = None, until: datetime | None = None, precinct: str | None = None
) -> Any:
    with desk.sessions() as session:
        return kpi.kpis(session, desk.now, since=since, until=until, precinct=precinct)


def rate(desk: Desk, name: str, precinct: str | None = None) -> tuple[int, int, dict[str, int]]:
    found = figures(desk, precinct=precinct)["rates"][name]
    return found["numerator"], found["denominator"], found["beside"]


def visited(desk: Desk, number: int, result: Result | None, **changes: Any) -> UUID:
    """A case whose visit was assigned; with a result it was accepted and reported on."""
    case_id = case_with_visit(desk, number=number, **changes)
    if result is not None:
        act(desk, case_id, "accept")
        act(desk, case_id, "report", result=result)
    return case_id


def answered(desk: Desk, number: int, word: Answered) -> UUID:
    """A case whose one call came to this."""
    case_id = desk.open(number, channels=["voice"])
    desk.pass_time(minutes=1)
    desk.deliver(Scripted([word]))
    return case_id


def ended(desk: Desk, number: int, resolution: Resolution) -> UUID:
    case_id = desk.open(number)
    give(desk, decisions.close, case_id, resolution)
    return case_id


def test_without_a_case_no_rate_is_made_up(desk: Desk) -> None:
    found = figures(desk)
    assert {each["rate"] for each in found["rates"].values()} == {None}
    assert (found["cases"], found["withdrawn"], found["steps"]["met"]) == (0, [], {})
    assert found["money_yuan"] == {"transferred": 0, "lost": 0, "stopped": 0, "returned": 0, "avoided": {}}


def test_accepted_of_what_was_pushed_to_a_precinct(desk: Desk, load: Load) -> None:
    load()
    visited(desk, 1, Result.MET_DISSUADED)  # in time
    late = visited(desk, 2, None)  # accepted by the next one
    desk.pass_time(seconds=121)
    assign(desk)
    act(desk, late, "accept", officer="B")
    act(desk, late, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)  # it was accepted all the same
    visited(desk, 3, None)  # by nobody yet
    desk.open(4)
    desk.push(withdrawal(4))  # before any push
    visited(desk, 5, None)
    desk.push(withdrawal(5))  # after it
    assert rate(desk, "accepted") == (2, 3, {"withdrawn_before_push": 1})
    assert rate(desk, "accepted_in_time")[:2] == (1, 3)


def test_who_accepts_late_is_late_though_nobody_looked(desk: Desk, load: Load) -> None:
    load()
    case_id = visited(desk, 1, None)
    with desk.sessions.begin() as session:
        clock.step_to(session, START + timedelta(minutes=9))
    act(desk, case_id, "accept")
    assert rate(desk, "accepted")[:2] == (1, 1)
    assert rate(desk, "accepted_in_time")[:2] == (0, 1)
    accepted = figures(desk)["steps"]["accepted"]["critical"]
    assert (accepted["overdue"], accepted["p50_s"]) == (1, 540)


def test_acceptance_is_timed_from_the_first_assignment_and_outlives_a_return(desk: Desk, load: Load) -> None:
    load()
    case_id = visited(desk, 1, None)
    desk.pass_time(seconds=121)
    assign(desk)
    desk.pass_time(seconds=9)
    act(desk, case_id, "accept", officer="B")
    act(desk, case_id, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)
    line = figures(desk)["steps"]["accepted"]["critical"]
    assert line == {"of": 1, "done": 1, "overdue": 1, "p50_s": 130, "p90_s": 130}


def test_a_precinct_answers_for_its_own_visits(desk: Desk, load: Load) -> None:
    load()
    case_id = visited(desk, 1, Result.MET_REFUSED)
    desk.pass_time(minutes=1)
    hotel = Address(kind="current", text="海棠酒店", precinct_code="P2", valid_until=START + timedelta(days=1))
    give(desk, decisions.locate, case_id, hotel)
    desk.pass_time(hours=9, minutes=29)
    assign(desk)
    assert visit_of(desk, case_id).precinct_code == "P2"
    found = [rate(desk, "accepted", precinct)[:2] for precinct in (None, "P1", "P2")]
    assert found == [(1, 2), (1, 1), (0, 1)]
    steps = [figures(desk, precinct=precinct)["steps"]["accepted"]["critical"]["of"] for precinct in ("P1", "P2")]
    assert steps == [1, 1]


def test_true_contact_is_a_confirmed_talk_with_the_right_person(desk: Desk) -> None:
    answered(desk, 1, Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED))
    answered(desk, 2, Answered(Result.ANSWERED_SUBJECT))  # no key pressed
    answered(desk, 3, Answered(Result.ANSWERED_NOT_SUBJECT, confirmed=True))
    answered(desk, 7, Answered(Result.ANSWERED_FAMILY, confirmed=True))  # on the subject's own number
    answered(desk, 4, Answered(Result.VOICEMAIL))
    desk.open(5, valid_until=(START - timedelta(hours=1)).isoformat(), urgency="low")
    answered(desk, 6, Answered(Result.VOICEMAIL))
    desk.push(withdrawal(6))
    beside = {"others_answered": 2, "forwarded": 0, "voicemail": 1, "expired": 1}
    assert rate(desk, "true_contact") == (1, 6, beside)


def test_met_of_those_who_needed_a_visit(desk: Desk, load: Load) -> None:
    load()
    visited(desk, 1, Result.MET_REFUSED)
    visited(desk, 2, Result.NOT_FOUND_CONFIRMED)
    visited(desk, 3, Result.MET_DISSUADED, id_number="990101201801010001")  # a child, without a guardian
    visited(desk, 4, None)
    desk.push(withdrawal(4))
    away = visited(desk, 5, None)
    act(desk, away, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="AWAY")
    with desk.begin() as work:
        transfers.answer(work, visit_of(desk, away).id, accepts=True, by="X-1")
    desk.open(6)
    assert rate(desk, "met") == (1, 3, {"visit_withdrawn": 1, "transferred_out": 1})
    with desk.begin() as work:
        visit_id = visit_of(desk, away).id
        transfers.report(work, visit_id, result=Result.MET_DISSUADED, by="X-1")
    assert rate(desk, "met") == (1, 3, {"visit_withdrawn": 1, "transferred_out": 1})


def test_a_case_that_ends_while_another_centre_has_it_was_theirs(desk: Desk, load: Load) -> None:
    load()
    case_id = visited(desk, 1, None)
    act(desk, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="AWAY")
    with desk.begin() as work:
        transfers.answer(work, visit_of(desk, case_id).id, accepts=True, by="X-1")
    desk.push(event("feedback", 1, outcome="SELF_AWARE"))
    assert visit_of(desk, case_id).state == "cancelled"
    assert rate(desk, "met") == (0, 0, {"visit_withdrawn": 0, "transferred_out": 1})


def test_met_is_timed_at_the_door_where_the_person_was(desk: Desk, load: Load) -> None:
    load()
    work = {"kind": "工作", "text": "样板大厦9层", "precinct_code": "P1"}
    home = {"kind": "现住", "text": "样板路1号", "precinct_code": "P1"}
    case_id = visited(desk, 1, None, addresses=[home, work])
    act(desk, case_id, "accept")
    act(desk, case_id, "arrive")
    act(desk, case_id, "tried", address=AddressKind.WORK, result=Result.NOT_FOUND_TEMPORARILY)
    desk.pass_time(minutes=20)
    act(desk, case_id, "arrive")
    desk.pass_time(minutes=5)
    act(desk, case_id, "report", result=Result.MET_DISSUADED)
    assert figures(desk)["steps"]["met"]["critical"]["p50_s"] == 1200


def test_dissuaded_of_those_who_could_still_be(desk: Desk) -> None:
    for number, resolution in enumerate(decisions.CLOSING, start=1):
        ended(desk, number, resolution)
    ended(desk, 50, Resolution.DISSUADED_IN_TIME)
    desk.open(51)
    assert rate(desk, "dissuaded") == (2, 5, {"self_aware": 1, "not_a_victim": 1, "unreachable": 1})


def followed_up(desk: Desk, case_id: UUID, outcome: FollowUp, loss_yuan: int | None = None) -> None:
    duty = desk.rows(WorkItemRow, WorkItemRow.case_id == case_id, WorkItemRow.done_at.is_(None))[0]
    with desk.begin() as work:
        work_items.done(work, duty.id, work_items.WorkItemResult(outcome, loss_yuan), by="Z-9")


def later_loss(desk: Desk, number: int, loss_yuan: int) -> None:
    """A source tells of a loss that happened just now."""
    desk.push(event("later_loss", number, loss_yuan=loss_yuan, at=desk.now.isoformat()))


def test_defrauded_after_the_warning(desk: Desk) -> None:
    cases = [ended(desk, number, Resolution.DISSUADED_IN_TIME) for number in range(1, 8)]
    desk.open(8)
    later_loss(desk, 1, 500)
    followed_up(desk, cases[0], FollowUp.DEFRAUDED)  # the same case twice is one
    followed_up(desk, cases[1], FollowUp.DEFRAUDED)
    followed_up(desk, cases[2], FollowUp.SAFE)
    later_loss(desk, 4, 0)  # a source says: nothing was lost
    followed_up(desk, cases[4], FollowUp.NOT_REACHED)
    desk.pass_time(days=30)
    later_loss(desk, 6, 1)  # on the last day
    desk.pass_time(seconds=1)
    later_loss(desk, 7, 1)  # too late to count
    assert rate(desk, "defrauded_after_warning") == (3, 7, {"unknown": 1})


def test_a_loss_counts_by_when_it_happened_however_late_it_is_told(desk: Desk) -> None:
    ended(desk, 1, Resolution.DISSUADED_IN_TIME)
    desk.pass_time(days=45)
    desk.push(event("later_loss", 1, loss_yuan=500, at=(START + timedelta(days=20)).isoformat()))
    assert rate(desk, "defrauded_after_warning") == (1, 1, {"unknown": 0})


def test_a_follow_up_and_a_source_feed_the_figures_without_doubling_them(desk: Desk) -> None:
    cases = [ended(desk, number, Resolution.DISSUADED_IN_TIME) for number in (1, 2)]
    assert rate(desk, "defrauded_after_warning") == (0, 2, {"unknown": 2})
    followed_up(desk, cases[0], FollowUp.SAFE)
    assert rate(desk, "defrauded_after_warning") == (0, 2, {"unknown": 1})
    desk.pass_time(days=2)
    followed_up(desk, cases[0], FollowUp.DEFRAUDED, 3000)
    later_loss(desk, 1, 2000)  # of the same money
    found = figures(desk)
    assert rate(desk, "defrauded_after_warning") == (1, 2, {"unknown": 1})
    assert found["money_yuan"]["lost"] == 3000
    assert found["rates"]["dissuaded"]["numerator"] == 2  # what was achieved then stands beside, and is not rewritten


def test_steps_by_urgency_with_what_is_overdue(desk: Desk, load: Load) -> None:
    load()
    for number, minutes in ((1, 10), (2, 30), (3, 31)):
        case_id = visited(desk, number, None)
        act(desk, case_id, "accept")
        desk.pass_time(minutes=minutes)
        act(desk, case_id, "arrive")
        act(desk, case_id, "report", result=Result.MET_DISSUADED)
    visited(desk, 4, None)  # nobody went
    visited(desk, 5, None)
    desk.push(event("feedback", 5, outcome="SELF_AWARE"))  # ended in time without a meeting
    assert figures(desk)["steps"]["met"]["critical"]["overdue"] == 1  # the fourth has time left
    accepted = figures(desk)["steps"]["accepted"]["critical"]
    assert (accepted["of"], accepted["done"], accepted["p50_s"]) == (5, 3, 0)
    desk.pass_time(minutes=31)
    met = {"critical": {"of": 5, "done": 3, "overdue": 2, "p50_s": 1800, "p90_s": 1848}}
    assert figures(desk)["steps"]["met"] == met
    # The period says which cases; how they stand is how they stand now.
    assert figures(desk, until=START + timedelta(days=900))["steps"]["met"] == met
    assert figures(desk, until=START + timedelta(minutes=72))["steps"]["met"] == met


def test_the_first_sms_and_the_upstream_delay_stand_apart(desk: Desk) -> None:
    desk.open(1, issued_at=(START - timedelta(minutes=20)).isoformat())
    desk.open(2, valid_until=START.isoformat(), issued_at=(START - timedelta(minutes=40)).isoformat())
    desk.deliver(Scripted())
    found = figures(desk)
    assert found["steps"]["first_sms"]["high"] | {"of": 1} == {
        "of": 1,
        "done": 1,
        "overdue": None,  # there is no deadline to miss
        "p50_s": 0,
        "p90_s": 0,
    }
    upstream = found["upstream_delay"]["high"]
    assert (upstream["p50_s"], upstream["expired_on_arrival"]) == (1800, 1)


def test_what_was_in_doubt_is_counted(desk: Desk) -> None:
    desk.open(1)
    desk.open(2)
    desk.deliver(Scripted([InDoubt("timeout")]))
    desk.pass_time(minutes=3)
    desk.deliver(Scripted(statuses=[InDoubt("timeout")]))
    assert figures(desk)["doubtful"] == {"attempts": 3, "ever_in_doubt": 1, "possible_duplicates": 1}


def test_money_is_five_figures(desk: Desk, load: Load) -> None:
    load()
    risk = {"amount_at_risk_yuan": 9000, "transfers": [{"at": START.isoformat(), "amount_yuan": 4000}]}
    case_id = visited(desk, 1, Result.MET_DISSUADED, risk=risk)
    desk.is_tampered = True
    desk.sql(
        "UPDATE cases SET money_stopped = 1500, money_lost = 2500, money_returned = 1000 WHERE id = :id", id=case_id
    )
    desk.open(2, risk=risk)
    desk.push(withdrawal(2))
    assert figures(desk)["money_yuan"] == {
        "transferred": 4000,
        "lost": 2500,
        "stopped": 1500,
        "returned": 1000,
        "avoided": {"amount_about_to_be_sent": 5000},
    }


def test_withdrawn_cases_leave_the_rates_and_stay_listed(desk: Desk) -> None:
    withdrawn = desk.open(1)
    desk.push(withdrawal(1))
    ended(desk, 2, Resolution.SELF_AWARE)
    found = figures(desk)
    assert (found["cases"], found["withdrawn"]) == (2, [str(withdrawn)])
    assert rate(desk, "defrauded_after_warning") == (0, 1, {"unknown": 1})


def test_a_period_and_a_precinct(desk: Desk, load: Load) -> None:
    load()
    visited(desk, 1, Result.MET_DISSUADED)
    desk.pass_time(days=1)
    visited(desk, 2, Result.MET_DISSUADED, precinct="P2")
    assert [figures(desk, precinct=each)["cases"] for each in ("P1", "P2", "COUNTY")] == [1, 1, 0]
    assert figures(desk, until=START + timedelta(days=1))["cases"] == 1
    assert figures(desk, since=START + timedelta(days=1))["cases"] == 1


def test_who_gave_a_visit_away_is_still_asked_about_it(desk: Desk, load: Load) -> None:
    load()
    case_id = visited(desk, 1, None)
    act(desk, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="P2")
    with desk.begin() as work:
        transfers.answer(work, visit_of(desk, case_id).id, accepts=True, by="Z")
    assert [figures(desk, precinct=each)["cases"] for each in ("P1", "P2")] == [1, 1]
    with desk.sessions() as session:
        logged = [list(attempt_log.log(session, attempt_log.Filters(precinct=each))) for each in ("P1", "P2", "COUNTY")]
    assert [{line["case"] for line in lines} for lines in logged] == [{str(case_id)}, {str(case_id)}, set()]


@pytest.mark.parametrize("name", ["accepted", "accepted_in_time", "met", "dissuaded"])
def test_no_rate_exceeds_one(desk: Desk, load: Load, name: str) -> None:
    load()
    case_id = visited(desk, 1, Result.MET_REFUSED)
    desk.pass_time(hours=9, minutes=30)
    assign(desk)
    act(desk, case_id, "accept")
    act(desk, case_id, "report", result=Result.MET_DISSUADED)
    part, whole, _ = rate(desk, name)
    assert part <= whole
    assert whole >= 1
