"""Call-back codes: yes or no, no more; each query on the record, none of them with the code or the digits."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, phone, resident, withdrawal
from visits_fixture import Load, act, decide_as_supervisor

from dispatcher.casework import callback_codes, personal_data
from dispatcher.errors import Refused
from dispatcher.store.base import new_id
from dispatcher.store.cases import PhoneRow
from dispatcher.store.codes import CodeCheckRow, CodeRow
from dispatcher.store.vault import VaultValueRow
from dispatcher.supervision import splits
from dispatcher.visits.roster import RosterAssigner
from providers.base import InDoubt, ProviderSettings
from providers.roster import RosterProvider
from schemas.refusals import RefusalCode
from schemas.vocabulary import Channel, Result, ReturnReason

LAST_FOUR = phone(1)[-4:]


def warned(casework: CaseworkFixture, number: int = 1, **changes: Any) -> UUID:
    """A case whose person has been sent what was due."""
    case_id = casework.open(number, **changes)
    casework.deliver(Scripted())
    return case_id


def visited(casework: CaseworkFixture) -> UUID:
    """A case whose person was sent an SMS, and whose visit an officer has."""
    address = {"kind": "residence", "text": "样板路1号", "precinct_code": "P1"}
    case_id = casework.open(urgency="critical", channels=["sms", "visit"], addresses=[address])
    settings = ProviderSettings("roster", "roster", frozenset({Channel.VISIT}))
    assigner = RosterAssigner(casework.sessions, casework.context)
    casework.deliver(Scripted(channels=(Channel.SMS,)), RosterProvider(settings, assigner))
    return case_id


def code_of(casework: CaseworkFixture, case_id: UUID) -> str:
    [row] = casework.rows(CodeRow, CodeRow.case_id == case_id)
    with casework.begin() as work:
        return personal_data.read_value(work, row.value_id)


def check(
    casework: CaseworkFixture, code: str, last_four: str = LAST_FOUR, *, officer: str | None = None, asker: str = "OP-1"
) -> bool | RefusalCode:
    with casework.begin() as work:
        answer = callback_codes.check(work, code, last_four, officer=officer, asker=asker)
    return answer.code if isinstance(answer, Refused) else answer


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def full_width(digits: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) for each in digits)


def test_our_code_is_ours_and_no_other(casework: CaseworkFixture) -> None:
    code = code_of(casework, warned(casework))
    assert len(code) == callback_codes.DIGITS
    assert code.isdigit()
    assert (check(casework, code), check(casework, other(code))) == (True, False)


def test_a_code_needs_the_number_that_was_called(casework: CaseworkFixture) -> None:
    first, second = warned(casework, 1), warned(casework, 2)
    code = code_of(casework, first)
    assert [check(casework, code, digits) for digits in ("0002", "0000", "9999")] == [False] * 3
    assert check(casework, code_of(casework, second), "0001") is False
    assert check(casework, code, "0001") is True
    # A query with the right code is on the case's record, whatever came of it.
    assert [each.data["genuine"] for each in casework.journal(first, "code_checked")] == [False] * 3 + [True]


def test_a_number_that_nothing_was_sent_to_confirms_nothing(casework: CaseworkFixture) -> None:
    case_id = casework.open(phones=[{"number": phone(1)}, {"number": phone(11)}])
    code = code_of(casework, case_id)
    assert (check(casework, code, "0001"), check(casework, code, "0011")) == (False, False)
    casework.deliver(Scripted([InDoubt("timeout")]))
    assert (check(casework, code, "0001"), check(casework, code, "0011")) == (True, False)


@pytest.mark.parametrize("fault", ["erased", "damaged"])
def test_a_number_that_can_not_be_read_is_a_no(casework: CaseworkFixture, fault: str) -> None:
    code = code_of(casework, warned(casework))
    if fault == "erased":
        casework.sql("UPDATE subjects SET wrapped_key = NULL")
    else:
        [number] = casework.rows(PhoneRow)
        casework.sql("UPDATE vault_values SET ciphertext = '\\x00' WHERE id = :id", id=number.value_id)
    assert check(casework, code) is False
    assert len(casework.rows(VaultValueRow)) > 0


@pytest.mark.parametrize("typed", ["{}", " {} ", "{}\n", "wide", "spaced", "dashed"])
def test_a_code_is_the_same_however_it_is_typed(casework: CaseworkFixture, typed: str) -> None:
    code = code_of(casework, warned(casework))
    forms = {"wide": full_width(code), "spaced": " ".join(code), "dashed": f"{code[:3]}-{code[3:]}"}
    assert check(casework, forms.get(typed, typed.format(code)), "00-01") is True
    assert check(casework, code, full_width(LAST_FOUR)) is True


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12a456", "' OR 1=1", "何样1", "1" * 10_000, "\0"])
def test_what_is_no_code_is_refused_and_counts_as_a_query(casework: CaseworkFixture, typed: str) -> None:
    assert check(casework, typed) is RefusalCode.CODE_MALFORMED
    [kept] = casework.rows(CodeCheckRow)
    assert (kept.genuine, kept.case_id) == (False, None)
    assert [each.data["well_formed"] for each in casework.journal(None, "code_checked")] == [False]


@pytest.mark.parametrize("typed", ["", "001", "00001", phone(1), "abcd"])
def test_nothing_is_looked_up_without_four_digits(casework: CaseworkFixture, typed: str) -> None:
    case_id = warned(casework)
    assert check(casework, code_of(casework, case_id), typed) is RefusalCode.LAST_FOUR_MALFORMED
    assert casework.journal(case_id, "code_checked") == []


def test_every_query_is_on_the_record_and_the_code_is_not(casework: CaseworkFixture) -> None:
    case_id = warned(casework)
    code = code_of(casework, case_id)
    check(casework, code)
    check(casework, other(code), "7391")
    [yes], [no] = casework.journal(case_id, "code_checked"), casework.journal(None, "code_checked")
    assert [(each.actor, each.data["genuine"]) for each in (yes, no)] == [("OP-1", True), ("OP-1", False)]
    for entry in (yes, no):
        assert entry.data.keys() <= {"genuine", "officer", "well_formed", "rows"}
        assert not any(secret in str(entry.data) for secret in (code, other(code), LAST_FOUR, "7391"))


def test_what_asks_tells_nothing_of_code_and_digits(
    casework: CaseworkFixture, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    code = code_of(casework, warned(casework))
    for typed, digits in ((code, LAST_FOUR), (code, "7391"), ("73912", LAST_FOUR), (code, "73915")):
        with casework.begin() as work:
            answer = callback_codes.check(work, typed, digits, asker="OP-1")
        assert str(answer) in ("True", "False", "code_malformed", "last_four_malformed")
    assert (capsys.readouterr(), caplog.text) == (("", ""), "")


def test_a_code_is_confirmed_five_times_and_then_no_more(casework: CaseworkFixture) -> None:
    case_id = warned(casework)
    code = code_of(casework, case_id)
    limit = casework.context.policy.codes.yes_per_code
    answers = [check(casework, code, asker=f"OP-{number}") for number in range(limit + 2)]
    assert (limit, answers) == (5, [True] * limit + [False] * 2)
    rules = [each.rule for each in casework.journal(case_id, "code_checked")]
    assert rules == ["callback_check"] * limit + ["code_used_up"] * 2
    # A no uses nothing up, and another case has five of its own.
    assert check(casework, code_of(casework, warned(casework, 2)), "0002") is True


def test_queries_at_once_get_no_more_than_five(casework: CaseworkFixture) -> None:
    code = code_of(casework, warned(casework))
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda number: check(casework, code, asker=f"OP-{number}"), range(12)))
    assert sorted(answers) == [False] * 7 + [True] * 5


def test_unknown_used_up_expired_and_wrong_are_one_no(casework: CaseworkFixture) -> None:
    code = code_of(casework, warned(casework))
    unknown, wrong = check(casework, other(code), asker="A"), check(casework, code, "7391", asker="B")
    stranger = check(casework, code, officer="NOBODY", asker="C")
    for number in range(5):
        check(casework, code, asker=f"OP-{number}")
    used_up = check(casework, code, asker="D")
    casework.pass_time(hours=72, seconds=1)
    expired = check(casework, code, asker="E")
    assert [unknown, wrong, stranger, used_up, expired] == [False] * 5


def test_only_the_officer_who_has_the_visit_is_ours(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = visited(casework)
    code = code_of(casework, case_id)
    answers = [
        check(casework, code, officer="A"),
        check(casework, code, officer="B"),
        check(casework, other(code), officer="A"),
        check(casework, code, "7391", officer="A"),
    ]
    assert answers == [True, False, False, False]
    assert casework.journal(case_id, "code_checked")[1].data["officer"] == "B"
    act(casework, case_id, "accept")
    act(casework, case_id, "return", reason=ReturnReason.OFFICER_UNAVAILABLE)
    assert check(casework, code, officer="A") is False


def test_the_officer_who_has_just_been_there_stays_ours(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = visited(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    assert casework.case(case_id).state == "closed"
    code = code_of(casework, case_id)
    assert (check(casework, code, officer="A"), check(casework, code, officer="B")) == (True, False)


def test_an_officer_called_off_before_the_door_is_not(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = visited(casework)
    casework.push(withdrawal())
    code = code_of(casework, case_id)
    assert (check(casework, code, officer="A"), check(casework, code)) == (False, True)


def test_a_code_is_good_until_its_time_also_when_the_case_has_ended(casework: CaseworkFixture) -> None:
    code = code_of(casework, warned(casework))
    casework.push(event("feedback", outcome="SELF_AWARE"))
    casework.pass_time(hours=72)
    assert check(casework, code) is True
    casework.pass_time(seconds=1)
    assert check(casework, code) is False


def test_guessing_is_stopped_and_seen(casework: CaseworkFixture) -> None:
    case_id = warned(casework)
    code = code_of(casework, case_id)
    codes = [code_of(casework, warned(casework, number)) for number in (2, 3)]
    limit = casework.context.policy.codes.checks_per_minute
    for number, genuine in ((1, code), (2, codes[0]), (3, codes[1])):
        for _ in range(4):
            check(casework, genuine, f"{number:04d}")
    asked = len(casework.rows(CodeCheckRow))
    assert asked == limit
    assert [check(casework, code), check(casework, "12")] == [RefusalCode.TOO_MANY_CODE_CHECKS] * 2
    refused = casework.journal(None, "code_check_refused")
    assert [(each.actor, each.rule) for each in refused] == [("OP-1", "too_many_checks")] * 4
    # The limit runs in real time: moving the product clock opens no gate.
    casework.pass_time(hours=1)
    assert check(casework, code) is RefusalCode.TOO_MANY_CODE_CHECKS
    assert check(casework, code, asker="10.0.0.7") is True
    casework.sql("UPDATE code_checks SET checked_at = checked_at - interval '1 minute' WHERE asker = 'OP-1'")
    assert check(casework, "000000" if code != "000000" else "000001") is False


def test_who_is_wrong_too_often_waits_and_nobody_else(casework: CaseworkFixture) -> None:
    code = code_of(casework, warned(casework))
    limit = casework.context.policy.codes.wrong_checks
    assert [check(casework, other(code)) for _ in range(limit)] == [False] * limit
    casework.sql("UPDATE code_checks SET checked_at = checked_at - interval '9 minutes'")
    assert check(casework, code) is RefusalCode.TOO_MANY_CODE_CHECKS
    assert casework.journal(None, "code_check_refused")[0].rule == "too_many_wrong_checks"
    assert check(casework, code, asker="OP-2") is True
    casework.sql("UPDATE code_checks SET checked_at = checked_at - interval '1 minute'")
    assert check(casework, code) is True


def test_an_asker_whose_query_is_under_way_holds_up_nobody(casework: CaseworkFixture) -> None:
    code = code_of(casework, warned(casework))
    with casework.begin() as slow:
        callback_codes.check(slow, other(code), LAST_FOUR, asker="OP-1")
        assert check(casework, code, asker="OP-2") is True


def test_random_guesses_at_ten_thousand_cases_hit_as_seldom_as_ten_digits_say(casework: CaseworkFixture) -> None:
    """A code alone is hit by one guess in a hundred; with the digits by one in a million."""
    warned(casework)
    chosen = random.Random(1)
    codes = [f"{number:06d}" for number in chosen.sample(range(10**6), 10_000)]
    casework.is_tampered = True
    copy_case(casework, codes)
    guesses = [(f"{chosen.randrange(10**6):06d}", f"{chosen.randrange(10**4):04d}") for _ in range(500)]
    assert sum(code in set(codes) for code, _ in guesses) >= 3  # codes alone would have been confirmed
    answers = [check(casework, *guess, asker=f"guesser-{number}") for number, guess in enumerate(guesses)]
    # 500 guesses × 10,000 cases / 10^10: 0.0005 expected.
    assert answers == [False] * len(guesses)
    assert check(casework, codes[4321]) is True


def copy_case(casework: CaseworkFixture, codes: list[str]) -> None:
    """Make a copy of the only case, with its number and attempt, for each of these codes."""
    casework.sql(
        """CREATE TABLE copies AS SELECT * FROM unnest(
            CAST(:cases AS uuid[]), CAST(:people AS uuid[]), CAST(:phones AS uuid[]), CAST(:attempts AS uuid[]),
            CAST(:digests AS bytea[])) AS copy (case_id, subject_id, phone_id, attempt_id, digest)""",
        **{name: [new_id() for _ in codes] for name in ("cases", "people", "phones", "attempts")},
        digests=[casework.context.vault.digest("code", code) for code in codes],
    )
    casework.sql("CREATE TABLE code AS SELECT * FROM callback_codes")
    casework.sql("DELETE FROM callback_codes")
    for source, table, columns in (
        ("subjects", "subjects", "'id', subject_id"),
        ("cases", "cases", "'id', copies.case_id, 'subject_id', copies.subject_id"),
        ("phones", "phones", "'id', copies.phone_id, 'case_id', copies.case_id"),
        ("attempts", "attempts", "'id', attempt_id, 'case_id', copies.case_id, 'phone_id', copies.phone_id"),
        ("code", "callback_codes", "'digest', copies.digest, 'case_id', copies.case_id"),
    ):
        row = f"jsonb_populate_record(CAST(NULL AS {table}), to_jsonb({source}) || jsonb_build_object({columns}))"
        casework.sql(f"INSERT INTO {table} SELECT made.* FROM {source}, copies, LATERAL {row} AS made")  # noqa: S608


def test_a_case_has_one_code_and_each_case_its_own(casework: CaseworkFixture) -> None:
    first = casework.open(1)
    same: dict[str, Any] = {"id_number": resident(1)}
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
    third = warned(casework, 3, issued_at=casework.now.isoformat())
    assert code_of(casework, third) == "000042"
    assert casework.rows(CodeRow)[0].valid_until == casework.now + timedelta(hours=72)
    assert check(casework, "000042", "0003") is True
    assert check(casework, "000042", "0001") is False
