"""Visits 上门劝阻任务 and their transfers 移交, as `visit list` and `transfer list` show them."""

from uuid import UUID

from schemas.read_models.base import Moment, ReadModel
from schemas.vocabulary import (
    BankRequest,
    Resolution,
    Result,
    ReturnReason,
    Rung,
    TransferState,
    Urgency,
    VisitState,
    WorkItemKind,
)


class VisitLine(ReadModel):
    """One visit. Where the person lives is on the card alone, which is personal data and no read model."""

    visit: UUID
    number: int  # short, to be said on the phone
    case: UUID
    state: VisitState
    rule: str
    precinct_code: str | None
    officer: str | None
    opened_at: Moment
    not_before: Moment | None
    not_after: Moment | None
    assigned_at: Moment | None
    accepted_at: Moment | None
    departed_at: Moment | None
    arrived_at: Moment | None
    reported_at: Moment | None
    result: Result | None
    return_reason: ReturnReason | None
    guardian_present: bool | None
    corrected_at: Moment | None


class ListedVisitLine(VisitLine):
    """One as `visit list` shows it: whose it is, by when it has to be done, and whether it is late.

    `rung`, and its number from one: how far up the ladder it is; who is asked, or was asked last, since that began.
    """

    instructions: list[str]
    urgency: Urgency
    deadline: Moment | None
    overdue: bool
    rung: Rung | None
    rung_number: int | None


class FollowingItemLine(ReadModel):
    """A work item that a report opened, and for whom."""

    number: int
    kind: WorkItemKind
    role: Rung
    unit: str | None


class ReportOutcome(ReadModel):
    """What a report on a visit, or its correction, led to at once."""

    reopened: bool
    closed_as: Resolution | None
    next_visit: int | None
    next_visit_at: Moment | None
    bank_asked: list[BankRequest]
    work_items: list[FollowingItemLine]


class TransferLine(ReadModel):
    """One offer of a visit to another unit, and what that unit answered."""

    transfer: UUID
    visit: UUID
    case: UUID
    from_unit: str | None
    to_unit: str
    reason: ReturnReason
    state: TransferState
    offered_by: str
    decided_by: str | None
    offered_at: Moment
    answer_by: Moment
    decided_at: Moment | None
    number: int  # of the visit
