"""Call-back codes: yes or no, no more; each query on the record, none of them with the code."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from desk import Desk, event, instruction, withdrawal
from station import Load, act, case_with_visit, give

from dispatcher.casework import callback_codes, personal_data
from dispatcher.store.codes import CodeCheckRow, CodeRow
from dispatcher.supervision import splits
from schemas.vocabulary import Result, ReturnReason


def code_of(desk: Desk, case_id: UUID) -> str:
    [row] = desk.rows(CodeRow, CodeRow.case_id == case_id)
    with desk.begin() as work:
        return personal_data.read_value(work, row.value_id)


def check(desk: Desk, code: str, officer: str | None = None) -> bool | None:
    with desk.begin() as work:
        return callback_codes.check(work, code, officer=officer, by="OP-1")


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_our_code_is_ours_and_no_other(desk: Desk) -> None:
    code = code_of(desk, desk.open())
    assert len(code) == callback_codes.DIGITS
    assert code.isdigit()
    assert (check(desk, code), check(desk, other(code))) == (True, False)


def test_a_code_typed_in_full_width_is_the_same_code(desk: Desk) -> None:
    code = code_of(desk, desk.open())
    assert check(desk, " " + "".join(chr(ord(each) + 0xFEE0) for each in code))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12a456", "' OR 1=1", "何样1", "1" * 10_000])
def test_what_is_no_code_is_a_no_and_counts_as_a_query(desk: Desk, typed: str) -> None:
    assert check(desk, typed) is False
    [kept] = desk.rows(CodeCheckRow)
    assert (kept.genuine, kept.case_id) == (False, None)
    assert [each.data["well_formed"] for each in desk.journal(None, "code_checked")] == [False]


def test_every_query_is_on_the_record_and_the_code_is_not(desk: Desk) -> None:
    case_id = desk.open()
    code = code_of(desk, case_id)
    check(desk, code)
    check(desk, other(code))
    [yes], [no] = desk.journal(case_id, "code_checked"), desk.journal(None, "code_checked")
    assert [(each.actor, each.data["genuine"]) for each in (yes, no)] == [("OP-1", True), ("OP-1", False)]
    assert code not in str([yes.data, no.data])
    assert other(code) not in str([yes.data, no.data])


def test_only_the_officer_who_has_the_visit_is_ours(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    code = code_of(desk, case_id)
    assert (check(desk, code, "A"), check(desk, code, "B"), check(desk, other(code), "A")) == (True, False, False)
    assert desk.journal(case_id, "code_checked")[1].data["officer"] == "B"
    act(desk, case_id, "accept")
    act(desk, case_id, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)
    assert check(desk, code, "A") is False


def test_the_officer_who_has_just_been_there_stays_ours(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    act(desk, case_id, "accept")
    act(desk, case_id, "report", result=Result.MET_DISSUADED)
    assert desk.case(case_id).state == "closed"
    assert (check(desk, code_of(desk, case_id), "A"), check(desk, code_of(desk, case_id), "B")) == (True, False)


def test_an_officer_called_off_before_the_door_is_not(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    desk.push(withdrawal())
    assert (check(desk, code_of(desk, case_id), "A"), check(desk, code_of(desk, case_id))) == (False, True)


def test_a_code_is_good_until_its_time_also_when_the_case_has_ended(desk: Desk) -> None:
    code = code_of(desk, desk.open())
    desk.push(event("feedback", outcome="SELF_AWARE"))
    desk.pass_time(hours=72)
    assert check(desk, code) is True
    desk.pass_time(seconds=1)
    assert check(desk, code) is False


def test_guessing_is_stopped_and_seen(desk: Desk) -> None:
    case_id = desk.open()
    code = code_of(desk, case_id)
    limit = desk.context.policy.codes.checks_per_minute
    assert [check(desk, other(code)) for _ in range(limit)] == [False] * limit
    assert [check(desk, code), check(desk, "12")] == [None, None]
    refused = desk.journal(None, "code_check_refused")
    assert [(each.actor, each.rule) for each in refused] == [("OP-1", "too_many_checks")] * 2
    assert desk.journal(case_id, "code_checked") == []
    # The limit runs in real time: moving the product clock opens no gate.
    desk.pass_time(hours=1)
    assert check(desk, code) is None
    desk.sql("UPDATE code_checks SET checked_at = checked_at - interval '1 minute'")
    assert check(desk, code) is True


def test_a_case_has_one_code_and_each_case_its_own(desk: Desk) -> None:
    first = desk.open(1)
    same: dict[str, Any] = {"id_number": "990101198001010001"}
    desk.open(2, **same)
    desk.push(instruction(1, version=2))
    desk.open(3)
    assert len(desk.rows(CodeRow)) == 2
    own, _ = give(desk, splits.split, first, "YJ-2")
    assert len({code_of(desk, first), code_of(desk, own)}) == 2


def test_a_code_whose_time_is_over_may_be_given_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback_codes.secrets, "randbelow", lambda _: 42)
    first = desk.open(1)
    second = desk.open(2)
    assert code_of(desk, first) == "000042"
    assert desk.journal(second, "code_not_issued")[0].rule == "codes_exhausted"
    desk.pass_time(hours=72, seconds=1)
    third = desk.open(3, issued_at=desk.now.isoformat())
    assert code_of(desk, third) == "000042"
    assert desk.rows(CodeRow)[0].valid_until == desk.now + timedelta(hours=72)
    assert check(desk, "000042") is True
