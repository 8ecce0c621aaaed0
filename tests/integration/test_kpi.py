"""KPIs: each numerator over its fixed denominator, what is shown beside, and money never added together."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import START, SYSTEM, CaseworkFixture, Scripted, event, instruction, withdrawal
from visits_fixture import Load, act, assign, case_with_visit, decide_as_supervisor, employ, visit_of

from dispatcher import clock
from dispatcher.reporting import kpi
from dispatcher.reporting.kpi_groups import By
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import decisions, work_items
from dispatcher.visits import transfers
from providers.base import Answered, InDoubt
from schemas.instruction import Address
from schemas.officer_report import OfficerReport
from schemas.vocabulary import AddressKind, Answer, FollowUp, Resolution, Result, ReturnReason

MONEY = ("transferred", "lost", "lost_after_dissuasion", "lost_without_dissuasion", "stopped", "returned")


def figures(
    casework: CaseworkFixture, since: datetime | None = None, until: datetime | None = None, precinct: str | None = None
) -> Any:
    with casework.sessions() as session:
        return kpi.kpis(session, casework.now, since=since, until=until, precinct=precinct)


MET = {"not_yet_due": 0, "nobody_on_duty": 0, "visit_withdrawn": 0, "transferred_out": 0}


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
    assert found["sources"] == {}
    money = dict.fromkeys(MONEY, 0)
    assert found["money_yuan"] == money | {"avoided": {}}


def test_accepted_of_what_was_pushed_to_a_precinct(casework: CaseworkFixture, load: Load) -> None:
    load()
    visited(casework, 1, Result.MET_DISSUADED)  # in time
    late = visited(casework, 2, None)  # accepted by the next one
    casework.pass_time(seconds=121)
    assign(casework)
    act(casework, late, "accept", officer="B")
    act(casework, late, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)  # it was accepted all the same
    visited(casework, 3, None)  # by nobody yet: there is time left
    casework.open(4)
    casework.push(withdrawal(4))  # before any push
    visited(casework, 5, None)
    casework.push(withdrawal(5))  # after it
    visited(casework, 6, None)
    casework.push(event("feedback", 6, outcome="SELF_AWARE"))  # before anybody had to accept it
    beside = {"withdrawn_before_push": 1, "not_yet_due": 1, "nobody_on_duty": 0, "ended_before_due": 1}
    assert rate(casework, "accepted") == (2, 2, beside)
    assert rate(casework, "accepted_in_time") == (1, 2, beside)
    casework.pass_time(seconds=121)
    assert rate(casework, "accepted") == (2, 3, beside | {"not_yet_due": 0})
    accepted = figures(casework)["steps"]["accepted"]["critical"]
    assert (accepted["of"], accepted["overdue"], accepted["not_yet_due"]) == (4, 2, 0)


def test_a_ladder_with_nobody_on_duty_is_no_officers_omission(casework: CaseworkFixture, load: Load) -> None:
    load("Z", A=[])  # all of the other precinct are there, of this one nobody
    unmanned = visited(casework, 1, None)
    visited(casework, 2, Result.MET_DISSUADED, precinct="P2")
    assert rate(casework, "accepted")[:2] == (1, 1)
    assert rate(casework, "accepted")[2]["nobody_on_duty"] == 1
    assert rate(casework, "met")[2] == MET | {"not_yet_due": 1}
    casework.pass_time(minutes=31)
    assert rate(casework, "met") == (1, 1, MET | {"nobody_on_duty": 1})
    met = figures(casework)["steps"]["met"]["critical"]
    assert (met["overdue"], met["nobody_on_duty"], met["not_yet_due"]) == (1, 1, 0)
    load()
    casework.pass_time(seconds=1)
    assign(casework)
    casework.pass_time(seconds=121)  # there is somebody now, who lets it lapse
    assert rate(casework, "accepted")[:2] == (1, 2)
    assert figures(casework)["steps"]["met"]["critical"]["nobody_on_duty"] == 1  # until its time was over
    assert visit_of(casework, unmanned).first_assigned_at > START + timedelta(minutes=30)


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
    marks = {"overdue": 1, "nobody_on_duty": 0, "not_yet_due": 0}
    assert line == {"of": 1, "done": 1, **marks, "p50_s": 130, "p90_s": 130}


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
    assert found == [(1, 1), (1, 1), (0, 0)]
    casework.pass_time(seconds=121)
    assert rate(casework, "accepted", "P2")[:2] == (0, 1)
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
    visited(casework, 6, None)  # there is time left
    beside = {"not_yet_due": 3, "nobody_on_duty": 0, "visit_withdrawn": 1, "transferred_out": 1}
    assert rate(casework, "met") == (1, 1, beside)
    casework.pass_time(minutes=31)
    assert rate(casework, "met") == (1, 4, beside | {"not_yet_due": 0})
    with casework.begin() as work:
        visit_id = visit_of(casework, away).id
        transfers.report(work, visit_id, OfficerReport(result=Result.MET_DISSUADED), by="X-1")
    assert rate(casework, "met") == (1, 4, beside | {"not_yet_due": 0})


def test_a_case_that_ends_while_another_centre_has_it_was_theirs(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = visited(casework, 1, None)
    act(casework, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="AWAY")
    with casework.begin() as work:
        transfers.answer(work, visit_of(casework, case_id).id, accepts=True, by="X-1")
    casework.push(event("feedback", 1, outcome="SELF_AWARE"))
    assert visit_of(casework, case_id).state == "cancelled"
    assert rate(casework, "met") == (0, 0, MET | {"transferred_out": 1})


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
    marks = {"overdue": 2, "nobody_on_duty": 0, "not_yet_due": 0}
    met = {"critical": {"of": 5, "done": 3, **marks, "p50_s": 1800, "p90_s": 1848}}
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
        "nobody_on_duty": 0,
        "not_yet_due": 0,
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


def test_money_is_figures_of_their_own(casework: CaseworkFixture, load: Load) -> None:
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
        "lost_after_dissuasion": 0,
        "lost_without_dissuasion": 2500,
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


def test_a_case_that_came_expired_is_counted_whatever_became_of_it(casework: CaseworkFixture) -> None:
    late = (START - timedelta(hours=1)).isoformat()
    casework.open(1, valid_until=late, urgency="high")  # a person is asked
    casework.open(2, valid_until=late, urgency="low")  # ended as expired
    revived = casework.open(3, valid_until=late)
    decide_as_supervisor(casework, decisions.revive, revived)
    casework.open(4)
    casework.pass_time(seconds=1)
    casework.push(instruction(4, version=2, valid_until=late, op="update"))  # the update alone came too late
    assert rate(casework, "true_contact")[2]["expired"] == 3


def test_warned_again_after_being_dissuaded(casework: CaseworkFixture) -> None:
    for number in (1, 2, 3):
        ended(casework, number, Resolution.DISSUADED_IN_TIME)
    ended(casework, 4, Resolution.UNREACHABLE)
    again = {"issued_at": (START + timedelta(days=30)).isoformat()}
    for number in (1, 4):
        casework.open(number, instruction_id=f"YJ-again-{number}")
    assert rate(casework, "warned_again_after_dissuasion") == (1, 3, {})
    casework.pass_time(days=30)
    casework.open(2, instruction_id="YJ-later", **again)  # 30 days are over
    assert rate(casework, "warned_again_after_dissuasion") == (1, 3, {})


def test_a_loss_after_dissuasion_is_told_from_one_without(casework: CaseworkFixture) -> None:
    for number in (1, 2, 3):
        ended(casework, number, Resolution.DISSUADED_IN_TIME)
    for number in (4, 5):
        ended(casework, number, Resolution.UNREACHABLE)
    later_loss(casework, 1, 500)
    later_loss(casework, 2, 0)
    later_loss(casework, 4, 70)
    assert rate(casework, "defrauded_after_dissuasion") == (1, 3, {"unknown": 1})
    assert rate(casework, "defrauded_without_dissuasion") == (1, 2, {"unknown": 1})
    assert rate(casework, "defrauded_after_warning") == (2, 5, {"unknown": 2})
    money = figures(casework)["money_yuan"]
    assert [money[name] for name in MONEY[1:4]] == [570, 500, 70]


def test_what_each_source_pushed(casework: CaseworkFixture) -> None:
    bank = {"system": "商业银行(虚构)"}
    delayed = {minutes: (START - timedelta(minutes=minutes)).isoformat() for minutes in (10, 20, 30)}
    answered(casework, 1, Answered(Result.ANSWERED_NOT_SUBJECT))  # a minute passes
    casework.open(2, source=bank, issued_at=delayed[10])
    casework.push(instruction(2, source=bank, issued_at=delayed[10]))
    casework.push(instruction(2, source=bank, issued_at=delayed[10]))
    casework.open(3, source=bank, issued_at=delayed[30], valid_until=delayed[20])
    casework.open(4, source=bank, issued_at=delayed[20])
    casework.push(event("feedback", 4, outcome="NOT_A_VICTIM"))
    found = figures(casework)["sources"]
    assert found[SYSTEM]["wrong_person"] == 1
    assert found["商业银行(虚构)"] == {
        "instructions": 3,
        "wrong_person": 0,
        "not_a_victim": 1,
        "duplicate": 2,
        "expired_on_arrival": 1,
        "p50_s": 1260,
        "p90_s": 1740,
    }


def grouped(casework: CaseworkFixture, by: By) -> dict[str, Any]:
    """The groups by their codes, each with its cases or visits and the counts of its rates."""
    with casework.sessions() as session:
        groups = kpi.kpis(session, casework.now, by=by)["groups"]
    whose = "officer" if by is By.OFFICER else "unit"
    return {group[whose]: group for group in groups}


def counts(group: dict[str, Any], name: str) -> tuple[int, int]:
    return group["rates"][name]["numerator"], group["rates"][name]["denominator"]


def test_the_figures_of_each_station_and_county(casework: CaseworkFixture, load: Load) -> None:
    load()
    visited(casework, 1, Result.MET_DISSUADED)
    visited(casework, 2, Result.MET_DISSUADED, precinct="P2")
    given_away = visited(casework, 3, None)
    act(casework, given_away, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="P2")
    with casework.begin() as work:
        transfers.answer(work, visit_of(casework, given_away).id, accepts=True, by="Z")
    casework.open(4)  # nobody goes there yet
    stations = grouped(casework, By.STATION)
    assert {code: group["cases"] for code, group in stations.items()} == {None: 1, "P1": 2, "P2": 2}
    assert (stations["P1"]["name"], stations[None]["name"]) == ("一所", None)
    assert [counts(stations[code], "accepted") for code in ("P1", "P2")] == [(1, 1), (1, 1)]
    assert [counts(stations[code], "met") for code in ("P1", "P2")] == [(1, 1), (1, 1)]
    assert stations["P1"]["rates"]["accepted"]["beside"]["not_yet_due"] == 1
    counties = grouped(casework, By.COUNTY)
    assert {code: group["cases"] for code, group in counties.items()} == {None: 1, "COUNTY": 3}
    assert counts(counties["COUNTY"], "accepted") == (2, 2)


def test_a_county_answers_for_a_case_in_its_area_without_a_visit(casework: CaseworkFixture, load: Load) -> None:
    load()
    casework.open(1, addresses=[{"kind": "residence", "text": "样板路1号", "precinct_code": "P1"}])
    assert set(grouped(casework, By.COUNTY)) == {"COUNTY"}
    assert set(grouped(casework, By.STATION)) == {None}


def test_the_figures_of_each_officer(casework: CaseworkFixture, load: Load) -> None:
    load()
    cases = [visited(casework, number, None) for number in (1, 2, 3)]  # to A, B and C
    act(casework, cases[0], "accept", officer="A")
    act(casework, cases[0], "report", officer="A", result=Result.MET_DISSUADED)
    act(casework, cases[1], "accept", officer="B")
    act(casework, cases[1], "return", officer="B", reason=ReturnReason.OFFICER_UNAVAILABLE)
    casework.pass_time(seconds=121)  # C let it lapse
    ended_case = visited(casework, 4, None)
    decide_as_supervisor(casework, decisions.close, ended_case, Resolution.SELF_AWARE)
    officers = grouped(casework, By.OFFICER)
    assert (officers["A"]["unit"], counts(officers["A"], "met")) == ("P1", (1, 1))
    assert [counts(officers[badge], "accepted") for badge in ("A", "B", "C")] == [(1, 1), (1, 1), (0, 1)]
    assert counts(officers["B"], "met") == (0, 0)
    beside = [group["rates"]["accepted"]["beside"] for group in officers.values()]
    assert sum(each["ended_before_due"] for each in beside) == 1
    assert sum(each["not_yet_due"] for each in beside) == 2
    assert sum(group["visits"] for group in officers.values()) == sum(
        counts(group, "accepted")[1] + sum(group["rates"]["accepted"]["beside"].values()) for group in officers.values()
    )


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
