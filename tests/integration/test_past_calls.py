"""A case that nobody closes: its calls of long ago are counted instead of read, and nothing is decided otherwise."""

from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, phone

from dispatcher.casework import case_file
from dispatcher.casework.case_file import CaseFile
from providers.base import Answered
from schemas.vocabulary import Result

DAYS = 3


def call_for_days(casework: CaseworkFixture, number: int) -> list[tuple[Any, ...]]:
    """A case whose two numbers nobody answers. Returns what was planned, and when."""
    numbers = [{"number": phone(number)}, {"number": phone(number + 1)}]
    begin, case_id = casework.now, casework.open(number, channels=["voice"], phones=numbers)
    for _ in range(DAYS * 8):
        casework.deliver(Scripted([Answered(Result.NO_ANSWER)] * 99))
        casework.pass_time(hours=3)
    calls = casework.attempts(case_id, "voice")
    phones = list(dict.fromkeys(each.phone_id for each in calls))
    assert len(calls) >= 8 * (DAYS - 1)
    return [(phones.index(each.phone_id), each.rule, each.due_at - begin, each.retry_of is None) for each in calls]


def test_what_is_planned_is_the_same(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_file, "LONG", 10**6)
    whole = call_for_days(casework, 1)
    casework.pass_time(hours=24 - casework.now.astimezone(casework.context.policy.timezone).hour + 9)
    monkeypatch.setattr(case_file, "LONG", 0)
    counted = call_for_days(casework, 3)
    assert counted == whole
    read, past = calls_of_the_last_case(casework)
    assert read + past == len(counted)
    assert past > 0


def calls_of_the_last_case(casework: CaseworkFixture) -> tuple[int, int]:
    """How many of its calls are read, and how many are counted."""
    case_id: UUID = casework.sql("SELECT id FROM cases ORDER BY id DESC LIMIT 1")[0][0]
    with casework.begin() as work:
        opened = CaseFile(work)
        opened.open([case_id])
        read = [each for each in opened.attempts[case_id] if each.channel == "voice"]
        return len(read), sum(opened.past_calls.values())


def test_a_receipt_on_a_past_call_finds_it(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_file, "LONG", 0)
    case_id = casework.open(1, channels=["voice"])
    casework.pass_time(minutes=1)
    [first] = casework.deliver(Scripted([Answered(Result.NO_ANSWER)]))
    for _ in range(3):
        casework.pass_time(hours=24)
        casework.deliver(Scripted([Answered(Result.NO_ANSWER)] * 99))
    assert casework.receipt(first.send_key, Result.BUSY)
    assert [each.data["attempt"] for each in casework.journal(case_id, "word_ignored")] == [str(first.attempt_id)]
