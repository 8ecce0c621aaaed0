"""Links: an attempt whose provider holds a line goes to the lane of that line, which one worker serves."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, select

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.wake import LINK, lane_of, link_lane
from providers.base import Provider
from providers.registry import Registry
from schemas.vocabulary import Action


def are_of_a_link(lanes: Collection[str]) -> bool:
    """Whether these are the lanes of a link: its own one, and no other."""
    return any(each.startswith(LINK) for each in lanes)


def belongs_elsewhere(provider: Provider, lanes: Collection[str]) -> bool:
    """Whether what is to be done at this provider is for its link to do, and these lanes are others."""
    return provider.capabilities.linked and link_lane(provider.name) not in lanes


def hand_over(work: UnitOfWork, attempt: AttemptRow, case: CaseRow, provider: Provider) -> None:
    """Put an attempt on its link's lane, its provider settled."""
    attempt.lane, attempt.provider = link_lane(provider.name), provider.name
    _note(work, attempt, case, "attempt_handed_over")
    work.wake(attempt.lane)


def give_back(work: UnitOfWork, names: Collection[str]) -> None:
    """Have what waits for these providers' links chosen anew. What was sent already is asked about where it was."""
    lanes = [link_lane(name) for name in names]
    if lanes:
        _to_general_lanes(work, and_(AttemptRow.action == Action.SEND, AttemptRow.lane.in_(lanes)))


def take_back(work: UnitOfWork, registry: Registry) -> int:
    """Give what waits for links that are gone from PROVIDERS_FILE back to the general lanes. Returns how many."""
    links = [link_lane(name) for name in registry.links()]
    lost = and_(AttemptRow.lane.startswith(LINK), AttemptRow.lane.not_in(links))
    return _to_general_lanes(work, lost)


def _to_general_lanes(work: UnitOfWork, which: ColumnElement[bool]) -> int:
    found = (
        select(AttemptRow, CaseRow)
        .join(CaseRow, CaseRow.id == AttemptRow.case_id)
        .where(AttemptRow.action.is_not(None), which)
        .with_for_update(skip_locked=True, key_share=True, of=[AttemptRow, CaseRow])
    )
    rows = work.session.execute(found).tuples().all()
    for attempt, case in rows:
        attempt.lane = lane_of(attempt.urgency_rank)
        _note(work, attempt, case, "attempt_taken_back")
    return len(rows)


def _note(work: UnitOfWork, attempt: AttemptRow, case: CaseRow, event: str) -> None:
    data = {"attempt": str(attempt.id), "channel": attempt.channel, "provider": attempt.provider, "lane": attempt.lane}
    work.note(case, event, data, actor="worker")
