"""Who calls: found by a key or by a certificate, once a second at most for each."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from uuid import UUID

from sqlalchemy import Select, any_, literal, or_, select
from sqlalchemy.orm import Session, sessionmaker

from dispatcher import clock
from dispatcher.clients import keys
from dispatcher.store.clients import ClientKeyRow, ClientRow
from schemas.vocabulary import ClientScope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# A key that was revoked is refused within a second, by every process.
_KNOWN_FOR_S = 0.5
_MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Client:
    """Who calls. `door` names it where a line came from: in the quarantine, in the journal, in logs."""

    id: UUID
    name: str
    systems: frozenset[str]
    scopes: frozenset[ClientScope]
    calls_per_minute: int
    networks: tuple[Network, ...]

    @property
    def door(self) -> str:
        return f"api:{self.name}"

    def may_call_from(self, address: Address | None) -> bool:
        if not self.networks:
            return True
        return address is not None and any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What was shown: a key, or the name of a certificate."""

    key: str | None = None
    certificate: str | None = None


class Authentication:
    """Finds clients, and remembers for half a second whom it found. For use from several threads."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._known: dict[Credentials, tuple[float, Client | None]] = {}

    def remembered(self, shown: Credentials) -> tuple[bool, Client | None]:
        """Whether it is known who this is, and who; asks no database."""
        until, client = self._known.get(shown, (0.0, None))
        return time.monotonic() < until, client

    def find(self, shown: Credentials) -> Client | None:
        """The client of what was shown; None where there is none, its time is over, or it was revoked."""
        with self._sessions() as session:
            row = session.scalar(_query(shown, clock.shared_now(session)))
        client = None if row is None else _client(row)
        if len(self._known) >= _MOST_KNOWN:  # whoever guesses fills no memory
            self._known.clear()
        self._known[shown] = time.monotonic() + _KNOWN_FOR_S, client
        return client


def _query(shown: Credentials, now: datetime) -> Select[ClientRow]:
    found = select(ClientRow).where(ClientRow.revoked_at.is_(None))
    if shown.key is not None:
        is_valid = or_(ClientKeyRow.valid_until.is_(None), ClientKeyRow.valid_until > now)
        of_key = ClientKeyRow.digest == keys.digest(shown.key), is_valid
        return found.join(ClientKeyRow, ClientKeyRow.client_id == ClientRow.id).where(*of_key)
    return found.where(literal(shown.certificate) == any_(ClientRow.certificates))


def _client(row: ClientRow) -> Client:
    return Client(
        row.id,
        row.name,
        frozenset(row.systems),
        frozenset(row.scopes),
        row.calls_per_minute,
        tuple(networks(row.networks)),
    )


def networks(names: Iterable[str]) -> list[Network]:
    """Networks by their names. Raises ValueError."""
    return [ip_network(name, strict=False) for name in names]
