"""Health of the providers: the breaker's judgement, a person's pause, the history of both, and what follows."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.casework import breaker
from dispatcher.casework.breaker import OUT_OF_USE, BreakerState, Change
from dispatcher.casework.provider_health import down
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import link_lanes
from dispatcher.delivery.send_stats import SendStats
from dispatcher.errors import Refused
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array, new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.providers import ProviderHistoryRow, ProviderRow
from dispatcher.store.visits import VisitRow
from schemas.refusals import RefusalCode
from schemas.vocabulary import Action, AttemptState, CaseState, Cause, Channel, Health

# Until every process has read anew how the providers stand, and has decided by it.
_NEWS = timedelta(seconds=5)


@dataclass(frozen=True)
class HealthChange:
    """One provider that stands otherwise from now on."""

    provider: str
    before: Health
    after: Health
    cause: Cause


def known(session: Session) -> list[str]:
    return list(session.scalars(select(ProviderRow.name).order_by(ProviderRow.name)))


def judge(work: UnitOfWork, told: Mapping[str, SendStats]) -> list[HealthChange]:
    """Judge each provider by its counts, and see to what waits for those that can't be used."""
    rows = work.session.scalars(select(ProviderRow).order_by(ProviderRow.name).with_for_update()).all()
    now = work.real_now
    moved = []
    for row in rows:
        found = told.get(row.name, SendStats())
        if found.last_error_at is not None and found.last_error_at != row.last_error_at:
            row.last_error, row.last_error_at = found.last_error, found.last_error_at
        change = breaker.judge(_standing(row), found.window, now, has_other=_has_other(row, rows))
        if change is not None:
            moved.append(_move(work.session, row, change, seen=asdict(found.window)))
    work.session.flush()
    opened = {each.provider for each in moved if each.after in OUT_OF_USE}
    # Where there is no other it gets it back, so this is done once, as it opens.
    link_lanes.give_back(work, [r.name for r in rows if r.name in opened or r.health == Health.PAUSED])
    if any(now - row.since < _NEWS for row in rows):
        _tell_cases(work, rows)
    return moved


def pause(work: UnitOfWork, name: str, *, by: str, note: str) -> HealthChange:
    """Take a provider out of use until somebody resumes it. Raises Refused."""
    row = _row(work.session, name)
    if row.health == Health.PAUSED:
        raise Refused(RefusalCode.PROVIDER_PAUSED, provider=name)
    now = work.real_now
    moved = _move(
        work.session, row, (BreakerState(Health.PAUSED, now, trips=row.trips), Cause.PAUSED), by=by, note=note
    )
    link_lanes.give_back(work, [name])
    return moved


def resume(session: Session, name: str, *, by: str, note: str) -> HealthChange:
    """Let a provider come back by steps, whatever took it out. Raises Refused."""
    row = _row(session, name)
    if row.health not in (*OUT_OF_USE, Health.PAUSED):
        raise Refused(RefusalCode.PROVIDER_IN_USE, provider=name, health=row.health)
    standing = BreakerState(Health.RETURNING, clock.shared_now(session))
    return _move(session, row, (standing, Cause.RESUMED), by=by, note=note)


def _row(session: Session, name: str) -> ProviderRow:
    row = session.get(ProviderRow, name, with_for_update=True)
    if row is None:
        raise Refused(RefusalCode.NO_PROVIDER, provider=name)
    return row


def _standing(row: ProviderRow) -> BreakerState:
    return BreakerState(row.health, row.since, row.step, row.trips)


def _has_other(row: ProviderRow, rows: Iterable[ProviderRow]) -> bool:
    others = [each for each in rows if each is not row and each.health == Health.CLOSED]
    return all(any(channel in each.channels for each in others) for channel in row.channels)


def _move(
    session: Session,
    row: ProviderRow,
    change: Change,
    *,
    seen: dict[str, object] | None = None,
    by: str | None = None,
    note: str | None = None,
) -> HealthChange:
    standing, cause = change
    before = row.health
    row.health, row.since, row.step, row.trips = standing.health, standing.since, standing.step, standing.trips
    session.add(
        ProviderHistoryRow(
            id=new_id(),
            provider=row.name,
            at=standing.since,
            before=before,
            after=row.health,
            share=standing.share,
            cause=cause,
            by=by,
            note=note,
            seen=seen,
        )
    )
    return HealthChange(row.name, before, standing.health, cause)


def _tell_cases(work: UnitOfWork, rows: Iterable[ProviderRow]) -> None:
    """Have the cases decided on that wait for a channel none of whose providers works; what others hold comes later."""
    channels = down((row.channels, breaker.share_of(row.health, row.step)) for row in rows)
    if not channels:
        return
    now = work.now
    waits = (
        AttemptRow.case_id == CaseRow.id,
        AttemptRow.action == Action.SEND,
        AttemptRow.state == AttemptState.PLANNED,
        AttemptRow.channel.in_(channels & {Channel.SMS, Channel.VOICE}),
    )
    waiting = (
        select(CaseRow.id)
        .where(
            CaseRow.state == CaseState.OPEN,
            exists().where(*waits),
            ~exists().where(VisitRow.case_id == CaseRow.id),
            or_(CaseRow.next_look_at.is_(None), CaseRow.next_look_at > now),
        )
        .with_for_update(skip_locked=True, key_share=True)
    )
    ids = list(work.session.scalars(waiting))
    if ids:
        work.session.execute(update(CaseRow).where(in_array(CaseRow.id, ids)).values(next_look_at=now))
