"""Work items as they are listed: those of a case, and those still to be done."""

from datetime import datetime
from typing import Any

from dispatcher.store.work_items import WorkItemRow
from schemas.read_models.work_items import OpenWorkItemLine, WorkItemLine


def work_item_line(row: WorkItemRow) -> WorkItemLine:
    """One work item as programs and people read it."""
    return WorkItemLine(**_fields(row))


def open_work_item_line(row: WorkItemRow, now: datetime) -> OpenWorkItemLine:
    """One that is still to be done, and whether it is late."""
    return OpenWorkItemLine(**_fields(row), overdue=row.due_at < now)


def _fields(row: WorkItemRow) -> dict[str, Any]:
    return {
        "duty": row.id,
        "case": row.case_id,
        "kind": row.kind,
        "rule": row.rule,
        "due_at": row.due_at,
        "done_at": row.done_at,
        "done_by": row.done_by,
        "outcome": row.outcome,
        "loss_yuan": row.loss_yuan,
    }
