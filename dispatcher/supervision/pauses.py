"""Pauses: a supervisor stops a case's clock, with a reason, and starts it again."""

from uuid import UUID

from dispatcher.casework.decide import decide
from dispatcher.casework.moves import move_attempt
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import attempt_states
from dispatcher.errors import Refused
from dispatcher.intake import holds
from dispatcher.supervision.decisions import SupervisorDecision, lock_open_case, note
from schemas.refusals import RefusalCode
from schemas.vocabulary import Action


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
    stood = holds.end_pause(case_file, case)
    note(case_file, case, order, "resumed", stood_s=round(stood.total_seconds()))
    decide(case_file)
