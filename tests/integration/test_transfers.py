"""Visits that another unit is offered: theirs once they accept, ours until then, the clock the same throughout."""

from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, withdrawal
from visits_fixture import Load, act, assign, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.errors import Refused
from dispatcher.store.transfers import TransferRow
from dispatcher.supervision import assignments, decisions
from dispatcher.visits import transfers
from schemas.instruction import Address
from schemas.officer_report import OfficerReport
from schemas.refusals import RefusalCode
from schemas.vocabulary import Result, ReturnReason

ELSEWHERE = ReturnReason.NOT_MY_JURISDICTION


def returned(casework: CaseworkFixture, case_id: UUID, to_unit: str) -> None:
    """The officer gives the visit back, and offers it to another unit."""
    casework.pass_time(minutes=1)
    act(casework, case_id, "return", officer="A", reason=ELSEWHERE, to_unit=to_unit)


def answer(casework: CaseworkFixture, case_id: UUID, *, accepts: bool, by: str = "Z") -> None:
    with casework.begin() as work:
        transfers.answer(work, visit_of(casework, case_id).id, accepts=accepts, by=by)


def report(casework: CaseworkFixture, case_id: UUID, result: Result, **said: Any) -> None:
    with casework.begin() as work:
        transfers.report(work, visit_of(casework, case_id).id, OfficerReport(result=result, **said), by="X-1")


def order(casework: CaseworkFixture, case_id: UUID, to_unit: str) -> None:
    with casework.begin() as work:
        transfers.order(work, visit_of(casework, case_id).id, to_unit, ELSEWHERE, by="S-1")


def states(casework: CaseworkFixture) -> list[str]:
    return [each.state for each in casework.rows(TransferRow)]


def test_a_precinct_has_the_visit_once_it_accepts(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    before = casework.case(case_id).deadlines
    returned(casework, case_id, "P2")
    visit = visit_of(casework, case_id)
    assert (visit.state, visit.precinct_code, visit.officer) == ("offered", "P1", None)
    casework.pass_time(minutes=1)
    answer(casework, case_id, accepts=True)
    assign(casework)
    visit = visit_of(casework, case_id)
    assert (visit.state, visit.precinct_code, visit.officer) == ("assigned", "P2", "Z")
    assert [each.rung for each in casework.attempts(case_id, "visit")] == [0, 0]
    assert casework.case(case_id).deadlines == before
    # Both legs stand on one timeline.
    legs = [each for each in casework.events(case_id) if each.startswith(("visit_", "transfer_"))]
    assert legs == [
        *("visit_opened", "visit_assigned", "visit_returned"),
        *("transfer_offered", "transfer_accepted", "visit_assigned"),
    ]


def test_sms_and_calls_go_on_meanwhile(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, channels=["sms", "voice", "visit"])
    returned(casework, case_id, "P2")
    casework.clear_leases()  # nobody could take an SMS or a call so far
    sent = casework.deliver(Scripted())
    assert {each.message.channel for each in sent if each.message} >= {"sms", "voice"}
    assert visit_of(casework, case_id).state == "offered"


def test_the_unit_that_is_offered_a_visit_has_an_item_until_it_answers(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "P2")
    [item] = casework.items(case_id)
    assert (item.kind, item.role, item.unit) == ("transfer_offered", "station_leader", "P2")
    casework.pass_time(minutes=1)
    answer(casework, case_id, accepts=True)
    assert casework.items(case_id) == []
    assert [each.data["kind"] for each in casework.journal(case_id, "duty_done")] == ["transfer_offered"]
    assert casework.verdict().differences == []


def test_a_refused_visit_goes_to_the_county_desk(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "P2")
    answer(casework, case_id, accepts=False)
    assign(casework)
    visit = visit_of(casework, case_id)
    assert (visit.precinct_code, visit.officer, states(casework)) == ("P1", "DESK", ["refused"])


def test_an_offer_nobody_answers_lapses_to_the_county_desk(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    before = casework.case(case_id).deadlines
    returned(casework, case_id, "P2")
    casework.pass_time(minutes=2)
    assert states(casework) == ["offered"]
    casework.pass_time(seconds=1)
    [item] = casework.items(case_id)
    assert (states(casework), item.kind, item.role) == (["lapsed"], "offer_lapsed", "county_desk")
    assign(casework)
    assert (visit_of(casework, case_id).officer, casework.case(case_id).deadlines) == ("DESK", before)
    with pytest.raises(Refused, match=r"no_such_transfer visit=.* state=offered"):
        answer(casework, case_id, accepts=True)


def test_an_unknown_unit_changes_nothing(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    before = casework.events(case_id)
    with pytest.raises(Refused, match=RefusalCode.NO_UNIT):
        returned(casework, case_id, "P9")
    with pytest.raises(Refused, match=RefusalCode.NO_UNIT):
        order(casework, case_id, "P9")
    visit = visit_of(casework, case_id)
    assert (visit.state, visit.officer, casework.events(case_id), states(casework)) == ("assigned", "A", before, [])


def test_who_offers_does_not_answer(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "P2")
    with pytest.raises(Refused, match="answer_of_offering_unit officer=B from_unit=P1 to_unit=P2"):
        answer(casework, case_id, accepts=True, by="B")


def test_another_centre_reports_back(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "AWAY")
    answer(casework, case_id, accepts=True, by="X-1")
    assign(casework)
    visit = visit_of(casework, case_id)
    assert (visit.state, visit.precinct_code, visit.officer) == ("transferred", "AWAY", None)
    assert len(casework.attempts(case_id, "visit")) == 1
    casework.pass_time(minutes=20)
    report(casework, case_id, Result.MET_ALREADY_DEFRAUDED, lost_yuan=700)
    case = casework.case(case_id)
    assert (case.resolution, case.money_lost, case.first_contact_channel) == ("ALREADY_TRANSFERRED_ALL", 700, "visit")
    assert (states(casework), visit_of(casework, case_id).result) == (["reported"], "MET_ALREADY_DEFRAUDED")
    assert casework.journal(case_id, "transfer_reported")[0].actor == "X-1"


def test_another_centre_that_is_late_is_asked_about(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "AWAY")
    answer(casework, case_id, accepts=True, by="X-1")
    casework.pass_time(minutes=31)
    assert (casework.waiting_for(case_id), visit_of(casework, case_id).state) == ("centre", "transferred")


def test_a_visit_that_another_centre_never_reports_is_given_to_somebody_of_ours(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "AWAY")
    answer(casework, case_id, accepts=True, by="X-1")
    casework.pass_time(hours=3)
    casework.advance()
    with casework.begin() as work, pytest.raises(Refused, match=RefusalCode.WRONG_UNIT):
        assignments.assign(work, visit_of(casework, case_id).id, "B", by="X-1")
    assert (visit_of(casework, case_id).state, states(casework)) == ("transferred", ["accepted"])
    with casework.begin() as work:
        assignments.assign(work, visit_of(casework, case_id).id, "B", by="DESK")
    assign(casework)
    visit = visit_of(casework, case_id)
    assert (visit.state, visit.precinct_code, visit.officer, states(casework)) == ("assigned", "P1", "B", ["recalled"])
    act(casework, case_id, "accept", officer="B")
    act(casework, case_id, "report", officer="B", result=Result.MET_DISSUADED)
    assert (casework.case(case_id).state, casework.items(case_id)[0].kind) == ("closed", "follow_up")
    assert casework.verdict().differences == []


def test_a_child_is_met_elsewhere_too_only_with_a_guardian(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, id_number="990101201801010001")
    returned(casework, case_id, "AWAY")
    answer(casework, case_id, accepts=True, by="X-1")
    with pytest.raises(Refused, match="guardian_answer_missing"):
        report(casework, case_id, Result.MET_DISSUADED)
    report(casework, case_id, Result.MET_DISSUADED, guardian_present=False)
    assert (casework.case(case_id).state, casework.case(case_id).first_contact_at) == ("open", None)


def test_a_report_after_the_end_is_kept(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "AWAY")
    answer(casework, case_id, accepts=True, by="X-1")
    casework.push(withdrawal())
    report(casework, case_id, Result.MET_REFUSED)
    assert (casework.case(case_id).resolution, states(casework)) == ("WITHDRAWN", ["reported"])
    assert casework.journal(case_id, "late_report")[0].data["result"] == "MET_REFUSED"


def test_only_another_centre_reports_back(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    with pytest.raises(Refused, match=r"no_such_transfer visit=.* state=accepted"):
        report(casework, case_id, Result.MET_DISSUADED)
    returned(casework, case_id, "P2")
    answer(casework, case_id, accepts=True)
    with pytest.raises(Refused, match=RefusalCode.VISIT_NOT_WITH_OTHER_CENTRE):
        report(casework, case_id, Result.MET_DISSUADED)


def test_our_own_centre_is_not_another_centre(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "CENTRE")
    answer(casework, case_id, accepts=True, by="DUTY")
    assign(casework)
    assert (visit_of(casework, case_id).state, visit_of(casework, case_id).officer) == ("assigned", "DUTY")


def test_a_county_that_accepts_is_its_own_desk(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "COUNTY")
    answer(casework, case_id, accepts=True, by="DESK")
    assign(casework)
    assert visit_of(casework, case_id).officer == "DESK"


def test_who_took_a_person_over_visits_again(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "P2")
    answer(casework, case_id, accepts=True)
    assign(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_REFUSED)
    assert (visit_of(casework, case_id).rule, visit_of(casework, case_id).precinct_code) == ("revisit", "P2")


@pytest.mark.parametrize("steps", [[], ["accept"], ["accept", "depart"]])
def test_a_supervisor_offers_what_an_officer_has(casework: CaseworkFixture, load: Load, steps: list[str]) -> None:
    load()
    case_id = case_with_visit(casework)
    for step in steps:
        act(casework, case_id, step)
    order(casework, case_id, "P2")
    assert (visit_of(casework, case_id).state, visit_of(casework, case_id).officer) == ("offered", None)
    assert [each.result for each in casework.attempts(case_id, "visit")] == ["TRANSFERRED"]
    assert casework.journal(case_id, "visit_taken_back")[0].data["officer_told"] == "A"
    answer(casework, case_id, accepts=True)
    assign(casework)
    assert visit_of(casework, case_id).officer == "Z"


def test_what_nobody_has_yet_is_offered_and_if_refused_assigned(casework: CaseworkFixture, load: Load) -> None:
    load()
    address = {"kind": "residence", "text": "样板路1号", "precinct_code": "P1"}
    case_id = casework.open(1, urgency="critical", channels=["visit"], addresses=[address])
    order(casework, case_id, "P2")
    assign(casework)
    assert visit_of(casework, case_id).state == "offered"
    answer(casework, case_id, accepts=False)
    assign(casework)
    assert (visit_of(casework, case_id).officer, visit_of(casework, case_id).precinct_code) == ("A", "P1")


def test_who_stands_at_the_door_reports_and_does_not_transfer(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "arrive")
    with pytest.raises(Refused, match="wrong_visit_state state=arrived step=offer allowed=waiting,assigned"):
        order(casework, case_id, "P2")


def test_an_offer_of_a_case_that_has_ended_cannot_be_accepted(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "P2")
    casework.push(withdrawal())
    with pytest.raises(Refused, match=RefusalCode.NO_SUCH_TRANSFER):
        answer(casework, case_id, accepts=True)
    assert (visit_of(casework, case_id).state, states(casework)) == ("cancelled", ["lapsed"])


def test_an_offer_ends_when_the_person_turns_out_to_be_elsewhere(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    returned(casework, case_id, "AWAY")
    decide_as_supervisor(
        casework, decisions.locate, case_id, Address(kind="current", text="海棠酒店302", precinct_code="P2")
    )
    assign(casework)
    assert states(casework) == ["lapsed"]
    with pytest.raises(Refused, match=RefusalCode.NO_SUCH_TRANSFER):
        answer(casework, case_id, accepts=True, by="X-1")
    assert visit_of(casework, case_id).officer == "Z"


def test_what_waits_for_another_unit_is_listed(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    visit_id = visit_of(casework, case_id).id
    returned(casework, case_id, "P2")
    answer(casework, case_id, accepts=False)
    order(casework, case_id, "AWAY")

    def waiting(*visit: UUID) -> list[tuple[str, str]]:
        with casework.sessions() as session:
            return [(each.to_unit, each.state) for each in transfers.listed(session, *visit)]

    assert waiting() == [("AWAY", "offered")]
    answer(casework, case_id, accepts=True, by="X-1")
    assert waiting() == [("AWAY", "accepted")]
    assert waiting(visit_id) == [("P2", "refused"), ("AWAY", "accepted")]
    report(casework, case_id, Result.MET_DISSUADED)
    assert waiting() == []
