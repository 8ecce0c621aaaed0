"""The statements of every day find their rows by an index, however PostgreSQL plans them.

The second plan is the one for all parameters, to which PostgreSQL goes over by itself after some calls. It can use a
partial index only where the index's condition stands in the statement's text.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted, instruction
from psycopg.sql import Literal
from sqlalchemy import event, text
from visits_fixture import Load, act, case_with_visit

from dispatcher.bench import case_copies, growth_data
from dispatcher.delivery import due
from dispatcher.reporting import kpi, log
from dispatcher.reporting.case import case_report
from dispatcher.reporting.kpi_groups import By
from dispatcher.reporting.visits import visits
from dispatcher.supervision import policy_change
from schemas.vocabulary import Result, Rung

ATTEMPTS = 20_000
MODES = ("force_custom_plan", "force_generic_plan")
CHANNELS = ["sms", "voice", "broadcast"]
Asked = list[tuple[str, Any]]


@pytest.fixture(autouse=True)
def mirror() -> None:
    """Without the comparison that reads each case again: only what the product asks is looked at here."""


@pytest.fixture
def grown(casework: CaseworkFixture, load: Load) -> CaseworkFixture:
    """Casework with a year of cases that have ended: copies of one that was closed at the door."""
    load()
    case_id = case_with_visit(casework, channels=["sms", "visit"])
    for attempt in casework.attempts(case_id, "sms"):
        casework.deliver(Scripted())
        casework.receipt(attempt.send_key, Result.DELIVERED)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    engine = casework.sessions.kw["bind"]
    with engine.begin() as connection:
        templates = case_copies.read(connection)
    growth_data.write(engine, ATTEMPTS, templates, lambda done, of: None)
    casework.is_tampered = True  # too many to compare them here
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    return casework


def test_no_statement_scans_a_table_that_grows(grown: CaseworkFixture) -> None:
    scans = set()
    for name, step in steps(grown):
        statements = asked(grown, step)
        settings = [each for each in statements if "set_config" in each[0]]
        scans |= {
            (name, mode, table, statement)
            for statement, parameters in statements
            for mode in MODES
            for table in scanned(grown, statement, parameters, mode, settings)
        }
    assert scans == set()


def steps(casework: CaseworkFixture) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "intake", lambda: [casework.push(instruction(n, channels=CHANNELS)) for n in range(2, 12)]
    yield "look", lambda: look(casework)
    calls: list[Any] = []
    yield "claim", lambda: calls.extend(casework.claim(Scripted()))
    yield "lapse", lambda: expire(casework)
    yield "record", lambda: record(casework, calls)
    yield "settle", lambda: [casework.receipt(call.send_key, Result.DELIVERED) for call in calls]
    yield "advance", lambda: casework.pass_time(minutes=1)
    yield "anew", lambda: decide_anew(casework)
    yield "log", lambda: read_log(casework)
    yield "visits", lambda: read(casework, lambda session: visits(session, tuple(Rung), casework.now))
    yield "kpi", lambda: read_kpis(casework)
    yield "case", lambda: read(casework, lambda session: case_report(session, calls[0].case_id))


def decide_anew(casework: CaseworkFixture) -> None:
    with casework.begin() as work:
        policy_change.decide_anew(work)


def look(casework: CaseworkFixture) -> None:
    with casework.begin() as work:
        due.find_due_work(work)


def expire(casework: CaseworkFixture) -> None:
    with casework.begin() as work:
        due.expire_leases(work)


def record(casework: CaseworkFixture, calls: list[Any]) -> None:
    from dispatcher.delivery.provider_call import CallResult
    from providers.base import Accepted

    casework.record(*(CallResult(call, Accepted(call.send_key)) for call in calls))


def read(casework: CaseworkFixture, report: Callable[..., object]) -> None:
    with casework.sessions() as session:
        report(session)


def read_log(casework: CaseworkFixture) -> None:
    [(last,)] = casework.sql("SELECT max(planned_at) FROM attempts")
    since = log.Filters(since=last - timedelta(days=1))
    for chosen in (since, log.Filters()):
        read(casework, lambda session, chosen=chosen: list(islice(log.log(session, chosen, newest_first=True), 1000)))


def read_kpis(casework: CaseworkFixture) -> None:
    """Those of a day; of a year all is read."""
    [(last,)] = casework.sql("SELECT max(opened_at) FROM cases")
    since = last - timedelta(days=1)
    for by in (None, *By):
        read(casework, lambda session, by=by: kpi.kpis(session, last, since=since, until=last, by=by))


def asked(casework: CaseworkFixture, step: Callable[[], object]) -> Asked:
    """What the step asks of the database, each statement once."""
    found: dict[str, Any] = {}

    def note(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE", "WITH")):
            found.setdefault(statement, parameters[0] if isinstance(parameters, list) else parameters)

    engine = casework.sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", note)
    try:
        step()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert found
    return list(found.items())


def scanned(casework: CaseworkFixture, statement: str, parameters: Any, mode: str, settings: Asked) -> set[str]:
    """The tables of many rows that this statement is planned to scan, under what its transaction has set."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statement).replace("%%", "%")
    with casework.sessions.kw["bind"].begin() as connection:
        cursor = connection.connection.cursor()
        for each in settings:
            cursor.execute(*each)
        cursor.execute(f"SET LOCAL plan_cache_mode = {mode}")
        cursor.execute(f"PREPARE asked AS {numbered}")
        given = ", ".join(Literal(parameters[name]).as_string(cursor) for name in names)
        cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE asked{f'({given})' if given else ''}")
        [[[plan]]] = cursor.fetchall()
        cursor.execute("DEALLOCATE asked")
        cursor.execute("SELECT relname FROM pg_class WHERE reltuples > 500")
        large = {name for (name,) in cursor.fetchall()}
    return {node["Relation Name"] for node in nodes(plan["Plan"]) if node["Node Type"] == "Seq Scan"} & large


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
