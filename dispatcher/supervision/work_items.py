"""Duties 待办: what a person has to do about a case beside a visit, and the form of a follow-up 回访."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import OperatorError
from dispatcher.intake import later_losses
from dispatcher.reporting import log as attempt_log
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import FollowUp, WorkItemKind


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
) -> list[dict[str, Any]]:
    """What is still to be done, first due first."""
    now = work.now
    found = select(WorkItemRow).where(WorkItemRow.done_at.is_(None)).order_by(WorkItemRow.due_at, WorkItemRow.id)
    if kind is not None:
        found = found.where(WorkItemRow.kind == kind)
    if overdue:
        found = found.where(WorkItemRow.due_at < now)
    if case_id is not None:
        found = found.where(WorkItemRow.case_id == case_id)
    return [attempt_log.duty(row) | {"overdue": row.due_at < now} for row in work.session.scalars(found)]


def done(work: UnitOfWork, duty_id: UUID, form: WorkItemResult, *, by: str) -> WorkItemRow:
    """Write down that a duty is done, and what a follow-up found. Raises OperatorError."""
    case_id = work.session.scalar(select(WorkItemRow.case_id).where(WorkItemRow.id == duty_id))
    if case_id is None:
        raise OperatorError(f"没有待办 {duty_id}", f"no duty {duty_id}; see `dispatcher duty list`")
    case_file = CaseFile(work)
    case_file.open([case_id])
    # Read under the case's lock: of two who report it done, one is told.
    row = work.session.get_one(WorkItemRow, duty_id, populate_existing=True)
    if row.done_at is not None:
        raise OperatorError("该待办已完成", f"this duty was done by {row.done_by}; nothing was changed")
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
    return row


def _check(kind: WorkItemKind, form: WorkItemResult) -> None:
    if kind is WorkItemKind.FOLLOW_UP and form.outcome is None:
        raise OperatorError("请填写回访结果", f"a follow-up needs --outcome, one of: {', '.join(FollowUp)}")
    if kind is not WorkItemKind.FOLLOW_UP and form.outcome is not None:
        raise OperatorError("仅回访填写结果", f"--outcome belongs to a follow-up; this is {kind}")
    if form.loss_yuan is not None and form.outcome is not FollowUp.DEFRAUDED:
        raise OperatorError("仅在已被骗时填写损失", "--loss-yuan goes with --outcome DEFRAUDED only")
