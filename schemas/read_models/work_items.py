"""Work items 待办: what waits for a person."""

from uuid import UUID

from schemas.read_models.base import Moment, ReadModel
from schemas.vocabulary import FollowUp, Rung, Urgency, WorkItemKind, WorkItemState


class WorkItemLine(ReadModel):
    """One work item; programs know its id as that of a duty. `number` is short, to be said on the phone.

    `case` is empty where it belongs to none; `about` is then the line in quarantine or the provider that it is about.
    """

    duty: UUID
    number: int
    case: UUID | None
    kind: WorkItemKind
    state: WorkItemState
    rule: str
    role: Rung
    unit: str | None
    opened_at: Moment
    due_at: Moment
    climbs: int
    taken_at: Moment | None
    taken_by: str | None
    done_at: Moment | None
    done_by: str | None
    outcome: FollowUp | None
    loss_yuan: int | None
    about: str | None


class OpenWorkItemLine(WorkItemLine):
    """One that is still to be done, as `worklist` shows it."""

    urgency: Urgency
    overdue: bool
