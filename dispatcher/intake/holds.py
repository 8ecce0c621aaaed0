"""A case on hold (suppressed, paused, expired) that is warned about again: nothing accepted is without a next step."""

from uuid import UUID

from dispatcher.casework import pauses
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.case_file import CaseFile
from dispatcher.engine.decisions import OpenWorkItem
from dispatcher.engine.merge import MergedFacts, is_graver
from dispatcher.intake import same_person
from dispatcher.intake.normalised import NormalisedInstruction
from schemas.vocabulary import WorkItemKind


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
    if not (case.suppressed or case.expired or case.paused_at is not None):
        return
    if case.suppressed and not same_person.is_suppressed(case_file.work, received, case_file.now):
        case.suppressed = False
    ends = not received.expired and (is_new_source or _is_graver(case_file, received, before))
    if ends:
        was = [name for name in ("suppressed", "expired", "paused_at") if getattr(case, name)]
        case.suppressed = case.expired = False
        if case.paused_at is not None:
            pauses.end(case_file, case)
        case.waiting_for = None
        case_file.note(case_id, "hold_ended", {"was": [each.removesuffix("_at") for each in was]}, rule="hold_ended")
    elif case.suppressed or case.expired or case.paused_at is not None:
        review = OpenWorkItem("held_case", WorkItemKind.HELD_CASE, case_file.now, f"held_case:{cause}")
        carry_out(case_file, case_id, [review])


def _is_graver(case_file: CaseFile, received: NormalisedInstruction, before: MergedFacts | None) -> bool:
    if before is None:
        return True
    return (
        received.urgency.rank < before.urgency.rank
        or is_graver(received.fraud_type, before.fraud_type, case_file.context.policy.grave_types)
        or (received.facts.life_at_risk and not before.facts.life_at_risk)
        or (received.money_moved and not before.money_moved)
    )
