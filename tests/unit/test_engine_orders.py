"""What a human's order makes of a case."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import EMPLOYER, HIGH, HOOK, LOW, MONDAY, SMS, VISIT, VOICE, at, employer, number
from engine_harness import EngineHarness

from dispatcher.engine import evolve, orders
from dispatcher.engine.case import Number
from dispatcher.engine.decisions import PlanAttempt
from dispatcher.policy import load
from schemas.vocabulary import BankRequest, Channel, Person, Relation, Result, Urgency

OTHER_EMPLOYER = "contact:employer:3"


def ordered(harness: EngineHarness) -> list[PlanAttempt]:
    """A supervisor has the employer called; what was planned is carried out."""
    plans = [
        each for each in orders.call(harness.case, Relation.EMPLOYER, harness.now) if isinstance(each, PlanAttempt)
    ]
    for each in plans:
        harness.case = evolve(harness.case, each, harness.now)
    return plans


def test_an_ordered_call_goes_at_once_to_the_contact_named() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), employer()), warned_before=True)
    harness.after(minutes=5)
    assert ordered(harness) == [
        PlanAttempt("call_employer", VOICE, EMPLOYER, Person.OTHER, harness.now, "e1", warning_number=2)
    ]


def test_an_ordered_call_under_way_is_not_doubled_and_may_be_ordered_anew_after() -> None:
    harness = EngineHarness.of(HIGH, numbers=(number("n1"), employer()))
    assert ordered(harness)
    assert not ordered(harness)
    harness.send(VOICE, Result.NO_ANSWER, EMPLOYER)
    assert ordered(harness)


def test_a_second_contact_of_the_kind_is_called_while_the_first_is_being_called() -> None:
    second = replace(employer("e2"), party=OTHER_EMPLOYER)
    harness = EngineHarness.of(HIGH, numbers=(employer(), second))
    assert [each.number_id for _ in range(3) for each in ordered(harness)] == ["e1", "e2"]


@pytest.mark.parametrize("known", [(number("n1"),), (replace(employer(), bad_for=frozenset({VOICE})),)])
def test_nobody_is_called_on_order_where_there_is_no_such_number(known: tuple[Number, ...]) -> None:
    assert ordered(EngineHarness.of(HIGH, numbers=known)) == []


def test_a_question_to_the_bank_says_that_it_was_ordered() -> None:
    plan = orders.bank(BankRequest.PROTECT_ACCOUNT, MONDAY)
    assert (plan.rule, plan.channel, plan.bank_request, plan.due_at) == (
        "protect_account_ordered",
        HOOK,
        BankRequest.PROTECT_ACCOUNT,
        MONDAY,
    )


def test_a_pause_moves_every_deadline_by_its_length() -> None:
    deadlines = {"met_by": MONDAY.isoformat(), "report_by": at("12:00").isoformat()}
    assert orders.moved(deadlines, timedelta(hours=2)) == {
        "met_by": at("12:00").isoformat(),
        "report_by": at("14:00").isoformat(),
    }


@pytest.mark.parametrize(
    ("channel", "urgency", "expected"),
    [
        (SMS, HIGH, at("22:00")),
        (SMS, LOW, at("08:00", day=3)),
        (HOOK, LOW, at("22:00")),
        (VISIT, LOW, at("20:00")),
    ],
)
def test_what_a_pause_held_goes_by_its_length_later_but_wakes_nobody(
    channel: Channel, urgency: Urgency, expected: object
) -> None:
    stood = timedelta(hours=2)
    assert orders.after_pause(load(), channel, urgency, at("20:00"), stood) == expected
