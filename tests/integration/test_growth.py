"""Copies of cases that ran: people of their own, with a journal that rebuilds them, on whom each step is measured."""

import json
from pathlib import Path

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, phone
from sqlalchemy import text
from visits_fixture import STAFF, UNITS, Load, act, case_with_visit

from dispatcher import policy, texts, vault
from dispatcher.bench import case_copies, growth, growth_data
from dispatcher.bench.growth import DELIVERY, READS, measure
from dispatcher.bench.growth_data import Prepared
from dispatcher.casework.context import Context
from dispatcher.clock import Clock
from dispatcher.reporting import verify
from dispatcher.store import engine, journal_form
from dispatcher.visits import roster
from dispatcher.wake import Silent
from providers.base import Permanent
from schemas.roster import Roster
from schemas.vocabulary import Result
from tests.conftest import NewDatabase

ATTEMPTS = 2000
ROWS_OF_A_CASE = 10_000  # bytes; 9,676 when it was set


@pytest.fixture
def prepared(
    casework: CaseworkFixture, load: Load, new_database: NewDatabase, template: str, tmp_path: Path
) -> Prepared:
    """Copies of three cases: met at the door, a number gone bad, a false alarm."""
    load()
    met = case_with_visit(casework, number=1, channels=["sms", "voice", "visit"])
    casework.deliver(Scripted())
    act(casework, met, "accept")
    act(casework, met, "report", result=Result.MET_DISSUADED)
    casework.open(2, phones=[{"number": phone(2)}, {"number": phone(22)}])
    casework.deliver(Scripted([Permanent(Result.INVALID_NUMBER, "no such number")]))
    casework.push(event("feedback", 2, outcome="NOT_A_VICTIM"))
    casework.clear_leases()
    for attempt in casework.attempts(met):
        if attempt.state == "accepted":
            casework.receipt(attempt.send_key, Result.DELIVERED)
    while casework.deliver(Scripted()):
        pass
    with casework.sessions.kw["bind"].begin() as connection:
        templates = case_copies.read(connection)
    assert len(templates) == 2
    url = new_database(template)
    context = Context(
        policy.load(), vault.load(tmp_path / "keys.json", make=True), Clock("real"), texts.load(), Silent()
    )
    made = Prepared(tmp_path, url, engine.engine(url), engine.sessions(url), context)
    growth_data.write(made.engine, ATTEMPTS, templates, lambda done, of: None)
    officers = [{"badge": badge, "unit": unit, "role": role, "duty": ["00:00-24:00"]} for badge, unit, role in STAFF]
    with made.sessions.begin() as session:
        context.vault.check(session)
        roster.store(session, Roster.model_validate({"units": UNITS, "officers": officers}))
    return made


def test_the_journal_of_copies_rebuilds_them(prepared: Prepared) -> None:
    with prepared.sessions() as session:
        verdict = list(verify.compare(session))[-1]
    assert verdict.differences == []
    assert verdict.cases > 300


def test_copies_are_people_and_messages_of_their_own_over_a_year(prepared: Prepared) -> None:
    with prepared.sessions() as session:
        [counts] = session.execute(
            text(
                "SELECT (SELECT count(*) FROM cases), (SELECT count(DISTINCT digest) FROM phones WHERE position = 0 "
                "AND party = 'subject'), (SELECT count(DISTINCT (id_digest)) FROM subjects), "
                "(SELECT count(DISTINCT instruction_id) FROM instructions)"
            )
        )
        assert len(set(counts)) == 1
        months = "SELECT count(DISTINCT tableoid) FROM attempts"
        assert session.scalar(text(months)) >= 12
        late = "SELECT count(*) FROM attempts WHERE planned_at > now() OR planned_at < now() - interval '367 days'"
        assert session.scalar(text(late)) == 0
        planned = session.execute(text("SELECT id, planned_at FROM attempts")).tuples()
        # An id of version 7 leads with its milliseconds.
        assert all(abs((key.int >> 80) / 1000 - at.timestamp()) < 1 for key, at in planned)
        assert session.scalar(text("SELECT count(*) FROM attempts_rest")) == 0


def test_a_case_takes_no_more_bytes_than_it_did(prepared: Prepared) -> None:
    """Rows without their pages and indexes, of which the smallest databases have more than large ones."""
    tables = [table for table in case_copies.TABLES if table != "bad_numbers"]
    rows = " UNION ALL ".join(f"SELECT pg_column_size(t.*) AS bytes FROM {table} t" for table in tables)  # noqa: S608
    with prepared.sessions() as session:
        cases = session.scalar(text("SELECT count(*) FROM cases"))
        taken = session.scalar(text(f"SELECT sum(bytes) FROM ({rows}) AS each"))  # noqa: S608
        assert taken / cases < ROWS_OF_A_CASE
        changes = session.execute(text("SELECT case_id, at, data, changes FROM journal WHERE changes IS NOT NULL"))
        as_json = sum(len(json.dumps(journal_form.unpack(row[3], *row[:3]))) - len(row[3]) for row in changes)
        assert (taken + as_json) / cases > 1.3 * ROWS_OF_A_CASE, "this test notices the form before"


def test_every_step_is_measured_and_leaves_the_copies_as_they_were(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "BATCH", 10)
    [found] = measure([prepared], 1, rebuild=True, tell=lambda text: None)
    assert set(found.ms) == {*DELIVERY, *READS}
    assert (found.rebuild_mb or 0) > 0
    assert found.bytes_a_case > 1000
