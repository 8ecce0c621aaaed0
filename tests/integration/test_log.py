"""The dissuasion log page by page, from either end."""

from itertools import pairwise

import pytest
from casework_fixture import CaseworkFixture, Scripted
from sqlalchemy.orm import Session

from dispatcher.reporting import log
from providers.base import Answered
from schemas.read_models.log import LogLine
from schemas.vocabulary import Result


@pytest.fixture
def session(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Three cases whose lines take several pages; many were planned at one moment."""
    monkeypatch.setattr(log, "PAGE", 2)
    for number in range(1, 4):
        casework.open(number, channels=["sms", "voice"])
    for _ in range(3):
        casework.deliver(Scripted([Answered(Result.BUSY)] * 9))
        casework.pass_time(minutes=6)
    return casework.sessions()


def lines(session: Session, filters: log.Filters = log.Filters(), *, newest_first: bool = False) -> list[LogLine]:
    with session:
        return list(log.log(session, filters, newest_first=newest_first))


def test_every_attempt_is_one_line_in_the_order_in_which_they_were_planned(session: Session) -> None:
    found = lines(session)
    assert len({line.attempt for line in found}) == len(found) > 8
    assert all((one.planned_at, one.attempt) < (other.planned_at, other.attempt) for one, other in pairwise(found))


def test_the_newest_come_first_where_that_is_asked(session: Session) -> None:
    assert lines(session, newest_first=True) == lines(session)[::-1]


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(session: Session) -> None:
    times = sorted({line.planned_at for line in lines(session)})
    chosen = log.Filters(since=times[1], until=times[-1])
    assert {line.planned_at for line in lines(session, chosen)} == set(times[1:-1])
