"""Pauses: a supervisor stops a case's clock, with a reason, and starts it again."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from dispatcher.casework import endings
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.office import Office
from dispatcher.casework.orders import Order, note, open_case
from dispatcher.engine import orders as engine
from dispatcher.errors import OperatorError
from dispatcher.store.cases import CaseRow
from schemas.vocabulary import AttemptState, Channel, Urgency, VisitState


def pause(session: Session, office: Office, case_id: UUID, order: Order) -> set[str]:
    """Stop the clock: nothing happens by itself until it is resumed."""
    files, case = open_case(session, office, case_id, order)
    if case.paused_at is not None:
        raise OperatorError("该任务已暂停", "this case is paused already")
    case.paused_at = files.now
    note(files, case, order, "paused")
    for attempt in files.attempts[case_id]:
        if attempt.action == "send":
            attempt.action = None
    case.waiting_for, case.next_look_at = order.by, None
    return files.lanes


def resume(session: Session, office: Office, case_id: UUID, order: Order) -> set[str]:
    """Start the clock again; what was planned, the deadlines and an officer's wait move by the length of the pause."""
    files, case = open_case(session, office, case_id, order)
    if case.paused_at is None:
        raise OperatorError("该任务未暂停", "this case is not paused")
    stood = files.now - case.paused_at
    case.deadlines = engine.moved(case.deadlines, stood)
    # Deadlines are reckoned from here: left where it was, it would bring them back.
    case.urgency_since = min(case.urgency_since + stood, files.now)
    _move_attempts(files, case, stood)
    _move_waits(files, case_id, stood)
    case.paused_at = None
    note(files, case, order, "resumed", stood_s=round(stood.total_seconds()))
    files.decide()
    return files.lanes


def _move_attempts(files: CaseFiles, case: CaseRow, stood: timedelta) -> None:
    for attempt in files.attempts[case.id]:
        if attempt.state == AttemptState.PLANNED:
            channel, urgency = Channel(attempt.channel), Urgency(case.urgency)
            attempt.due_at = engine.after_pause(files.office.policy, channel, urgency, attempt.due_at, stood)
            attempt.action = "send"
            files.lanes.add(attempt.lane)


def _move_waits(files: CaseFiles, case_id: UUID, stood: timedelta) -> None:
    """An officer who has not accepted yet, and a unit that has not answered yet, keep what was left of their time."""
    for visit in files.visits[case_id]:
        if visit.state == VisitState.ASSIGNED and visit.assigned_at is not None:
            visit.assigned_at += stood
        if visit.state == VisitState.OFFERED and visit.offered_until is not None:
            visit.offered_until += stood
            for offer in files.session.scalars(endings.offers(visit.id)):
                offer.answer_by = visit.offered_until
