"""Loading a roster: what it answers, what it asks for first, and what becomes of visits whose officer is gone."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture
from test_service_items import alarms, standing
from typer.testing import CliRunner
from visits_fixture import (
    AWAY,
    BADGES,
    BESIDE,
    STAFF,
    UNITS,
    Load,
    act,
    assign,
    case_with_visit,
    decide_as_supervisor,
    visit_of,
)

from dispatcher.cli import roster as command
from dispatcher.cli.app import build_app
from dispatcher.cli.refusals import line
from dispatcher.errors import OperatorError, Refused
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.visits import AssignmentRow, OfficerRow, UnitRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import assignments, pauses, service_items, work_items
from dispatcher.visits import permissions, roster, shifts
from dispatcher.visits.roster import RosterAssigner
from dispatcher.watch.alarms import Code
from schemas.refusals import RefusalCode
from schemas.roster import Roster
from schemas.vocabulary import Result, ReturnReason, Rung, VisitState, WorkItemKind, WorkItemState

Run = Callable[..., str]


def tables(*badges: str, units: tuple[dict[str, str], ...] = UNITS) -> dict[str, list[dict[str, Any]]]:
    codes = {unit["code"] for unit in (*units, AWAY)}
    people = [{"badge": badge, "unit": unit, "role": role} for badge, unit, role in STAFF]
    staff = [{"badge": badge, "unit": unit, "role": role} for badge, unit, role in BESIDE if unit in codes]
    officers = [each for each in people if each["badge"] in badges]
    return {"units": [*units, AWAY], "officers": officers, "staff": staff}


def load_tables(casework: CaseworkFixture, made: dict[str, Any], **options: Any) -> roster.RosterChange:
    with casework.begin() as work:
        return roster.load(work, Roster.model_validate(made), **options)


def empty_shifts(casework: CaseworkFixture) -> list[WorkItemRow]:
    """As the sweep finds them."""
    with casework.begin() as work:
        service_items.tend_shifts(work)
    return standing(casework)


def begin_shifts(casework: CaseworkFixture) -> None:
    """As the sweep does: what is left goes back, whoever came on is asked."""
    with casework.begin() as work:
        left, begun = shifts.left_at_shift_end(work), shifts.begun_since_exhausted(work)
    for visit_id in left:
        with casework.begin() as work:
            shifts.hand_back(work, visit_id)
    for case_id in begun:
        with casework.begin() as work:
            roster.begin_anew(work, [case_id], rule="shift_begun")
    casework.advance()
    assign(casework)


@pytest.fixture
def run(casework: CaseworkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs `roster load` on a file with these badges; gives what it prints."""
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(command, "build_services", lambda **_: services)

    def invoke(badges: str, *options: str, typed: str | None = None) -> str:
        made = tables(*badges.split())
        rows = [f"[[{name}]]\n" + as_toml(each) for name, of_name in made.items() for each in of_name]
        empty = [f"{name} = []\n" for name, of_name in made.items() if not of_name]
        (path := tmp_path / "roster.toml").write_text("".join(empty + rows), "utf-8")
        done = CliRunner().invoke(build_app(), ["roster", "load", str(path), *options], input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    yield invoke


def as_toml(entry: dict[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in entry.items())


# --- gaps


def test_no_roster_at_all_is_an_item_and_an_alarm_until_one_is_loaded(casework: CaseworkFixture, load: Load) -> None:
    [item] = empty_shifts(casework)
    assert (item.kind, item.unit, item.role) == (WorkItemKind.EMPTY_SHIFT, None, Rung.CENTRE)
    casework.pass_time(minutes=1)
    assert Code.ROSTER_EMPTY in alarms(casework)
    load()
    assert empty_shifts(casework) == []
    load_tables(casework, tables())
    assert [each.unit for each in empty_shifts(casework)] == [None]


def test_a_unit_without_any_officer_has_a_gap_and_another_centre_has_none(
    casework: CaseworkFixture, load: Load
) -> None:
    load("A", "DUTY")
    assert sorted(str(each.unit) for each in empty_shifts(casework)) == ["COUNTY", "P2"]
    casework.pass_time(minutes=1)
    assert Code.ROSTER_EMPTY in alarms(casework)
    load("A", "DESK", "Z")
    assert [each.unit for each in empty_shifts(casework)] == ["CENTRE"]


def test_the_gaps_of_a_unit_end_when_the_roster_names_it_no_more(casework: CaseworkFixture, load: Load) -> None:
    load("A", "DESK", "DUTY", "Z", Z=["08:00-20:00"])
    assert [each.unit for each in empty_shifts(casework)] == ["P2"]
    without = tables("A", "DESK", "DUTY", units=UNITS[:3])
    change = load_tables(casework, without)
    assert (change.units_gone, change.goes_off) == (("P2",), ("Z",))
    assert empty_shifts(casework) == []
    load("A", "DESK", "DUTY", "Z", Z=["08:00-20:00"])
    assert [each.on_roster for each in casework.rows(UnitRow, UnitRow.code == "P2")] == [True]
    assert [each.unit for each in empty_shifts(casework)] == ["P2"]


# --- visits


def held_by(casework: CaseworkFixture, how: str) -> UUID:
    """A case whose visit A has in hand, or is about to get, in this way; whoever is next is B."""
    case_id = case_with_visit(casework)
    if how in ("promised", "named", "named_accepted"):
        act(casework, case_id, "return", officer="A", reason=ReturnReason.OFFICER_UNAVAILABLE)
        with casework.begin() as work:
            assignments.assign(work, visit_of(casework, case_id).id, "A", by="S-1")
        if how != "promised":
            assign(casework)
    if how.endswith("accepted"):
        act(casework, case_id, "accept", officer="A")
    return case_id


@pytest.mark.parametrize("how", ["assigned", "accepted", "named", "named_accepted", "promised"])
def test_a_visit_goes_on_to_somebody_who_is_there(casework: CaseworkFixture, load: Load, how: str) -> None:
    load("A", "L", "DESK", "DUTY")
    case_id = held_by(casework, how)
    number = visit_of(casework, case_id).number
    change = load_tables(casework, tables("B", "L", "DESK", "DUTY"))
    assert (change.comes_on, change.goes_off, change.handed_on) == (("B",), ("A",), (number,))
    casework.advance()
    assign(casework)
    visit = visit_of(casework, case_id)
    assert (visit.officer, visit.state) == ("B", VisitState.ASSIGNED)
    assert "officer_left" in {entry.rule for entry in casework.journal(case_id)}
    assert "A" not in [row.badge for row in casework.rows(AssignmentRow) if row.send_key == last_key(casework, case_id)]


def last_key(casework: CaseworkFixture, case_id: UUID) -> UUID:
    key: UUID = casework.attempts(case_id, "visit")[-1].send_key
    return key


@pytest.mark.parametrize("step", ["depart", "arrive"])
def test_whoever_is_on_the_way_goes_there_and_is_told(casework: CaseworkFixture, load: Load, step: str) -> None:
    load("A", "L", "DESK", "DUTY")
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept", officer="A")
    act(casework, case_id, step, officer="A")
    change = load_tables(casework, tables("B", "L", "DESK", "DUTY"))
    assert (change.handed_on, change.on_the_way) == ((), (visit_of(casework, case_id).number,))
    act(casework, case_id, "report", officer="A", result=Result.MET_DISSUADED)
    assert visit_of(casework, case_id).state is VisitState.REPORTED


def test_an_assignment_on_its_way_reaches_nobody_who_is_gone(casework: CaseworkFixture, load: Load) -> None:
    load("A", "L", "DESK", "DUTY")
    case_id = case_with_visit(casework)
    row = casework.rows(AssignmentRow)[0]
    assigner = RosterAssigner(casework.sessions, casework.context)
    again = (str(row.visit_id), row.rung, str(row.send_key))
    assert asyncio.run(assigner.assign(*again)) == "A"
    casework.sql("UPDATE officers SET duty = ARRAY[]::text[] WHERE badge = 'A'")  # a roster, between claim and call
    assert asyncio.run(assigner.assign(*again)) is None
    assert asyncio.run(assigner.assigned(str(row.send_key))) is None
    with casework.begin() as work:
        left = shifts.left_at_shift_end(work)
    assert left == [visit_of(casework, case_id).id]


def test_what_was_recorded_after_the_roster_came_goes_back_with_the_next_look(
    casework: CaseworkFixture, load: Load
) -> None:
    load("A", "B", "L", "DESK", "DUTY")
    case_id = held_by(casework, "named_accepted")
    casework.sql("UPDATE officers SET duty = ARRAY[]::text[] WHERE badge = 'A'")
    begin_shifts(casework)
    assert visit_of(casework, case_id).officer != "A"
    assert "officer_left" in {entry.rule for entry in casework.journal(case_id, "visit_returned")}


def test_a_roster_is_emptied_and_loaded_again_while_visits_are_open(casework: CaseworkFixture, load: Load) -> None:
    load()
    cases = {how: case_with_visit(casework, number=number) for number, how in enumerate(("asked", "taken", "gone"), 1)}
    for how, steps in (("taken", ("accept",)), ("gone", ("accept", "depart"))):
        for step in steps:
            act(casework, cases[how], step)
    on_the_way = visit_of(casework, cases["gone"]).officer
    with pytest.raises(Refused, match="roster_empties_rungs count=5"):
        load_tables(casework, tables(), may_empty=False)
    assert visit_of(casework, cases["taken"]).state is VisitState.ACCEPTED
    change = load_tables(casework, tables())
    assert set(change.goes_off) == BADGES
    assert len(change.handed_on) == 2
    casework.pass_time(seconds=30)
    casework.advance()
    begin_shifts(casework)
    for how in ("asked", "taken"):
        assert visit_of(casework, cases[how]).state is VisitState.WAITING
        assert [each.kind for each in casework.items(cases[how])] == [WorkItemKind.LADDER_EXHAUSTED]
    assert Code.ROSTER_EMPTY in alarms_after(casework)
    casework.pass_time(minutes=10)
    load()
    casework.advance()
    assign(casework)
    for how in ("asked", "taken"):
        visit = visit_of(casework, cases[how])
        assert (visit.state, visit.officer in ("A", "B", "C")) == (VisitState.ASSIGNED, True)
        assert casework.items(cases[how]) == []
        act(casework, cases[how], "accept")
        act(casework, cases[how], "report", result=Result.MET_DISSUADED)
    assert visit_of(casework, cases["gone"]).officer == on_the_way
    act(casework, cases["gone"], "report", result=Result.MET_DISSUADED)
    assert empty_shifts(casework) == []
    assert casework.rows(VisitRow, VisitRow.state != VisitState.REPORTED) == []


def alarms_after(casework: CaseworkFixture) -> set[Code]:
    empty_shifts(casework)
    casework.pass_time(minutes=1)
    return alarms(casework)


# --- work items


def test_what_somebody_took_who_is_gone_waits_again(casework: CaseworkFixture, run: Run) -> None:
    """Of a case and of none; what the staff has in hand stays there."""
    run("A L DUTY Z")
    paused = [casework.open(number, urgency="critical", channels=["sms"]) for number in (1, 2)]
    for case_id in paused:
        decide_as_supervisor(casework, pauses.pause, case_id)
    [gap], [first], [second] = standing(casework), *map(casework.items, paused)
    with casework.begin() as work:
        for item, by in ((gap, "DUTY"), (first, "DUTY"), (second, "S-1")):
            work_items.take(work, item.id, by=by)
    had = {each.id: each.due_at for each in casework.rows(WorkItemRow)}
    trial, meant = run("A L Z", "--yes", "--dry-run", "--json"), run("A L Z", "--yes", "--json")
    assert json.loads(trial)["items_left"] == json.loads(meant)["items_left"]
    assert json.loads(meant)["items_left"] == sorted([gap.number, first.number])
    rows = {each.id: each for each in casework.rows(WorkItemRow)}
    assert [rows[each.id].taken_by for each in (gap, first, second)] == [None, None, "S-1"]
    assert {rows[each.id].state for each in (gap, first)} == {WorkItemState.OPEN}
    assert {key: rows[key].due_at for key in had} == had
    assert rows[first.id].climb_at == max(first.due_at, casework.now)
    assert rows[gap.id].climbs == 1  # its time has come: told again at once
    assert {entry.rule for entry in casework.journal(paused[0], "duty_freed")} == {"taker_left"}
    assert json.loads(run("A L Z", "--json"))["items_left"] == []


# --- the command


def test_the_answer_says_who_comes_on_and_who_goes_off(casework: CaseworkFixture, run: Run) -> None:
    empty_shifts(casework)
    assert "上岗: A, DESK, DUTY, L, Z" in run("A L DESK DUTY Z")
    assert standing(casework) == []
    case_id = case_with_visit(casework)
    told = run("B L DESK DUTY Z")
    assert "上岗: B\n退出: A\n" in told
    assert f"退回重新派单的上门单: {visit_of(casework, case_id).number}" in told
    found = json.loads(run("B C L DESK DUTY Z", "--json"))
    assert (found["comes_on"], found["goes_off"], found["emptied"], found["loaded"]) == (["C"], [], [], True)
    assert (found["units"], found["officers"], found["staff"]) == (5, 6, 5)


def test_a_trial_changes_nothing_and_answers_the_same(casework: CaseworkFixture, run: Run) -> None:
    run("A L DESK DUTY Z")
    case_id = case_with_visit(casework)
    before = (len(casework.journal(case_id)), casework.rows(OfficerRow)[0].duty, len(casework.journal(None)))
    trial = json.loads(run("B DESK DUTY Z", "--dry-run", "--json"))
    assert (len(casework.journal(case_id)), casework.rows(OfficerRow)[0].duty, len(casework.journal(None))) == before
    assert visit_of(casework, case_id).officer == "A"
    assert trial["emptied"] == [{"unit": "P1", "role": "station_leader"}]
    meant = json.loads(run("B DESK DUTY Z", "--yes", "--json"))
    assert meant == trial | {"loaded": True}
    assert "未载入" in run("B DESK DUTY Z", "--dry-run")


def test_a_rung_is_left_empty_only_where_somebody_says_so(
    casework: CaseworkFixture, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("A L DESK DUTY Z")
    with pytest.raises(Refused) as told:
        run("A DESK DUTY Z")
    assert told.value.code is RefusalCode.ROSTER_EMPTIES_RUNGS
    chinese, _, english = line(told.value).partition(" / ")
    assert "1 处岗位将无人:P1/station_leader" in chinese and "--yes" in english and "\n" not in english
    assert [each.duty != [] for each in casework.rows(OfficerRow, OfficerRow.badge == "L")] == [True]
    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    with pytest.raises(Refused):
        run("A DESK DUTY Z", typed="n\n")
    assert "退出: L" in run("A DESK DUTY Z", typed="y\n")
    with pytest.raises(Refused):
        run("", "--json")
    assert "没有任何民警" in run("", "--yes")


def test_a_roster_is_loaded_before_any_text_is_approved(
    casework: CaseworkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(command, "build_services", lambda **how: asked.append(how) or services)
    (path := tmp_path / "roster.toml").write_text('units = []\nofficers = []\nname = "x"', "utf-8")
    with pytest.raises(OperatorError, match=r"值班表有误 / .*name: 没有此项"):
        CliRunner().invoke(build_app(), ["roster", "load", str(path)], catch_exceptions=False)
    path.write_text("units = []\nofficers = []\n", "utf-8")
    CliRunner().invoke(build_app(), ["roster", "load", str(path)], catch_exceptions=False)
    assert asked == [{"with_own_texts": False}]


def test_five_thousand_officers_are_loaded_within_five_seconds(casework: CaseworkFixture) -> None:
    counties = [{"code": f"C{n}", "name": f"区{n}", "kind": "county", "parent": "CENTRE"} for n in range(50)]
    precincts = [{"code": f"P{n}", "name": f"所{n}", "kind": "precinct", "parent": f"C{n % 50}"} for n in range(1000)]
    officers = [{"badge": f"B{n}", "unit": f"P{n % 1000}", "role": "officer"} for n in range(5000)]
    made = {"units": [UNITS[0], *counties, *precincts], "officers": officers}
    took = []
    for officers_of_now in (officers, officers[2500:], officers):
        began = time.monotonic()
        load_tables(casework, made | {"officers": officers_of_now})
        took.append(time.monotonic() - began)
    assert max(took) < 5, took
    with casework.begin() as work:
        assert len(list(shifts.gaps_ahead(work))) == 51
        permissions.check_known(work.session, "B4999")


def test_a_roster_without_the_staff_that_there_was_asks_first(casework: CaseworkFixture) -> None:
    """Nobody could resume or close a case any more."""
    load_tables(casework, tables())
    made = tables() | {"staff": []}
    with pytest.raises(Refused) as refused:
        load_tables(casework, made, may_empty=False)
    assert "supervisor" in str(refused.value.facts)
    assert load_tables(casework, made).staff_goes
