"""How the providers stand, as every process sees it: rows in PostgreSQL, read at most once a second."""

import time
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.casework.breaker import is_judged, share_of
from dispatcher.store.providers import ProviderRow
from providers.registry import Registry
from schemas.vocabulary import Channel, Health

_FRESH_S = 1.0


class ProviderHealth:
    """One a process. A provider that has no row yet is in full use."""

    def __init__(self) -> None:
        self._shares: dict[str, float | None] = {}
        self._down: frozenset[Channel] = frozenset()
        self._read_at = float("-inf")

    def shares(self, session: Session) -> dict[str, float | None]:
        """How much of its weight each provider gets; None: it is not to be used."""
        self._refresh(session)
        return self._shares

    def down(self, session: Session) -> frozenset[Channel]:
        """Channels that have providers, none of which works."""
        self._refresh(session)
        return self._down

    def forget(self) -> None:
        """Read anew at the next question."""
        self._read_at = float("-inf")

    def _refresh(self, session: Session) -> None:
        if time.monotonic() - self._read_at < _FRESH_S:
            return
        columns = select(ProviderRow.name, ProviderRow.channels, ProviderRow.health, ProviderRow.step)
        with session.no_autoflush:
            rows = session.execute(columns).tuples().all()
        shares = {name: share_of(health, step) for name, _, health, step in rows}
        self._shares, self._down = shares, down((channels, shares[name]) for name, channels, *_ in rows)
        self._read_at = time.monotonic()


def down(providers: Iterable[tuple[Iterable[Channel], float | None]]) -> frozenset[Channel]:
    """The channels none of whose providers, each given by its channels and its share, is in use."""
    shares = defaultdict(list)
    for channels, share in providers:
        for channel in channels:
            shares[channel].append(share)
    return frozenset(channel for channel, found in shares.items() if not any(found))


def register(session: Session, registry: Registry) -> None:
    """Have a row for each provider of PROVIDERS_FILE, and for no other; those known stand as they stood.

    What is so already is only read: a worker that starts again must wait for nobody who holds these rows.
    """
    now = clock.shared_now(session)
    known = {row.name: row for row in session.scalars(select(ProviderRow))}
    for each in sorted((each for each in registry.all() if is_judged(each)), key=lambda each: each.name):
        told = {
            "channels": sorted(each.capabilities.channels),
            "weight": registry.weight(each.name),
            "linked": each.capabilities.linked,
            "limits": registry.limits(each).table(),
        }
        row = known.pop(each.name, None)
        if row is None or any(getattr(row, name) != value for name, value in told.items()):
            fresh = {"name": each.name, "health": Health.CLOSED, "since": now, "step": 0, "trips": 0}
            added = insert(ProviderRow).values(fresh | told)
            session.execute(added.on_conflict_do_update(index_elements=["name"], set_=told))
    if known:
        session.execute(delete(ProviderRow).where(ProviderRow.name.in_(known)))
