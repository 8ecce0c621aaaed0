"""What a case's end does beyond the case: sources are told, a false alarm is remembered, an offer lapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from dispatcher.casework import linked_cases
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import FeedbackRow, InstructionRow
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import TransferState

if TYPE_CHECKING:
    from uuid import UUID

    from dispatcher.casework.case_file import CaseFile


def standing(case_file: CaseFile, case_id: UUID) -> list[InstructionRow]:
    """The newest version of each of the case's instructions, withdrawn ones left out."""
    found = select(InstructionRow).where(InstructionRow.case_id == case_id).order_by(InstructionRow.version)
    newest = {(row.system, row.instruction_id): row for row in case_file.session.scalars(found)}
    return [row for row in newest.values() if row.withdrawn_at is None]


def tell_sources(case_file: CaseFile, case: CaseRow) -> None:
    """Every source that warned about this person is told how it ended; kept per source."""
    for row in standing(case_file, case.id):
        told = FeedbackRow(
            id=new_id(),
            case_id=case.id,
            instruction=row.id,
            system=row.system,
            direction="out",
            outcome=case.resolution or "",
            at=case_file.now,
            by="engine",
        )
        case_file.session.add(told)
        data = {"system": row.system, "instruction_id": row.instruction_id, "outcome": case.resolution}
        case_file.note(case.id, "feedback_given", data, rule="every_source_told")


def suppress(case_file: CaseFile, case: CaseRow) -> None:
    """The same trigger sends nothing by itself for the policy's time."""
    kinds = case_file.session.scalars(select(InstructionRow.source_kind).where(InstructionRow.case_id == case.id))
    until = linked_cases.suppress(case_file, case.id, list(kinds))
    case_file.note(case.id, "trigger_suppressed", {"until": until.isoformat()}, rule="false_alarm")


def lapse_offer(case_file: CaseFile, visit: VisitRow) -> None:
    """The offer of a visit, where there is one, stands no longer: nobody answered, or there is nothing to take over."""
    visit.offered_until = None
    for offer in case_file.session.scalars(offers(visit.id)):
        offer.state, offer.decided_at = TransferState.LAPSED.value, case_file.now


def offers(visit_id: UUID) -> Select[TransferRow]:
    """The offer of a visit that nobody has answered yet, where there is one."""
    return select(TransferRow).where(TransferRow.visit_id == visit_id, TransferRow.state == TransferState.OFFERED.value)
