"""What a case's end does beyond the case: sources are told, a false alarm is remembered, an offer lapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from dispatcher.casework import related
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import FeedbackRow, InstructionRow
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import TransferState

if TYPE_CHECKING:
    from uuid import UUID

    from dispatcher.casework.files import CaseFiles


def standing(files: CaseFiles, case_id: UUID) -> list[InstructionRow]:
    """The newest version of each of the case's instructions, withdrawn ones left out."""
    found = select(InstructionRow).where(InstructionRow.case_id == case_id).order_by(InstructionRow.version)
    newest = {(row.system, row.instruction_id): row for row in files.session.scalars(found)}
    return [row for row in newest.values() if row.withdrawn_at is None]


def tell_sources(files: CaseFiles, case: CaseRow) -> None:
    """Every source that warned about this person is told how it ended; kept per source."""
    for row in standing(files, case.id):
        told = FeedbackRow(
            id=new_id(),
            case_id=case.id,
            instruction=row.id,
            system=row.system,
            direction="out",
            outcome=case.resolution or "",
            at=files.now,
            by="engine",
        )
        files.session.add(told)
        data = {"system": row.system, "instruction_id": row.instruction_id, "outcome": case.resolution}
        files.note(case.id, "feedback_given", data, rule="every_source_told")


def suppress(files: CaseFiles, case: CaseRow) -> None:
    """The same trigger sends nothing by itself for the policy's time."""
    kinds = files.session.scalars(select(InstructionRow.source_kind).where(InstructionRow.case_id == case.id))
    until = related.suppress(files, case.id, list(kinds))
    files.note(case.id, "trigger_suppressed", {"until": until.isoformat()}, rule="false_alarm")


def lapse_offer(files: CaseFiles, visit: VisitRow) -> None:
    """The offer of a visit, where there is one, stands no longer: nobody answered, or there is nothing to take over."""
    visit.offered_until = None
    for offer in files.session.scalars(offers(visit.id)):
        offer.state, offer.decided_at = TransferState.LAPSED.value, files.now


def offers(visit_id: UUID) -> Select[TransferRow]:
    """The offer of a visit that nobody has answered yet, where there is one."""
    return select(TransferRow).where(TransferRow.visit_id == visit_id, TransferRow.state == TransferState.OFFERED.value)
