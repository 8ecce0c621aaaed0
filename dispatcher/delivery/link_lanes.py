"""Links: an attempt whose provider holds a line goes to the lane of that line, which one worker serves."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, event, select
from sqlalchemy.orm import Session

from dispatcher.casework.carry_out import lane_of
from dispatcher.casework.case_file import entry
from dispatcher.casework.context import Context
from dispatcher.store import journal_changes
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.wake import LINK, link_lane
from providers.base import Provider
from providers.registry import Registry


def belongs_elsewhere(provider: Provider, lane: str) -> bool:
    """Whether what is to be done at this provider is for its link to do, and this lane is another."""
    return provider.capabilities.linked and lane != link_lane(provider.name)


def hand_over(
    session: Session, context: Context, attempt: AttemptRow, case: CaseRow, provider: Provider, now: datetime
) -> None:
    """Put an attempt on its link's lane, its provider settled; ring there once that is committed."""
    attempt.lane, attempt.provider = link_lane(provider.name), provider.name
    _note(session, attempt, case, now, "attempt_handed_over")
    lane = attempt.lane
    event.listen(session, "after_commit", lambda _: context.wake.deliver(lane), once=True)


def give_back(session: Session, context: Context, names: Collection[str]) -> None:
    """Have what waits for these providers' links chosen anew. What was sent already is asked about where it was."""
    lanes = [link_lane(name) for name in names]
    if lanes:
        _to_general_lanes(session, context, and_(AttemptRow.action == "send", AttemptRow.lane.in_(lanes)))


def take_back(session: Session, context: Context, registry: Registry) -> int:
    """Give what waits for links that are gone from PROVIDERS_FILE back to the general lanes. Gives how many."""
    links = [link_lane(name) for name in registry.links()]
    lost = and_(AttemptRow.lane.startswith(LINK), AttemptRow.lane.not_in(links))
    return _to_general_lanes(session, context, lost)


def _to_general_lanes(session: Session, context: Context, which: ColumnElement[bool]) -> int:
    found = (
        select(AttemptRow, CaseRow)
        .join(CaseRow, CaseRow.id == AttemptRow.case_id)
        .where(AttemptRow.action.is_not(None), which)
        .with_for_update(skip_locked=True, key_share=True, of=[AttemptRow, CaseRow])
    )
    rows, now = session.execute(found).tuples().all(), context.clock.now(session)
    for attempt, case in rows:
        attempt.lane = lane_of(attempt.urgency_rank)
        _note(session, attempt, case, now, "attempt_taken_back")
    return len(rows)


def _note(session: Session, attempt: AttemptRow, case: CaseRow, now: datetime, what: str) -> None:
    case.journal_seq += 1
    data = {"attempt": str(attempt.id), "channel": attempt.channel, "provider": attempt.provider, "lane": attempt.lane}
    journal_changes.write(session, entry(case.id, case.journal_seq, now, "worker", what, None, data))
