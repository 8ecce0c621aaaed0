"""Work items 待办: what waits for a person beside a visit."""

from uuid import UUID

from schemas.read_models.base import Moment, ReadModel
from schemas.vocabulary import FollowUp, WorkItemKind


class WorkItemLine(ReadModel):
    """One work item; programs know it as a duty."""

    duty: UUID
    case: UUID
    kind: WorkItemKind
    rule: str
    due_at: Moment
    done_at: Moment | None
    done_by: str | None
    outcome: FollowUp | None
    loss_yuan: int | None


class OpenWorkItemLine(WorkItemLine):
    """One that is still to be done, as `duty list` shows it."""

    overdue: bool
