"""The register of clients: entered, given a new key, struck out, listed. Each step is journalled."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.clients import keys
from dispatcher.errors import Refused
from dispatcher.store.base import new_id
from dispatcher.store.clients import ClientKeyRow, ClientRow
from schemas.refusals import RefusalCode
from schemas.vocabulary import ClientScope

_ACTOR = "operator"


@dataclass(frozen=True)
class Entry:
    """What is entered of a client. `networks` and `certificates`: as texts that were checked."""

    name: str
    systems: Collection[str]
    scopes: Collection[ClientScope]
    calls_per_minute: int
    networks: Collection[str] = ()
    certificates: Collection[str] = ()


@dataclass(frozen=True)
class Listed:
    """A client as people see it. `keys`: the hint of each that is good, and until when."""

    row: ClientRow
    keys: list[tuple[str, datetime | None]]


def create(work: UnitOfWork, entry: Entry) -> str:
    """Enter a client. Returns its key, which is not stored. Raises Refused."""
    if _find(work.session, entry.name) is not None:
        raise Refused(RefusalCode.CLIENT_EXISTS, client=entry.name)
    row = ClientRow(
        id=new_id(),
        name=entry.name,
        systems=sorted(entry.systems),
        scopes=sorted(entry.scopes),
        calls_per_minute=entry.calls_per_minute,
        networks=sorted(entry.networks),
        certificates=sorted(entry.certificates),
        created_at=work.real_now,
    )
    work.session.add(row)
    told = {"client": str(row.id), "name": row.name, "systems": row.systems, "scopes": row.scopes}
    work.note_without_case("client_created", told, actor=_ACTOR)
    return _give_key(work, row)


def rotate(work: UnitOfWork, name: str, *, overlap: timedelta) -> str:
    """Give a client a new key; the old ones are good for `overlap` more. Returns the key. Raises Refused."""
    row = _get(work.session, name)
    ends = work.real_now + overlap
    for key in work.session.scalars(select(ClientKeyRow).where(ClientKeyRow.client_id == row.id)):
        if key.valid_until is None or key.valid_until > ends:
            key.valid_until = ends
    told = {"client": str(row.id), "name": row.name, "old_valid_until": ends}
    work.note_without_case("client_key_rotated", told, actor=_ACTOR)
    return _give_key(work, row)


def revoke(work: UnitOfWork, name: str) -> None:
    """Strike a client out with all its keys; it stays listed, and its name taken. Raises Refused."""
    row = _get(work.session, name)
    row.revoked_at = work.real_now
    work.note_without_case("client_revoked", {"client": str(row.id), "name": row.name}, actor=_ACTOR)


def listed(session: Session, now: datetime) -> list[Listed]:
    """Every client, by name. `now`: real time."""
    good: dict[object, list[tuple[str, datetime | None]]] = {}
    for key in session.scalars(select(ClientKeyRow).order_by(ClientKeyRow.created_at)):
        if key.valid_until is None or key.valid_until > now:
            good.setdefault(key.client_id, []).append((key.hint, key.valid_until))
    rows = session.scalars(select(ClientRow).order_by(ClientRow.name))
    return [Listed(row, [] if row.revoked_at else good.get(row.id, [])) for row in rows]


def _give_key(work: UnitOfWork, row: ClientRow) -> str:
    key = keys.make()
    made = ClientKeyRow(digest=keys.digest(key), client_id=row.id, hint=keys.hint(key), created_at=work.real_now)
    work.session.add(made)
    return key


def _find(session: Session, name: str) -> ClientRow | None:
    return session.scalar(select(ClientRow).where(ClientRow.name == name))


def _get(session: Session, name: str) -> ClientRow:
    row = _find(session, name)
    if row is None:
        raise Refused(RefusalCode.NO_CLIENT, client=name)
    if row.revoked_at is not None:
        raise Refused(RefusalCode.CLIENT_REVOKED, client=name)
    return row
