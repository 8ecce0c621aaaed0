"""Several providers of one channel: shared by weight, failed over at once, never where a message may have left."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import BadNumberRow
from dispatcher.wake import link_lane
from providers.base import (
    Answered,
    Capabilities,
    InDoubt,
    NeverTaken,
    OperationsFault,
    SwitchChannel,
    Transient,
)
from schemas.vocabulary import Channel, Result

DELIVERED = Answered(Result.DELIVERED)


def pair(a: Any = DELIVERED, b: Any = DELIVERED, **options: Any) -> tuple[Scripted, Scripted]:
    """Two providers that each say one thing, whatever is sent."""
    return tuple(Scripted([word] * 50, name=name, **options) for name, word in (("a", a), ("b", b)))  # type: ignore[return-value]


def route(casework: CaseworkFixture, case_id: UUID) -> list[tuple[str | None, str, str | None]]:
    return [(each.provider, each.rule, each.result) for each in casework.attempts(case_id, "sms")]


def open_at(casework: CaseworkFixture, name: str, *providers: Scripted) -> UUID:
    """Open cases until the first SMS of one goes to this provider. Returns that case."""
    for number in range(1, 40):
        case_id = casework.open(number, channels=["sms"])
        casework.deliver(*providers)
        if casework.attempts(case_id, "sms")[0].provider == name:
            return case_id
    raise AssertionError(f"nothing went to {name}")


def test_several_share_the_traffic(casework: CaseworkFixture) -> None:
    for number in range(40):
        casework.open(number)
    providers = pair()
    casework.deliver(*providers)
    counts = Counter(each.provider for each in casework.rows(AttemptRow) if each.sent_at)
    assert counts == {each.name: len(each.sent) for each in providers}
    assert min(counts.values()) >= 8


def test_a_passing_refusal_goes_to_the_next_provider_at_once_and_then_waits(casework: CaseworkFixture) -> None:
    providers = pair(Transient("500"), Transient("429"))
    case_id = casework.open()
    for _ in range(2):
        casework.deliver(*providers)
    first, second, third = casework.attempts(case_id, "sms")
    assert {first.provider, second.provider} == {"a", "b"}
    assert [each.rule for each in (first, second, third)] == ["first_sms", "next_provider", "transient_failure"]
    assert (second.due_at, second.retry_of, second.send_key) == (first.settled_at, first.id, second.id)
    assert third.due_at == second.settled_at + timedelta(seconds=2)
    casework.pass_time(seconds=2)
    for _ in range(2):
        casework.deliver(*providers)
    assert [rule for _, rule, _ in route(casework, case_id)][2:] == [
        "transient_failure",
        "next_provider",
        "transient_failure",
    ]
    assert {provider for provider, *_ in route(casework, case_id)[2:4]} == {"a", "b"}
    assert casework.attempts(case_id, "sms")[-1].due_at == casework.now + timedelta(seconds=10)


@pytest.mark.parametrize("code", ["sip_404", "sip_484"])
def test_a_number_is_bad_only_once_a_second_route_says_so(casework: CaseworkFixture, code: str) -> None:
    unknown_here = Transient(code, number_fault=True)
    alone, another = Scripted([unknown_here] * 9, name="a"), Scripted([unknown_here] * 9, name="b")
    case_id = casework.open(channels=["voice"])
    casework.pass_time(minutes=1)
    casework.deliver(alone)
    [first, *_] = casework.attempts(case_id, "voice")
    assert (first.result, first.detail, first.number_fault) == ("FAILED_TEMPORARY", code, True)
    assert casework.rows(BadNumberRow) == []
    casework.pass_time(minutes=30)
    casework.deliver(alone)
    assert {each.result for each in casework.attempts(case_id, "voice") if each.sent_at} == {"FAILED_TEMPORARY"}
    assert casework.rows(BadNumberRow) == []
    casework.pass_time(minutes=30)
    casework.deliver(another)
    told = [(each.provider, each.result) for each in casework.attempts(case_id, "voice") if each.sent_at]
    assert told == [("a", "FAILED_TEMPORARY"), ("a", "FAILED_TEMPORARY"), ("b", "INVALID_NUMBER")]
    assert casework.rows(BadNumberRow) != []


def test_a_second_route_is_asked_at_once_and_may_know_the_number(casework: CaseworkFixture) -> None:
    unknown_here = Transient("sip_404", number_fault=True)
    busy = Answered(Result.BUSY)
    case_id = casework.open(channels=["voice"])
    casework.pass_time(minutes=1)
    providers = Scripted([unknown_here] * 2, name="a"), Scripted([busy] * 2, name="b")
    for _ in range(2):
        casework.deliver(*providers)
    told = {each.provider: each.result for each in casework.attempts(case_id, "voice") if each.sent_at}
    assert told in ({"a": "FAILED_TEMPORARY", "b": "BUSY"}, {"b": "BUSY"})
    assert casework.rows(BadNumberRow) == []


def test_a_wait_that_one_provider_named_holds_up_no_other(casework: CaseworkFixture) -> None:
    case_id = open_at(casework, "a", *pair(Transient("429", retry_after_s=60)))
    assert route(casework, case_id)[1][:2] == (None, "next_provider")
    assert casework.attempts(case_id, "sms")[1].due_at == casework.now


def test_a_fault_of_operations_goes_to_the_next_provider_at_once(casework: CaseworkFixture) -> None:
    providers = pair(OperationsFault("no_credit"))
    case_id = open_at(casework, "a", *providers)
    casework.deliver(*providers)
    assert route(casework, case_id) == [("a", "first_sms", "FAILED_TEMPORARY"), ("b", "next_provider", "DELIVERED")]


def test_what_is_in_doubt_goes_nowhere_else(casework: CaseworkFixture) -> None:
    providers = pair(InDoubt("ReadTimeout"))
    case_id = open_at(casework, "a", *providers)
    for each in providers:
        each.statuses = [InDoubt("ReadTimeout")] * 50
    for _ in range(5):
        casework.deliver(*providers)
        casework.pass_time(seconds=20)
    assert route(casework, case_id) == [("a", "first_sms", None)]


def test_what_was_never_taken_goes_again_to_its_own_provider(casework: CaseworkFixture) -> None:
    """The key is known there: should the lost request arrive yet, it acts once."""
    a, b = pair(InDoubt("ReadTimeout"))
    case_id = open_at(casework, "a", a, b)
    a.outcomes, a.statuses = [DELIVERED] * 50, [NeverTaken()] * 50
    while casework.deliver(a, b):
        pass
    assert route(casework, case_id) == [
        ("a", "first_sms", "FAILED_TEMPORARY"),
        ("a", "never_taken", "DELIVERED"),
    ]


def test_a_doubt_that_was_waited_out_stays_with_its_provider(casework: CaseworkFixture) -> None:
    a, b = pair(InDoubt("ReadTimeout"))
    case_id = open_at(casework, "a", a, b)
    a.outcomes, a.statuses = [Transient("500"), Transient("500"), DELIVERED], [InDoubt("ReadTimeout")] * 50
    casework.pass_time(minutes=3)
    for _ in range(4):
        casework.deliver(a, b)
        casework.pass_time(seconds=30)
    again = [each for each in casework.attempts(case_id, "sms") if each.possible_duplicate]
    assert [each.provider for each in again if each.sent_at] == ["a", "a", "a"]
    assert {each.send_key for each in again} == {casework.attempts(case_id, "sms")[0].id}


def test_a_reserve_is_used_when_no_other_is_left(casework: CaseworkFixture) -> None:
    a, reserve = pair(Transient("500"))
    with casework.weighing(b=0):
        case_id = casework.open()
        casework.deliver(a, reserve)
        assert not reserve.sent
        casework.deliver(a, reserve)
    assert route(casework, case_id) == [("a", "first_sms", "FAILED_TEMPORARY"), ("b", "next_provider", "DELIVERED")]


def test_one_that_does_not_reach_the_country_is_no_other(casework: CaseworkFixture) -> None:
    a, b = Scripted([Transient("500")] * 9, name="a"), Scripted(name="b", destinations=frozenset({"GB"}))
    case_id = casework.open()
    casework.deliver(a, b)
    assert [rule for _, rule, _ in route(casework, case_id)] == ["first_sms", "transient_failure"]


def test_a_limit_at_the_sms_provider_brings_the_call_forward(casework: CaseworkFixture) -> None:
    case_id = casework.open(channels=["sms", "voice"], urgency="medium")
    planned = casework.attempts(case_id, "voice")[0]
    assert planned.due_at == casework.now + timedelta(minutes=10)
    casework.deliver(Scripted([SwitchChannel("number_limit")]))
    assert casework.attempts(case_id, "voice")[0].due_at == casework.now
    [entry] = casework.journal(case_id, "attempt_brought_forward")
    assert entry.rule == "next_channel"


class Line(Scripted):
    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset({Channel.SMS}), receipts=True, queries=True, linked=True)


@pytest.mark.parametrize("word", [Transient("not bound"), OperationsFault("ESME_RINVPASWD")])
def test_what_a_link_refuses_comes_back_and_goes_to_another(casework: CaseworkFixture, word: Any) -> None:
    line, other = Line([word], name="line"), Scripted([DELIVERED], name="other")
    with casework.weighing(other=0):
        case_id = casework.open()
        assert casework.claim(line, other) == []
        casework.deliver(line, other, lane=link_lane("line"))
        casework.deliver(line, other)
    assert route(casework, case_id) == [
        ("line", "first_sms", "FAILED_TEMPORARY"),
        ("other", "next_provider", "DELIVERED"),
    ]


def test_who_was_tried_before_a_link_counts_there_too(casework: CaseworkFixture) -> None:
    line, other = Line([Transient("not bound")], name="line"), Scripted([Transient("500")], name="other")
    with casework.weighing(line=0):
        case_id = casework.open()
        casework.deliver(line, other)
        assert casework.claim(line, other) == []
        casework.deliver(line, other, lane=link_lane("line"))
    assert [rule for _, rule, _ in route(casework, case_id)] == ["first_sms", "next_provider", "transient_failure"]
