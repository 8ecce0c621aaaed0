"""Call-back codes: yes or no, no more; each query on the record, none of them with the code."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, event, instruction, withdrawal
from visits_fixture import Load, act, case_with_visit, decide_as_supervisor

from dispatcher.casework import callback_codes, personal_data
from dispatcher.store.codes import CodeCheckRow, CodeRow
from dispatcher.supervision import splits
from schemas.vocabulary import Result, ReturnReason


def code_of(casework: CaseworkFixture, case_id: UUID) -> str:
    [row] = casework.rows(CodeRow, CodeRow.case_id == case_id)
    with casework.begin() as work:
        return personal_data.read_value(work, row.value_id)


def check(casework: CaseworkFixture, code: str, officer: str | None = None) -> bool | None:
    with casework.begin() as work:
        return callback_codes.check(work, code, officer=officer, by="OP-1")


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_our_code_is_ours_and_no_other(casework: CaseworkFixture) -> None:
    code = code_of(casework, casework.open())
    assert len(code) == callback_codes.DIGITS
    assert code.isdigit()
    assert (check(casework, code), check(casework, other(code))) == (True, False)


def test_a_code_typed_in_full_width_is_the_same_code(casework: CaseworkFixture) -> None:
    code = code_of(casework, casework.open())
    assert check(casework, " " + "".join(chr(ord(each) + 0xFEE0) for each in code))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12a456", "' OR 1=1", "何样1", "1" * 10_000])
def test_what_is_no_code_is_a_no_and_counts_as_a_query(casework: CaseworkFixture, typed: str) -> None:
    assert check(casework, typed) is False
    [kept] = casework.rows(CodeCheckRow)
    assert (kept.genuine, kept.case_id) == (False, None)
    assert [each.data["well_formed"] for each in casework.journal(None, "code_checked")] == [False]


def test_every_query_is_on_the_record_and_the_code_is_not(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    code = code_of(casework, case_id)
    check(casework, code)
    check(casework, other(code))
    [yes], [no] = casework.journal(case_id, "code_checked"), casework.journal(None, "code_checked")
    assert [(each.actor, each.data["genuine"]) for each in (yes, no)] == [("OP-1", True), ("OP-1", False)]
    assert code not in str([yes.data, no.data])
    assert other(code) not in str([yes.data, no.data])


def test_only_the_officer_who_has_the_visit_is_ours(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    code = code_of(casework, case_id)
    assert (check(casework, code, "A"), check(casework, code, "B"), check(casework, other(code), "A")) == (
        True,
        False,
        False,
    )
    assert casework.journal(case_id, "code_checked")[1].data["officer"] == "B"
    act(casework, case_id, "accept")
    act(casework, case_id, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)
    assert check(casework, code, "A") is False


def test_the_officer_who_has_just_been_there_stays_ours(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    assert casework.case(case_id).state == "closed"
    assert (check(casework, code_of(casework, case_id), "A"), check(casework, code_of(casework, case_id), "B")) == (
        True,
        False,
    )


def test_an_officer_called_off_before_the_door_is_not(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    casework.push(withdrawal())
    assert (check(casework, code_of(casework, case_id), "A"), check(casework, code_of(casework, case_id))) == (
        False,
        True,
    )


def test_a_code_is_good_until_its_time_also_when_the_case_has_ended(casework: CaseworkFixture) -> None:
    code = code_of(casework, casework.open())
    casework.push(event("feedback", outcome="SELF_AWARE"))
    casework.pass_time(hours=72)
    assert check(casework, code) is True
    casework.pass_time(seconds=1)
    assert check(casework, code) is False


def test_guessing_is_stopped_and_seen(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    code = code_of(casework, case_id)
    limit = casework.context.policy.codes.checks_per_minute
    assert [check(casework, other(code)) for _ in range(limit)] == [False] * limit
    assert [check(casework, code), check(casework, "12")] == [None, None]
    refused = casework.journal(None, "code_check_refused")
    assert [(each.actor, each.rule) for each in refused] == [("OP-1", "too_many_checks")] * 2
    assert casework.journal(case_id, "code_checked") == []
    # The limit runs in real time: moving the product clock opens no gate.
    casework.pass_time(hours=1)
    assert check(casework, code) is None
    casework.sql("UPDATE code_checks SET checked_at = checked_at - interval '1 minute'")
    assert check(casework, code) is True


def test_a_case_has_one_code_and_each_case_its_own(casework: CaseworkFixture) -> None:
    first = casework.open(1)
    same: dict[str, Any] = {"id_number": "990101198001010001"}
    casework.open(2, **same)
    casework.push(instruction(1, version=2))
    casework.open(3)
    assert len(casework.rows(CodeRow)) == 2
    own = decide_as_supervisor(casework, splits.split, first, "YJ-2")
    assert len({code_of(casework, first), code_of(casework, own)}) == 2


def test_a_code_whose_time_is_over_may_be_given_again(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_codes.secrets, "randbelow", lambda _: 42)
    first = casework.open(1)
    second = casework.open(2)
    assert code_of(casework, first) == "000042"
    assert casework.journal(second, "code_not_issued")[0].rule == "codes_exhausted"
    casework.pass_time(hours=72, seconds=1)
    third = casework.open(3, issued_at=casework.now.isoformat())
    assert code_of(casework, third) == "000042"
    assert casework.rows(CodeRow)[0].valid_until == casework.now + timedelta(hours=72)
    assert check(casework, "000042") is True
