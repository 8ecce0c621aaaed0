"""A PostgreSQL that only reads, as a standby or a demoted primary does: away for what writes, there for what reads."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress

import pytest
from casework_fixture import CaseworkFixture, instruction
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from dispatcher.casework import set_aside, unit_of_work
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.clock import Clock
from dispatcher.delivery import due, receipts
from dispatcher.intake import lines
from dispatcher.reporting import case as case_report
from dispatcher.reporting import log, verify
from dispatcher.reporting.log import Filters
from dispatcher.store import engine
from dispatcher.store.cases import CaseRow
from dispatcher.store.outages import unreachable
from schemas.vocabulary import Urgency


@pytest.fixture
def reading(casework: CaseworkFixture) -> Iterator[sessionmaker[Session]]:
    """Sessions on the fixture's database, to which it refuses every write."""
    joint = "&" if "?" in casework.url else "?"
    url = f"{casework.url}{joint}options=-c%20default_transaction_read_only%3Don"
    yield engine.sessions(url)
    engine.engine(url).dispose()


def test_whatever_writes_meets_an_outage(casework: CaseworkFixture, reading: sessionmaker[Session]) -> None:
    case_id = casework.open()
    with pytest.raises(OperationalError) as caught, reading.begin() as session:
        session.execute(update(CaseRow).values(urgency=Urgency.LOW))
    assert set_aside.is_outage(caught.value)
    assert caught.value.connection_invalidated
    assert "read-only" in str(unreachable(caught.value))
    assert casework.case(case_id).urgency == "high"


def test_no_line_is_refused_and_no_case_set_aside_for_it(
    casework: CaseworkFixture, reading: sessionmaker[Session]
) -> None:
    """What waits for a primary is nobody's fault: neither the line's nor the case's."""
    casework.open()

    def begin(**given: bool) -> AbstractContextManager[UnitOfWork]:
        return unit_of_work.begin(reading, casework.context, **given)

    with pytest.raises(OperationalError):
        lines.take_line(begin, json.dumps(instruction(2)).encode(), door="test")
    casework.pass_time(hours=5)
    for batch in (due.ADVANCING, due.EXPIRING, receipts.SETTLING):
        with suppress(OperationalError):  # only where there is something to write
            set_aside.run(begin, batch)
    assert casework.quarantined() == []
    assert casework.sql("SELECT * FROM set_aside") == []


def test_a_start_and_a_report_need_no_writing(casework: CaseworkFixture, reading: sessionmaker[Session]) -> None:
    case_id = casework.open()
    with casework.sessions.begin() as session:
        casework.context.vault.check(session)
    with reading.begin() as session:
        casework.context.vault.check(session)
        Clock(casework.context.clock.spec).start(session)
    with reading() as session:
        assert [line.case for line in log.log(session, Filters())] == [case_id]
        assert case_report.case_report(session, case_id).case == case_id
        assert session.scalar(select(CaseRow.id)) == case_id
    with reading() as session:
        assert list(verify.compare(session))[-1].differences == []
