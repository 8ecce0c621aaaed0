"""What time brings: cases whose clock struck, leases that ran out, a stepped clock that may move on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.casework import delivery, outcomes, receipts
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.office import Office
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from providers.base import InDoubt
from schemas.vocabulary import AttemptState, Channel

BATCH = 100


def advance(session: Session, office: Office) -> tuple[int, set[str]]:
    """Decide on cases whose time has come. Gives (cases, lanes to wake)."""
    now = office.clock.now(session)
    struck = select(CaseRow.id).where(CaseRow.next_look_at <= now).order_by(CaseRow.next_look_at).limit(BATCH)
    ids = list(session.scalars(struck.with_for_update(skip_locked=True, key_share=True)))
    files = CaseFiles(session, office, now)
    files.open(ids)
    files.decide()
    return len(ids), files.lanes


def expire_leases(session: Session, office: Office) -> tuple[int, set[str]]:
    """Sending for longer than its lease: whoever held it is gone, and it may or may not have left."""
    lapsed = select(AttemptRow.id, AttemptRow.case_id).where(
        AttemptRow.state == AttemptState.SENDING.value, AttemptRow.lease_until < clock.real_now()
    )
    rows = session.execute(lapsed.limit(BATCH)).tuples().all()
    files = CaseFiles(session, office)
    files.open({case_id for _, case_id in rows})
    expired = 0
    for attempt_id, case_id in rows:
        attempt = files.attempt(case_id, attempt_id)
        # Read again under the lock: its result may have come meanwhile.
        if attempt.state == AttemptState.SENDING and attempt.lease_until and attempt.lease_until < clock.real_now():
            outcomes.record(files, case_id, attempt_id, InDoubt("lease_expired"), asked="send")
            expired += 1
    files.decide()
    return expired, files.lanes


def has_struck(session: Session, office: Office) -> bool:
    now = office.clock.now(session)
    return bool(session.scalar(select(select(CaseRow.id).where(CaseRow.next_look_at <= now).exists())))


def is_quiet(session: Session, office: Office) -> bool:
    """Nothing due, sending or unsettled: a stepped clock may move."""
    if delivery.due_lanes(session, office) or has_struck(session, office) or receipts.unsettled(session):
        return False
    awaited = select(AttemptRow.id).where(
        or_(
            AttemptRow.state == AttemptState.SENDING.value,
            (AttemptRow.state == AttemptState.ACCEPTED.value) & (AttemptRow.lease_until > clock.real_now()),
        )
    )
    leased = select(AttemptRow.id).where(AttemptRow.action.is_not(None), AttemptRow.lease_until > clock.real_now())
    return not session.scalar(select(awaited.exists())) and not session.scalar(select(leased.exists()))


def in_hand(session: Session, case_id: UUID) -> bool:
    """Whether the case has an attempt planned, sending, or with its answer still to come."""
    open_states = (AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED, AttemptState.IN_DOUBT)
    found = select(AttemptRow.id).where(
        AttemptRow.case_id == case_id,
        AttemptRow.channel != Channel.VISIT,
        AttemptRow.state.in_([state.value for state in open_states]),
    )
    return bool(session.scalar(select(found.exists())))


def next_moment(session: Session) -> datetime | None:
    """The next time at which anything is due."""
    attempt = session.scalar(select(func.min(AttemptRow.due_at)).where(AttemptRow.action.is_not(None)))
    look = session.scalar(select(func.min(CaseRow.next_look_at)))
    return min((at for at in (attempt, look) if at is not None), default=None)


def step(session: Session, office: Office, not_beyond: datetime | None = None) -> datetime | None:
    """Move a stepped clock to the next due time, at most to `not_beyond`. None where it must stand still."""
    if not is_quiet(session, office):
        return None
    moments = [at for at in (next_moment(session), not_beyond) if at is not None]
    if not moments:
        return None
    at = min(moments)
    clock.step_to(session, at)
    return at
