"""What was set aside is tried again, tells the centre and the watch, and is over with its first success."""

from casework_fixture import NO_REDIS, CaseworkFixture, Scripted, phone
from set_aside_fixture import (
    LONG_WAITS,
    Poisoned,
    assert_over,
    bad_ones,
    duties,
    faults,
    let_waits_pass,
    look,
    opened,
    store_receipts,
)

from dispatcher.casework import set_aside
from dispatcher.delivery import due, receipts
from dispatcher.delivery.pump import Pump
from dispatcher.store.receipts import ReceiptRow
from dispatcher.watch.collect import collect
from dispatcher.watch.limits import Limits
from schemas.vocabulary import FaultPoint


def test_waits_grow_and_the_duty_is_one(casework: CaseworkFixture, poison: Poisoned, pump: Pump) -> None:
    [case_id] = opened(casework, 1)
    poison.claim()
    poison.cases = {str(case_id)}
    waits = []
    for _ in range(len(LONG_WAITS) + 1):
        pump.deliver()
        [row] = faults(casework)
        waits.append(row.retry_at - row.last_at)
        let_waits_pass(casework)
    assert waits == [*LONG_WAITS, LONG_WAITS[-1]]
    assert len(duties(casework)) == 1
    assert len(casework.journal(case_id, "case_set_aside")) == len(waits)
    poison.cure()
    assert pump.deliver() == 1
    assert_over(casework, {str(case_id)})


def test_what_comes_within_a_wait_makes_it_no_longer(casework: CaseworkFixture, poison: Poisoned) -> None:
    [case_id] = opened(casework, 1)
    poison.decide()
    poison.cases = {str(case_id)}
    for _ in range(3):
        casework.sql("UPDATE cases SET next_look_at = opened_at")
        look(casework, due.ADVANCING)
    [row] = faults(casework)
    assert (row.failures, row.retry_at - row.last_at) == (1, LONG_WAITS[0])
    assert len(casework.journal(case_id, "case_set_aside")) == 1
    assert casework.case(case_id).next_look_at > casework.now


def test_two_faults_of_a_case_are_over_one_by_one(casework: CaseworkFixture, poison: Poisoned, pump: Pump) -> None:
    """A decision on the case is no success of the attempt that is held; the duty stays until both are over."""
    case_id = casework.open(1, phones=[{"number": phone(1)}], channels=["sms", "voice"])
    poison.claim()
    poison.cases = {str(case_id)}
    pump.deliver()
    casework.pass_time(minutes=1)
    pump.deliver()
    assert [row.failures for row in faults(casework)] == [1, 1]
    casework.sql("UPDATE cases SET next_look_at = opened_at")
    assert look(casework, due.ADVANCING) == 1
    assert [row.ended_at for row in faults(casework)] == [None, None]
    [duty] = duties(casework)
    assert duty.done_at is None


def test_what_is_cancelled_meanwhile_ends_its_fault(casework: CaseworkFixture, poison: Poisoned, pump: Pump) -> None:
    [case_id] = opened(casework, 1)
    poison.claim()
    poison.cases = {str(case_id)}
    pump.deliver()
    at = str(casework.now)
    casework.push({"op": "withdraw", "instruction_id": "YJ-1", "version": 1, "at": at, "by": "x", "reason": "误报"})
    assert casework.attempts(case_id)[0].state == "cancelled"
    assert_over(casework, {str(case_id)})


def test_what_ended_by_another_way_meanwhile_is_not_held(casework: CaseworkFixture) -> None:
    """A receipt may settle an attempt between the failure of its record and the moment at which it is to be held."""
    [case_id] = cases = opened(casework, 1)
    casework.deliver(Scripted())
    store_receipts(casework, cases)
    look(casework, receipts.SETTLING)
    [attempt], [receipt] = casework.attempts(case_id), casework.rows(ReceiptRow)
    assert attempt.settled_at is not None
    fault = set_aside.Fault(FaultPoint.RECORD, "Poison", "?")
    with casework.begin() as work:
        assert set_aside.hold_attempt(work, attempt.id, fault)
    with casework.begin() as work:
        assert set_aside.hold_receipt(work, receipt.id, fault)
    assert not faults(casework)
    assert not duties(casework)
    assert casework.case(case_id).set_aside_at is None


def test_a_case_that_somebody_else_has_is_set_aside_by_a_later_round(
    casework: CaseworkFixture, poison: Poisoned
) -> None:
    cases = opened(casework, 2)
    casework.deliver(Scripted())
    store_receipts(casework, cases)
    [receipt_id, _] = [row.id for row in casework.rows(ReceiptRow)]
    fault = set_aside.Fault(receipts.SETTLING.point, "Poison", "?")
    with casework.holding(cases[0]), casework.begin() as work:
        assert not set_aside.hold_receipt(work, receipt_id, fault)
    with casework.begin() as work:
        assert set_aside.hold_receipt(work, receipt_id, fault)


def test_the_watch_tells_what_is_set_aside(casework: CaseworkFixture, poison: Poisoned, pump: Pump) -> None:
    cases = opened(casework, 3)
    poison.claim()
    poison.cases = bad_ones(cases, {0, 2})
    pump.deliver()
    bind = casework.sessions.kw["bind"]
    found = collect(bind, NO_REDIS, casework.context.clock, Limits(answer_s=120)).set_aside
    assert (found.number, found.since) == (2, min(row.first_at for row in faults(casework)))
