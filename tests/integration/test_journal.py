"""The journal is append-only for everybody, complete, and in order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, resident, withdrawal
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from dispatcher.store import partitions
from dispatcher.store.base import new_id
from providers.base import Answered, Transient
from schemas.vocabulary import Result

DECISIONS = (
    *("attempt_planned", "attempt_skipped", "attempt_cancelled", "attempt_recalled", "visit_opened"),
    *("assignment_ended", "visit_cancelled", "urgency_raised", "deadline_set", "number_marked_bad"),
    *("case_closed", "duty_planned"),
)
FAR = datetime(2031, 5, 1, tzinfo=UTC)


def tables(casework: CaseworkFixture) -> list[str]:
    found = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'journal'::regclass ORDER BY 1"
    return ["journal", *(row[0] for row in casework.sql(found))]


def insert_at(casework: CaseworkFixture, at: datetime) -> UUID:
    """An entry with an id of that time. No use case writes it, so it has no number."""
    casework.is_tampered = True
    row_id = UUID(int=partitions.first_id(at).int + new_id().int % 2**80)
    casework.sql(
        "INSERT INTO journal (id, seq, at, written_at, actor, event, data) "
        "VALUES (:id, 0, :at, :at, 'test', 'test', '{}')",
        id=row_id,
        at=at,
    )
    return row_id


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET actor = 'nobody'",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "TRUNCATE {} CASCADE",
        "INSERT INTO {0} SELECT * FROM {0} ON CONFLICT (id) DO UPDATE SET event = 'x'",
        "MERGE INTO {0} j USING (SELECT id FROM {0}) s ON j.id = s.id WHEN MATCHED THEN DELETE",
    ],
)
def test_no_entry_is_changed_or_removed_even_by_the_owner(casework: CaseworkFixture, statement: str) -> None:
    casework.open()
    for at in (datetime.now(UTC), FAR):
        insert_at(casework, at)
    owner = "SELECT bool_and(tableowner = current_user) FROM pg_tables WHERE tablename LIKE 'journal%'"
    assert casework.sql(owner)[0][0]
    before = casework.sql("SELECT * FROM journal ORDER BY id")
    for table in tables(casework):
        is_empty = not casework.sql(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 - names of our own tables
        if is_empty and not statement.startswith("TRUNCATE"):
            continue
        with pytest.raises(DBAPIError, match=r"append-only|no unique or exclusion constraint"):
            casework.sql(statement.format(table))
    assert casework.sql("SELECT * FROM journal ORDER BY id") == before


def test_every_decision_has_its_rule(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="critical", channels=["sms", "voice", "visit", "broadcast"])
    casework.deliver(Scripted([Transient("busy"), Answered(Result.INVALID_NUMBER)]))
    casework.pass_time(minutes=3)
    casework.push(event("feedback", outcome="DISSUADED_IN_TIME"))
    entries = [each for each in casework.journal(case_id) if each.event in DECISIONS]
    assert {each.event for each in entries} >= {"attempt_planned", "attempt_skipped", "visit_opened", "deadline_set"}
    assert [each.event for each in entries if not each.rule] == []
    assert all(each.rule for each in casework.attempts(case_id))
    assert {each.actor for each in entries} == {"engine"}


def test_the_entries_of_a_case_are_numbered_without_a_gap(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, channels=["sms", "voice"])
    busy = Scripted([Answered(Result.BUSY)] * 30)

    def work(number: int) -> None:
        if number % 4 == 0:
            casework.push(instruction(number, id_number=resident(1)))
        elif number % 4 == 1:
            casework.deliver(busy)
        elif number % 4 == 2:
            casework.push(withdrawal(1))
        else:
            casework.receipt(casework.attempts(case_id)[0].send_key, Result.DELIVERED)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(4, 44)))
    cases = {case_id, *(row[0] for row in casework.sql("SELECT id FROM cases"))}
    for case in cases:
        written = [each.seq for each in casework.journal(case)]
        assert written == list(range(1, casework.case(case).journal_seq + 1))
    assert sum(len(casework.journal(case)) for case in cases) > 30


def test_partitions_exist_ahead(casework: CaseworkFixture) -> None:
    engine = create_engine(casework.url)
    now = datetime.now(UTC)
    with engine.begin() as connection:
        assert partitions.ensure(connection, now) == []
        made = partitions.ensure(connection, FAR)
        assert partitions.ensure(connection, FAR) == []
    engine.dispose()
    assert sorted(made) == [
        f"{table}_20310{month}" for table in sorted(partitions.PARTITIONED) for month in (5, 6, 7, 8)
    ]
    insert_at(casework, FAR)
    assert casework.sql("SELECT count(*) FROM journal_203105")[0][0] == 1
    with pytest.raises(DBAPIError, match="append-only"):
        casework.sql("TRUNCATE journal_203105")


def test_an_entry_of_a_month_without_a_partition_is_taken(casework: CaseworkFixture) -> None:
    row_id = insert_at(casework, FAR)
    assert casework.sql("SELECT id FROM journal_rest") == [(row_id,)]


def test_a_partition_that_comes_too_late_stops_nothing(casework: CaseworkFixture) -> None:
    """The month's first rows lie in the default partition already; the sweep makes partitions every hour."""
    row_id = insert_at(casework, FAR)
    engine = create_engine(casework.url)
    with engine.begin() as connection:
        partitions.ensure(connection, FAR)
    engine.dispose()
    assert casework.sql("SELECT id FROM journal WHERE id = :id", id=row_id) == [(row_id,)]
