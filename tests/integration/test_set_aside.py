"""One bad row stops nothing: what raises is set aside alone, and the rest of its batch is done."""

import json
import threading
import time
from typing import Any, cast

import pytest
from casework_fixture import CaseworkFixture, Scripted, instruction, phone, pump_of
from set_aside_fixture import (
    SECRET_NAME,
    Poison,
    Poisoned,
    assert_over,
    assert_told_once_each,
    bad_ones,
    faults,
    let_waits_pass,
    look,
    opened,
    store_receipts,
)
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from dispatcher import engine, sweep
from dispatcher.casework import set_aside
from dispatcher.delivery import due, receipts
from dispatcher.delivery.pump import Pump
from dispatcher.intake import lines, normalised
from dispatcher.setup import Services
from dispatcher.store.receipts import ReceiptRow
from providers.registry import Registry

# Which of eight are bad: every place in the batch, several, all of them.
PLACES = [{0}, {4}, {7}, {2, 3}, {0, 3, 7}, set(range(8))]
ALL = range(8)
PATIENCE_S = 120


def test_a_bad_one_does_not_keep_the_only_line(casework: CaseworkFixture, services: Services, poison: Any) -> None:
    """Its place goes with the transaction that was rolled back: the next on that line leaves in the same round."""
    line = Scripted(allowed={"at_once": 1})
    vars(services)["registry"] = Registry([line])
    cases = opened(casework, 2)
    poison.cases |= bad_ones(cases, {0})
    poison.claim()
    pump = pump_of(services)
    try:
        pump.deliver()
    finally:
        pump.close()
    assert [each.to[-11:] for each in line.sent] == [phone(2)[-11:]]


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_what_raises_in_a_claim_is_held_alone(
    casework: CaseworkFixture, poison: Poisoned, pump: Pump, places: set[int]
) -> None:
    cases = opened(casework)
    poison.claim()
    poison.cases = bad_ones(cases, places)
    with capture_logs() as logs:
        assert pump.deliver() == len(ALL) - len(places)
    states = [casework.attempts(case_id)[0].state for case_id in cases]
    assert states == ["planned" if place in places else "accepted" for place in ALL]
    assert_told_once_each(casework, poison.cases, "claim")
    told = [each for each in logs if each["event"] == "set_aside"]
    assert {(each["case"], each["error"]) for each in told} == {(case_id, "Poison") for case_id in poison.cases}
    assert all(each["place"].startswith("dispatcher/delivery/claim.py:") for each in told)
    assert SECRET_NAME not in str(logs)
    bad = set(poison.cases)
    poison.cure()
    assert pump.deliver() == 0  # its wait is not over
    let_waits_pass(casework)
    assert pump.deliver() == len(places)
    assert {each.state for case_id in cases for each in casework.attempts(case_id)} == {"accepted"}
    assert_over(casework, bad)


def test_what_is_committed_is_sent_whatever_becomes_of_the_rest(
    casework: CaseworkFixture, services: Services, poison: Poisoned, pump: Pump
) -> None:
    """One raises, so that the others are claimed by halves; in the second half PostgreSQL is away for a while."""
    cases = opened(casework, 4)
    poison.claim()
    poison.cases = bad_ones(cases, {0})
    casework.sql("""
        CREATE FUNCTION be_away() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'the database system is starting up' USING ERRCODE = '57P03'; END $$
    """)
    away = f"WHEN (OLD.id = '{casework.attempts(cases[3])[0].id}') EXECUTE FUNCTION be_away()"
    casework.sql(f"CREATE TRIGGER away BEFORE UPDATE ON attempts FOR EACH ROW {away}")
    provider = cast(Scripted, services.registry.get("scripted"))
    delivering = threading.Thread(target=pump.deliver)
    delivering.start()
    end = time.monotonic() + PATIENCE_S
    while not provider.sent and time.monotonic() < end:
        time.sleep(0.02)
    assert [each.to[-11:] for each in provider.sent] == [phone(2)[-11:]]
    casework.sql("DROP TRIGGER away ON attempts")
    delivering.join(PATIENCE_S)
    assert len(provider.sent) == 3
    states = [casework.attempts(case_id)[0].state for case_id in cases]
    assert states == ["planned", "accepted", "accepted", "accepted"]


def test_more_bad_ones_than_one_claim_takes_hold_up_none_behind_them(
    casework: CaseworkFixture, poison: Poisoned, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatcher.delivery.pump.CLAIM", 4)
    cases = opened(casework, 6, urgency="high")
    behind = casework.open(7, urgency="low")
    poison.claim()
    poison.cases = set(map(str, cases))
    assert pump.deliver() == 1
    assert casework.attempts(behind)[0].state == "accepted"


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_a_result_that_can_not_be_recorded_is_held_alone(
    casework: CaseworkFixture, poison: Poisoned, pump: Pump, places: set[int]
) -> None:
    """Its lease runs out later; then it is in doubt, and its provider is asked."""
    cases = opened(casework)
    poison.outcome()
    poison.cases = bad_ones(cases, places)
    pump.deliver()
    states = [casework.attempts(case_id)[0].state for case_id in cases]
    assert states == ["sending" if place in places else "accepted" for place in ALL]
    assert_told_once_each(casework, poison.cases, "record")
    bad = set(poison.cases)
    poison.cure()
    let_waits_pass(casework)
    assert look(casework, due.EXPIRING) == len(places)
    pump.deliver()
    assert {each.state for case_id in cases for each in casework.attempts(case_id)} == {"accepted"}
    assert_over(casework, bad)


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_a_lapsed_lease_that_raises_is_held_alone(
    casework: CaseworkFixture, poison: Poisoned, places: set[int]
) -> None:
    cases = opened(casework)
    casework.claim(Scripted())
    casework.sql("UPDATE attempts SET lease_until = now() - interval '1 second'")
    poison.outcome()
    poison.cases = bad_ones(cases, places)
    assert look(casework, due.EXPIRING) == len(ALL)
    states = [casework.attempts(case_id)[0].state for case_id in cases]
    assert states == ["sending" if place in places else "in_doubt" for place in ALL]
    assert_told_once_each(casework, poison.cases, "expire")
    assert look(casework, due.EXPIRING) == 0
    bad = set(poison.cases)
    poison.cure()
    let_waits_pass(casework)
    look(casework, due.EXPIRING)
    assert_over(casework, bad)


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_a_receipt_that_raises_is_held_alone(casework: CaseworkFixture, poison: Poisoned, places: set[int]) -> None:
    cases = opened(casework)
    casework.deliver(Scripted())
    store_receipts(casework, cases)
    poison.outcome()
    poison.cases = bad_ones(cases, places)
    assert look(casework, receipts.SETTLING) == len(ALL)
    assert [casework.attempts(case_id)[0].state for case_id in cases] == [
        "accepted" if place in places else "settled" for place in ALL
    ]
    assert_told_once_each(casework, poison.cases, "settle")
    assert look(casework, receipts.SETTLING) == 0
    with casework.begin() as work:
        assert not due.find_due_work(work).has_receipts
    bad = set(poison.cases)
    poison.cure()
    let_waits_pass(casework)
    assert look(casework, receipts.SETTLING) == len(places)
    assert casework.rows(ReceiptRow, ReceiptRow.settled_at.is_(None)) == []
    assert_over(casework, bad)


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_a_case_that_can_not_be_decided_is_held_alone(
    casework: CaseworkFixture, poison: Poisoned, places: set[int]
) -> None:
    cases = opened(casework)
    casework.sql("UPDATE cases SET next_look_at = opened_at")
    poison.decide()
    poison.cases = bad_ones(cases, places)
    assert look(casework, due.ADVANCING) == len(ALL)
    assert_told_once_each(casework, poison.cases, "decide")
    assert look(casework, due.ADVANCING) == 0
    bad = set(poison.cases)
    poison.cure()
    let_waits_pass(casework)
    assert look(casework, due.ADVANCING) >= len(places)
    assert_over(casework, bad)


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_what_came_of_a_call_is_kept_where_the_decision_on_it_raises(
    casework: CaseworkFixture, poison: Poisoned, pump: Pump, places: set[int]
) -> None:
    """Each such case is decided on alone at once, and held only where that fails."""
    cases = opened(casework)
    poison.decide()
    poison.cases = bad_ones(cases, places)
    assert pump.deliver() == len(ALL)
    assert {casework.attempts(case_id)[0].state for case_id in cases} == {"accepted"}
    assert faults(casework) == []
    look(casework, due.ADVANCING)
    assert_told_once_each(casework, poison.cases, "decide")


def test_a_receipt_is_kept_where_the_decision_on_it_raises(casework: CaseworkFixture, poison: Poisoned) -> None:
    cases = opened(casework, 3)
    casework.deliver(Scripted())
    store_receipts(casework, cases)
    poison.decide()
    poison.cases = bad_ones(cases, {1})
    look(casework, receipts.SETTLING)
    assert {casework.attempts(case_id)[0].state for case_id in cases} == {"settled"}
    assert casework.rows(ReceiptRow, ReceiptRow.settled_at.is_(None)) == []


def test_an_instruction_is_taken_where_the_decision_on_it_raises(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise Poison(SECRET_NAME)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "decide", fail)
        raw = json.dumps(instruction(), ensure_ascii=False).encode()
        answer = lines.take_line(casework.begin, raw, door="push")
        assert answer.status == "accepted"
        look(casework, due.ADVANCING)
    assert_told_once_each(casework, {str(answer.case)}, "decide")
    let_waits_pass(casework)
    look(casework, due.ADVANCING)
    assert_over(casework, {str(answer.case)})
    assert len(casework.deliver(Scripted())) == 1


def test_a_line_that_makes_intake_raise_is_kept_answered_and_none_of_the_sources_fault(
    casework: CaseworkFixture, poison: Poisoned
) -> None:
    poison.step(normalised, "read", lambda context, pushed, *_: pushed.instruction_id)
    poison.cases = {"YJ-2"}
    raws = [json.dumps(instruction(number), ensure_ascii=False).encode() for number in (1, 2, 3)]
    with capture_logs() as logs:
        answers = [lines.take_line(casework.begin, raw, door="push") for raw in raws]
    assert [each.status for each in answers] == ["accepted", "refused", "accepted"]
    assert answers[1].instruction_id == "YJ-2"
    assert "Poison" in str(answers[1].reason)
    assert "kept" in str(answers[1].reason)
    [kept] = casework.quarantined()
    assert (kept.field, kept.bytes) == ("system", len(raws[1]))
    assert SECRET_NAME not in str(logs) + str([each.reason for each in answers])
    poison.cure()
    assert lines.take_line(casework.begin, raws[1], door="push").status == "accepted"


def test_an_outage_sets_nothing_aside(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(casework, 2)
    casework.sql("UPDATE cases SET next_look_at = opened_at")

    def away(*_: Any) -> None:
        raise OperationalError("look", {}, ConnectionError())

    with monkeypatch.context() as patch:
        patch.setattr(engine, "decide", away)
        with pytest.raises(OperationalError):
            look(casework, due.ADVANCING)
    assert faults(casework) == []
    assert look(casework, due.ADVANCING) == 2


@pytest.mark.parametrize("broken", ["expire_leases", "find_due_work"])
def test_a_step_of_the_sweep_that_raises_stops_no_other(
    services: Services, casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Whichever it is: a lease that ran out is ended and due work found, but for the broken one."""
    opened(casework, 1)
    casework.claim(Scripted())
    casework.sql("UPDATE attempts SET lease_until = now() - interval '1 second'")
    woken: list[due.DueWork] = []

    def fail(*_: Any) -> None:
        raise Poison(SECRET_NAME)

    monkeypatch.setattr(sweep, "wake_due", lambda context, seen: woken.append(seen))
    if broken == "expire_leases":
        monkeypatch.setattr(due, "EXPIRING", set_aside.Batch(due.EXPIRING.point, fail, fail, fail))
    else:
        monkeypatch.setattr(due, broken, fail)
    with capture_logs() as logs:
        sweep.sweep(services)
    [told] = [each for each in logs if each["event"] == "sweep_step_failed"]
    assert told["error"] == "Poison"
    assert SECRET_NAME not in str(logs)
    assert len(woken) == (broken == "expire_leases")
    assert casework.sql("SELECT state FROM attempts")[0][0] == ("sending" if broken == "expire_leases" else "in_doubt")
