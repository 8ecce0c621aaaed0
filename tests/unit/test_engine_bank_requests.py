"""What banks are asked for: stop payment first of all, protect an account, lift the protection in time."""

from datetime import timedelta

import pytest
from builders import (
    CRITICAL,
    FAMILY,
    GUARDIAN,
    HIGH,
    HOOK,
    LOW,
    MEDIUM,
    MONDAY,
    SMS,
    VISIT,
    VOICE,
    at,
    guardian,
    number,
    relative,
)
from engine_harness import EngineHarness, planned

from dispatcher.engine import evolve, orders
from dispatcher.engine.case import SUBJECT, Attempt
from dispatcher.engine.decisions import OpenWorkItem, PlanAttempt
from schemas.vocabulary import (
    Answer,
    AttemptState,
    BankRequest,
    Person,
    Resolution,
    Result,
    Urgency,
    WorkItemKind,
)

STOP, PROTECT, LIFT = BankRequest.STOP_PAYMENT, BankRequest.PROTECT_ACCOUNT, BankRequest.LIFT_PROTECTION
HOUR = timedelta(hours=1)


def last(harness: EngineHarness, bank_request: BankRequest) -> Attempt:
    return harness.case.bank_requests(bank_request)[-1]


@pytest.mark.parametrize("urgency", Urgency)
def test_money_that_has_moved_is_stopped_before_all_else_and_not_waited_for(urgency: Urgency) -> None:
    harness = EngineHarness.of(urgency, money_moved=True)
    assert harness.plans[0] == PlanAttempt("stop_payment", HOOK, SUBJECT, Person.SUBJECT, MONDAY, bank_request=STOP)
    assert planned(harness, SMS).due_at == MONDAY
    assert planned(harness, VOICE)


def test_where_no_money_has_moved_no_bank_is_asked() -> None:
    assert EngineHarness.of(CRITICAL).case.bank_requests(STOP) == ()


def test_money_that_moves_later_is_stopped_then() -> None:
    harness = EngineHarness.of(LOW)
    harness.after(hours=2)
    harness.joined(money_moved=True)
    assert last(harness, STOP).due_at == harness.now


@pytest.mark.parametrize("urgency", Urgency)
def test_who_says_on_the_phone_that_they_have_paid_has_it_stopped_at_once(urgency: Urgency) -> None:
    harness = EngineHarness.of(urgency, numbers=(number("n1"), relative()))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.ALREADY_PAID)
    assert harness.plans[0].rule == "stop_payment"
    assert last(harness, STOP).due_at == harness.now


def test_family_is_called_at_once_when_somebody_says_that_they_have_paid() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), guardian("g1"), relative()))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, answer=Answer.ALREADY_PAID)
    assert planned(harness, VOICE, FAMILY).due_at == harness.now


@pytest.mark.parametrize(
    ("party", "result", "is_asked"),
    [
        (FAMILY, Result.ANSWERED_FAMILY, True),
        (GUARDIAN, Result.ANSWERED_GUARDIAN, True),
        (FAMILY, Result.ANSWERED_NOT_SUBJECT, False),
    ],
)
def test_a_bank_is_asked_on_the_word_of_a_relative_and_not_on_a_strangers(
    party: str, result: Result, is_asked: bool
) -> None:
    harness = EngineHarness.of(CRITICAL, numbers=(number("n1"), guardian(), relative()))
    harness.after(minutes=5)
    harness.send(VOICE, result, party, confirmed=True, answer=Answer.ALREADY_PAID)
    assert bool(harness.case.bank_requests(STOP)) is is_asked


def test_money_that_is_gone_at_the_door_is_stopped_though_the_case_ends_with_it() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.goes_there()
    harness.reports(Result.MET_ALREADY_DEFRAUDED)
    assert not harness.case.is_open
    assert [each.rule for each in harness.plans] == ["stop_payment"]
    assert last(harness, STOP).due_at == harness.now
    harness.bank(STOP, Result.NOT_STOPPED)
    assert harness.asked == ["bank_not_reached"]


def test_money_that_an_officer_finds_gone_is_stopped_while_the_person_is_still_to_be_persuaded() -> None:
    harness = EngineHarness.of(CRITICAL)
    harness.goes_there()
    harness.reports(Result.MET_REFUSED, 8_000)
    assert harness.case.is_open
    assert last(harness, STOP).due_at == harness.now


def test_money_that_has_moved_is_stopped_though_the_warning_came_too_late() -> None:
    harness = EngineHarness.of(LOW, expired=True, money_moved=True)
    assert harness.case.resolution is Resolution.EXPIRED
    assert [each.rule for each in harness.plans] == ["stop_payment"]


def test_of_a_withdrawn_warning_no_bank_is_asked() -> None:
    harness = EngineHarness.of(HIGH)
    harness.act(withdrawn=True, money_moved=True)
    assert harness.case.bank_requests(STOP) == ()


def test_a_loss_that_is_reported_after_the_end_is_not_asked_about() -> None:
    harness = EngineHarness.of(HIGH)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    harness.act(money_lost=5_000)
    assert harness.case.bank_requests(STOP) == ()


def test_a_payment_that_was_stopped_is_not_stopped_twice() -> None:
    harness = EngineHarness.of(HIGH, money_moved=True)
    harness.bank(STOP, Result.STOPPED)
    harness.after(hours=1)
    assert len(harness.case.bank_requests(STOP)) == 1


@pytest.mark.parametrize("result", [Result.STOPPED, Result.STOPPED_PARTLY])
def test_a_bank_that_stopped_the_payment_asks_nobody(result: Result) -> None:
    harness = EngineHarness.of(HIGH, money_moved=True)
    harness.bank(STOP, result)
    assert harness.asked == []


@pytest.mark.parametrize("result", [Result.NOT_STOPPED, Result.FAILED_PERMANENT, Result.UNKNOWN])
def test_a_bank_that_did_not_stop_it_is_rung_by_a_person_once(result: Result) -> None:
    harness = EngineHarness.of(HIGH, money_moved=True)
    asked = harness.bank(STOP, result)
    due_at, kind = harness.now + timedelta(minutes=15), WorkItemKind.BANK_NOT_REACHED
    assert OpenWorkItem("bank_not_reached", kind, due_at, f"bank:{asked.id}") in harness.decided
    harness.after(seconds=1)
    assert harness.asked == []


@pytest.mark.parametrize("result", [Result.STOPPED, Result.STOPPED_PARTLY])
def test_a_bank_is_asked_again_once_more_has_left(result: Result) -> None:
    harness = EngineHarness.of(HIGH, money_moved=True, money_lost=5000)
    harness.bank(STOP, result)
    assert harness.plans == []
    harness.joined(money_lost=8000)
    assert [each.rule for each in harness.plans] == ["stop_payment_more"]
    harness.joined(money_lost=9000)
    assert harness.plans == []  # the one that is under way tells of all that is known when it leaves
    harness.bank(STOP, result)
    harness.after(hours=1)
    assert len(harness.case.bank_requests(STOP)) == 2


def test_who_rings_the_bank_asks_for_what_left_since_too() -> None:
    harness = EngineHarness.of(HIGH, money_moved=True, money_lost=5000)
    harness.bank(STOP, Result.NOT_STOPPED)
    harness.joined(money_lost=8000)
    assert len(harness.case.bank_requests(STOP)) == 1
    harness.act(work_items=())
    assert [each.rule for each in harness.plans] == ["stop_payment_more"]


def test_a_loss_after_the_end_is_asked_about_no_more_because_a_human_asked_before() -> None:
    harness = EngineHarness.of(HIGH)
    order(harness, STOP, Result.STOPPED)
    harness.feedback(Resolution.DISSUADED_IN_TIME)
    harness.act(money_lost=5_000)
    assert len(harness.case.bank_requests(STOP)) == 1


def test_a_later_asking_that_came_to_nothing_leaves_the_bank_to_be_rung() -> None:
    harness = EngineHarness.of(HIGH, money_moved=True)
    harness.bank(STOP, Result.FAILED_PERMANENT)
    [item] = harness.case.work_items
    harness.case = evolve(harness.case, orders.bank(STOP, harness.now), harness.now)
    harness.bank(STOP, Result.FAILED_PERMANENT)
    harness.act(work_items=(item,))
    assert item in harness.case.work_items


def test_a_bank_that_stopped_it_when_first_asked_is_not_rung_for_what_it_made_of_the_second_asking() -> None:
    harness = EngineHarness.of(HIGH, money_moved=True)
    first = harness.sending(last(harness, STOP))
    harness.in_doubt(first)
    harness.after(minutes=3)
    second = harness.sending(last(harness, STOP))
    harness.settled(first, Result.STOPPED)
    harness.settled(second, Result.FAILED_PERMANENT)
    assert (second.send_key, harness.asked) == (first.id, [])


@pytest.mark.parametrize("result", [Result.NOT_STOPPED, Result.FAILED_PERMANENT])
def test_a_bank_that_has_answered_is_not_asked_again_for_a_fault_of_another_asking(result: Result) -> None:
    harness = EngineHarness.of(HIGH, money_moved=True)
    first = harness.sending(last(harness, STOP))
    harness.in_doubt(first)
    harness.after(minutes=3)
    second = harness.sending(last(harness, STOP))
    harness.settled(second, Result.FAILED_TEMPORARY)
    harness.settled(first, result)
    assert [each.id for each in harness.case.bank_requests(STOP)] == [first.id, second.id]


def test_where_there_is_no_bank_to_ask_a_person_is_told() -> None:
    harness = EngineHarness.of(HIGH, money_moved=True)
    harness.out_of_reach(last(harness, STOP))
    assert harness.asked == ["bank_not_reached"]


@pytest.mark.parametrize("urgency", [MEDIUM, LOW])
def test_a_bank_is_asked_again_in_the_night(urgency: Urgency) -> None:
    """Quiet hours are for people; money leaves at night."""
    harness = EngineHarness.of(urgency, at("23:00"), money_moved=True)
    harness.bank(STOP, Result.FAILED_TEMPORARY)
    assert last(harness, STOP).due_at == harness.now + timedelta(seconds=2)
    doubtful = harness.sending(last(harness, STOP))
    harness.in_doubt(doubtful)
    harness.never_taken(doubtful)
    assert last(harness, STOP).due_at == harness.now


def test_a_doubtful_question_to_a_bank_is_repeated_in_the_night_under_its_key() -> None:
    harness = EngineHarness.of(MEDIUM, at("23:00"), money_moved=True)
    doubtful = harness.sending(last(harness, STOP))
    harness.in_doubt(doubtful)
    harness.after(minutes=15)
    assert (last(harness, STOP).due_at, last(harness, STOP).send_key) == (harness.now, doubtful.id)
    assert last(harness, STOP).possible_duplicate


def test_a_bank_that_never_answers_is_left_to_a_person_in_the_end() -> None:
    harness = EngineHarness.of(CRITICAL, money_moved=True)
    for _ in range(3):
        harness.in_doubt(harness.sending(last(harness, STOP)))
        harness.after(seconds=90)
    assert last(harness, STOP).result is Result.UNKNOWN
    assert "bank_not_reached" in harness.asked


def refused(urgency: Urgency) -> EngineHarness:
    harness = EngineHarness.of(urgency)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)
    return harness


@pytest.mark.parametrize(("urgency", "protected"), [(CRITICAL, True), (HIGH, True), (MEDIUM, False), (LOW, False)])
def test_who_refuses_has_the_account_protected_where_the_policy_says_so(urgency: Urgency, protected: bool) -> None:
    assert ("protect_account" in refused(urgency).rules(PlanAttempt)) is protected


def test_a_bank_that_protects_the_account_asks_nobody() -> None:
    harness = refused(HIGH)
    harness.bank(PROTECT, Result.GRANTED, hours=24)
    assert harness.asked == []


def test_an_account_protection_that_the_bank_refuses_is_put_before_a_person() -> None:
    harness = refused(HIGH)
    harness.bank(PROTECT, Result.REFUSED)
    assert harness.asked == ["bank_not_reached"]


@pytest.mark.parametrize(("hours", "reminded_after"), [(24, 22 * HOUR), (1, 0 * HOUR)])
def test_somebody_is_reminded_to_lift_the_protection_before_it_ends(hours: int, reminded_after: timedelta) -> None:
    harness = refused(HIGH)
    granted = harness.bank(PROTECT, Result.GRANTED, hours=hours)
    due = [each for each in harness.decided if isinstance(each, OpenWorkItem)]
    assert due == [
        OpenWorkItem("lift_reminder", WorkItemKind.LIFT_PROTECTION, harness.now + reminded_after, f"lift:{granted.id}"),
    ]


@pytest.mark.parametrize("resolution", [Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.DUPLICATE_MERGED])
def test_a_protection_whose_ground_is_gone_is_to_be_lifted_at_once(resolution: Resolution) -> None:
    harness = refused(HIGH)
    granted = harness.bank(PROTECT, Result.GRANTED, hours=24)
    harness.feedback(resolution)
    assert [each for each in harness.decided if isinstance(each, OpenWorkItem)] == [
        OpenWorkItem(
            "protection_groundless",
            WorkItemKind.LIFT_PROTECTION,
            harness.now + timedelta(minutes=15),
            f"groundless:{granted.id}",
        )
    ]
    harness.after(seconds=1)
    assert harness.rules(OpenWorkItem) == []


def test_a_protection_of_a_dissuaded_person_stands_until_its_time() -> None:
    harness = refused(HIGH)
    harness.bank(PROTECT, Result.GRANTED, hours=24)
    harness.feedback(Resolution.DISSUADED_IN_TIME)
    assert "protection_groundless" not in harness.rules(OpenWorkItem)


def order(harness: EngineHarness, bank_request: BankRequest, result: Result, **said: int) -> None:
    harness.case = evolve(harness.case, orders.bank(bank_request, harness.now), harness.now)
    harness.bank(bank_request, result, **said)


def test_a_protection_that_was_lifted_is_not_lifted_again() -> None:
    harness = refused(HIGH)
    harness.bank(PROTECT, Result.GRANTED, hours=24)
    order(harness, LIFT, Result.LIFTED)
    harness.feedback(Resolution.NOT_A_VICTIM)
    assert harness.rules(OpenWorkItem) == []


def test_a_second_protection_after_a_lifted_one_is_watched_too() -> None:
    harness = refused(HIGH)
    harness.bank(PROTECT, Result.GRANTED, hours=24)
    order(harness, LIFT, Result.LIFTED)
    order(harness, PROTECT, Result.GRANTED, hours=48)
    assert harness.rules(OpenWorkItem) == ["lift_reminder"]
    harness.feedback(Resolution.NOT_A_VICTIM)
    assert harness.rules(OpenWorkItem) == ["protection_groundless"]


def test_at_most_one_question_of_a_kind_is_with_the_bank() -> None:
    harness = EngineHarness.of(CRITICAL, money_moved=True)
    harness.accepted(harness.sending(last(harness, STOP)))
    harness.joined(money_moved=True)
    assert [each.state for each in harness.case.bank_requests(STOP)] == [AttemptState.ACCEPTED]
    assert planned(harness, VISIT)


# --- what a human asks of the bank


def test_what_a_human_asked_of_the_bank_is_asked_again_after_a_passing_fault() -> None:
    harness = EngineHarness.of(LOW)
    order(harness, PROTECT, Result.FAILED_TEMPORARY)
    assert (harness.rules(PlanAttempt), last(harness, PROTECT).state) == (["transient_failure"], AttemptState.PLANNED)


def test_what_a_human_asked_of_the_bank_is_put_before_a_person_where_the_bank_refuses() -> None:
    harness = EngineHarness.of(LOW)
    order(harness, PROTECT, Result.REFUSED)
    assert harness.asked == ["bank_not_reached"]


def test_what_a_rule_asked_of_the_bank_outlives_the_case_too() -> None:
    harness = refused(HIGH)
    asked = harness.sending(last(harness, PROTECT))
    harness.feedback(Resolution.DISSUADED_IN_TIME)
    harness.settled(asked, Result.FAILED_TEMPORARY)
    assert harness.rules(PlanAttempt) == ["transient_failure"]


def test_what_a_human_asked_of_the_bank_outlives_the_case() -> None:
    harness = EngineHarness.of(HIGH)
    harness.feedback(Resolution.DISSUADED_IN_TIME)
    order(harness, PROTECT, Result.FAILED_TEMPORARY)
    assert harness.rules(PlanAttempt) == ["transient_failure"]


@pytest.mark.parametrize(("bank_request", "goes_on"), [(PROTECT, False), (LIFT, True)])
def test_after_a_false_alarm_a_measure_is_not_asked_again_but_its_end_is(
    bank_request: BankRequest, goes_on: bool
) -> None:
    harness = EngineHarness.of(HIGH)
    harness.feedback(Resolution.NOT_A_VICTIM)
    order(harness, bank_request, Result.FAILED_TEMPORARY)
    assert bool(harness.plans) is goes_on


def test_a_bank_that_lifts_a_protection_asks_nobody() -> None:
    harness = refused(HIGH)
    harness.bank(PROTECT, Result.GRANTED, hours=24)
    order(harness, LIFT, Result.LIFTED)
    assert harness.asked == []


@pytest.mark.parametrize(
    ("bank_request", "resolution", "stands"),
    [
        (PROTECT, Resolution.DISSUADED_IN_TIME, True),
        (PROTECT, Resolution.NOT_A_VICTIM, False),
        (LIFT, Resolution.NOT_A_VICTIM, True),
    ],
)
def test_what_the_bank_is_still_to_be_asked_outlives_the_case_while_there_is_ground(
    bank_request: BankRequest, resolution: Resolution, stands: bool
) -> None:
    harness = EngineHarness.of(HIGH)
    harness.case = evolve(harness.case, orders.bank(bank_request, harness.now), harness.now)
    harness.feedback(resolution)
    assert bool(harness.case.bank_requests(bank_request)) is stands


def test_a_protection_without_an_end_reminds_nobody() -> None:
    harness = refused(HIGH)
    harness.bank(PROTECT, Result.GRANTED)
    assert harness.rules(OpenWorkItem) == []


def test_a_protection_that_a_rule_asked_for_is_asked_again_after_a_passing_fault() -> None:
    harness = refused(HIGH)
    harness.bank(PROTECT, Result.FAILED_TEMPORARY)
    assert harness.rules(PlanAttempt) == ["transient_failure"]


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_bank_whose_line_keeps_failing_is_rung_meanwhile_and_again_where_more_has_left(is_closed: bool) -> None:
    harness = EngineHarness.of(HIGH, money_moved=True, money_lost=5000)
    if is_closed:
        harness.feedback(Resolution.ALREADY_TRANSFERRED_ALL)
    kinds = [each.kind for each in harness.case.work_items]
    for _ in range(2):
        harness.bank(STOP, Result.FAILED_TEMPORARY)
    assert WorkItemKind.BANK_NOT_REACHED not in {each.kind for each in harness.case.work_items}
    for _ in range(9):
        harness.bank(STOP, Result.FAILED_TEMPORARY)
    told = [each for each in harness.case.work_items if each.kind is WorkItemKind.BANK_NOT_REACHED]
    assert len(told) == 1  # it is tried on meanwhile, which ends no item
    rest = tuple(each for each in harness.case.work_items if each.kind in kinds)
    harness.act(work_items=rest)  # rung
    harness.bank(STOP, Result.FAILED_TEMPORARY)
    assert WorkItemKind.BANK_NOT_REACHED not in {each.kind for each in harness.case.work_items}
    harness.act(money_lost=95_000)
    harness.bank(STOP, Result.FAILED_TEMPORARY)
    assert WorkItemKind.BANK_NOT_REACHED in {each.kind for each in harness.case.work_items}
    harness.bank(STOP, Result.STOPPED)
    assert WorkItemKind.BANK_NOT_REACHED not in {each.kind for each in harness.case.work_items}


def test_a_late_yes_of_the_bank_leaves_what_went_since_to_be_asked_for() -> None:
    harness = EngineHarness.of(HIGH, money_moved=True, money_lost=1000)
    asked = harness.bank(STOP, Result.UNKNOWN)
    harness.joined(money_lost=2000)
    assert harness.plans == []  # whoever rings about the first asks for that too
    harness.settled(asked, Result.STOPPED_PARTLY)
    assert [each.rule for each in harness.plans] == ["stop_payment_more"]
