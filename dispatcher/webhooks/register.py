"""The register of endpoints: entered, given a new secret, removed, listed. Each step is journalled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.logging import logger
from dispatcher.store.base import in_array, new_id
from dispatcher.store.clients import ClientRow
from dispatcher.store.source_events import SourceEventRow
from dispatcher.store.webhooks import WebhookDeliveryRow, WebhookEndpointRow, WebhookSecretRow
from dispatcher.vault import Vault
from dispatcher.webhooks import signing
from dispatcher.webhooks.addresses import AddressRefused, Allowed
from schemas.refusals import RefusalCode
from schemas.vocabulary import DeliveryState

_ACTOR = "operator"
_log = logger(__name__)


@dataclass(frozen=True)
class Listed:
    """An endpoint as people see it. `secrets`: until when each that signs is good; None for good."""

    row: WebhookEndpointRow
    client: str
    secrets: list[datetime | None]
    waiting: int
    dead: int


def create(work: UnitOfWork, name: str, client: str, url: str, allowed: Allowed) -> str:
    """Enter an endpoint, which gets what its client's sources are told from now on. Returns its secret, once.

    Raises Refused.
    """
    owner = work.session.scalar(select(ClientRow).where(ClientRow.name == client))
    if owner is None:
        raise Refused(RefusalCode.NO_CLIENT, client=client)
    if owner.revoked_at is not None:
        raise Refused(RefusalCode.CLIENT_REVOKED, client=client)
    if _find(work.session, name) is not None:
        raise Refused(RefusalCode.WEBHOOK_EXISTS, webhook=name)
    try:
        allowed.resolve(url)
    except AddressRefused as refused:
        raise Refused(RefusalCode.WEBHOOK_ADDRESS_REFUSED, why=refused.fault) from None
    row = WebhookEndpointRow(id=new_id(), name=name, client_id=owner.id, url=url, created_at=work.real_now)
    work.session.add(row)
    _note(work, "webhook_created", row, client=client)
    return _give_secret(work, row)


def rotate(work: UnitOfWork, name: str, *, overlap: timedelta) -> str:
    """Give an endpoint a new secret; the last one signs beside it for `overlap` more. Returns it. Raises Refused."""
    row, ends = _get(work.session, name), work.real_now + overlap
    of_row = select(WebhookSecretRow).where(WebhookSecretRow.endpoint_id == row.id)
    last, *older = work.session.scalars(of_row.order_by(WebhookSecretRow.id.desc()))
    last.valid_until = ends
    for each in older:
        work.session.delete(each)
    _note(work, "webhook_secret_rotated", row, old_valid_until=ends)
    return _give_secret(work, row)


def remove(work: UnitOfWork, name: str) -> None:
    """Send nothing more there, and destroy its secrets. Raises Refused."""
    row = _get(work.session, name)
    row.removed_at = work.real_now
    work.session.execute(delete(WebhookSecretRow).where(WebhookSecretRow.endpoint_id == row.id))
    _note(work, "webhook_removed", row)


def listed(session: Session, now: datetime) -> list[Listed]:
    """Every endpoint, by name. `now`: real time."""
    found = select(WebhookEndpointRow, ClientRow.name).join(ClientRow, ClientRow.id == WebhookEndpointRow.client_id)
    found = found.where(WebhookEndpointRow.removed_at.is_(None)).order_by(WebhookEndpointRow.name)
    return [_listed(session, row, client, now) for row, client in session.execute(found).tuples()]


def dead(session: Session, name: str | None = None) -> list[tuple[WebhookDeliveryRow, SourceEventRow, str]]:
    """Dead letters with their events and the names of their endpoints, in the order of the events. Raises Refused."""
    found = (
        select(WebhookDeliveryRow, SourceEventRow, WebhookEndpointRow.name)
        .join(SourceEventRow, SourceEventRow.position == WebhookDeliveryRow.position)
        .join(WebhookEndpointRow, WebhookEndpointRow.id == WebhookDeliveryRow.endpoint_id)
        .where(WebhookDeliveryRow.state == DeliveryState.DEAD, WebhookEndpointRow.removed_at.is_(None))
        .order_by(WebhookEndpointRow.name, WebhookDeliveryRow.position)
    )
    if name is not None:
        found = found.where(WebhookEndpointRow.id == _get(session, name).id)
    return list(session.execute(found).tuples())


def replay(work: UnitOfWork, name: str, events: Sequence[UUID] = ()) -> int:
    """Send dead letters again, all of them or those of these events. Returns how many. Raises Refused."""
    row = _get(work.session, name)
    again = update(WebhookDeliveryRow).where(
        WebhookDeliveryRow.endpoint_id == row.id, WebhookDeliveryRow.state == DeliveryState.DEAD
    )
    if events:
        of_events = select(SourceEventRow.position).where(in_array(SourceEventRow.id, events))
        again = again.where(WebhookDeliveryRow.position.in_(of_events))
    begun = {"state": DeliveryState.WAITING, "due_at": work.now, "tries": 0, "ended_at": None}
    count = len(work.session.execute(again.values(begun).returning(WebhookDeliveryRow.position)).all())
    _note(work, "webhook_replayed", row, events=count)
    return count


def secrets_of(session: Session, vault: Vault, endpoint_id: UUID, now: datetime) -> list[bytes]:
    """The secrets that sign now, the newest first; without those that the key ring does not open."""
    found = []
    for row in session.scalars(_good_secrets(endpoint_id, now).order_by(WebhookSecretRow.id.desc())):
        try:
            found.append(vault.unwrap_secret(row.id, row.key_id, row.wrapped))
        except (InvalidTag, KeyError):
            _log.error("webhook_secret_unreadable", endpoint=str(endpoint_id), key=row.key_id)
    return found


def _good_secrets(endpoint_id: UUID, now: datetime) -> Select[WebhookSecretRow]:
    is_good = WebhookSecretRow.valid_until.is_(None) | (WebhookSecretRow.valid_until > now)
    return select(WebhookSecretRow).where(WebhookSecretRow.endpoint_id == endpoint_id, is_good)


def _listed(session: Session, row: WebhookEndpointRow, client: str, now: datetime) -> Listed:
    states = select(WebhookDeliveryRow.state, func.count()).where(WebhookDeliveryRow.endpoint_id == row.id)
    states = states.where(WebhookDeliveryRow.state.in_((DeliveryState.WAITING, DeliveryState.DEAD)))
    counts = dict(session.execute(states.group_by(WebhookDeliveryRow.state)).tuples().all())
    good = [each.valid_until for each in session.scalars(_good_secrets(row.id, now).order_by(WebhookSecretRow.id))]
    return Listed(row, client, good, counts.get(DeliveryState.WAITING, 0), counts.get(DeliveryState.DEAD, 0))


def _give_secret(work: UnitOfWork, row: WebhookEndpointRow) -> str:
    secret, secret_id = signing.new_secret(), new_id()
    key_id, wrapped = work.context.vault.wrap_secret(secret_id, secret)
    made = WebhookSecretRow(
        id=secret_id, endpoint_id=row.id, key_id=key_id, wrapped=wrapped, created_at=work.real_now, valid_until=None
    )
    work.session.add(made)
    return signing.shown(secret)


def _note(work: UnitOfWork, event: str, row: WebhookEndpointRow, **told: object) -> None:
    work.note_without_case(event, {"webhook": str(row.id), "name": row.name, **told}, actor=_ACTOR)


def _find(session: Session, name: str) -> WebhookEndpointRow | None:
    standing = WebhookEndpointRow.name == name, WebhookEndpointRow.removed_at.is_(None)
    return session.scalar(select(WebhookEndpointRow).where(*standing))


def _get(session: Session, name: str) -> WebhookEndpointRow:
    row = _find(session, name)
    if row is None:
        raise Refused(RefusalCode.NO_WEBHOOK, webhook=name)
    return row
