"""Several addresses tried in one visit: in their order, each on the record, not found only where all were tried."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import START, CaseworkFixture, instruction
from visits_fixture import Load, act, assign, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.errors import Refused
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.simulate.officer_player import OfficerPlayer
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import decisions
from dispatcher.visits import card as visit_card
from dispatcher.visits import officer_steps
from schemas.instruction import Address
from schemas.officer_report import OfficerReport
from schemas.vocabulary import AddressKind, Result, ReturnReason

HOME = {"kind": "现住", "text": "样板路1号", "precinct_code": "P1"}
SECOND_HOME = {"kind": "现住", "text": "样板路2号", "precinct_code": "P1"}
WORK = {"kind": "工作", "text": "样板大厦9层", "precinct_code": "P1"}
BIRTHPLACE = {"kind": "户籍", "text": "样板村3组", "precinct_code": "P2"}
AWAY_FROM_IT = Result.NOT_FOUND_TEMPORARILY


def under_way(casework: CaseworkFixture, load: Load, *addresses: dict[str, str]) -> UUID:
    """A case with these addresses, whose visit the officer has accepted. It is Monday, 09:00."""
    load()
    case_id = case_with_visit(casework, addresses=list(addresses))
    act(casework, case_id, "accept")
    return case_id


def try_at(
    casework: CaseworkFixture, case_id: UUID, kind: AddressKind, result: Result = AWAY_FROM_IT
) -> list[AddressKind]:
    """Returns what is still to be tried."""
    visit = act(casework, case_id, "tried", address=kind, result=result)
    with casework.begin() as work:
        return officer_steps.to_try(work, visit.id)


def card(casework: CaseworkFixture, case_id: UUID) -> list[tuple[str, str | None, bool]]:
    with casework.begin() as work:
        found = visit_card.read(work, visit_of(casework, case_id).id, officer="A")
    return [(each["kind"], each["tried"], each["next"]) for each in found["addresses"]]


def test_one_address_after_another(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK, BIRTHPLACE)
    assert card(casework, case_id) == [("work", None, True), ("residence", None, False), ("registered", None, False)]
    assert try_at(casework, case_id, AddressKind.WORK) == [AddressKind.RESIDENCE]
    assert card(casework, case_id)[:2] == [("work", "NOT_FOUND_TEMPORARILY", False), ("residence", None, True)]
    assert try_at(casework, case_id, AddressKind.RESIDENCE, Result.WRONG_ADDRESS) == []
    assert [next_one for *_, next_one in card(casework, case_id)] == [False, False, False]
    entries = casework.journal(case_id, "visit_address_tried")
    assert [(each.actor, each.data["kind"], each.data["result"]) for each in entries] == [
        ("A", "work", "NOT_FOUND_TEMPORARILY"),
        ("A", "residence", "WRONG_ADDRESS"),
    ]


def test_not_found_only_where_all_were_tried(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    for result in (Result.NOT_FOUND_TEMPORARILY, Result.NOT_FOUND_CONFIRMED, Result.WRONG_ADDRESS):
        with pytest.raises(Refused, match="addresses_not_tried addresses=work,residence"):
            act(casework, case_id, "report", result=result)
    assert visit_of(casework, case_id).state == "accepted"
    try_at(casework, case_id, AddressKind.WORK)
    assert act(casework, case_id, "report", result=Result.NOT_FOUND_TEMPORARILY).state == "reported"
    [reported] = casework.journal(case_id, "visit_reported")
    [tried] = casework.journal(case_id, "visit_address_tried")
    known = {str(each) for (each,) in casework.sql("SELECT id FROM addresses")}
    assert {reported.data["address"], tried.data["address"]} == known


@pytest.mark.parametrize("result", [Result.MET_DISSUADED, Result.NOT_HOME_FAMILY_TOLD, Result.INVALID_VISIT])
def test_what_is_not_about_finding_ends_the_visit_at_any_door(
    casework: CaseworkFixture, load: Load, result: Result
) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    assert act(casework, case_id, "report", result=result).state == "reported"


def test_two_of_one_kind_are_two_addresses(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, SECOND_HOME)
    with pytest.raises(Refused, match="addresses_not_tried addresses=residence,residence"):
        act(casework, case_id, "report", result=Result.NOT_FOUND_TEMPORARILY)
    assert try_at(casework, case_id, AddressKind.RESIDENCE) == [AddressKind.RESIDENCE]
    assert try_at(casework, case_id, AddressKind.RESIDENCE) == []
    first, second = casework.journal(case_id, "visit_address_tried")
    assert first.data["address"] != second.data["address"]


def test_an_address_may_be_tried_once_more(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    assert (
        try_at(casework, case_id, AddressKind.WORK)
        == try_at(casework, case_id, AddressKind.WORK)
        == [AddressKind.RESIDENCE]
    )


def test_what_is_learnt_under_way_is_tried_too(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME)
    hotel = Address(kind="current", text="海棠酒店302", precinct_code="P1", valid_until=START + timedelta(hours=4))
    decide_as_supervisor(casework, decisions.locate, case_id, hotel)
    with pytest.raises(Refused, match="addresses_not_tried addresses=current,residence"):
        act(casework, case_id, "report", result=Result.NOT_FOUND_TEMPORARILY)


def test_who_takes_the_visit_over_sees_what_was_tried(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    try_at(casework, case_id, AddressKind.WORK)
    act(casework, case_id, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)
    assign(casework)
    act(casework, case_id, "accept", officer="B")
    assert act(casework, case_id, "report", officer="B", result=Result.NOT_FOUND_TEMPORARILY).state == "reported"


def test_a_second_visit_tries_them_anew(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    try_at(casework, case_id, AddressKind.WORK)
    act(casework, case_id, "report", result=Result.NOT_FOUND_TEMPORARILY)
    casework.pass_time(hours=9, minutes=30)
    assign(casework)
    assert card(casework, case_id) == [("residence", None, True), ("work", None, False)]


def test_the_officer_arrives_at_each_door(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    deadline = casework.case(case_id).deadlines["met_by"]
    act(casework, case_id, "arrive")
    visit = act(casework, case_id, "tried", address=AddressKind.WORK, result=AWAY_FROM_IT)
    assert (visit.state, visit.arrived_at, visit.result, visit.reported_at) == ("departed", START, None, None)
    casework.pass_time(minutes=20)
    assert act(casework, case_id, "arrive").arrived_at == casework.now
    casework.pass_time(minutes=5)
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    assert visit_of(casework, case_id).arrived_at == START + timedelta(minutes=20)
    assert casework.case(case_id).deadlines["met_by"] == deadline
    assert casework.case(case_id).resolution == "DISSUADED_IN_TIME"


def test_who_tried_without_a_word_before_was_there(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    visit = act(casework, case_id, "tried", address=AddressKind.WORK, result=AWAY_FROM_IT)
    assert (visit.departed_at, visit.arrived_at) == (START, START)
    casework.pass_time(minutes=10)
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    assert visit_of(casework, case_id).arrived_at == casework.now


def test_what_was_tried_after_the_end_is_kept(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    decide_as_supervisor(casework, decisions.close, case_id, decisions.Resolution.SELF_AWARE)
    word = OfficerReport(result=AWAY_FROM_IT, address=AddressKind.WORK)
    with casework.begin() as work:
        officer_steps.keep_late(work, visit_of(casework, case_id).id, "tried", word)
    [late] = casework.journal(case_id, "late_report")
    assert (late.data["address"], late.data["result"]) == ("work", "NOT_FOUND_TEMPORARILY")
    assert late.data.items() >= word.model_dump(mode="json", exclude_none=True).items()


def test_a_simulated_officer_looks_everywhere(casework: CaseworkFixture, load: Load) -> None:
    case_id = under_way(casework, load, HOME, WORK)
    officers = OfficerPlayer(Services(Settings(), casework.sessions, casework.context))
    officers.set_script(case_id, ["not_found_confirmed"])
    assert officers.act(casework.now)[0] is True
    assert visit_of(casework, case_id).result == "NOT_FOUND_CONFIRMED"
    assert [each.data["kind"] for each in casework.journal(case_id, "visit_address_tried")] == ["work"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"address": AddressKind.HOTEL, "result": Result.WRONG_ADDRESS}, "no_such_address"),
        (
            {"address": AddressKind.WORK, "result": Result.MET_DISSUADED},
            "wrong_address_result allowed=NOT_FOUND_TEMPORARILY,WRONG_ADDRESS",
        ),
        ({"address": AddressKind.WORK}, "wrong_address_result"),
    ],
)
def test_what_is_tried_is_a_known_address_in_vain(
    casework: CaseworkFixture, load: Load, said: dict[str, Any], message: str
) -> None:
    load()
    case_id = case_with_visit(casework, addresses=[HOME, WORK])
    act(casework, case_id, "accept")
    with pytest.raises(Refused, match=message):
        act(casework, case_id, "tried", **said)


def test_nothing_is_tried_before_the_visit_is_accepted(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, addresses=[HOME, WORK])
    assign(casework)
    with pytest.raises(Refused, match="wrong_visit_state state=assigned step=tried"):
        act(casework, case_id, "tried", address=AddressKind.WORK, result=Result.WRONG_ADDRESS)


NOWHERE = {"kind": "现住", "text": "样板路9号", "precinct_code": "P9"}


def unknown_precincts(casework: CaseworkFixture, case_id: UUID) -> list[WorkItemRow]:
    return [each for each in casework.items(case_id) if each.kind == "precinct_unknown"]


def test_an_address_of_an_unknown_precinct_is_flagged_and_the_next_one_is_used(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_with_visit(casework, addresses=[NOWHERE, BIRTHPLACE])
    visit = visit_of(casework, case_id)
    assert (visit.precinct_code, visit.officer) == ("P2", "Z")
    [row] = casework.rows(InstructionRow)
    assert "precinct_unknown" in row.flags
    [item] = unknown_precincts(casework, case_id)
    assert (item.rule, item.role, item.due_at - casework.now) == ("precinct_unknown", "centre", timedelta(minutes=5))
    casework.pass_time(minutes=1)
    hotel = Address(kind="current", text="海棠酒店302", precinct_code="P1")
    decide_as_supervisor(casework, decisions.locate, case_id, hotel)
    assert unknown_precincts(casework, case_id) == []
    assert visit_of(casework, case_id).precinct_code == "P1"
    assert casework.verdict().differences == []


def test_the_source_says_in_an_update_which_precinct_it_is(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, addresses=[NOWHERE])
    assert visit_of(casework, case_id).precinct_code is None
    casework.pass_time(minutes=1)
    again = {"urgency": "critical", "channels": ["visit"]}
    casework.push(instruction(version=2, **again, addresses=[NOWHERE]))
    assert len(unknown_precincts(casework, case_id)) == 1
    casework.push(instruction(version=3, **again, addresses=[NOWHERE | {"precinct_code": "P1"}]))
    assert unknown_precincts(casework, case_id) == []
    assert visit_of(casework, case_id).precinct_code == "P1"
    assert casework.verdict().differences == []


def test_before_a_roster_is_loaded_no_precinct_is_unknown(casework: CaseworkFixture) -> None:
    case_id = case_with_visit(casework, addresses=[NOWHERE])
    assert (visit_of(casework, case_id).precinct_code, unknown_precincts(casework, case_id)) == ("P9", [])
