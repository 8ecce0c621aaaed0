"""Cases as they are listed: what comes next in each, and when, or whom it waits for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from dispatcher.engine.work_items import NEXT_STEPS
from dispatcher.reporting.log import instruction_ids
from dispatcher.reporting.visits import IS_OPEN as VISIT_IS_OPEN
from dispatcher.reporting.work_items import IS_OPEN, has_next_step
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import equal_where_given, in_array
from dispatcher.store.cases import AddressRow, CaseRow, by_urgency
from dispatcher.store.visits import VisitRow, in_unit
from dispatcher.store.work_items import WorkItemRow
from schemas.read_models.cases import CaseLine
from schemas.vocabulary import CaseState, Urgency


@dataclass(frozen=True)
class Chosen:
    """Which cases to list; those that are open where nothing is said. `unit`: a precinct, or a county with its own."""

    state: CaseState = CaseState.OPEN
    urgency: Urgency | None = None
    fraud_type: str | None = None
    unit: str | None = None
    is_overdue: bool = False  # something of it waits for a person past its time
    limit: int = 1000


def cases(session: Session, now: datetime, chosen: Chosen = Chosen()) -> list[CaseLine]:
    """Cases, those that wait for a person first, of these and of the rest the most urgent, then the oldest."""
    late = exists().where(WorkItemRow.case_id == CaseRow.id, IS_OPEN, WorkItemRow.due_at < now)
    found = select(CaseRow).where(*_conditions(chosen))
    if chosen.is_overdue:
        found = found.where(late)
    order = (or_(late, has_next_step(CaseRow.id)).desc(), by_urgency(CaseRow.urgency), CaseRow.opened_at)
    rows = session.scalars(found.order_by(*order).limit(chosen.limit)).all()
    ids = {row.id for row in rows}
    names, items = instruction_ids(session, ids), _items(session, ids)
    due, units = dict(session.execute(_next_attempts(ids)).tuples().all()), _units(session, ids)
    return [
        _line(row, names[row.id], items.get(row.id, []), due.get(row.id), units.get(row.id, []), now) for row in rows
    ]


def _conditions(chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    yield from equal_where_given(
        (CaseRow.state, chosen.state), (CaseRow.urgency, chosen.urgency), (CaseRow.fraud_type, chosen.fraud_type)
    )
    if chosen.unit is not None:
        lives_there = AddressRow.case_id == CaseRow.id, in_unit(AddressRow.precinct_code, chosen.unit)
        is_visited = VisitRow.case_id == CaseRow.id, VISIT_IS_OPEN, in_unit(VisitRow.precinct_code, chosen.unit)
        yield or_(exists().where(*lives_there), exists().where(*is_visited))


def _items(session: Session, ids: set[UUID]) -> dict[UUID, list[WorkItemRow]]:
    found: dict[UUID, list[WorkItemRow]] = {}
    for item in session.scalars(select(WorkItemRow).where(in_array(WorkItemRow.case_id, ids), IS_OPEN)):
        if item.case_id is None:
            continue
        found.setdefault(item.case_id, []).append(item)
    return found


def _units(session: Session, ids: set[UUID]) -> dict[UUID, list[str]]:
    """Of an open visit, then of each address, in their order."""
    of_visits = select(VisitRow.case_id, VisitRow.precinct_code).where(in_array(VisitRow.case_id, ids), VISIT_IS_OPEN)
    of_places = select(AddressRow.case_id, AddressRow.precinct_code).where(in_array(AddressRow.case_id, ids))
    in_order = of_places.order_by(AddressRow.retired_at.is_not(None), AddressRow.position, AddressRow.id)
    found: dict[UUID, list[str]] = {}
    for case_id, unit in (*session.execute(of_visits).tuples(), *session.execute(in_order).tuples()):
        units = found.setdefault(case_id, [])
        if unit is not None and unit not in units:
            units.append(unit)
    return found


def _next_attempts(ids: set[UUID]) -> Select[UUID, datetime]:
    of_these = in_array(AttemptRow.case_id, ids)
    found = select(AttemptRow.case_id, func.min(AttemptRow.due_at)).where(of_these, AttemptRow.action.is_not(None))
    return found.group_by(AttemptRow.case_id)


def _line(
    row: CaseRow,
    names: list[str],
    items: list[WorkItemRow],
    attempt_at: datetime | None,
    units: list[str],
    now: datetime,
) -> CaseLine:
    moments = [at for at in (attempt_at, row.next_look_at) if at is not None]
    waits = [item for item in items if item.kind in NEXT_STEPS or item.due_at < now or not moments]
    waits.sort(key=lambda item: (item.kind not in NEXT_STEPS, item.due_at))
    return CaseLine(
        case=row.id,
        instructions=names,
        urgency=row.urgency,
        state=row.state,
        resolution=row.resolution,
        fraud_type=row.fraud_type,
        opened_at=row.opened_at,
        paused=row.paused_at is not None,
        next_at=min(moments, default=None),
        waits_for=waits[0].kind if waits else None,
        waiting_for=waits[0].role if waits else None,
        items=len(items),
        overdue=any(item.due_at < now for item in items),
        due_at=waits[0].due_at if waits else None,
        units=units,
    )
