"""What a delivery costs: as many statements for twelve attempts as for one, and no more than it needs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from casework_fixture import CaseworkFixture, Scripted, phone
from sqlalchemy import event
from visits_fixture import Load

from dispatcher.delivery import receipts
from dispatcher.delivery.provider_call import CallResult
from providers.base import Accepted, Answered, InDoubt, Outcome, Receipt
from schemas.vocabulary import Channel, Result


@pytest.fixture(autouse=True)
def mirror() -> None:
    """Without the comparison that reads each case again: only what the product asks is counted here."""


@contextmanager
def statements(casework: CaseworkFixture) -> Iterator[list[str]]:
    """What is asked of the database meanwhile, but for how providers stand: that is asked once a second."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "FROM providers" not in statement:
            asked.append(" ".join(statement.split()))

    engine = casework.sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_twelve_deliveries_ask_no_more_than_one(casework: CaseworkFixture) -> None:
    casework.open(1)
    with statements(casework) as alone:
        assert len(casework.deliver(Scripted())) == 1
    for number in range(2, 14):
        casework.open(number)
    with statements(casework) as together:
        assert len(casework.deliver(Scripted())) == 12
    # One more at most: entries of the journal with rows and those without are two inserts.
    assert len(together) <= len(alone) + 1 <= 22


@pytest.mark.parametrize("result", [Result.DELIVERED, Result.FAILED_PERMANENT])
def test_twelve_receipts_ask_no_more_than_one(casework: CaseworkFixture, result: Result) -> None:
    counts = []
    for numbers in (range(1, 2), range(2, 14)):
        cases = [casework.open(number, channels=["sms"], urgency="medium") for number in numbers]
        casework.deliver(Scripted())
        keys = [casework.attempts(case_id)[0].send_key for case_id in cases]
        told = [("scripted", Receipt(str(key), f"{key}:{result}", Answered(result))) for key in keys]
        with casework.begin() as work:
            receipts.store_all(work, told)
        with statements(casework) as asked, casework.begin() as work:
            assert receipts.settle(work) == len(cases)
            # As it may come at any time: a session keeps only such rows as are changed, or as somebody holds.
            event.listen(work.session, "after_flush_postexec", lambda *_: gc.collect())
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1


@pytest.mark.parametrize("answer", [Accepted("ref"), InDoubt("timeout"), Answered(Result.DELIVERED)])
def test_a_result_writes_its_attempt_once(casework: CaseworkFixture, answer: Outcome) -> None:
    casework.open(1)
    [call] = casework.claim(Scripted())
    with statements(casework) as asked:
        casework.record(CallResult(call, answer))
    assert sum(each.startswith("UPDATE attempts") for each in asked) == 1


def test_other_cases_sends_are_read_only_where_a_number_is_shared(casework: CaseworkFixture) -> None:
    casework.open(1)
    with statements(casework) as alone:
        casework.deliver(Scripted())
    casework.open(2, phones=[{"number": phone(1)}])
    casework.pass_time(hours=2)
    with statements(casework) as shared:
        casework.deliver(Scripted())
    assert [_joins(alone), _joins(shared)] == [0, 1]


def test_the_group_notices_of_others_are_read_only_until_a_case_has_its_own(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    address = {"kind": "residence", "text": "样板路1号", "precinct_code": "P1"}
    with statements(casework) as first:
        casework.open(1, channels=["sms", "broadcast"], addresses=[address])
    with statements(casework) as later:
        casework.deliver(Scripted(channels=(Channel.SMS, Channel.BROADCAST)))
    assert [_joins_cases(first), _joins_cases(later)] == [1, 0]


def _joins_cases(asked: list[str]) -> int:
    return sum("= 'broadcast'" in each for each in asked)


def _joins(asked: list[str]) -> int:
    return sum("JOIN attempts" in each for each in asked)
