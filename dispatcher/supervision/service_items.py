"""Work items without a case: an urgent line that was refused, a provider out of use, a shift with nobody on duty.

Each follows from rows that stand elsewhere, so that none can be lost: what is wanted is compared with what is open,
again and again, by the sweep.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from dispatcher.casework import snapshot
from dispatcher.casework.breaker import OUT_OF_USE
from dispatcher.casework.moves import add_work_item, bring_work_item_forward, climb_work_item, end_work_item
from dispatcher.casework.unit_of_work import ENGINE, UnitOfWork
from dispatcher.engine.decisions import OpenWorkItem
from dispatcher.engine.work_items import brought_forward, climb
from dispatcher.intake import early
from dispatcher.store import advisory_locks
from dispatcher.store.base import in_array, new_id
from dispatcher.store.instructions import QuarantineRow
from dispatcher.store.providers import ProviderRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits import shifts
from schemas.vocabulary import IntakeStatus, Rung, Urgency, WorkItemKind, WorkItemState

_MOST_AT_ONCE = 200  # opened in one transaction; the next look opens more
_WAITS = (
    QuarantineRow.status == IntakeStatus.REFUSED,
    QuarantineRow.urgency.is_not(None),
    QuarantineRow.pushed_again_at.is_(None),
    QuarantineRow.decided_at.is_(None),
)
_GAP_STANDS_FOR = timedelta(days=7)  # how long a gap that somebody calls right is not told again


@dataclass(frozen=True)
class Wanted:
    """What somebody has to see to. `since`: what was said to be done before that is not asked for anew."""

    kind: WorkItemKind
    cause: str
    urgency: Urgency
    due_at: datetime
    since: datetime
    unit: str | None = None
    about: UUID | None = None
    role: Rung | None = None  # where it is not whom its kind names


def tend(work: UnitOfWork) -> None:
    """Refused lines and providers: what is asked for newly is opened, what is over ends, what is overdue climbs."""
    _compare(work, (WorkItemKind.URGENT_REFUSED,), _refused(work))
    _compare(work, (WorkItemKind.PROVIDER_OUT,), _out_of_use(work))


def tend_shifts(work: UnitOfWork) -> None:
    """The same for shifts; the whole roster is read for it."""
    _compare(work, (WorkItemKind.EMPTY_SHIFT,), _empty_shifts(work))


def _compare(work: UnitOfWork, kinds: Collection[WorkItemKind], asked_for: Iterable[Wanted]) -> None:
    advisory_locks.lock(work.session, [advisory_locks.SERVICE_ITEMS])  # before they are read: of two, one opens each
    wanted = {each.cause: each for each in asked_for}  # of several with one cause the newest
    of_these = select(WorkItemRow).where(WorkItemRow.case_id.is_(None), WorkItemRow.kind.in_(kinds))
    is_open = WorkItemRow.done_at.is_(None)
    standing = work.session.scalars(of_these.where(is_open).order_by(WorkItemRow.id).with_for_update()).all()
    for item in standing:
        if item.cause not in wanted:
            end_work_item(work, None, item, WorkItemState.DONE, rule="item_resolved")
        elif item.climb_at <= work.now:
            urgency = item.urgency or Urgency.LOW
            decided = climb(snapshot.work_item(item), urgency, work.context.policy, work.now, is_pressing=True)
            climb_work_item(work, None, item, decided)
        elif sooner := brought_forward(snapshot.work_item(item), wanted[item.cause].urgency, wanted[item.cause].due_at):
            bring_work_item_forward(work, None, item, sooner)
    missing = wanted.keys() - {item.cause for item in standing}
    if not missing:
        return
    ended = work.session.scalars(of_these.where(in_array(WorkItemRow.cause, missing), WorkItemRow.done_by != ENGINE))
    said_done = {item.cause: item.done_at for item in ended if item.done_at is not None}
    to_open = (wanted[each] for each in missing if each not in said_done or said_done[each] <= wanted[each].since)
    for each in sorted(to_open, key=lambda each: (each.urgency.rank, each.due_at, each.cause))[:_MOST_AT_ONCE]:
        _open(work, each)


def _open(work: UnitOfWork, wanted: Wanted) -> None:
    about = str(wanted.about) if wanted.about is not None else None
    opened = OpenWorkItem(wanted.kind, wanted.kind, wanted.due_at, wanted.cause, wanted.role, about)
    add_work_item(work, None, opened, new_id(), wanted.unit, urgency=wanted.urgency)


def _refused(work: UnitOfWork) -> Iterator[Wanted]:
    """Urgent lines that were refused and not pushed again since; of one instruction that is refused often, one."""
    for row in work.session.scalars(select(QuarantineRow).where(*_WAITS).order_by(QuarantineRow.value_id)):
        urgency = row.urgency or Urgency.HIGH
        due_at = work.context.policy.answer_by(urgency, row.received_at)
        cause = early.refused_cause(row)
        yield Wanted(WorkItemKind.URGENT_REFUSED, cause, urgency, due_at, row.received_at, about=row.id)


def settle_refused(work: UnitOfWork, item: WorkItemRow) -> None:
    """Somebody has seen to a refused line: it, and the same instruction refused before, wait no longer."""
    line = work.session.get_one(QuarantineRow, item.about)
    same = QuarantineRow.id == line.id if line.awaits is None else QuarantineRow.awaits == line.awaits
    work.session.execute(update(QuarantineRow).where(*_WAITS, same).values(decided_at=work.now))


def _out_of_use(work: UnitOfWork) -> Iterator[Wanted]:
    """Providers that their breaker or a fault has taken out of use; whoever paused one knows of it."""
    for row in work.session.scalars(select(ProviderRow).order_by(ProviderRow.name)):
        if row.health in OUT_OF_USE:
            due_at = work.context.policy.answer_by(Urgency.HIGH, work.now)
            yield Wanted(WorkItemKind.PROVIDER_OUT, f"provider:{row.name}", Urgency.HIGH, due_at, work.now)


def _empty_shifts(work: UnitOfWork) -> Iterator[Wanted]:
    for gap in shifts.gaps_ahead(work):
        cause = f"shift:{gap.unit or '*'} {gap.begin}-{gap.end}"
        since = work.now - _GAP_STANDS_FOR
        role = Rung.CENTRE if gap.unit is None else None
        yield Wanted(WorkItemKind.EMPTY_SHIFT, cause, Urgency.MEDIUM, gap.starts_at, since, gap.unit, role=role)
