"""The migrated schema is the one that the models mean, and what stands in an older one goes on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from casework_fixture import CaseworkFixture, Scripted, phone, withdrawal
from journal_forms import rewrite
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import sessionmaker
from visits_fixture import Load, act, case_with_visit

from dispatcher import clock, vault
from dispatcher.errors import OperatorError
from dispatcher.store import journal_changes, migrate, revision
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.journal_form import Changes
from dispatcher.store.partitions import PARTITIONED
from dispatcher.store.tables import metadata
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from providers.base import Accepted, InDoubt, NeverTaken, Permanent, Transient
from schemas.vocabulary import Result, ReturnReason

PATIENCE_S = 120


@pytest.fixture
def empty(empty_database: str) -> Iterator[Engine]:
    engine = create_engine(empty_database)
    yield engine
    engine.dispose()


def not_a_partition(_: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    prefixes = tuple(f"{table}_" for table in PARTITIONED)
    return not (kind == "table" and reflected and compare_to is None and str(name).startswith(prefixes))


def schema(engine: Engine) -> list[Any]:
    catalogue = "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    with engine.connect() as connection:
        return list(connection.execute(text(catalogue)))


def test_models_and_migrations_agree(database: str) -> None:
    engine = create_engine(database)
    with engine.connect() as connection:
        options = {"include_object": not_a_partition, "compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


def test_upgrading_twice_is_harmless(empty: Engine) -> None:
    assert not revision.is_current(empty)
    assert migrate.upgrade(empty, clock.real_now()) == revision.newest()
    before = schema(empty)
    assert migrate.upgrade(empty, clock.real_now()) == revision.newest()
    assert schema(empty) == before
    assert revision.is_current(empty)


def test_upgrades_at_once_are_harmless(empty: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        revisions = list(threads.map(lambda _: migrate.upgrade(empty, clock.real_now()), range(4)))
    assert revisions == [revision.newest()] * 4
    assert revision.is_current(empty)


def test_a_migration_that_waits_for_a_table_keeps_nobody_waiting(
    empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lets go, says who has the table, and tries again; what those ask is not said."""
    monkeypatch.setattr(migrate, "LOCK_WAIT_S", 0.4)
    monkeypatch.setattr(migrate, "AGAIN_AFTER_S", 0.1)
    migrate.upgrade(empty, clock.real_now())
    with empty.begin() as connection:
        command.downgrade(migrate.config(connection), "0013")
    told: SimpleQueue[str] = SimpleQueue()
    with ThreadPoolExecutor() as threads:
        with empty.begin() as holder:
            holder.execute(text("SET application_name = 'a-dump'"))
            holder.execute(text("SELECT asker_secret FROM (SELECT 1 AS asker_secret) AS x, code_checks"))
            upgrading = threads.submit(migrate.upgrade, empty, clock.real_now(), tell=told.put)
            line = told.get(timeout=PATIENCE_S)
            # Nobody is kept from the table for longer than the migration waits at one time.
            with empty.begin() as reader:
                reader.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'"))
                assert reader.execute(text("SELECT FROM code_checks")).all() == []
            assert not upgrading.done()
        assert upgrading.result(PATIENCE_S) == revision.newest()
    assert "(a-dump, postgres, idle in transaction" in line
    assert "secret" not in line
    assert "\n" not in line
    assert revision.is_current(empty)


def test_a_migration_gives_up_in_one_line(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_WAIT_S", 0.2)
    monkeypatch.setattr(migrate, "GIVE_UP_AFTER_S", 0.0)
    migrate.upgrade(empty, clock.real_now())
    with empty.begin() as connection:
        command.downgrade(migrate.config(connection), "0013")
    with empty.begin() as holder:
        holder.execute(text("SELECT FROM code_checks"))
        with pytest.raises(OperatorError, match="has changed nothing; held by pid"):
            migrate.upgrade(empty, clock.real_now())
    assert not revision.is_current(empty)


FACTS = ("retry_kind", "ending", "number_fault", "return_reason", "recalled_at")


def test_the_facts_of_attempts_are_found_in_what_an_older_version_wrote(casework: CaseworkFixture, load: Load) -> None:
    """Words in `detail` and names of rules become columns, and the journal rebuilds them."""
    load()
    act(casework, case_with_visit(casework, number=5), "return", officer="A", reason=ReturnReason.OFFICER_UNAVAILABLE)
    casework.push(withdrawal(5))  # nobody looks for the next officer below
    casework.open(1, phones=[{"number": phone(1)}, {"number": phone(11)}])
    casework.deliver(Scripted([Permanent(Result.FAILED_PERMANENT, "invalid_number", number_fault=True)]))
    casework.open(2)
    casework.deliver(Scripted([Transient("busy")], name="a"), Scripted([Transient("busy")], name="b"))
    casework.open(3)
    casework.deliver(Scripted([InDoubt("timeout")], [NeverTaken()], name="a"))
    casework.pass_time(seconds=1)
    casework.deliver(Scripted([], [NeverTaken()], name="a"))
    casework.open(4, channels=["voice"], urgency="critical")
    casework.deliver(Scripted([Accepted("r", held=True)]))
    casework.push(withdrawal(4))
    before = facts(casework)
    assert {name for each in before.values() for name in FACTS if each[name]} == set(FACTS)

    write_as_0009(casework)
    engine = create_engine(casework.url)
    with engine.begin() as connection:
        command.downgrade(migrate.config(connection), "0009")
        command.upgrade(migrate.config(connection), "head")
    engine.dispose()
    after = facts(casework)
    assert [(before[key], after[key]) for key in before if before[key] != after[key]] == []
    assert casework.verdict().differences == []


def facts(casework: CaseworkFixture) -> dict[Any, dict[str, Any]]:
    return {row.id: {name: getattr(row, name) for name in (*FACTS, "detail")} for row in casework.rows(AttemptRow)}


def write_as_0009(casework: CaseworkFixture) -> None:
    """The journal as the version before 0010 would have written it."""

    def without_facts(_: UUID | None, changes: Changes) -> None:
        for columns in changes.get("attempts", {}).values():
            kept = {name: columns.pop(name, None) for name in FACTS}
            word = kept["ending"] or kept["return_reason"] or (kept["recalled_at"] and "recalled")
            columns |= {"detail": word} if word else {}
        for columns in changes.get("cases", {}).values():
            columns.pop("policy_digest", None)

    rewrite(casework, without_facts)


ROWS_OF_0016 = Path(__file__).with_name("rows_of_0016.sql")


@pytest.fixture
def migrated(empty: Engine, casework: CaseworkFixture) -> CaseworkFixture:
    """A database that the version of 0016 filled, brought to the newest schema."""
    with empty.begin() as connection:
        command.upgrade(migrate.config(connection), "0016")
        # As it stands: neither colons nor per cents of the rows are parameters.
        connection.connection.cursor().execute(ROWS_OF_0016.read_bytes())
    with empty.connect() as connection:
        waiting = "SELECT count(*) FROM cases WHERE state = 'open' AND waiting_for = 'centre' AND next_look_at IS NULL"
        assert connection.scalar(text(waiting)) == 2
        assert connection.scalar(text("SELECT count(*) FROM duties")) == 3
    migrate.upgrade(empty, clock.real_now())
    sessions = journal_changes.install(sessionmaker(empty, expire_on_commit=False))
    url = empty.url.render_as_string(hide_password=False)
    return CaseworkFixture(url, sessions, casework.context)


def test_what_waited_for_a_person_becomes_a_work_item(migrated: CaseworkFixture) -> None:
    """Of cases that waited, by a column of theirs, and of what was a duty."""
    assert migrated.verdict().differences == []
    too_late, nobody_took_it, closed, without_number, goes_on = (
        migrated.sql("SELECT case_id FROM instructions WHERE instruction_id = :name", name=f"YJ-{number}")[0][0]
        for number in (2, 1, 3, 4, 5)
    )
    assert [each.kind for each in migrated.items(without_number)] == ["number_request"]
    while migrated.advance():
        pass
    [ladder] = migrated.items(nobody_took_it)
    assert (ladder.kind, ladder.role, ladder.state) == ("ladder_exhausted", "centre", "open")
    assert [each.kind for each in migrated.items(too_late)] == ["expired"]
    assert [(each.kind, each.role, each.state) for each in migrated.items(closed)] == [
        ("follow_up", "officer", "open")
    ] * 2
    assert migrated.items(goes_on) == []
    numbers = [each.number for each in migrated.rows(WorkItemRow)]
    assert len(numbers) == len(set(numbers)) == 5
    assert all(each.due_at and each.climb_at for each in migrated.rows(WorkItemRow))
    [visit] = migrated.rows(VisitRow)
    assert visit.number == 1
    assert migrated.verdict().differences == []


@pytest.mark.parametrize("words", ["migrate", "log"])
def test_an_older_program_is_told_to_be_replaced_and_not_to_migrate(database: str, tmp_path: Path, words: str) -> None:
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    vault.make_keys(tmp_path / "keys.json")
    done = run_command(database, tmp_path, words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "older than the database" in done.stderr and "9999" in done.stderr
    assert "dispatcher migrate" not in done.stderr


def test_migrate_tells_of_a_key_file_that_others_can_read(database: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    vault.make_keys(keys)
    keys.chmod(0o644)
    done = run_command(database, tmp_path, "migrate")
    assert done.returncode == 0 and f"chmod 600 {keys}" in done.stderr


def run_command(database: str, home: Path, word: str) -> subprocess.CompletedProcess[str]:
    own = {"DISPATCHER_HOME": str(home), "DISPATCHER_DATABASE_URL": database, "DISPATCHER_REDIS_URL": "redis://x"}
    command = [sys.executable, "-m", "dispatcher.cli", word]
    return subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=300)
