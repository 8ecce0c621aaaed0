"""What is told of the providers: how each stands, what is in doubt there, and how it came to stand so."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatcher.casework.breaker import share_of
from dispatcher.limits import ERRORS, Limiter, limits_of
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.providers import ProviderHistoryRow, ProviderRow
from providers import limits
from schemas.read_models.providers import LimitUse, ProviderChange, ProviderStatus
from schemas.vocabulary import AttemptState


def listed(session: Session, limiter: Limiter, name: str | None = None) -> Iterator[ProviderStatus]:
    """A line for each provider, or for this one; last those that are gone and left something in doubt."""
    doubts = _in_doubt(session)
    rows = _of(select(ProviderRow).order_by(ProviderRow.name), ProviderRow.name, name)
    for row in session.scalars(rows):
        last = session.scalars(
            select(ProviderHistoryRow)
            .where(ProviderHistoryRow.provider == row.name)
            .order_by(ProviderHistoryRow.id.desc())
            .limit(1)
        ).first()
        yield ProviderStatus(
            provider=row.name,
            channels=row.channels,
            weight=row.weight,
            health=row.health,
            share=share_of(row.health, row.step),
            since=row.since,
            cause=last.cause if last else None,
            by=last.by if last else None,
            note=last.note if last else None,
            in_doubt=doubts.pop(row.name, 0),
            last_error=row.last_error,
            last_error_at=row.last_error_at,
            limits=_limits(limiter, row.name, row.limits),
        )
    for gone in sorted(doubts if name is None else doubts.keys() & {name}):
        yield _gone(session, gone, doubts[gone])


def _gone(session: Session, name: str, in_doubt: int) -> ProviderStatus:
    channels = select(AttemptRow.channel).where(
        AttemptRow.was_in_doubt, AttemptRow.state == AttemptState.IN_DOUBT, AttemptRow.provider == name
    )
    return ProviderStatus(
        provider=name,
        channels=sorted(session.scalars(channels.distinct())),
        weight=0,
        health=None,
        share=None,
        since=None,
        cause=None,
        by=None,
        note=None,
        in_doubt=in_doubt,
        last_error=None,
        last_error_at=None,
        limits=[],
    )


def _limits(limiter: Limiter, provider: str, table: dict[str, Any]) -> list[LimitUse]:
    """Each limit with how much of it is used now."""
    allowed = limits.read(table)
    try:
        found = limiter.left(provider, allowed)
    except ERRORS:
        found = limits_of(provider, allowed)
    quiet = [LimitUse(kind="quiet", limit=str(allowed.quiet), used=None)] if allowed.quiet else []
    return [LimitUse(kind=each.kind, limit=each.limit, used=each.used) for each in found] + quiet


def history(session: Session, name: str | None = None) -> Iterator[ProviderChange]:
    """Every change of standing, oldest first; also of providers that are no longer in PROVIDERS_FILE."""
    rows = _of(select(ProviderHistoryRow).order_by(ProviderHistoryRow.id), ProviderHistoryRow.provider, name)
    for row in session.scalars(rows):
        yield ProviderChange(
            at=row.at,
            provider=row.provider,
            before=row.before,
            after=row.after,
            share=row.share,
            cause=row.cause,
            by=row.by,
            note=row.note,
            seen=row.seen,
        )


def _of(rows: Select[Any], column: Any, name: str | None) -> Select[Any]:
    return rows if name is None else rows.where(column == name)


def _in_doubt(session: Session) -> dict[str, int]:
    found = (
        select(AttemptRow.provider, func.count())
        .where(AttemptRow.was_in_doubt, AttemptRow.state == AttemptState.IN_DOUBT)
        .group_by(AttemptRow.provider)
    )
    return {provider: count for provider, count in session.execute(found).tuples() if provider is not None}
