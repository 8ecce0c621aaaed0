"""What waits for a person: when it is over by itself, what outlives its case, and how it climbs until it is done."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import CRITICAL, HIGH, LOW, MEDIUM, MINUTE, MONDAY, ONLY_SMS, ONLY_VISIT, SECOND, SMS, TWO, VISIT
from engine_harness import EngineHarness

from dispatcher.engine import evolve, orders
from dispatcher.engine.case import Place, Visit, WorkItem
from dispatcher.engine.decisions import BringWorkItemForward, ClimbWorkItem, EndWorkItem
from dispatcher.engine.work_items import KINDS, NEXT_STEPS, WITHOUT_CASE
from schemas.vocabulary import (
    AddressKind,
    AttemptState,
    BankRequest,
    CaseState,
    Resolution,
    Result,
    Rung,
    Urgency,
    VisitState,
    WorkItemKind,
    WorkItemState,
)

LATER = MONDAY + timedelta(hours=1)


def exhausted(urgency: Urgency = CRITICAL) -> EngineHarness:
    """A visit that nobody on the ladder was there to take."""
    harness = EngineHarness.of(urgency, channels=ONLY_VISIT)
    for _ in harness.policy.ladder:
        harness.send(VISIT, Result.NOBODY_ON_DUTY)
    return harness


def ended(harness: EngineHarness) -> list[tuple[str, WorkItemState]]:
    return [(each.rule, each.state) for each in harness.decided if isinstance(each, EndWorkItem)]


def climbs(harness: EngineHarness) -> list[ClimbWorkItem]:
    return [each for each in harness.decided if isinstance(each, ClimbWorkItem)]


def test_every_kind_is_known() -> None:
    assert set(KINDS) == set(WorkItemKind)
    assert WorkItemKind.LADDER_EXHAUSTED in NEXT_STEPS


def test_a_visit_that_nobody_took_waits_for_the_centre_and_is_told_again_at_growing_intervals() -> None:
    harness, told = exhausted(), []
    for _ in range(4):
        (item,) = harness.case.work_items
        harness.at(item.climb_at)
        told += [harness.now - MONDAY]
        assert [(each.rule, each.to) for each in climbs(harness)] == [("item_overdue", Rung.CENTRE)]
    assert told == [5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE]


def test_between_two_times_nothing_is_told() -> None:
    harness = exhausted()
    harness.at(MONDAY + 5 * MINUTE - SECOND)
    assert climbs(harness) == []


def test_what_is_late_for_the_leader_goes_up_to_the_county_desk_and_then_to_the_centre() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.assign()
    harness.officer(VisitState.ACCEPTED)
    harness.at(MONDAY + 30 * MINUTE + SECOND)
    roles = []
    for _ in range(4):
        (item,) = harness.case.work_items
        roles.append(item.role)
        assert harness.waiting_for is item.role
        harness.at(item.climb_at)
    assert roles == [Rung.STATION_LEADER, Rung.COUNTY_DESK, Rung.CENTRE, Rung.CENTRE]


def test_it_is_told_once_a_day_at_the_least() -> None:
    harness = exhausted()
    for _ in range(12):
        harness.at(harness.case.work_items[0].climb_at)
    before = harness.now
    harness.at(harness.case.work_items[0].climb_at)
    assert harness.now - before == timedelta(days=1)


def test_who_took_it_and_did_not_do_it_in_time_has_it_no_more() -> None:
    harness = exhausted()
    taken = replace(harness.case.work_items[0], is_taken=True, climb_at=MONDAY + 10 * MINUTE)
    harness.act(work_items=(taken,))
    harness.at(MONDAY + 9 * MINUTE)
    assert harness.case.work_items[0].is_taken
    harness.at(MONDAY + 10 * MINUTE)
    assert not harness.case.work_items[0].is_taken


def waiting(kind: WorkItemKind, urgency: Urgency | None = MEDIUM, **more: Any) -> EngineHarness:
    """A critical case with an item that was asked for at another urgency, due in an hour."""
    harness = EngineHarness.of(CRITICAL)
    item = WorkItem("item", kind, f"{kind}:x", Rung.CENTRE, LATER, LATER, urgency)
    harness.act(work_items=(replace(item, **more),))
    return harness


def times(harness: EngineHarness) -> list[tuple[timedelta, timedelta]]:
    return [(each.due_at - MONDAY, each.climb_at - MONDAY) for each in harness.case.work_items if each.id == "item"]


@pytest.mark.parametrize("urgency", [HIGH, LOW, None])
def test_an_urgency_that_rises_brings_forward_what_waits(urgency: Urgency | None) -> None:
    harness = waiting(WorkItemKind.CONFLICT, urgency)
    assert times(harness) == [(5 * MINUTE, 5 * MINUTE)]
    assert harness.case.work_items[0].urgency is CRITICAL
    assert harness.rules(BringWorkItemForward) == ["work_item_urgency_rose"]


def test_what_is_as_urgent_as_its_case_or_more_stays_as_it_is() -> None:
    harness = waiting(WorkItemKind.CONFLICT, CRITICAL)
    assert times(harness) == [(timedelta(hours=1), timedelta(hours=1))]
    harness.case = replace(harness.case, urgency=LOW)
    harness.act()
    assert times(harness) == [(timedelta(hours=1), timedelta(hours=1))]


def test_what_is_due_sooner_or_overdue_keeps_its_time_and_is_told_again_as_the_new_urgency_has_it() -> None:
    soon = MONDAY + MINUTE
    assert times(waiting(WorkItemKind.CONFLICT, due_at=soon, climb_at=soon)) == [(MINUTE, MINUTE)]
    missed = waiting(WorkItemKind.CONFLICT, due_at=MONDAY - MINUTE, climbs=3)
    assert times(missed) == [(-MINUTE, 5 * MINUTE)]


def test_one_that_does_not_know_its_urgency_is_told_of_only_where_it_is_due_sooner() -> None:
    assert times(waiting(WorkItemKind.CONFLICT, None, due_at=MONDAY + MINUTE)) == [(MINUTE, 5 * MINUTE)]
    assert times(waiting(WorkItemKind.CONFLICT, None, climb_at=MONDAY + MINUTE)) == [(5 * MINUTE, MINUTE)]
    harness = waiting(WorkItemKind.CONFLICT, None, due_at=MONDAY + MINUTE, climb_at=MONDAY + MINUTE)
    assert harness.case.work_items[0].urgency is None
    assert not [each for each in harness.decided if isinstance(each, BringWorkItemForward)]


def test_whoever_has_it_in_hand_has_it_and_less_time() -> None:
    harness = waiting(WorkItemKind.CONFLICT, is_taken=True)
    assert harness.case.work_items[0].is_taken
    assert times(harness) == [(5 * MINUTE, 5 * MINUTE)]


@pytest.mark.parametrize("kind", WorkItemKind)
def test_a_date_of_its_own_does_not_follow_from_the_urgency(kind: WorkItemKind) -> None:
    by_date = {WorkItemKind.FOLLOW_UP, WorkItemKind.LOOK_BACK, WorkItemKind.PAUSED, WorkItemKind.EMPTY_SHIFT}
    by_date |= {WorkItemKind.POLICY_ODD}
    assert KINDS[kind].keeps_date is (kind in by_date | {WorkItemKind.LIFT_PROTECTION, WorkItemKind.TRANSFER_OFFERED})
    pause = waiting(WorkItemKind.EMPTY_SHIFT)
    assert times(pause) == [(timedelta(hours=1), timedelta(hours=1))]


def test_it_is_brought_forward_once_and_climbs_at_the_new_pace() -> None:
    harness = waiting(WorkItemKind.CONFLICT)
    harness.at(MONDAY + MINUTE)
    assert times(harness) == [(5 * MINUTE, 5 * MINUTE)]
    harness.at(MONDAY + 5 * MINUTE)
    harness.at(MONDAY + 6 * MINUTE)
    assert times(harness) == [(5 * MINUTE, 10 * MINUTE)]


def test_what_a_case_asks_for_is_of_its_urgency() -> None:
    harness = exhausted()
    assert harness.case.work_items[0].urgency is CRITICAL
    assert harness.case.work_items[0].due_at == MONDAY + 5 * MINUTE


def test_a_visit_that_somebody_has_waits_no_longer() -> None:
    harness = exhausted()
    harness.act(visits=(replace(harness.visit, state=VisitState.ASSIGNED, assigned_at=harness.now),))
    assert ended(harness) == [("item_resolved", WorkItemState.DONE)]


def test_what_nobody_needs_after_the_end_is_cancelled() -> None:
    harness = exhausted()
    harness.act(withdrawn=True)
    assert ended(harness) == [("item_moot", WorkItemState.CANCELLED)]


def test_a_bank_that_was_not_reached_waits_on_whatever_an_officer_does() -> None:
    harness = EngineHarness.of(CRITICAL, money_moved=True)
    harness.bank(BankRequest.STOP_PAYMENT, Result.FAILED_PERMANENT)
    harness.assign()
    harness.officer(VisitState.ARRIVED)
    harness.feedback(Resolution.ALREADY_TRANSFERRED_ALL)
    kinds = {each.kind for each in harness.case.work_items}
    assert {WorkItemKind.BANK_NOT_REACHED, WorkItemKind.CASE_REPORT} <= kinds


def test_ending_one_leaves_the_other() -> None:
    harness = exhausted()
    bank = WorkItem("bank", WorkItemKind.BANK_NOT_REACHED, "bank:x", Rung.CENTRE, LATER, LATER, CRITICAL)
    harness.act(work_items=(*harness.case.work_items, bank))
    harness.act(visits=(replace(harness.visit, state=VisitState.ASSIGNED, assigned_at=harness.now),))
    assert harness.case.work_items == (bank,)


def test_a_case_with_nothing_left_to_do_waits_until_something_is_under_way() -> None:
    harness = EngineHarness.of(LOW, channels=ONLY_SMS)
    harness.send(SMS, Result.DELIVERED)
    assert harness.asked == ["plan_exhausted"]
    harness.act(channels=frozenset({SMS, VISIT}), urgency=CRITICAL, urgency_since=harness.now)
    assert ended(harness) == [("item_resolved", WorkItemState.DONE)]


@pytest.mark.parametrize("fact", ["expired", "suppressed", "paused"])
def test_what_ends_a_hold_ends_what_waits_for_it(fact: str) -> None:
    harness = EngineHarness.of(HIGH, **{fact: True})
    assert [each.kind.value for each in harness.case.work_items] == [fact]
    assert harness.waiting_for is Rung.CENTRE
    harness.act(**{fact: False})
    assert ended(harness) == [("item_resolved", WorkItemState.DONE)]


def test_after_the_end_what_is_left_to_do_climbs_too() -> None:
    harness = EngineHarness.of(HIGH)
    harness.feedback(Resolution.SELF_AWARE)
    assert harness.case.state is CaseState.CLOSED
    follow_up, other = harness.case.work_items
    harness.act(work_items=(follow_up,))
    harness.at(follow_up.climb_at)
    assert (follow_up.role, [each.to for each in climbs(harness)]) == (Rung.OFFICER, [Rung.STATION_LEADER])
    waits = []
    for _ in range(4):
        harness.at(harness.case.work_items[0].climb_at)
        waits.append(harness.case.work_items[0].climb_at - harness.now)
    assert waits == [timedelta(days=days) for days in (2, 4, 8, 16)]
    assert other.kind is WorkItemKind.FOLLOW_UP


@pytest.mark.parametrize("resolution", [Resolution.NOT_A_VICTIM, Resolution.DUPLICATE_MERGED])
def test_no_bank_is_rung_about_a_person_who_was_no_victim(resolution: Resolution) -> None:
    harness = EngineHarness.of(CRITICAL, money_moved=True)
    harness.bank(BankRequest.STOP_PAYMENT, Result.FAILED_PERMANENT)
    harness.feedback(resolution)
    assert ("item_groundless", WorkItemState.CANCELLED) in ended(harness)
    assert WorkItemKind.BANK_NOT_REACHED not in {each.kind for each in harness.case.work_items}


def test_nothing_is_overdue_when_it_is_opened() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.feedback(Resolution.ALREADY_TRANSFERRED_ALL)
    assert {WorkItemKind.CASE_REPORT} <= {each.kind for each in harness.case.work_items}
    assert climbs(harness) == []


def test_what_needs_the_clock_rests_while_it_stands_and_is_asked_for_anew() -> None:
    harness = exhausted()
    harness.pause()
    assert [each.kind for each in harness.case.work_items] == [WorkItemKind.PAUSED]
    assert ("item_moot", WorkItemState.CANCELLED) in ended(harness)
    harness.after(hours=5)
    assert climbs(harness) == []
    harness.resume()
    assert [each.kind for each in harness.case.work_items] == [WorkItemKind.LADDER_EXHAUSTED]


def test_an_offer_that_stands_after_a_pause_waits_for_its_answer_still() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.goes_there()
    harness.returns(offered_for=2 * MINUTE)
    offered = [each.kind for each in harness.case.work_items]
    assert WorkItemKind.TRANSFER_OFFERED in offered
    harness.pause()
    harness.resume()
    assert [each.kind for each in harness.case.work_items] == offered


def unheard() -> EngineHarness:
    return EngineHarness.of(CRITICAL, numbers=())


def bank_to_ring() -> EngineHarness:
    harness = EngineHarness.of(CRITICAL, money_moved=True)
    harness.bank(BankRequest.STOP_PAYMENT, Result.NOT_STOPPED)
    return harness


def no_such_address() -> EngineHarness:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.goes_there()
    harness.reports(Result.WRONG_ADDRESS)
    return harness


@pytest.mark.parametrize(
    ("waits", "kind"),
    [
        (unheard, WorkItemKind.NUMBER_REQUEST),
        (bank_to_ring, WorkItemKind.BANK_NOT_REACHED),
        (no_such_address, WorkItemKind.ADDRESS_REQUEST),
    ],
)
def test_what_the_end_cancelled_waits_again_when_the_case_goes_on(
    waits: Callable[[], EngineHarness], kind: WorkItemKind
) -> None:
    harness = waits()
    harness.feedback(Resolution.NOT_A_VICTIM)
    assert kind not in {each.kind for each in harness.case.work_items}
    harness.after(hours=1)
    harness.reopen()
    assert kind in {each.kind for each in harness.case.work_items}


def test_what_was_answered_before_the_end_is_asked_no_more_when_the_case_goes_on() -> None:
    harness = unheard()
    harness.act(work_items=())
    harness.feedback(Resolution.NOT_A_VICTIM)
    harness.reopen()
    assert WorkItemKind.NUMBER_REQUEST not in {each.kind for each in harness.case.work_items}


def test_a_number_that_came_is_asked_for_no_more() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=())
    assert WorkItemKind.NUMBER_REQUEST in {each.kind for each in harness.case.work_items}
    harness.joined(numbers=TWO)
    assert WorkItemKind.NUMBER_REQUEST not in {each.kind for each in harness.case.work_items}


def test_an_address_is_asked_for_still_where_nobody_knows_since_when() -> None:
    harness = EngineHarness.of(CRITICAL)
    item = WorkItem("item", WorkItemKind.ADDRESS_REQUEST, "address:gone", Rung.CENTRE, LATER, LATER, CRITICAL)
    harness.act(work_items=(item,))
    assert item in harness.case.work_items


def test_an_address_that_came_is_asked_for_no_more() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    harness.goes_there()
    harness.reports(Result.WRONG_ADDRESS)
    asked = next(each for each in harness.case.work_items if each.kind is WorkItemKind.ADDRESS_REQUEST)
    harness.joined(places=(Place("old", AddressKind.WORK, harness.now, "P1"),))
    assert asked in harness.case.work_items
    harness.after(minutes=1)
    harness.joined(places=(Place("new", AddressKind.WORK, harness.now, "P1"),))
    assert asked not in harness.case.work_items


STANDS_AFTER_THE_CASE = {
    WorkItemKind.FOLLOW_UP: True,
    WorkItemKind.LIFT_PROTECTION: False,  # none stands here
    WorkItemKind.NUMBER_REQUEST: False,
    WorkItemKind.OPERATOR_HELP: False,
    WorkItemKind.ADDRESS_REQUEST: False,
    WorkItemKind.PRECINCT_UNKNOWN: False,
    WorkItemKind.CASE_REPORT: True,
    WorkItemKind.LOOK_BACK: True,
    WorkItemKind.CONFLICT: True,
    WorkItemKind.URGENCY_REVIEW: False,
    WorkItemKind.HELD_CASE: False,
    WorkItemKind.FEEDBACK_REVIEW: True,
    WorkItemKind.SAME_PERSON: False,
    WorkItemKind.CONTACT_REVIEW: False,
    WorkItemKind.EMPLOYER_APPROVAL: False,
    WorkItemKind.DOUBT: False,
    WorkItemKind.NOT_SENT: False,
    WorkItemKind.FAULT: True,
    WorkItemKind.LADDER_EXHAUSTED: False,
    WorkItemKind.VISIT_OVERDUE: False,
    WorkItemKind.TRANSFER_OFFERED: False,
    WorkItemKind.OFFER_LAPSED: False,
    WorkItemKind.VISIT_RESULT: False,
    WorkItemKind.PLAN_EXHAUSTED: False,
    WorkItemKind.EXPIRED: False,
    WorkItemKind.SUPPRESSED: False,
    WorkItemKind.PAUSED: False,
    WorkItemKind.BANK_NOT_REACHED: True,
    **dict.fromkeys(WITHOUT_CASE, False),
}


# What follows from money that is gone stands as long as the case has ended so.
ENDED_AS = dict.fromkeys((WorkItemKind.CASE_REPORT, WorkItemKind.LOOK_BACK), Resolution.ALREADY_TRANSFERRED_ALL)


@pytest.mark.parametrize("kind", ENDED_AS)
def test_no_case_report_is_left_where_no_money_is_gone_after_all(kind: WorkItemKind) -> None:
    harness = EngineHarness.of(CRITICAL)
    item = WorkItem("item", kind, f"{kind}:x", Rung.CENTRE, LATER, LATER, CRITICAL)
    harness.case = replace(harness.case, work_items=(item,))
    harness.feedback(Resolution.SELF_AWARE)
    assert item not in harness.case.work_items


@pytest.mark.parametrize("kind", WorkItemKind)
def test_the_end_of_a_case_leaves_what_somebody_still_has_to_do(kind: WorkItemKind) -> None:
    harness = EngineHarness.of(CRITICAL)
    item = WorkItem("item", kind, f"{kind}:x", Rung.CENTRE, LATER, LATER, CRITICAL)
    harness.case = replace(harness.case, work_items=(item,))
    harness.feedback(ENDED_AS.get(kind, Resolution.SELF_AWARE))
    assert (item in harness.case.work_items) is STANDS_AFTER_THE_CASE[kind]


@pytest.mark.parametrize("state", VisitState)
def test_an_offer_that_lapsed_is_settled_when_somebody_has_the_visit_or_another_is_asked(state: VisitState) -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT)
    visit = replace(harness.visit, state=state)
    item = WorkItem("item", WorkItemKind.OFFER_LAPSED, f"offer:{visit.id}:x", Rung.COUNTY_DESK, MONDAY, MONDAY)
    case = replace(harness.case, visits=(visit,), work_items=(item,))
    is_over = KINDS[WorkItemKind.OFFER_LAPSED].is_over
    assert is_over is not None and is_over(item, case) is (state is not VisitState.WAITING)


def bank_not_reached() -> EngineHarness:
    harness = EngineHarness.of(CRITICAL, money_moved=True)
    harness.bank(BankRequest.STOP_PAYMENT, Result.UNKNOWN)
    return harness


def kinds(harness: EngineHarness) -> set[WorkItemKind]:
    return {each.kind for each in harness.case.work_items}


def test_a_bank_whose_answer_comes_late_is_not_rung() -> None:
    harness = bank_not_reached()
    harness.after(minutes=1)
    assert WorkItemKind.BANK_NOT_REACHED in kinds(harness)
    (asked,) = harness.case.bank_requests(BankRequest.STOP_PAYMENT)
    harness.settled(asked, Result.STOPPED)
    assert WorkItemKind.BANK_NOT_REACHED not in kinds(harness)


def test_a_bank_that_is_asked_again_is_not_rung_meanwhile() -> None:
    harness = bank_not_reached()
    (asked,) = harness.case.bank_requests(BankRequest.STOP_PAYMENT)
    again = replace(asked, id="again", send_key="again", state=AttemptState.PLANNED, result=None, settled_at=None)
    harness.act(attempts=(*harness.case.attempts, again))
    assert WorkItemKind.BANK_NOT_REACHED not in kinds(harness)


def test_what_another_request_came_to_says_nothing_of_this_one() -> None:
    harness = bank_not_reached()
    (asked,) = harness.case.bank_requests(BankRequest.STOP_PAYMENT)
    other = replace(
        asked, id="other", send_key="other", bank_request=BankRequest.PROTECT_ACCOUNT, result=Result.GRANTED
    )
    harness.act(attempts=(*harness.case.attempts, other))
    assert WorkItemKind.BANK_NOT_REACHED in kinds(harness)


def test_lifting_a_measure_is_asked_of_a_bank_about_whoever_was_no_victim() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.case = evolve(harness.case, orders.bank(BankRequest.LIFT_PROTECTION, MONDAY), MONDAY)
    harness.bank(BankRequest.LIFT_PROTECTION, Result.FAILED_PERMANENT)
    harness.feedback(Resolution.NOT_A_VICTIM)
    assert WorkItemKind.BANK_NOT_REACHED in kinds(harness)


@pytest.mark.parametrize("visits", [(), (Visit("another", VisitState.WAITING, MONDAY),)])
def test_an_offer_of_a_visit_that_is_over_needs_nobody(visits: tuple[Visit, ...]) -> None:
    harness = EngineHarness.of(CRITICAL)
    item = WorkItem("item", WorkItemKind.OFFER_LAPSED, "offer:gone:x", Rung.COUNTY_DESK, MONDAY, MONDAY)
    is_over = KINDS[WorkItemKind.OFFER_LAPSED].is_over
    assert is_over is not None and is_over(item, replace(harness.case, visits=visits))


def test_a_case_that_waits_for_something_certain_does_not_ask_what_is_next() -> None:
    harness = EngineHarness.of(LOW, channels=ONLY_SMS)
    harness.send(SMS, Result.DELIVERED)
    (exhausted_plan,) = harness.case.work_items
    other = WorkItem("other", WorkItemKind.SUPPRESSED, "suppressed", Rung.CENTRE, LATER, LATER)
    is_over = KINDS[WorkItemKind.PLAN_EXHAUSTED].is_over
    assert is_over is not None
    assert not is_over(exhausted_plan, harness.case)
    assert is_over(exhausted_plan, replace(harness.case, work_items=(exhausted_plan, other)))
