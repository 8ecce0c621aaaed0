"""Duties 待办: what a person has to do about a case beside a visit, and the form of a follow-up 回访."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.intake import facts, later_losses, statements
from dispatcher.reporting.work_items import open_work_item_line
from dispatcher.store.instructions import QuarantineRow
from dispatcher.store.work_items import WorkItemRow
from schemas.read_models.work_items import OpenWorkItemLine
from schemas.refusals import RefusalCode
from schemas.vocabulary import CaseState, FollowUp, WorkItemKind


@dataclass(frozen=True)
class WorkItemResult:
    """What was found; of a follow-up the outcome, and what has gone in all since the warning."""

    outcome: FollowUp | None = None
    loss_yuan: int | None = None
    note: str | None = None  # kept in the vault


def listed(
    work: UnitOfWork,
    *,
    kind: WorkItemKind | None = None,
    overdue: bool = False,
    case_id: UUID | None = None,
) -> list[OpenWorkItemLine]:
    """What is still to be done, first due first."""
    now = work.now
    found = select(WorkItemRow).where(WorkItemRow.done_at.is_(None)).order_by(WorkItemRow.due_at, WorkItemRow.id)
    if kind is not None:
        found = found.where(WorkItemRow.kind == kind)
    if overdue:
        found = found.where(WorkItemRow.due_at < now)
    if case_id is not None:
        found = found.where(WorkItemRow.case_id == case_id)
    return [open_work_item_line(row, now) for row in work.session.scalars(found)]


def done(work: UnitOfWork, duty_id: UUID, form: WorkItemResult, *, by: str) -> WorkItemRow:
    """Write down that a duty is done, and what a follow-up found. Raises Refused."""
    case_id = work.session.scalar(select(WorkItemRow.case_id).where(WorkItemRow.id == duty_id))
    if case_id is None:
        raise Refused(RefusalCode.NO_WORK_ITEM, work_item=str(duty_id))
    case_file = CaseFile(work)
    case_file.open([case_id])
    # Read under the case's lock: of two who report it done, one is told.
    row = work.session.get_one(WorkItemRow, duty_id, populate_existing=True)
    if row.done_at is not None:
        raise Refused(RefusalCode.WORK_ITEM_DONE, done_by=str(row.done_by))
    _check(row.kind, form)
    with later_losses.add_increase(case_file, case_id):
        row.done_at, row.done_by = case_file.now, by
        row.outcome, row.loss_yuan = form.outcome, form.loss_yuan
        note = case_file.remark(case_id, form.note) if form.note and form.note.strip() else None
        data = {"duty": str(row.id), "kind": row.kind, "outcome": row.outcome, "loss_yuan": row.loss_yuan, "note": note}
        case_file.note(case_id, "duty_done", data, actor=by, rule=row.rule)
        if form.outcome is FollowUp.DEFRAUDED:
            found = {"duty": str(row.id), "loss_yuan": form.loss_yuan}
            case_file.note(case_id, "later_loss_found", found, actor=by, rule=row.rule)
    if row.kind is WorkItemKind.CONFLICT and row.about is not None:
        _end_conflict(case_file, row)
    return row


def _end_conflict(case_file: CaseFile, row: WorkItemRow) -> None:
    """The first content stands alone again. Where the other is right, its source pushes it as a newer version."""
    is_open = case_file.cases[row.case_id].state == CaseState.OPEN
    before = statements.merged(case_file, row.case_id) if is_open else None
    case_file.session.get_one(QuarantineRow, row.about).decided_at = case_file.now
    if is_open:
        facts.apply(case_file, row.case_id, before, rule="conflict_decided", cause=row.id)
        decide(case_file)


def _check(kind: WorkItemKind, form: WorkItemResult) -> None:
    if kind is WorkItemKind.FOLLOW_UP and form.outcome is None:
        raise Refused(RefusalCode.FOLLOW_UP_OUTCOME_MISSING, allowed=list(FollowUp))
    if kind is not WorkItemKind.FOLLOW_UP and form.outcome is not None:
        raise Refused(RefusalCode.OUTCOME_WITHOUT_FOLLOW_UP, kind=kind)
    if form.loss_yuan is not None and form.outcome is not FollowUp.DEFRAUDED:
        raise Refused(RefusalCode.LOSS_WITHOUT_FRAUD, outcome=FollowUp.DEFRAUDED)
