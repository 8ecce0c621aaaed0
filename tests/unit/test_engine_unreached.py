"""Who is reached by no number: what people are asked to do, beside whatever goes on."""

from dataclasses import replace
from typing import Any

import pytest
from builders import (
    CRITICAL,
    EMPLOYER,
    FAMILY,
    HIGH,
    MEDIUM,
    MINUTE,
    MONDAY,
    ONLY_SMS,
    ONLY_VISIT,
    ONLY_VOICE,
    SMS,
    TWO,
    VOICE,
    employer,
    number,
    place,
    relative,
)
from engine_harness import EngineHarness, planned

from dispatcher.engine import evolve, orders
from dispatcher.engine.case import Number, WorkItem
from dispatcher.engine.decisions import OpenWorkItem
from dispatcher.policy.models import MANY_FAILURES
from schemas.vocabulary import Answer, BankRequest, Channel, Ending, Relation, Result, Rung, Urgency, WorkItemKind

HELP, APPROVAL, DOUBT = WorkItemKind.OPERATOR_HELP, WorkItemKind.EMPLOYER_APPROVAL, WorkItemKind.DOUBT
NOT_SENT = WorkItemKind.NOT_SENT


def items(harness: EngineHarness, kind: WorkItemKind) -> list[WorkItem]:
    return [each for each in harness.case.work_items if each.kind is kind]


def asked(harness: EngineHarness, kind: WorkItemKind) -> int:
    """How often a person was asked, in the last step."""
    return sum(isinstance(each, OpenWorkItem) and each.kind is kind for each in harness.decided)


# --- the employer


def with_employer(urgency: Urgency = CRITICAL, *more: Number, **known: Any) -> EngineHarness:
    return EngineHarness.of(urgency, channels=ONLY_VOICE, numbers=(number("n1"), employer(), *more), **known)


def order_call(harness: EngineHarness) -> None:
    for decision in orders.call(harness.case, Relation.EMPLOYER, harness.now):
        harness.case = evolve(harness.case, decision, harness.now)
    harness.act()


def test_where_nobody_is_reached_a_supervisor_is_asked_about_the_employer() -> None:
    harness = with_employer()
    harness.send(VOICE, Result.NO_ANSWER)
    assert not items(harness, APPROVAL)
    harness.after(minutes=5)
    (item,) = items(harness, APPROVAL)
    assert (item.role, item.due_at) == (Rung.CENTRE, harness.now + 5 * MINUTE)
    assert not harness.made(VOICE, EMPLOYER)
    harness.send(VOICE, Result.NO_ANSWER)
    harness.after(hours=3)
    assert len(items(harness, APPROVAL)) == 1
    assert not harness.made(VOICE, EMPLOYER)


def test_where_nobody_is_left_to_call_the_employer_is_asked_about_at_once() -> None:
    harness = with_employer()
    harness.send(VOICE, Result.INVALID_NUMBER)
    assert items(harness, APPROVAL)
    assert items(EngineHarness.of(HIGH, channels=ONLY_VOICE, numbers=(employer(),)), APPROVAL)


def test_the_family_is_called_before_the_employer_is_asked_about() -> None:
    harness = with_employer(CRITICAL, relative())
    harness.send(VOICE, Result.INVALID_NUMBER)
    harness.after(minutes=5)
    assert not items(harness, APPROVAL)
    harness.send(VOICE, Result.NO_ANSWER, FAMILY)
    assert items(harness, APPROVAL)


def test_the_employer_is_not_asked_about_where_the_family_has_been_told() -> None:
    harness = with_employer(CRITICAL, relative(), money_moved=True)
    harness.send(VOICE, Result.INVALID_NUMBER)
    harness.send(VOICE, Result.ANSWERED_FAMILY, FAMILY, confirmed=True)
    harness.after(minutes=6)
    assert not items(harness, APPROVAL)


def test_family_that_is_not_told_is_not_waited_for() -> None:
    harness = with_employer(CRITICAL, relative(), fraud_type="F12")
    harness.send(VOICE, Result.INVALID_NUMBER)
    assert items(harness, APPROVAL)


def test_where_no_call_was_asked_for_or_there_is_no_employer_nobody_asks() -> None:
    no_call = EngineHarness.of(CRITICAL, channels=ONLY_VISIT, numbers=(employer(),))
    nobody = EngineHarness.of(CRITICAL, channels=ONLY_VOICE)
    nobody.send(VOICE, Result.INVALID_NUMBER)
    assert not items(no_call, APPROVAL) + items(nobody, APPROVAL)


def test_who_cannot_hear_and_has_no_family_was_not_called_in_vain() -> None:
    harness = with_employer(hearing_impaired=True)
    harness.after(minutes=6)
    assert not items(harness, APPROVAL)


def test_a_call_ends_the_question_and_one_in_vain_asks_it_anew() -> None:
    harness = with_employer()
    harness.send(VOICE, Result.INVALID_NUMBER)
    order_call(harness)
    assert not items(harness, APPROVAL)
    harness.send(VOICE, Result.BUSY, EMPLOYER)
    assert len(items(harness, APPROVAL)) == 1
    order_call(harness)
    harness.send(VOICE, Result.ANSWERED_NOT_SUBJECT, EMPLOYER)
    assert not items(harness, APPROVAL)


def test_what_a_supervisor_has_refused_is_not_asked_again() -> None:
    harness = with_employer()
    harness.send(VOICE, Result.INVALID_NUMBER)
    harness.act(work_items=())
    harness.after(hours=1)
    assert not items(harness, APPROVAL)


def test_who_was_reached_needs_no_employer() -> None:
    harness = with_employer(CRITICAL, number("n2"), money_moved=True)
    harness.send(VOICE, Result.NO_ANSWER)
    harness.send(VOICE, Result.BUSY)
    assert items(harness, APPROVAL)
    harness.after(minutes=3)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    assert not items(harness, APPROVAL)


# --- the telecom operator


def unreachable(urgency: Urgency = CRITICAL) -> EngineHarness:
    harness = EngineHarness.of(urgency)
    harness.send(VOICE, Result.INVALID_NUMBER)
    return harness


@pytest.mark.parametrize(("urgency", "due"), [(CRITICAL, 5 * MINUTE), (HIGH, 15 * MINUTE)])
def test_where_no_number_leads_anywhere_the_operator_is_asked_once(urgency: Urgency, due: object) -> None:
    harness = unreachable(urgency)
    (item,) = items(harness, HELP)
    assert (item.role, item.due_at - harness.now) == (Rung.CENTRE, due)
    harness.act(work_items=())
    harness.after(hours=1)
    assert items(harness, HELP) == []


@pytest.mark.parametrize("result", [Result.SUSPECTED_FORWARDING, Result.ANSWERED_NOT_SUBJECT, Result.OUT_OF_SERVICE])
def test_a_number_in_other_hands_leads_nowhere_either(result: Result) -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_VOICE)
    harness.send(VOICE, result)
    assert items(harness, HELP)


def test_while_one_number_is_left_the_operator_is_not_asked() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=TWO)
    harness.send(VOICE, Result.INVALID_NUMBER)
    assert not items(harness, HELP)
    harness.send(VOICE, Result.INVALID_NUMBER)
    assert items(harness, HELP)


def test_who_does_not_answer_on_any_day_of_calls_is_looked_for_too() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE, numbers=(replace(number("n1"), past_calls=45),))
    assert not items(harness, HELP)
    harness.send(VOICE, Result.BUSY)
    assert items(harness, HELP)


def test_at_medium_the_source_alone_is_asked() -> None:
    harness = EngineHarness.of(MEDIUM, channels=ONLY_SMS)
    harness.send(SMS, Result.INVALID_NUMBER)
    assert {each.kind for each in harness.case.work_items} >= {WorkItemKind.NUMBER_REQUEST}
    assert not items(harness, HELP)


@pytest.mark.parametrize("channels", [ONLY_VISIT, ONLY_VISIT | ONLY_VOICE])
def test_an_operator_can_do_nothing_without_a_number(channels: frozenset[Channel]) -> None:
    numbers = (number("n1", SMS, VOICE),) if channels == ONLY_VISIT else ()
    assert not items(EngineHarness.of(CRITICAL, channels=channels, numbers=numbers), HELP)


def test_where_only_an_sms_was_asked_for_it_is_a_number_that_takes_none() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    assert not items(harness, HELP)
    harness.send(SMS, Result.INVALID_NUMBER)
    assert items(harness, HELP)
    harness.joined(numbers=TWO)
    assert not items(harness, HELP)


def test_who_cannot_hear_is_reached_as_long_as_an_sms_may_arrive() -> None:
    harness = EngineHarness.of(CRITICAL, hearing_impaired=True)
    harness.send(SMS, Result.DELIVERED)
    assert not items(harness, HELP)


def test_a_number_that_came_ends_the_search() -> None:
    harness = unreachable()
    harness.joined(numbers=TWO)
    assert (items(harness, HELP), [each.number_id for each in harness.made(VOICE)]) == ([], ["n1", "n2"])


def test_an_address_that_came_ends_the_search_and_an_old_one_does_not() -> None:
    harness = unreachable()
    harness.joined(places=(place("old", "P1", added_at=MONDAY),))
    assert items(harness, HELP)
    harness.after(minutes=1)
    harness.joined(places=(place("new", "P1", added_at=harness.now),))
    assert not items(harness, HELP)


def test_who_was_spoken_with_is_not_looked_for() -> None:
    harness = EngineHarness.of(CRITICAL, numbers=TWO)
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    harness.send(SMS, Result.INVALID_NUMBER)
    harness.act(numbers=(number("n1", SMS, VOICE), number("n2", SMS, VOICE)))
    assert not items(harness, HELP)


# --- doubt


def in_doubt_to_the_end(urgency: Urgency = HIGH, channel: Channel = SMS) -> EngineHarness:
    harness = EngineHarness.of(urgency, channels=frozenset({channel}))
    for _ in range(harness.policy.retry.doubt_sends):
        assert not items(harness, DOUBT)
        harness.in_doubt(harness.sending(planned(harness, channel)))
        harness.at(harness.now + harness.policy.plan(urgency).doubt_wait)
    return harness


@pytest.mark.parametrize("channel", [SMS, VOICE])
def test_what_stays_in_doubt_after_its_last_send_is_a_persons_to_ring_about(channel: Channel) -> None:
    harness = in_doubt_to_the_end(channel=channel)
    (item,) = items(harness, DOUBT)
    assert (item.role, item.due_at) == (Rung.CENTRE, harness.now + 15 * MINUTE)
    harness.act(work_items=())
    harness.after(minutes=1)
    assert not items(harness, DOUBT)


def test_at_medium_nobody_rings_about_a_doubt() -> None:
    assert not items(in_doubt_to_the_end(MEDIUM), DOUBT)


def failing(times: int, channel: Channel = SMS) -> EngineHarness:
    harness = EngineHarness.of(HIGH, channels=frozenset({channel}))
    for _ in range(times):
        harness.send(channel, Result.FAILED_TEMPORARY)
    return harness


@pytest.mark.parametrize("channel", [SMS, VOICE])
def test_what_fails_again_and_again_is_told_to_a_person_once_a_run(channel: Channel) -> None:
    assert not items(failing(MANY_FAILURES - 1, channel), NOT_SENT)
    harness = failing(MANY_FAILURES, channel)
    (item,) = items(harness, NOT_SENT)
    assert (item.role, item.due_at) == (Rung.CENTRE, harness.now + 15 * MINUTE)
    waits = []
    for _ in range(6):
        harness.send(channel, Result.FAILED_TEMPORARY)
        waits.append(planned(harness, channel).due_at - harness.now)
        assert len(items(harness, NOT_SENT)) == 1
    assert waits == sorted(waits)
    assert waits[-1] == 10 * MINUTE


def test_said_to_be_done_it_is_not_asked_again_until_another_run_is_as_long() -> None:
    harness = failing(MANY_FAILURES)
    harness.act(work_items=())
    harness.send(SMS, Result.FAILED_TEMPORARY)
    assert not items(harness, NOT_SENT)


def test_once_something_came_of_it_nobody_is_waited_for() -> None:
    harness = failing(MANY_FAILURES)
    harness.send(SMS, Result.DELIVERED)
    assert not items(harness, NOT_SENT)


def test_taken_by_the_gateway_it_is_sent() -> None:
    harness = failing(MANY_FAILURES)
    harness.accepted(harness.sending(planned(harness, SMS)))
    assert not items(harness, NOT_SENT)


def test_what_is_tried_no_more_is_no_work() -> None:
    harness = failing(MANY_FAILURES)
    harness.joined(channels=frozenset({VOICE}))
    assert not items(harness, NOT_SENT)


@pytest.mark.parametrize("place", [0, -1])
def test_whichever_of_the_sends_a_late_receipt_is_about_ends_it(place: int) -> None:
    harness = in_doubt_to_the_end()
    harness.settled(harness.made(SMS)[place], Result.DELIVERED)
    assert not items(harness, DOUBT)


def test_a_true_contact_ends_the_doubt() -> None:
    harness = in_doubt_to_the_end()
    harness.joined(channels=frozenset({SMS, VOICE}))
    harness.send(VOICE, Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.HUNG_UP)
    assert not items(harness, DOUBT)


def test_a_bank_in_doubt_is_rung_and_not_the_person() -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VISIT, money_moved=True)
    for _ in range(harness.policy.retry.doubt_sends):
        asked_of = harness.case.bank_requests(BankRequest.STOP_PAYMENT)[-1]
        harness.in_doubt(harness.sending(asked_of))
        harness.after(seconds=90)
    kinds = {each.kind for each in harness.case.work_items}
    assert (WorkItemKind.BANK_NOT_REACHED in kinds, DOUBT in kinds) == (True, False)


def test_what_was_given_up_only_because_the_case_had_ended_is_no_doubt_when_it_is_reopened() -> None:
    harness = EngineHarness.of(HIGH, channels=ONLY_SMS)
    attempt = harness.sending(planned(harness, SMS))
    harness.in_doubt(attempt)
    harness.settled(attempt, Result.UNKNOWN, ending=Ending.DOUBT_GIVEN_UP)
    assert not items(harness, DOUBT)
