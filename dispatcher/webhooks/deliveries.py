"""Events on their way to endpoints: entered when they get their positions, due one after the other in each case."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import any_, func, insert, literal, not_, select, tuple_
from sqlalchemy.orm import Session, aliased

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.reporting.source_events import as_cloud_event
from dispatcher.store import source_events
from dispatcher.store.base import constant, in_array
from dispatcher.store.clients import ClientRow
from dispatcher.store.source_events import SourceEventRow
from dispatcher.store.webhooks import WebhookDeliveryRow, WebhookEndpointRow
from dispatcher.webhooks import register
from schemas.vocabulary import DeliveryState

# Between two tries of one event, in product time: a day in all, then it is a dead letter. The waits of the product
# clock lie in rows, so that they outlast the process; tenacity waits within one call.
WAITS = (
    *(timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30)),
    *(timedelta(hours=1), timedelta(hours=2), timedelta(hours=4), timedelta(hours=8), timedelta(hours=8, minutes=15)),
)
UNDER_WAY = 16
"""Cases of one endpoint whose events are being sent at one time."""
_ACTOR = "webhooks"


@dataclass(frozen=True)
class Due:
    """One event that is to be sent to one endpoint, as it is sent."""

    endpoint_id: UUID
    webhook: str
    url: str
    position: int
    case_id: UUID
    event_id: str
    body: str
    secrets: list[bytes]


@dataclass(frozen=True)
class Try:
    """What came of sending: the status that was answered, or the kind of error."""

    due: Due
    status: int | None = None
    fault: str | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and self.status // 100 == 2


def enter(work: UnitOfWork) -> bool:
    """Give positions to new events, and enter them for every endpoint of their sources. False if there were none."""
    before, last = source_events.give_positions(work.session)
    if last == before:
        return False
    event, row = SourceEventRow, WebhookDeliveryRow
    new = (
        select(WebhookEndpointRow.id, event.position, event.case_id, literal("waiting"), literal(work.now), literal(0))
        .join(ClientRow, ClientRow.id == WebhookEndpointRow.client_id)
        .join(event, event.system == any_(ClientRow.systems))
        .where(event.position > before, event.position <= last)
        .where(WebhookEndpointRow.removed_at.is_(None), ClientRow.revoked_at.is_(None))
    )
    columns = [row.endpoint_id, row.position, row.case_id, row.state, row.due_at, row.tries]
    work.session.execute(insert(row).from_select(columns, new))
    return True


def find_due(work: UnitOfWork, in_hand: Mapping[UUID, Collection[UUID]]) -> list[Due]:
    """What is to be sent now: of each case its first event that was not taken, beside the cases in hand."""
    standing = WebhookEndpointRow.removed_at.is_(None), ClientRow.revoked_at.is_(None)
    found = select(WebhookEndpointRow).join(ClientRow, ClientRow.id == WebhookEndpointRow.client_id).where(*standing)
    endpoints = work.session.scalars(found).all()
    return [each for endpoint in endpoints for each in _due_of(work, endpoint, in_hand.get(endpoint.id, ()))]


def _due_of(work: UnitOfWork, endpoint: WebhookEndpointRow, in_hand: Collection[UUID]) -> Iterator[Due]:
    row, earlier = WebhookDeliveryRow, aliased(WebhookDeliveryRow)
    waiting = constant(row.state, DeliveryState.WAITING)
    of_case = earlier.endpoint_id == row.endpoint_id, earlier.case_id == row.case_id, earlier.state == waiting
    # Looked up for each row in turn: joined to all that wait, a backlog of 30,000 takes half a second a look.
    first_of_case = select(func.min(earlier.position)).where(*of_case).scalar_subquery()
    found = (
        select(row.position, SourceEventRow)
        .join(SourceEventRow, SourceEventRow.position == row.position)
        .where(row.endpoint_id == endpoint.id, row.state == waiting, row.due_at <= work.now)
        .where(not_(in_array(row.case_id, in_hand)))
        .where(row.position == first_of_case)
        .order_by(row.due_at, row.position)
        .limit(UNDER_WAY - len(in_hand))
    )
    rows = work.session.execute(found).tuples().all() if len(in_hand) < UNDER_WAY else []
    secrets = register.secrets_of(work.session, work.context.vault, endpoint.id, work.real_now) if rows else []
    for position, event in rows:
        body = as_cloud_event(event).model_dump_json()
        yield Due(endpoint.id, endpoint.name, endpoint.url, position, event.case_id, str(event.id), body, secrets)


def record(work: UnitOfWork, tries: Sequence[Try]) -> None:
    """Write down what came of sending; an end is journalled. Who waited long enough makes way for the next."""
    rows = _locked(work.session, [each.due for each in tries])
    for each in tries:
        row = rows.get((each.due.endpoint_id, each.due.position))
        if row is None or row.state is not DeliveryState.WAITING:
            continue  # another process had it, too
        row.tries, row.status, row.fault = row.tries + 1, each.status, each.fault
        if each.is_taken:
            _end(work, row, each, DeliveryState.TAKEN, "webhook_taken")
        elif row.tries > len(WAITS):
            _end(work, row, each, DeliveryState.DEAD, "webhook_dead")
        else:
            row.due_at = work.now + WAITS[row.tries - 1]


def _locked(session: Session, due: Sequence[Due]) -> dict[tuple[UUID, int], WebhookDeliveryRow]:
    key = tuple_(WebhookDeliveryRow.endpoint_id, WebhookDeliveryRow.position)
    found = select(WebhookDeliveryRow).where(key.in_([(each.endpoint_id, each.position) for each in due]))
    rows = session.scalars(found.order_by(key).with_for_update())
    return {(row.endpoint_id, row.position): row for row in rows}


def _end(work: UnitOfWork, row: WebhookDeliveryRow, each: Try, state: DeliveryState, event: str) -> None:
    row.state, row.ended_at = state, work.now
    told: dict[str, Any] = {"name": each.due.webhook, "event": each.due.event_id, "tries": row.tries}
    work.note_without_case(event, told | {"status": each.status, "fault": each.fault}, actor=_ACTOR)
