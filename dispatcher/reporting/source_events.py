"""What sources were told of their cases, in its order."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.store.base import in_array
from dispatcher.store.source_events import SourceEventRow
from schemas.read_models.source_events import TYPE, CloudEvent, SourceEvents, ToldOfCase, sequence


def page(session: Session, systems: Collection[str], *, after: int, limit: int) -> SourceEvents:
    """Events of these sources behind a position. None comes later that stands before one that was read."""
    behind = in_array(SourceEventRow.system, systems), SourceEventRow.position > after
    found = select(SourceEventRow).where(*behind).order_by(SourceEventRow.position).limit(limit)
    items = [as_cloud_event(row) for row in session.scalars(found)]
    return SourceEvents(items=items, next=items[-1].sequence if items else sequence(after))


def as_cloud_event(row: SourceEventRow) -> CloudEvent:
    """An event that has a position."""
    return CloudEvent(
        id=row.id,
        type=TYPE + row.type,
        subject=row.case_id,
        time=row.at,
        sequence=sequence(row.position or 0),
        data=ToldOfCase(system=row.system, case=row.case_id, instructions=row.instructions, details=row.data),
    )
