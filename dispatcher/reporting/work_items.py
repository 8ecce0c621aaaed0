"""Work items as they are listed: those of a case, and those that still wait for somebody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatcher.engine.work_items import NEXT_STEPS
from dispatcher.errors import Refused
from dispatcher.store.base import equal_where_given
from dispatcher.store.cases import CaseRow, by_urgency
from dispatcher.store.visits import in_unit
from dispatcher.store.work_items import WorkItemRow
from schemas.read_models.work_items import OpenWorkItemLine, WorkItemLine
from schemas.refusals import RefusalCode
from schemas.vocabulary import Rung, Urgency, WorkItemKind

IS_OPEN = WorkItemRow.done_at.is_(None)
URGENCY = func.coalesce(CaseRow.urgency, WorkItemRow.urgency)
_PRESSING = NEXT_STEPS | {WorkItemKind.URGENT_REFUSED, WorkItemKind.PROVIDER_OUT}


@dataclass(frozen=True)
class Chosen:
    """Which of them to list; all of them where nothing is said. `unit`: a precinct, or a county with its precincts."""

    role: Rung | None = None
    unit: str | None = None
    urgency: Urgency | None = None
    kind: WorkItemKind | None = None
    case_id: UUID | None = None
    is_overdue: bool = False
    by: str | None = None  # taken by this person


def listed(session: Session, now: datetime, chosen: Chosen = Chosen()) -> Iterator[OpenWorkItemLine]:
    """What still waits for somebody: the most urgent first; of these what is overdue or holds a case up."""
    found = select(WorkItemRow, URGENCY).outerjoin(CaseRow, CaseRow.id == WorkItemRow.case_id)
    is_pressing = or_(WorkItemRow.due_at < now, WorkItemRow.kind.in_(_PRESSING))
    order = (by_urgency(URGENCY), is_pressing.desc(), WorkItemRow.due_at, WorkItemRow.id)
    rows = session.execute(found.where(IS_OPEN, *_conditions(chosen, now)).order_by(*order))
    for row, urgency in rows.tuples():
        yield open_work_item_line(row, urgency, now)


def _conditions(chosen: Chosen, now: datetime) -> Iterator[ColumnElement[bool]]:
    yield from equal_where_given(
        (WorkItemRow.role, chosen.role),
        (WorkItemRow.kind, chosen.kind),
        (WorkItemRow.case_id, chosen.case_id),
        (WorkItemRow.taken_by, chosen.by),
        (URGENCY, chosen.urgency),
    )
    if chosen.unit is not None:
        yield in_unit(WorkItemRow.unit, chosen.unit)
    if chosen.is_overdue:
        yield WorkItemRow.due_at < now


def has_next_step(case_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """The case waits for a person, and nothing else need be to come."""
    return exists().where(and_(WorkItemRow.case_id == case_id, IS_OPEN, WorkItemRow.kind.in_(NEXT_STEPS)))


def waiting_for(session: Session, case_id: UUID) -> Rung | None:
    """Whom an open case waits for: of several items that of the highest role."""
    found = select(WorkItemRow.role).where(WorkItemRow.case_id == case_id, IS_OPEN, WorkItemRow.kind.in_(NEXT_STEPS))
    return max(session.scalars(found), key=list(Rung).index, default=None)


def work_item(session: Session, item_id: UUID) -> WorkItemLine:
    """One of them, done or not. Raises Refused."""
    row = session.get(WorkItemRow, item_id)
    if row is None:
        raise Refused(RefusalCode.NO_WORK_ITEM, work_item=str(item_id))
    return work_item_line(row)


def work_item_line(row: WorkItemRow) -> WorkItemLine:
    """One work item as programs and people read it."""
    return WorkItemLine(
        duty=row.id,
        number=row.number,
        case=row.case_id,
        kind=row.kind,
        state=row.state,
        rule=row.rule,
        role=row.role,
        unit=row.unit,
        opened_at=row.planned_at,
        due_at=row.due_at,
        climbs=row.climbs,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
        done_at=row.done_at,
        done_by=row.done_by,
        outcome=row.outcome,
        loss_yuan=row.loss_yuan,
        about=_about(row),
    )


def _about(row: WorkItemRow) -> str | None:
    """What one without a case is about: the line in quarantine, the provider, the unit."""
    if row.case_id is not None:
        return None
    return str(row.about) if row.about is not None else row.cause.partition(":")[2]


def open_work_item_line(row: WorkItemRow, urgency: Urgency, now: datetime) -> OpenWorkItemLine:
    """One that is still to be done, and whether it is late."""
    return OpenWorkItemLine(**dict(work_item_line(row)), urgency=urgency, overdue=row.due_at < now)
