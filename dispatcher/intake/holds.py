"""A case on hold (suppressed, paused, expired) that is warned about again: nothing accepted is without a next step."""

from datetime import timedelta
from uuid import UUID

from dispatcher.casework import closing
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import ask_person, move_attempt
from dispatcher.engine import attempt_states, orders
from dispatcher.engine.merge import MergedFacts, is_graver
from dispatcher.intake import same_person
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.cases import CaseRow
from schemas.vocabulary import AttemptState, VisitState, WorkItemKind


def judge(
    case_file: CaseFile,
    case_id: UUID,
    received: NormalisedInstruction,
    before: MergedFacts | None,
    *,
    is_new_source: bool,
    cause: UUID,
) -> None:
    """What is graver, of another source, or about money on the move ends the hold; all else a person decides."""
    case = case_file.cases[case_id]
    was = _holds(case)
    if case.suppressed and not same_person.is_suppressed(case_file.work, received, case_file.now):
        case.suppressed = False  # it warns of something else than what was the false alarm
    if not received.expired and (is_new_source or _is_graver(case_file, received, before)):
        case.suppressed = case.expired = False
        if case.paused_at is not None:
            end_pause(case_file, case)
    if was and not _holds(case):
        case_file.note(case_id, "hold_ended", {"was": was}, rule="hold_ended")
    elif was:
        ask_person(case_file, case_id, "held_case", WorkItemKind.HELD_CASE, f"held_case:{cause}")


def _holds(case: CaseRow) -> list[str]:
    """Why a case is on hold; empty where it is not."""
    holds = {"suppressed": case.suppressed, "expired": case.expired, "paused": case.paused_at is not None}
    return [name for name, is_held in holds.items() if is_held]


def _is_graver(case_file: CaseFile, received: NormalisedInstruction, before: MergedFacts | None) -> bool:
    if before is None:
        return True
    return (
        received.urgency.rank < before.urgency.rank
        or is_graver(received.fraud_type, before.fraud_type, case_file.context.policy.grave_types)
        or (received.facts.life_at_risk and not before.facts.life_at_risk)
        or (received.money_moved and not before.money_moved)
    )


def end_pause(case_file: CaseFile, case: CaseRow) -> timedelta:
    """What was planned, the deadlines and an officer's wait move by the length of the pause, which is returned."""
    if case.paused_at is None:
        raise ValueError("not paused")
    stood = case_file.now - case.paused_at
    case.deadlines = orders.moved(case.deadlines, stood)
    # Deadlines are reckoned from here: left where it was, it would bring them back.
    case.urgency_since = min(case.urgency_since + stood, case_file.now)
    _move_attempts(case_file, case, stood)
    _move_waits(case_file, case.id, stood)
    case.paused_at = case.paused_until = None
    return stood


def _move_attempts(case_file: CaseFile, case: CaseRow, stood: timedelta) -> None:
    for attempt in case_file.attempts[case.id]:
        if attempt.state == AttemptState.PLANNED:
            policy, urgency = case_file.context.policy, case.urgency
            # What was planned during the pause has stood since then.
            mine = min(stood, case_file.now - attempt.planned_at)
            attempt.due_at = orders.after_pause(policy, attempt.channel, urgency, attempt.due_at, mine)
            move_attempt(attempt, attempt_states.resume(attempt))
            case_file.work.wake(attempt.lane)


def _move_waits(case_file: CaseFile, case_id: UUID, stood: timedelta) -> None:
    """An officer who has not accepted yet, and a unit that has not answered yet, keep what was left of their time."""
    for visit in case_file.visits[case_id]:
        if visit.state == VisitState.ASSIGNED and visit.assigned_at is not None:
            visit.assigned_at += min(stood, case_file.now - visit.assigned_at)
        if visit.state == VisitState.OFFERED and visit.offered_until is not None:
            for offer in case_file.session.scalars(closing.offers(visit.id)):
                offer.answer_by += min(stood, case_file.now - offer.offered_at)
                visit.offered_until = offer.answer_by
