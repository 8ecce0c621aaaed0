"""Who acts: which roles may do what, of which units, and that nobody acts without a name."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture
from visits_fixture import Load, act, assign, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.store.visits import StaffRow
from dispatcher.supervision import assignments, case_search, decisions, pauses, remarks, splits, work_items
from dispatcher.supervision.decisions import SupervisorDecision
from dispatcher.supervision.work_items import WorkItemResult
from dispatcher.visits import officer_steps, permissions, roster, transfers
from schemas.instruction import Address
from schemas.officer_report import OfficerReport
from schemas.refusals import RefusalCode
from schemas.roster import Roster
from schemas.vocabulary import Act, BankRequest, Relation, Resolution, Result, ReturnReason, Role, Rung

# A badge of each kind, in P1 and its county, and those who are elsewhere.
OF_ROLE = {"A": "officer", "L": "station_leader", "DESK": "county_desk", "DUTY": "operator", "S-2": "operator"}
OF_ROLE |= {"S-1": "supervisor", "S-3": "supervisor"}
ELSEWHERE = ("Z", "X-1")
HOTEL = Address(kind="current", text="海棠酒店302", precinct_code="P1")
ORDERS: dict[Act, tuple[Any, ...]] = {
    Act.CLOSE: (decisions.close, Resolution.SELF_AWARE),
    Act.REVIVE: (decisions.revive,),
    Act.PAUSE: (pauses.pause,),
    Act.RESUME: (pauses.resume,),
    Act.CALL: (decisions.call, Relation.EMPLOYER),
    Act.PROTECT: (decisions.ask_bank, BankRequest.PROTECT_ACCOUNT),
    Act.LIFT: (decisions.ask_bank, BankRequest.LIFT_PROTECTION),
    Act.LOCATE: (decisions.locate, HOTEL),
    Act.SPLIT: (splits.split, "YJ-9"),
}
# What is told of the text before anybody tries to hold it.
EXPLAINED = (RefusalCode.INSTRUCTION_NOT_JOINED, RefusalCode.VISIT_OF_ANOTHER_OFFICER)
MAY_NOT = ("wrong_role", "wrong_unit", "unit_unknown")


def may(casework: CaseworkFixture, case_id: UUID, what: Act, by: str) -> bool:
    """Whether the order gets past the question who gives it. Whatever it did is undone."""
    order, *more = ORDERS[what]
    try:
        with casework.begin() as work:
            order(work, case_id, SupervisorDecision(by, "核实"), *more)
            work.session.rollback()
    except Refused as refused:
        return refused.code not in MAY_NOT
    return True


@pytest.mark.parametrize("what", ORDERS)
def test_an_order_is_given_by_whom_the_table_names(casework: CaseworkFixture, load: Load, what: Act) -> None:
    load()
    case_id = case_with_visit(casework)
    wanted = {
        Act.LIFT: {"operator", "supervisor"},
        Act.LOCATE: {"county_desk", "operator", "supervisor"},
    }.get(what, {"supervisor"})
    given = {badge for badge in (*OF_ROLE, *ELSEWHERE) if may(casework, case_id, what, badge)}
    assert given == {badge for badge, role in OF_ROLE.items() if role in wanted}


@pytest.mark.parametrize(
    ("badge", "to", "refused"),
    [
        ("L", "B", None),
        ("L", "Z", "wrong_unit by=L own=P1 unit=P2"),
        ("L", "DESK", "wrong_unit by=L own=P1 unit=COUNTY"),
        ("DESK", "Z", None),
        ("DESK", "DUTY", "wrong_unit by=DESK own=COUNTY unit=CENTRE"),
        ("S-1", "C", "officer_left officer=C"),
        ("S-1", "B\0", "text_unwritable"),
        ("S-1", "B\ud800", "text_unwritable"),
    ],
)
def test_a_visit_is_given_to_somebody_of_the_roster_and_of_those_under_whoever_gives_it(
    casework: CaseworkFixture, load: Load, badge: str, to: str, refused: str | None
) -> None:
    load()
    visit = visit_of(casework, case_with_visit(casework))
    load("A", "B", "L", "DESK", "DUTY", "Z")
    with pytest.raises(Refused, match=refused) if refused else nullcontext(), casework.begin() as work:
        assert assignments.assign(work, visit.id, to, by=badge).state == "waiting"


ODD = ("\0", "S-1\0", "\ud800", "S-1\udcff")


@pytest.mark.parametrize("odd", ODD)
def test_a_name_or_a_reason_that_nothing_can_hold_is_refused(casework: CaseworkFixture, load: Load, odd: str) -> None:
    load()
    case_id = case_with_visit(casework)
    visit, order = visit_of(casework, case_id), SupervisorDecision("S-1", "核实")
    half = odd if "\0" not in odd else "\udfff"  # the vault holds a NUL
    asked: list[Callable[[UnitOfWork], Any]] = [
        lambda work: decisions.close(work, case_id, SupervisorDecision(odd, "核实"), Resolution.SELF_AWARE),
        lambda work: decisions.close(work, case_id, SupervisorDecision("S-1", half), Resolution.SELF_AWARE),
        lambda work: splits.split(work, case_id, order, odd),
        lambda work: assignments.assign(work, visit.id, "B", by=odd),
        lambda work: transfers.order(work, visit.id, odd, ReturnReason.NOT_MY_JURISDICTION, by="S-1"),
        lambda work: officer_steps.act(work, visit.id, "accept", officer=odd, report=OfficerReport()),
        lambda work: remarks.read(work, case_id, by=odd),
    ]
    for what in asked:
        with pytest.raises(Refused) as refusal, casework.begin() as work:
            what(work)
        assert refusal.value.code in (RefusalCode.TEXT_UNWRITABLE, *EXPLAINED)
    for words in ({"by": odd, "name": "何样1"}, {"by": "S-1", "name": half}):
        with pytest.raises(Refused, match="text_unwritable"):
            case_search.find(casework.begin, **words)


@pytest.mark.parametrize("what", [Act.ASSIGN, Act.OFFER])
def test_a_visit_is_given_away_by_those_above_the_officer(casework: CaseworkFixture, load: Load, what: Act) -> None:
    load()
    visit = visit_of(casework, case_with_visit(casework))
    given = set()
    for badge in (*OF_ROLE, *ELSEWHERE):
        try:
            with casework.begin() as work:
                if what is Act.ASSIGN:
                    assignments.assign(work, visit.id, "B", by=badge)
                else:
                    transfers.order(work, visit.id, "P2", ReturnReason.NOT_MY_JURISDICTION, by=badge)
                work.session.rollback()
            given.add(badge)
        except Refused as refused:
            assert refused.code in MAY_NOT
    leaders = {"L"} if what is Act.ASSIGN else set()
    assert given == {"DESK", "DUTY", "S-1", "S-2", "S-3"} | leaders


def test_a_refusal_says_who_may(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    for by, told in (
        ("A", "wrong_role by=A act=close allowed=supervisor"),
        ("NOBODY-9", "not_on_roster by=NOBODY-9"),
    ):
        with pytest.raises(Refused, match=rf"^{told}$"):
            decide_as_supervisor(
                casework, decisions.close, case_id, Resolution.SELF_AWARE, by=SupervisorDecision(by, "核实")
            )
    with (
        pytest.raises(
            Refused, match=r"^wrong_unit by=Z own=P2 unit=P1 act=handle_item allowed=officer,station_leader,"
        ),
        casework.begin() as work,
    ):
        permissions.check(work.session, "Z", Act.HANDLE_ITEM, "P1")
    assert casework.case(case_id).state == "open"


def test_an_officer_of_another_county_acts_on_no_visit(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    with pytest.raises(Refused, match="visit_of_another_officer holder=A officer=Z"):
        act(casework, case_id, "accept", officer="Z")
    with pytest.raises(Refused, match="not_on_roster by=NOBODY-9"):
        act(casework, case_id, "accept", officer="NOBODY-9")


def test_a_case_of_no_unit_is_the_centres(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, precinct=None)
    assert [badge for badge in ("S-1", "S-3") if may(casework, case_id, Act.CLOSE, badge)] == ["S-1"]
    with pytest.raises(Refused, match="unit_unknown by=S-3 own=COUNTY act=close allowed=supervisor"):
        decide_as_supervisor(
            casework, decisions.close, case_id, Resolution.SELF_AWARE, by=SupervisorDecision("S-3", "x")
        )


def test_without_a_roster_nobody_acts(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    with pytest.raises(Refused, match=r"^no_roster$"), casework.begin() as work:
        decisions.close(work, case_id, SupervisorDecision("S-1", "核实"), Resolution.SELF_AWARE)


def test_off_duty_or_gone_an_officer_finishes_what_is_in_hand_and_nothing_else(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept", officer="A")
    act(casework, case_id, "depart", officer="A")
    load("B", "L")
    act(casework, case_id, "report", officer="A", result=Result.MET_DISSUADED)
    follow_up = next(each for each in casework.items(case_id) if each.kind == "follow_up")
    with pytest.raises(Refused, match="wrong_role by=A act=handle_item"), casework.begin() as work:
        work_items.take(work, follow_up.id, by="A")


def test_an_item_is_of_its_role_and_unit_and_of_those_above(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    item = next(each for each in casework.items(case_id) if each.kind == "follow_up")
    with casework.begin() as work:
        for badge in ("Z", "X-1"):
            with pytest.raises(Refused, match="wrong_unit"):
                work_items.take(work, item.id, by=badge)
        for to, why in (("Z", "wrong_unit"), ("NOBODY-9", "not_on_roster")):
            with pytest.raises(Refused, match=why):
                work_items.hand_over(work, item.id, to, by="A")
        work_items.hand_over(work, item.id, "B", by="A")
    with pytest.raises(Refused, match="work_item_taken taken_by=B"), casework.begin() as work:
        work_items.done(work, item.id, WorkItemResult(outcome="SAFE"), by="A")
    with casework.begin() as work:
        work_items.done(work, item.id, WorkItemResult(outcome="SAFE"), by="S-2")


def test_what_has_climbed_may_still_be_done_by_those_it_waited_for_first(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    casework.pass_time(hours=24, seconds=1)
    casework.advance()
    item = next(each for each in casework.items(case_id) if each.climbs)
    assert item.role == "station_leader"
    with casework.begin() as work:
        assert work_items.take(work, item.id, by="A").taken_by == "A"


def test_an_offer_is_answered_by_the_units_own_people(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="AWAY")
    visit = visit_of(casework, case_id)
    for badge in ("S-1", "DUTY", "Z"):
        with pytest.raises(Refused, match=rf"wrong_unit by={badge} .* unit=AWAY"), casework.begin() as work:
            transfers.answer(work, visit.id, accepts=True, by=badge)
    with casework.begin() as work:
        transfers.answer(work, visit.id, accepts=True, by="X-1")
    assert not any(may(casework, case_id, Act.CLOSE, badge) for badge in ("X-1", "X-2"))
    assert may(casework, case_id, Act.CLOSE, "S-1")
    assign(casework)


def test_a_roster_that_is_loaded_has_the_whole_staff(casework: CaseworkFixture, load: Load) -> None:
    load()
    units = [{"code": "CENTRE", "name": "中心", "kind": "centre"}]
    staff = [{"badge": "N-1", "unit": "CENTRE", "role": "operator"}]
    with casework.begin() as work:
        roster.load(work, Roster.model_validate({"units": units, "officers": [], "staff": staff}))
    assert [(each.badge, each.role) for each in casework.rows(StaffRow)] == [("N-1", "operator")]


def test_what_waits_for_a_rung_may_be_done_from_there_up() -> None:
    assert permissions.from_rung_up(Rung.OFFICER) == tuple(Role)
    assert permissions.from_rung_up(Rung.CENTRE) == (Role.OPERATOR, Role.SUPERVISOR)


def test_every_act_has_its_permission() -> None:
    assert set(permissions.PERMISSIONS) == set(Act)
