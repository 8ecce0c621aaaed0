"""Cases as `case list` shows them."""

from uuid import UUID

from schemas.read_models.base import Moment, ReadModel
from schemas.vocabulary import CaseState, Resolution, Rung, Urgency, WorkItemKind


class CaseLine(ReadModel):
    """One case. `next_at`: when something comes next by itself; `waits_for`: what it waits for else, whom, until when,
    and what is late beside that.

    `units`: whose area the person is in, that of an open visit first.
    """

    case: UUID
    instructions: list[str]
    urgency: Urgency
    state: CaseState
    resolution: Resolution | None
    fraud_type: str
    opened_at: Moment
    paused: bool
    next_at: Moment | None
    waits_for: WorkItemKind | None
    waiting_for: Rung | None
    items: int
    overdue: bool
    due_at: Moment | None
    units: list[str]
