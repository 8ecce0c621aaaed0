"""The journal alone rebuilds every row, and tells where somebody changed one behind its back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, phone, resident
from journal_forms import changes_of, rewrite
from sqlalchemy import select, text
from visits_fixture import Load, act, case_with_visit, decide_as_supervisor

from dispatcher.reporting.verify import Difference
from dispatcher.store.cases import CaseRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.journal_changes import OF_A_CASE, SHARED, UnnotedChangeError, implied
from dispatcher.store.journal_form import Changes
from dispatcher.supervision import decisions, splits
from providers.base import Answered, Permanent
from schemas.instruction import Address
from schemas.vocabulary import BankRequest, Result, ReturnReason

TABLES = [each.__tablename__ for each in (*OF_A_CASE, *SHARED)]
SAME_PERSON = {"id_number": resident(1)}


@pytest.fixture
def full(casework: CaseworkFixture, load: Load) -> CaseworkFixture:
    """Something in every table: joined and split, linked, transferred, closed as a false alarm, a number gone bad."""
    load()
    gone = casework.open(8, channels=["sms"])
    casework.deliver(Scripted([Permanent(Result.INVALID_NUMBER, "no such number")]))
    casework.open(2, phones=[{"number": phone(8)}], channels=["voice"])
    case_id = case_with_visit(casework)
    casework.push(instruction(5, **SAME_PERSON))
    decide_as_supervisor(casework, splits.split, case_id, "YJ-5")
    decide_as_supervisor(casework, decisions.ask_bank, gone, BankRequest.PROTECT_ACCOUNT)
    act(casework, case_id, "return", officer="A", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="P2")
    decide_as_supervisor(
        casework, decisions.locate, case_id, Address(kind="current", text="海棠酒店302", precinct_code="P1")
    )
    casework.push(event("feedback", 8, outcome="NOT_A_VICTIM"))
    return casework


def differences(casework: CaseworkFixture) -> list[Difference]:
    return casework.verdict().differences


def test_every_table_is_rebuilt(full: CaseworkFixture) -> None:
    verdict = full.verdict()
    assert verdict.differences == []
    assert verdict.cases == len(full.rows(CaseRow))
    assert verdict.rows == sum(len(full.rows(each)) for each in (*OF_A_CASE, *SHARED))


@contextmanager
def tampered(casework: CaseworkFixture, table: str, change: str) -> Iterator[None]:
    """As who may do anything can: the triggers do not see it. At the end the table is again as it was."""
    unseen = "SET LOCAL session_replication_role = replica"
    casework.sql(f"CREATE TABLE kept AS SELECT * FROM {table}")  # noqa: S608
    casework.sql(f"{unseen}; {change}")
    yield
    casework.sql(f"{unseen}; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept")  # noqa: S608


def test_a_row_that_was_taken_away_is_missed(full: CaseworkFixture) -> None:
    for table in (*OF_A_CASE, *SHARED):
        name = table.__tablename__
        assert full.rows(table), name
        with tampered(full, name, f"DELETE FROM {name}"):  # noqa: S608
            found = {(each.table, each.column, each.found) for each in differences(full)}
        assert found >= {(name, None, False)}, name


def test_a_row_that_was_changed_is_told_with_its_column(full: CaseworkFixture) -> None:
    for table, change in (
        ("cases", "resolution = 'SELF_AWARE'"),
        ("cases", "money_lost = money_lost + 1"),
        ("attempts", "result = 'DELIVERED'"),
        ("attempts", "state = 'no such state'"),
        ("cases", "channels = ARRAY['no such channel']"),
        ("visits", "accepted_at = now()"),
        ("instructions", "urgency = 'low'"),
        ("phones", "retired_at = now()"),
        ("addresses", "precinct_code = 'P9'"),
        ("duties", "done_by = 'X'"),
        ("feedback", "outcome = 'UNREACHABLE'"),
        ("bad_numbers", "until = until + interval '1 day'"),
        ("suppressions", "until = until - interval '1 day'"),
    ):
        with tampered(full, table, f"UPDATE {table} SET {change}"):  # noqa: S608
            found = {(each.table, each.column) for each in differences(full)}
        assert found == {(table, change.split()[0])}


def test_a_row_that_nobody_noted_is_told(full: CaseworkFixture) -> None:
    full.is_tampered = True
    full.sql(
        "INSERT INTO case_links (case_id, other_id, kind, at) "
        "SELECT a.id, b.id, 'invented', now() FROM cases a, cases b WHERE a.id < b.id LIMIT 1"
    )
    [one] = differences(full)
    assert (one.table, one.column, one.journal, one.found) == ("case_links", None, False, True)


def test_a_number_left_out_is_told(full: CaseworkFixture) -> None:
    full.is_tampered = True
    full.sql("UPDATE cases SET journal_seq = journal_seq + 1")
    assert {(each.table, each.column) for each in differences(full)} == {("journal", "seq")}


@pytest.mark.parametrize("change", ["changes = decode('09', 'hex')", "data = data - 'attempt'", "changes = '\\x01ff'"])
def test_an_entry_that_can_be_read_no_more_is_named(casework: CaseworkFixture, change: str) -> None:
    """Somebody spoiled it, or took away what it refers to: the rest is compared all the same."""
    casework.is_tampered = True
    case_id = casework.open(1, channels=["sms"])
    casework.deliver(Scripted())
    [(seq,)] = casework.sql("SELECT max(seq) FROM journal")
    casework.sql(f"SET LOCAL session_replication_role = replica; UPDATE journal SET {change} WHERE seq = {seq}")  # noqa: S608
    found = differences(casework)
    assert (found[0].case, found[0].table, found[0].key, found[0].column) == (
        str(case_id),
        "journal",
        str(seq),
        "changes",
    )
    assert {each.table for each in found[1:]} == {"attempts"}


def test_what_an_entry_says_beside_its_changes_is_compared_with_them(casework: CaseworkFixture) -> None:
    """Its changes name the attempt that its data name: who puts another there is found out."""
    casework.is_tampered = True
    casework.open(1, channels=["sms"])
    casework.deliver(Scripted())
    casework.sql(
        "SET LOCAL session_replication_role = replica; "
        "UPDATE journal SET data = data || jsonb_build_object('attempt', id) WHERE event = 'attempt_accepted'"
    )
    assert {each.table for each in differences(casework)} == {"attempts"}


def test_an_entry_that_took_the_number_of_another_is_told(casework: CaseworkFixture) -> None:
    casework.is_tampered = True
    casework.open(1)
    casework.sql("SET LOCAL session_replication_role = replica; UPDATE journal SET seq = 1 WHERE seq = 2")
    assert ("seq", "twice", "once") in {(each.column, each.journal, each.found) for each in differences(casework)}


def refuse(casework: CaseworkFixture, times: int) -> None:
    for _ in range(times):
        assert casework.push({"op": "no such thing"}).status == "refused"


def test_entries_without_a_case_are_numbered_without_a_gap(casework: CaseworkFixture) -> None:
    """Also where somebody else is refused at the same time, and where a transaction is rolled back."""
    refuse(casework, 1)
    with pytest.raises(RuntimeError), casework.begin() as work:
        work.note_without_case("line_refused", {}, actor="test")
        raise RuntimeError("rolled back")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(refuse, [casework] * 4, [3] * 4))
    assert casework.sql("SELECT seq FROM journal WHERE case_id IS NULL ORDER BY seq") == [(n,) for n in range(1, 14)]
    assert differences(casework) == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_entry_without_a_case_that_is_gone_is_named(casework: CaseworkFixture, number: int) -> None:
    casework.is_tampered = True
    refuse(casework, 3)
    delete(casework, number)
    [one] = differences(casework)
    assert (one.case, one.table, one.key, one.journal, one.found) == (None, "journal", str(number), False, True)


def test_of_the_entries_older_than_the_numbers_none_goes_unseen(casework: CaseworkFixture) -> None:
    casework.is_tampered = True
    casework.sql("UPDATE journal_numbers SET unnumbered = 2")
    [one] = differences(casework)
    assert (one.table, one.column, one.journal, one.found) == ("journal", "seq", 0, 2)


def delete(casework: CaseworkFixture, number: int) -> None:
    """As who may do anything can: the triggers do not see it."""
    with casework.sessions.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM journal WHERE case_id IS NULL AND seq = :number"), {"number": number})


def test_a_change_that_nobody_notes_is_refused_whole(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    with (
        pytest.raises(UnnotedChangeError, match=r"without a journal entry: cases"),
        casework.sessions.begin() as session,
    ):
        session.scalars(select(CaseRow)).one().urgency = "low"
    assert casework.case(case_id).urgency == "high"


def test_what_was_rolled_back_is_not_told_later(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    session = casework.sessions()
    session.scalars(select(CaseRow)).one().urgency = "low"
    session.flush()
    session.rollback()
    session.execute(select(1))
    session.commit()
    session.close()
    assert casework.case(case_id).urgency == "high"


def test_entries_of_the_version_before_are_replayed(full: CaseworkFixture) -> None:
    """It wrote a row's key and case into its columns, too, and what was None into the data."""

    def in_full(case_id: UUID | None, changes: Changes) -> None:
        for table in (*OF_A_CASE, *SHARED):
            for key, columns in changes.get(table.__tablename__, {}).items():
                changes[table.__tablename__][key] = implied(table, str(case_id), key) | columns

    rewrite(full, in_full)
    full.sql("SET LOCAL session_replication_role = replica; UPDATE journal SET data = data || '{\"hook\": null}'")
    assert full.sql("SELECT count(*) FROM journal WHERE changes IS NOT NULL") == [(0,)]
    assert differences(full) == []


def test_a_case_that_began_in_the_form_before_goes_on_in_this_one(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, channels=["sms", "voice"])
    rewrite(casework, lambda _, changes: None)
    casework.deliver(Scripted())
    forms = casework.sql("SELECT bool_or(rows ? 'cases'), bool_or(changes IS NOT NULL) FROM journal")
    assert forms == [(True, True)]
    assert {each.state for each in casework.attempts(case_id, "sms")} == {"accepted"}
    assert differences(casework) == []


def test_a_new_row_says_nothing_that_its_place_says(full: CaseworkFixture) -> None:
    known = set()  # what moves to another case is told whole there
    for entry in full.rows(JournalRow, JournalRow.case_id.is_not(None)):
        for table in (*OF_A_CASE, *SHARED):
            for key, columns in changes_of(entry).get(table.__tablename__, {}).items():
                said = {name for name, value in implied(table, str(entry.case_id), key).items() if name in columns}
                assert (table, key) in known or not said, (table, columns)
                known.add((table, key))
        assert None not in entry.data.values()


def test_time_passes_and_the_case_goes_on(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id: UUID = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_REFUSED)
    for _ in range(4):
        casework.deliver(Scripted([Answered(Result.NO_ANSWER)] * 9))
        casework.pass_time(hours=7)
    assert casework.now > casework.case(case_id).opened_at + timedelta(days=1)
