"""Several providers of one channel: shared by weight, failed over at once, never where a message may have left."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from desk import Desk, Scripted

from dispatcher.store.attempts import AttemptRow
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


def route(desk: Desk, case_id: UUID) -> list[tuple[str | None, str, str | None]]:
    return [(each.provider, each.rule, each.result) for each in desk.attempts(case_id, "sms")]


def open_at(desk: Desk, name: str, *providers: Scripted) -> UUID:
    """Open cases until the first SMS of one goes to this provider. Gives that case."""
    for number in range(1, 40):
        case_id = desk.open(number, channels=["sms"])
        desk.deliver(*providers)
        if desk.attempts(case_id, "sms")[0].provider == name:
            return case_id
    raise AssertionError(f"nothing went to {name}")


def test_several_share_the_traffic(desk: Desk) -> None:
    for number in range(40):
        desk.open(number)
    providers = pair()
    desk.deliver(*providers)
    counts = Counter(each.provider for each in desk.rows(AttemptRow) if each.sent_at)
    assert counts == {each.name: len(each.sent) for each in providers}
    assert min(counts.values()) >= 8


def test_a_passing_refusal_goes_to_the_next_provider_at_once_and_then_waits(desk: Desk) -> None:
    providers = pair(Transient("500"), Transient("429"))
    case_id = desk.open()
    for _ in range(2):
        desk.deliver(*providers)
    first, second, third = desk.attempts(case_id, "sms")
    assert {first.provider, second.provider} == {"a", "b"}
    assert [each.rule for each in (first, second, third)] == ["first_sms", "next_provider", "transient_failure"]
    assert (second.due_at, second.retry_of, second.send_key) == (first.settled_at, first.id, second.id)
    assert third.due_at == second.settled_at + timedelta(seconds=2)
    desk.pass_time(seconds=2)
    for _ in range(2):
        desk.deliver(*providers)
    assert [rule for _, rule, _ in route(desk, case_id)][2:] == [
        "transient_failure",
        "next_provider",
        "transient_failure",
    ]
    assert {provider for provider, *_ in route(desk, case_id)[2:4]} == {"a", "b"}
    assert desk.attempts(case_id, "sms")[-1].due_at == desk.now + timedelta(seconds=10)


def test_a_wait_that_one_provider_named_holds_up_no_other(desk: Desk) -> None:
    case_id = open_at(desk, "a", *pair(Transient("429", retry_after_s=60)))
    assert route(desk, case_id)[1][:2] == (None, "next_provider")
    assert desk.attempts(case_id, "sms")[1].due_at == desk.now


def test_a_fault_of_operations_goes_to_the_next_provider_at_once(desk: Desk) -> None:
    providers = pair(OperationsFault("no_credit"))
    case_id = open_at(desk, "a", *providers)
    desk.deliver(*providers)
    assert route(desk, case_id) == [("a", "first_sms", "FAILED_TEMPORARY"), ("b", "next_provider", "DELIVERED")]


def test_what_is_in_doubt_goes_nowhere_else(desk: Desk) -> None:
    providers = pair(InDoubt("ReadTimeout"))
    case_id = open_at(desk, "a", *providers)
    for each in providers:
        each.statuses = [InDoubt("ReadTimeout")] * 50
    for _ in range(5):
        desk.deliver(*providers)
        desk.pass_time(seconds=20)
    assert route(desk, case_id) == [("a", "first_sms", None)]


def test_what_was_never_taken_goes_again_to_its_own_provider(desk: Desk) -> None:
    """The key is known there: should the lost request arrive yet, it acts once."""
    a, b = pair(InDoubt("ReadTimeout"))
    case_id = open_at(desk, "a", a, b)
    a.outcomes, a.statuses = [DELIVERED] * 50, [NeverTaken()] * 50
    while desk.deliver(a, b):
        pass
    assert route(desk, case_id) == [
        ("a", "first_sms", "FAILED_TEMPORARY"),
        ("a", "never_taken", "DELIVERED"),
    ]


def test_a_doubt_that_was_waited_out_stays_with_its_provider(desk: Desk) -> None:
    a, b = pair(InDoubt("ReadTimeout"))
    case_id = open_at(desk, "a", a, b)
    a.outcomes, a.statuses = [Transient("500"), Transient("500"), DELIVERED], [InDoubt("ReadTimeout")] * 50
    desk.pass_time(minutes=3)
    for _ in range(4):
        desk.deliver(a, b)
        desk.pass_time(seconds=30)
    again = [each for each in desk.attempts(case_id, "sms") if each.possible_duplicate]
    assert [each.provider for each in again if each.sent_at] == ["a", "a", "a"]
    assert {each.send_key for each in again} == {desk.attempts(case_id, "sms")[0].id}


def test_a_reserve_is_used_when_no_other_is_left(desk: Desk) -> None:
    a, reserve = pair(Transient("500"))
    with desk.weighing(b=0):
        case_id = desk.open()
        desk.deliver(a, reserve)
        assert not reserve.sent
        desk.deliver(a, reserve)
    assert route(desk, case_id) == [("a", "first_sms", "FAILED_TEMPORARY"), ("b", "next_provider", "DELIVERED")]


def test_one_that_does_not_reach_the_country_is_no_other(desk: Desk) -> None:
    a, b = Scripted([Transient("500")] * 9, name="a"), Scripted(name="b", destinations=frozenset({"GB"}))
    case_id = desk.open()
    desk.deliver(a, b)
    assert [rule for _, rule, _ in route(desk, case_id)] == ["first_sms", "transient_failure"]


def test_a_limit_at_the_sms_provider_brings_the_call_forward(desk: Desk) -> None:
    case_id = desk.open(channels=["sms", "voice"], urgency="medium")
    planned = desk.attempts(case_id, "voice")[0]
    assert planned.due_at == desk.now + timedelta(minutes=10)
    desk.deliver(Scripted([SwitchChannel("number_limit")]))
    assert desk.attempts(case_id, "voice")[0].due_at == desk.now
    [entry] = desk.journal(case_id, "attempt_brought_forward")
    assert entry.rule == "next_channel"


class Line(Scripted):
    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset({Channel.SMS}), receipts=True, queries=True, linked=True)


@pytest.mark.parametrize("word", [Transient("not bound"), OperationsFault("ESME_RINVPASWD")])
def test_what_a_link_refuses_comes_back_and_goes_to_another(desk: Desk, word: Any) -> None:
    line, other = Line([word], name="line"), Scripted([DELIVERED], name="other")
    with desk.weighing(other=0):
        case_id = desk.open()
        assert desk.claim(line, other) == []
        desk.deliver(line, other, lane=link_lane("line"))
        desk.deliver(line, other)
    assert route(desk, case_id) == [("line", "first_sms", "FAILED_TEMPORARY"), ("other", "next_provider", "DELIVERED")]


def test_who_was_tried_before_a_link_counts_there_too(desk: Desk) -> None:
    line, other = Line([Transient("not bound")], name="line"), Scripted([Transient("500")], name="other")
    with desk.weighing(line=0):
        case_id = desk.open()
        desk.deliver(line, other)
        assert desk.claim(line, other) == []
        desk.deliver(line, other, lane=link_lane("line"))
    assert [rule for _, rule, _ in route(desk, case_id)] == ["first_sms", "next_provider", "transient_failure"]
