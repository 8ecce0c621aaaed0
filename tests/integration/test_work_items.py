"""Duties, the form of a follow-up, and the loss it may find: counted once, whoever tells of it first."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, event, instruction, resident
from visits_fixture import OFF_DUTY, Load, act, assign, case_with_visit, decide_as_supervisor, employ, visit_of

from dispatcher.errors import Refused
from dispatcher.reporting import feedback
from dispatcher.reporting import work_items as reporting
from dispatcher.reporting.work_items import Chosen
from dispatcher.store.vault import VaultValueRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import assignments, pauses, work_items
from dispatcher.visits import roster
from schemas.read_models.work_items import OpenWorkItemLine
from schemas.refusals import RefusalCode
from schemas.vocabulary import FollowUp, Rung, WorkItemKind

SAME_PERSON = {"id_number": resident(1)}


def closed(casework: CaseworkFixture, outcome: str = "DISSUADED_IN_TIME") -> UUID:
    """A case of high urgency that has ended: followed up after 48 hours and 7 days."""
    case_id = casework.open()
    casework.push(event("feedback", outcome=outcome))
    return case_id


def done(casework: CaseworkFixture, number: int = 0, **form: Any) -> None:
    duty = casework.rows(WorkItemRow)[number]
    employ(casework)
    with casework.begin() as work:
        work_items.done(work, duty.id, work_items.WorkItemResult(**form), by="S-1")


def listed(casework: CaseworkFixture, **chosen: Any) -> list[OpenWorkItemLine]:
    with casework.begin() as work:
        return list(reporting.listed(work.session, work.now, Chosen(**chosen)))


def test_what_is_to_be_done_is_listed_first_due_first(casework: CaseworkFixture) -> None:
    case_id = closed(casework)
    other = casework.open(2, phones=None, addresses=[{"kind": "residence", "text": "样板路2号"}])
    assert [each.kind for each in listed(casework)] == ["number_request", "follow_up", "follow_up"]
    assert [each.case for each in listed(casework, kind=WorkItemKind.FOLLOW_UP)] == [case_id] * 2
    assert [each.case for each in listed(casework, case_id=other)] == [other]
    assert listed(casework, is_overdue=True) == []
    casework.pass_time(hours=48, seconds=1)
    assert [(each.kind, each.overdue) for each in listed(casework, is_overdue=True)] == [
        ("number_request", True),
        ("follow_up", True),
    ]


def test_a_follow_up_is_done_with_its_outcome(casework: CaseworkFixture) -> None:
    case_id = closed(casework)
    done(casework, outcome=FollowUp.SAFE, note="何样说已卸载软件")
    [entry] = casework.journal(case_id, "duty_done")
    assert (entry.actor, entry.data["kind"], entry.data["outcome"]) == ("S-1", "follow_up", "SAFE")
    assert [str(each.id) for each in casework.rows(VaultValueRow, VaultValueRow.field == "remark")] == [
        entry.data["note"]
    ]
    assert "何样" not in str([each.data for each in casework.journal(case_id)])
    assert len(listed(casework)) == 1
    with pytest.raises(Refused, match="work_item_done done_by=S-1"):
        done(casework, outcome=FollowUp.NOT_REACHED)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "follow_up_outcome_missing allowed=SAFE,CONTACTED_AGAIN,DEFRAUDED,NOT_REACHED"),
        ({"outcome": FollowUp.SAFE, "loss_yuan": 5}, "loss_without_fraud outcome=DEFRAUDED"),
        ({"loss_yuan": 5}, "follow_up_outcome_missing"),
    ],
)
def test_a_form_filled_in_wrongly_changes_nothing(
    casework: CaseworkFixture, form: dict[str, Any], message: str
) -> None:
    case_id = closed(casework)
    with pytest.raises(Refused, match=message):
        done(casework, **form)
    assert (len(listed(casework)), casework.journal(case_id, "duty_done")) == (2, [])


def test_another_duty_has_no_outcome(casework: CaseworkFixture) -> None:
    casework.open(phones=None, addresses=[{"kind": "residence", "text": "样板路1号"}])
    with pytest.raises(Refused, match="outcome_without_follow_up kind=number_request"):
        done(casework, outcome=FollowUp.SAFE)
    done(casework, note="已电话联系来源")
    assert listed(casework) == []


def test_an_unknown_duty_is_told(casework: CaseworkFixture) -> None:
    with pytest.raises(Refused, match=RefusalCode.NO_WORK_ITEM), casework.begin() as work:
        work_items.done(work, UUID(int=5), work_items.WorkItemResult(), by="S-1")


def test_a_loss_that_a_follow_up_finds_counts_on_the_case(casework: CaseworkFixture) -> None:
    case_id = closed(casework)
    done(casework, 0, outcome=FollowUp.DEFRAUDED, loss_yuan=5000)
    assert (casework.case(case_id).money_lost, casework.case(case_id).state) == (5000, "closed")
    assert casework.journal(case_id, "later_loss_found")[0].data["loss_yuan"] == 5000
    # The next one asks for all that has gone since the warning, the first sum within it.
    done(casework, 1, outcome=FollowUp.DEFRAUDED, loss_yuan=6200)
    assert casework.case(case_id).money_lost == 6200


def test_defrauded_of_a_sum_nobody_knows_is_defrauded_all_the_same(casework: CaseworkFixture) -> None:
    case_id = closed(casework)
    done(casework, outcome=FollowUp.DEFRAUDED)
    assert (casework.case(case_id).money_lost, len(casework.journal(case_id, "later_loss_found"))) == (0, 1)


def lost(casework: CaseworkFixture, yuan: int) -> None:
    assert casework.push(event("later_loss", loss_yuan=yuan, event_id=f"E{yuan}")).status == "accepted"


def test_the_same_loss_from_a_source_and_a_follow_up_counts_once(casework: CaseworkFixture) -> None:
    case_id = closed(casework)
    lost(casework, 5000)
    done(casework, 0, outcome=FollowUp.DEFRAUDED, loss_yuan=5000)
    assert casework.case(case_id).money_lost == 5000
    done(casework, 1, outcome=FollowUp.DEFRAUDED, loss_yuan=5600)
    assert casework.case(case_id).money_lost == 5600
    lost(casework, 700)  # 5,700 by the source's count: a hundred more than was known
    assert casework.case(case_id).money_lost == 5700


def test_in_the_other_order_too(casework: CaseworkFixture) -> None:
    case_id = closed(casework)
    done(casework, 0, outcome=FollowUp.DEFRAUDED, loss_yuan=5000)
    lost(casework, 4000)
    assert casework.case(case_id).money_lost == 5000
    lost(casework, 1500)
    assert casework.case(case_id).money_lost == 5500


def test_each_source_is_told_and_what_it_said_is_kept(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    casework.open(2, **SAME_PERSON, source={"system": "another", "ref": "R-2"})
    casework.pass_time(hours=1)
    at = casework.now
    casework.push(event("feedback", outcome="SELF_AWARE"))
    with casework.sessions() as session:
        lines = list(feedback.listed(session))
        assert [(each["direction"], each["instruction_id"], each["outcome"]) for each in lines] == [
            ("in", "YJ-1", "SELF_AWARE"),
            ("out", "YJ-1", "SELF_AWARE"),
            ("out", "YJ-2", "SELF_AWARE"),
        ]
        assert {each["case"] for each in lines} == {str(case_id)}
        assert [each["ref"] for each in feedback.listed(session, system="another")] == ["R-2"]
        assert len(list(feedback.listed(session, since=at))) == 3
        assert list(feedback.listed(session, since=at.replace(year=2027))) == []


# --- what nobody took


def exhausted(casework: CaseworkFixture, load: Load) -> tuple[UUID, VisitRow]:
    """A critical visit that nobody on any rung was there to take."""
    load(**OFF_DUTY)
    case_id = case_with_visit(casework)
    return case_id, visit_of(casework, case_id)


def test_whoever_is_named_has_the_visit_at_once(casework: CaseworkFixture, load: Load) -> None:
    case_id, visit = exhausted(casework, load)
    assert [each.kind for each in casework.items(case_id)] == ["ladder_exhausted"]
    with casework.begin() as work:
        assignments.assign(work, visit.id, "A", by="S-1")
    assign(casework)
    assert (visit_of(casework, case_id).officer, visit_of(casework, case_id).state) == ("A", "assigned")
    assert casework.items(case_id) == []
    [entry] = casework.journal(case_id, "visit_reassigned")
    assert (entry.actor, entry.data["officer"]) == ("S-1", "A")


def test_a_visit_goes_from_one_officer_to_another_by_name(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    with casework.begin() as work:
        assignments.assign(work, visit_of(casework, case_id).id, "L", by="S-1")
    assign(casework)
    assert visit_of(casework, case_id).officer == "L"
    assert casework.attempts(case_id, "visit")[0].result == "REASSIGNED"
    with pytest.raises(Refused, match="officer_has_visit"), casework.begin() as work:
        assignments.assign(work, visit_of(casework, case_id).id, "L", by="S-1")
    with pytest.raises(Refused, match="no_officer officer=NOBODY-9"), casework.begin() as work:
        assignments.assign(work, visit_of(casework, case_id).id, "NOBODY-9", by="S-1")


def test_a_roster_loaded_later_starts_the_ladder(casework: CaseworkFixture, load: Load) -> None:
    case_id, _ = exhausted(casework, load)
    load("A", "Z")
    casework.advance()
    assign(casework)
    assert (visit_of(casework, case_id).officer, casework.items(case_id)) == ("A", [])
    assert casework.journal(case_id, "ladder_begun_anew")[0].rule == "roster_loaded"


def test_it_climbs_until_somebody_takes_it_and_again_where_that_comes_to_nothing(
    casework: CaseworkFixture, load: Load
) -> None:
    case_id, _ = exhausted(casework, load)
    casework.pass_time(minutes=5)
    casework.advance()
    [item] = casework.items(case_id)
    assert (item.climbs, len(casework.journal(case_id, "duty_climbed"))) == (1, 1)
    with casework.begin() as work:
        work_items.take(work, item.id, by="S-1")
    with pytest.raises(Refused, match="work_item_taken taken_by=S-1"), casework.begin() as work:
        work_items.take(work, item.id, by="S-2")
    with pytest.raises(Refused, match="work_item_needs_act kind=ladder_exhausted"):
        done(casework)
    casework.pass_time(minutes=4)
    casework.advance()
    assert casework.items(case_id)[0].taken_by == "S-1"
    casework.pass_time(minutes=1)
    casework.advance()
    [item] = casework.items(case_id)
    assert (item.taken_by, item.state, item.climbs) == (None, "open", 2)
    with casework.begin() as work:
        work_items.hand_over(work, item.id, "S-2", by="S-1")
    assert listed(casework, by="S-2")[0].number == item.number


def test_of_those_on_duty_the_one_with_the_fewest_visits_is_asked(casework: CaseworkFixture, load: Load) -> None:
    load()
    place = {"kind": "residence", "text": "样板路1号", "precinct_code": "P1"}
    at_once = [casework.open(n, urgency="critical", channels=["visit"], addresses=[place]) for n in (1, 2, 3, 4)]
    assign(casework)
    assert sorted(visit_of(casework, each).officer or "" for each in at_once) == ["A", "A", "B", "C"]


def test_two_items_stand_beside_each_other(casework: CaseworkFixture, load: Load) -> None:
    case_id, visit = exhausted(casework, load)
    casework.push(instruction(version=2, urgency="high", channels=["visit"]))
    kinds = {each.kind for each in casework.items(case_id)}
    assert "ladder_exhausted" in kinds
    with casework.begin() as work:
        assignments.assign(work, visit.id, "A", by="S-1")
    assign(casework)
    assert {each.kind for each in casework.items(case_id)} == kinds - {"ladder_exhausted"}


def test_the_list_is_of_a_role_and_of_a_unit_and_its_precincts(casework: CaseworkFixture, load: Load) -> None:
    case_id, _ = exhausted(casework, load)
    assert [each.case for each in listed(casework, role=Rung.CENTRE, unit="COUNTY")] == [case_id]
    assert listed(casework, role=Rung.OFFICER) == listed(casework, unit="P2") == []


def test_the_roster_says_who_is_on_duty_and_how_many_visits_each_has(casework: CaseworkFixture, load: Load) -> None:
    load("A", "L", "Z", L=["20:00-08:00"])
    case_with_visit(casework)
    with casework.begin() as work:
        found = {each.badge: (each.on_duty, each.open_visits) for each in roster.listed(work, unit="COUNTY")}
    assert found == {"A": (True, 1), "L": (False, 0), "Z": (True, 0), "S-3": (None, None)}


def test_a_case_that_cannot_be_decided_on_keeps_nobody_off_duty(
    casework: CaseworkFixture, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    exhausted(casework, load)

    def raises(*_: Any) -> None:
        raise RuntimeError("a rule that raises")

    monkeypatch.setattr("dispatcher.engine.decide", raises)
    load("A", "Z")
    with casework.begin() as work:
        assert {each.badge for each in roster.listed(work) if each.on_duty} == {"A", "Z"}


def test_whoever_is_named_during_a_pause_has_the_time_to_accept_from_its_end(
    casework: CaseworkFixture, load: Load
) -> None:
    case_id, visit = exhausted(casework, load)
    decide_as_supervisor(casework, pauses.pause, case_id)
    casework.pass_time(minutes=9)
    with casework.begin() as work:
        assignments.assign(work, visit.id, "A", by="S-1")
    assign(casework)
    casework.pass_time(minutes=1)
    decide_as_supervisor(casework, pauses.resume, case_id)
    assert visit_of(casework, case_id).assigned_at == casework.now
    casework.pass_time(minutes=2, seconds=1)
    assert visit_of(casework, case_id).state == "waiting"


def test_what_somebody_took_comes_back_though_a_step_of_the_case_is_set_aside(
    casework: CaseworkFixture, load: Load
) -> None:
    case_id, _ = exhausted(casework, load)
    casework.sql("UPDATE cases SET set_aside_at = now() WHERE id = :id", id=case_id)
    casework.pass_time(minutes=5)
    casework.advance()
    assert casework.items(case_id)[0].climbs == 1


def test_a_roster_loaded_in_the_middle_of_the_climb_counts_too(casework: CaseworkFixture, load: Load) -> None:
    load("DUTY")
    case_id = case_with_visit(casework)
    assert visit_of(casework, case_id).officer == "DUTY"
    load()
    casework.advance()
    assert visit_of(casework, case_id).officer == "DUTY"  # is still being asked
    casework.pass_time(minutes=2, seconds=1)
    assign(casework)
    assert visit_of(casework, case_id).officer == "A"


def test_whoever_was_named_has_the_visit_though_a_roster_is_loaded_before_it_is_handed_over(
    casework: CaseworkFixture, load: Load
) -> None:
    case_id, visit = exhausted(casework, load)
    with casework.begin() as work:
        assignments.assign(work, visit.id, "A", by="S-1")
    load("A", "B", "C")
    casework.advance()
    assign(casework)
    planned = [each for each in casework.attempts(case_id, "visit") if each.settled_at is None]
    assert ([each.rule for each in planned], visit_of(casework, case_id).officer) == (["assigned_by_person"], "A")


def test_a_pause_is_no_place_to_forget_a_case(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="critical")
    for until, code in ((casework.now, "pause_ends_in_the_past"), (casework.now.replace(year=2062), "pause_too_long")):
        with pytest.raises(Refused, match=code):
            decide_as_supervisor(casework, pauses.pause, case_id, until)
    decide_as_supervisor(casework, pauses.pause, case_id, casework.now + timedelta(hours=1))
    assert casework.items(case_id)[0].due_at == casework.now + timedelta(hours=1)


def test_a_fresh_critical_one_comes_before_whatever_is_overdue_of_low_cases(
    casework: CaseworkFixture, load: Load
) -> None:
    nowhere = {"phones": None, "addresses": [{"kind": "residence", "text": "样板路1号"}]}
    for number in (2, 3, 4):
        casework.open(number, urgency="low", **nowhere)
    casework.pass_time(hours=2)
    case_id, _ = exhausted(casework, load)
    first, *rest = listed(casework)
    assert (first.case, first.overdue, any(each.overdue for each in rest)) == (case_id, False, True)
