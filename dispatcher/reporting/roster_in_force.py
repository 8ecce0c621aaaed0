"""The roster that is in force, as a start tells it: how many are on it, and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.store.journal import JournalRow
from dispatcher.store.partitions import first_id
from dispatcher.store.visits import OfficerRow

# Among the entries without a case are those of each call of the API: nobody's start reads through a year of them.
_LOOKED_BACK = timedelta(days=8)


@dataclass(frozen=True)
class RosterInForce:
    """`loaded_at`: None where that is longer ago than `looked_since`."""

    officers: int
    loaded_at: datetime | None
    looked_since: datetime


def roster_in_force(session: Session) -> RosterInForce:
    """Officers with a shift; who has none is off the roster."""
    since = clock.real_now() - _LOOKED_BACK
    officers = session.scalar(select(func.count()).where(func.cardinality(OfficerRow.duty) > 0)) or 0
    loaded = (
        select(JournalRow.written_at)
        .where(JournalRow.case_id.is_(None), JournalRow.id >= first_id(since), JournalRow.event == "roster_loaded")
        .order_by(JournalRow.id.desc())
        .limit(1)
    )
    return RosterInForce(officers, session.scalar(loaded), since)
