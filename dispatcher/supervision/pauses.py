"""Pauses: a supervisor stops a case's clock, with a reason, and starts it again."""

from datetime import datetime, timedelta
from uuid import UUID

from dispatcher.casework.decide import decide
from dispatcher.casework.moves import move_attempt
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import attempt_states
from dispatcher.errors import Refused
from dispatcher.intake import holds
from dispatcher.supervision.decisions import SupervisorDecision, lock_open_case, note
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act, Action

_LONGEST = timedelta(days=30)  # what is to rest for longer is closed


def pause(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, until: datetime | None = None) -> None:
    """Stop the clock: nothing happens by itself until it is resumed; at its end somebody is reminded.

    Raises Refused.
    """
    case_file, case = lock_open_case(work, case_id, order, Act.PAUSE)
    if case.paused_at is not None:
        raise Refused(RefusalCode.CASE_PAUSED)
    if until is not None and until <= case_file.now:
        raise Refused(RefusalCode.PAUSE_ENDS_IN_THE_PAST)
    if until is not None and until > case_file.now + _LONGEST:
        raise Refused(RefusalCode.PAUSE_TOO_LONG, days=_LONGEST.days)
    case.paused_at, case.paused_until = case_file.now, until
    note(case_file, case, order, "paused", until=until)
    for attempt in case_file.attempts[case_id]:
        if attempt.action == Action.SEND:
            move_attempt(attempt, attempt_states.pause(attempt))
    decide(case_file)


def resume(work: UnitOfWork, case_id: UUID, order: SupervisorDecision) -> None:
    """Start the clock again; what was planned, the deadlines and an officer's wait move by the length of the pause."""
    case_file, case = lock_open_case(work, case_id, order, Act.RESUME)
    if case.paused_at is None:
        raise Refused(RefusalCode.CASE_NOT_PAUSED)
    stood = holds.end_pause(case_file, case)
    note(case_file, case, order, "resumed", stood_s=round(stood.total_seconds()))
    decide(case_file)
