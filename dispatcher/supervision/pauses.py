"""Pauses: a supervisor stops a case's clock, with a reason, and starts it again."""

from datetime import timedelta
from uuid import UUID

from dispatcher.casework import closing
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import move_attempt
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import attempt_states
from dispatcher.engine import orders as engine
from dispatcher.errors import Refused
from dispatcher.store.cases import CaseRow
from dispatcher.supervision.decisions import SupervisorDecision, lock_open_case, note
from schemas.refusals import RefusalCode
from schemas.vocabulary import Action, AttemptState, VisitState


def pause(work: UnitOfWork, case_id: UUID, order: SupervisorDecision) -> None:
    """Stop the clock: nothing happens by itself until it is resumed."""
    case_file, case = lock_open_case(work, case_id, order)
    if case.paused_at is not None:
        raise Refused(RefusalCode.CASE_PAUSED)
    case.paused_at = case_file.now
    note(case_file, case, order, "paused")
    for attempt in case_file.attempts[case_id]:
        if attempt.action == Action.SEND:
            move_attempt(attempt, attempt_states.pause(attempt))
    case.waiting_for, case.next_look_at = order.by, None


def resume(work: UnitOfWork, case_id: UUID, order: SupervisorDecision) -> None:
    """Start the clock again; what was planned, the deadlines and an officer's wait move by the length of the pause."""
    case_file, case = lock_open_case(work, case_id, order)
    if case.paused_at is None:
        raise Refused(RefusalCode.CASE_NOT_PAUSED)
    stood = case_file.now - case.paused_at
    case.deadlines = engine.moved(case.deadlines, stood)
    # Deadlines are reckoned from here: left where it was, it would bring them back.
    case.urgency_since = min(case.urgency_since + stood, case_file.now)
    _move_attempts(case_file, case, stood)
    _move_waits(case_file, case_id, stood)
    case.paused_at = None
    note(case_file, case, order, "resumed", stood_s=round(stood.total_seconds()))
    decide(case_file)


def _move_attempts(case_file: CaseFile, case: CaseRow, stood: timedelta) -> None:
    for attempt in case_file.attempts[case.id]:
        if attempt.state == AttemptState.PLANNED:
            policy, urgency = case_file.context.policy, case.urgency
            attempt.due_at = engine.after_pause(policy, attempt.channel, urgency, attempt.due_at, stood)
            move_attempt(attempt, attempt_states.resume(attempt))
            case_file.work.wake(attempt.lane)


def _move_waits(case_file: CaseFile, case_id: UUID, stood: timedelta) -> None:
    """An officer who has not accepted yet, and a unit that has not answered yet, keep what was left of their time."""
    for visit in case_file.visits[case_id]:
        if visit.state == VisitState.ASSIGNED and visit.assigned_at is not None:
            visit.assigned_at += stood
        if visit.state == VisitState.OFFERED and visit.offered_until is not None:
            visit.offered_until += stood
            for offer in case_file.session.scalars(closing.offers(visit.id)):
                offer.answer_by = visit.offered_until
