"""Work items without a case: urgent lines that were refused, providers out of use, shifts with nobody on duty."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from casework_fixture import START, SYSTEM, CaseworkFixture, instruction, withdrawal
from sqlalchemy import create_engine
from visits_fixture import Load

from dispatcher import clock
from dispatcher.errors import Refused
from dispatcher.reporting import work_items as reporting
from dispatcher.store.visits import OfficerRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import service_items, work_items
from dispatcher.supervision.work_items import WorkItemResult
from dispatcher.watch import collect as collecting
from dispatcher.watch.alarms import Code, judge
from dispatcher.watch.limits import Limits
from schemas.refusals import RefusalCode
from schemas.vocabulary import Rung, Urgency, WorkItemKind, WorkItemState

NOBODY = {"phones": [], "addresses": None}  # whom no instruction can reach


def tend(casework: CaseworkFixture) -> list[WorkItemRow]:
    """As the sweep does. Returns what waits for somebody and belongs to no case.

    Where a test has no officers, that nobody is on duty is not what it is about.
    """
    with casework.begin() as work:
        service_items.tend(work)
    if casework.rows(OfficerRow):
        with casework.begin() as work:
            service_items.tend_shifts(work)
    return standing(casework)


def standing(casework: CaseworkFixture) -> list[WorkItemRow]:
    return casework.rows(WorkItemRow, WorkItemRow.case_id.is_(None), WorkItemRow.done_at.is_(None))


def refused(casework: CaseworkFixture, number: int = 1, **changes: Any) -> None:
    answer = casework.push(instruction(number, **(NOBODY | {"urgency": "critical"} | changes)))
    assert answer.status == "refused"


def alarms(casework: CaseworkFixture) -> set[Code]:
    engine = create_engine(casework.url)
    facts = collecting.collect(engine, "redis://127.0.0.1:1/0", casework.context.clock, Limits(answer_s=120))
    engine.dispose()
    return {alarm.code for alarm in judge(facts, Limits())}


@pytest.mark.parametrize("urgency", ["critical", "特急", "high", "?", None, 5])
def test_an_urgent_line_that_was_refused_waits_for_the_centre(casework: CaseworkFixture, urgency: Any) -> None:
    refused(casework, urgency=urgency)
    [item] = tend(casework)
    assert (item.kind, item.role, item.state) == (WorkItemKind.URGENT_REFUSED, Rung.CENTRE, WorkItemState.OPEN)
    assert item.about == casework.quarantined()[0].id
    assert item.due_at == casework.now + casework.context.policy.plan(item.urgency).answer_within
    assert Code.URGENT_REFUSED in alarms(casework)


@pytest.mark.parametrize("urgency", ["medium", "低"])
def test_another_that_was_refused_waits_in_quarantine_alone(casework: CaseworkFixture, urgency: str) -> None:
    refused(casework, urgency=urgency)
    assert tend(casework) == []


def test_a_broken_line_that_calls_itself_critical_is_seen_too(casework: CaseworkFixture) -> None:
    assert casework.push(b'{"instruction_id": "YJ-1", "urgency": "critical", "victim": {').status == "refused"
    assert [item.kind for item in tend(casework)] == [WorkItemKind.URGENT_REFUSED]


def test_one_item_stands_however_often_the_same_instruction_is_refused(casework: CaseworkFixture) -> None:
    for _ in range(3):
        refused(casework)
        tend(casework)
    refused(casework, number=2)
    assert len(tend(casework)) == 2


def test_one_that_is_refused_again_at_a_higher_urgency_is_due_sooner(casework: CaseworkFixture) -> None:
    refused(casework, urgency="high")
    [before] = tend(casework)
    casework.pass_time(minutes=1)
    refused(casework, urgency="critical")
    [after] = tend(casework)
    assert (after.id, after.urgency) == (before.id, Urgency.CRITICAL)
    assert after.due_at == after.climb_at == casework.now + timedelta(minutes=5) < before.due_at
    tend(casework)
    assert len(casework.journal(None, "duty_brought_forward")) == 1
    assert casework.verdict().differences == []


def test_it_is_over_when_the_source_has_mended_the_line(casework: CaseworkFixture) -> None:
    refused(casework)
    refused(casework, number=2)
    tend(casework)
    casework.open(1, urgency="critical")
    [left] = tend(casework)
    assert left.about == casework.quarantined()[1].id
    [over] = casework.rows(WorkItemRow, WorkItemRow.case_id.is_(None), WorkItemRow.done_at.is_not(None))
    assert over.state is WorkItemState.DONE


def test_a_newer_version_that_was_refused_is_over_with_one_that_is_taken_and_not_with_an_older(
    casework: CaseworkFixture,
) -> None:
    refused(casework, version=2)
    tend(casework)
    casework.open(1, urgency="low")
    assert len(tend(casework)) == 1
    casework.push(instruction(1, version=2, urgency="critical"))
    assert tend(casework) == []


@pytest.mark.parametrize("early", [False, True])
def test_a_line_whose_instruction_is_withdrawn_need_not_be_mended(casework: CaseworkFixture, early: bool) -> None:
    if not early:
        casework.open(1)
    refused(casework, version=2)
    [item] = tend(casework)
    assert casework.push(withdrawal(1, version=2, source={"system": SYSTEM})).status == "accepted"
    [over] = casework.rows(WorkItemRow, WorkItemRow.id == item.id)
    assert over.state is WorkItemState.CANCELLED
    [told] = casework.journal(None, "duty_cancelled")
    assert (told.rule, told.data["duty"]) == ("withdraw", str(item.id))
    assert tend(casework) == []
    assert casework.verdict().differences == []
    refused(casework, version=3)
    assert len(tend(casework)) == 1


def test_a_line_of_a_higher_version_than_was_withdrawn_still_waits(casework: CaseworkFixture) -> None:
    casework.open(1)
    refused(casework, version=2)
    refused(casework, version=3)
    tend(casework)
    casework.push(withdrawal(1, version=2))
    assert [each.state for each in tend(casework)] == [WorkItemState.OPEN]


@pytest.mark.usefixtures("staff")
def test_what_was_seen_to_makes_room_for_others(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_items, "_MOST_AT_ONCE", 2)
    for number in (1, 2, 3):
        refused(casework, number=number)
    for item in tend(casework):
        with casework.begin() as work:
            work_items.done(work, item.id, WorkItemResult(), by="S-1")
    [left] = tend(casework)
    refused(casework, number=4, urgency="high")
    refused(casework, number=5)
    monkeypatch.setattr(service_items, "_MOST_AT_ONCE", 1)
    assert [item.urgency for item in tend(casework)] == [Urgency.CRITICAL, Urgency.CRITICAL]
    assert len(tend(casework)) == 3
    assert left.id in {item.id for item in standing(casework)}


def test_the_same_name_from_another_source_mends_nothing(casework: CaseworkFixture) -> None:
    refused(casework, source=None)
    refused(casework, source={"system": "甲"})
    assert len(tend(casework)) == 2
    casework.push(instruction(1, source={"system": "乙"}))
    assert len(tend(casework)) == 2


def test_a_name_that_is_half_a_character_stops_nothing(casework: CaseworkFixture) -> None:
    for named in ({"instruction_id": "\ud800"}, {"source": {"system": "\ud800"}}):
        line = instruction(1, **(NOBODY | {"urgency": "critical"} | named))
        assert casework.push(json.dumps(line).encode()).status == "refused"
    assert len(tend(casework)) == 2


def test_two_looks_at_once_open_each_item_once(casework: CaseworkFixture) -> None:
    for number in range(6):
        refused(casework, number=number)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: tend(casework), range(4)))
    assert len(standing(casework)) == 6


def test_a_refused_line_is_no_early_one(casework: CaseworkFixture) -> None:
    refused(casework)
    casework.pass_time(hours=2)
    assert Code.EARLY_LINES not in alarms(casework)


@pytest.mark.usefixtures("staff")
def test_said_to_be_done_it_is_asked_for_anew_only_when_it_is_refused_again(casework: CaseworkFixture) -> None:
    refused(casework)
    [item] = tend(casework)
    with casework.begin() as work:
        work_items.done(work, item.id, WorkItemResult(note="已电话告知来源"), by="S-1")
    casework.pass_time(hours=1)
    assert tend(casework) == []
    refused(casework)
    assert len(tend(casework)) == 1


@pytest.mark.usefixtures("staff")
def test_overdue_it_climbs_and_alarms_until_somebody_takes_it(casework: CaseworkFixture) -> None:
    refused(casework)
    [item] = tend(casework)
    for climbs in (1, 2, 3):
        casework.pass_time(days=1)
        [item] = tend(casework)
        assert item.climbs == climbs
    with casework.begin() as work:
        work_items.take(work, item.id, by="S-1")
    assert Code.URGENT_REFUSED not in alarms(casework)
    with pytest.raises(Refused) as told, casework.begin() as work:
        work_items.take(work, item.id, by="S-2")
    assert told.value.code is RefusalCode.WORK_ITEM_TAKEN


def stands(casework: CaseworkFixture, health: str) -> None:
    casework.sql(
        "INSERT INTO providers (name, channels, weight, linked, limits, health, since, step, trips) "
        "VALUES ('sms-1', ARRAY['sms'], 1, false, '{}', :health, now(), 0, 0) "
        "ON CONFLICT (name) DO UPDATE SET health = :health",
        health=health,
    )


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("health", ["out", "open"])
def test_a_provider_out_of_use_is_an_item_until_it_is_back(casework: CaseworkFixture, health: str) -> None:
    stands(casework, health)
    [item] = tend(casework)
    assert (item.kind, item.cause) == (WorkItemKind.PROVIDER_OUT, "provider:sms-1")
    with pytest.raises(Refused) as told, casework.begin() as work:
        work_items.done(work, item.id, WorkItemResult(), by="S-1")
    assert told.value.code is RefusalCode.WORK_ITEM_NEEDS_ACT
    stands(casework, "returning")
    assert tend(casework) == []


@pytest.mark.parametrize("health", ["closed", "returning", "paused"])
def test_one_in_use_or_paused_by_a_person_is_none(casework: CaseworkFixture, health: str) -> None:
    stands(casework, health)
    assert tend(casework) == []


def test_a_shift_with_nobody_on_duty_is_told_a_day_before(casework: CaseworkFixture, load: Load) -> None:
    day, night = ["08:00-20:00"], ["20:00-08:00"]
    load("A", "B", "DESK", "DUTY", "Z", A=day, B=["09:00-18:00"])
    [item] = tend(casework)
    assert (item.kind, item.unit, item.role) == (WorkItemKind.EMPTY_SHIFT, "P1", Rung.COUNTY_DESK)
    assert item.due_at == datetime.fromisoformat("2026-03-02T20:00:00+08:00") > START
    assert Code.ROSTER_EMPTY not in alarms(casework)
    casework.pass_time(hours=12)
    tend(casework)
    assert Code.ROSTER_EMPTY in alarms(casework)
    load("A", "B", "DESK", "DUTY", "Z", A=day, B=night)
    assert tend(casework) == []


def test_a_unit_whose_officers_are_all_off_duty_is_empty_now(casework: CaseworkFixture, load: Load) -> None:
    load("A", "DESK", "DUTY", "Z", A=[])
    [item] = tend(casework)
    assert item.due_at == casework.now
    casework.pass_time(minutes=1)
    assert Code.ROSTER_EMPTY in alarms(casework)


def test_said_to_be_right_a_gap_is_not_told_again_for_a_week(casework: CaseworkFixture, load: Load) -> None:
    load("A", "DESK", "DUTY", "Z", A=["08:00-20:00"])
    [item] = tend(casework)
    with casework.begin() as work:
        work_items.done(work, item.id, WorkItemResult(), by="DESK")
    assert tend(casework) == []
    casework.pass_time(days=8)
    assert [each.kind for each in tend(casework)] == [WorkItemKind.EMPTY_SHIFT]


def test_they_stand_in_the_list_among_those_of_cases_by_urgency(casework: CaseworkFixture) -> None:
    refused(casework, number=7)
    tend(casework)
    casework.open(1, urgency="high", channels=["sms"], phones=None, addresses=[{"kind": "work", "text": "样板路7号"}])
    with casework.sessions() as session:
        lines = list(reporting.listed(session, casework.now))
    told = [(line.urgency, line.case is None) for line in lines[:2]]
    assert told == [(Urgency.CRITICAL, True), (Urgency.HIGH, False)]


def test_what_becomes_of_them_stands_in_the_journal_and_rebuilds_them(casework: CaseworkFixture, load: Load) -> None:
    refused(casework)
    load("A", "DESK", "DUTY", "Z", A=["08:00-20:00"])
    for item in tend(casework):
        with casework.begin() as work:
            work_items.take(work, item.id, by="S-1")
    with casework.sessions.begin() as session:
        clock.step_to(session, casework.now + timedelta(days=2))
    tend(casework)
    told = [entry.event for entry in casework.journal(None)]
    assert {"duty_planned", "duty_taken", "duty_climbed"} <= set(told)
    assert not casework.verdict().differences
    casework.is_tampered = True
    casework.sql("UPDATE duties SET role = 'officer' WHERE case_id IS NULL")
    assert {(each.table, each.column) for each in casework.verdict().differences} == {("duties", "role")}
