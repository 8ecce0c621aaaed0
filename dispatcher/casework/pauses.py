"""The end of a pause: the case's clock goes on from where it stood."""

from datetime import timedelta
from uuid import UUID

from dispatcher.casework import closing
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import move_attempt
from dispatcher.engine import attempt_states
from dispatcher.engine import orders as engine
from dispatcher.store.cases import CaseRow
from schemas.vocabulary import AttemptState, VisitState


def end(case_file: CaseFile, case: CaseRow) -> timedelta:
    """What was planned, the deadlines and an officer's wait move by the length of the pause, which is returned."""
    if case.paused_at is None:
        raise ValueError("not paused")
    stood = case_file.now - case.paused_at
    case.deadlines = engine.moved(case.deadlines, stood)
    # Deadlines are reckoned from here: left where it was, it would bring them back.
    case.urgency_since = min(case.urgency_since + stood, case_file.now)
    _move_attempts(case_file, case, stood)
    _move_waits(case_file, case.id, stood)
    case.paused_at = None
    return stood


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
