"""One case 劝阻任务 with everything on record about it."""

from typing import Literal
from uuid import UUID

from schemas.read_models.base import Json, Moment, ReadModel
from schemas.read_models.log import LogLine
from schemas.read_models.visits import VisitLine
from schemas.read_models.work_items import WorkItemLine
from schemas.vocabulary import CaseState, Channel, LinkKind, Resolution, Rung, Urgency


class FirstContact(ReadModel):
    at: Moment | None
    channel: Channel | None


class Money(ReadModel):
    """In yuan; figures of their own, never added together."""

    at_risk: int | None
    transferred: int
    lost: int
    stopped: int
    avoided: int | None
    avoided_basis: str | None
    returned: int


class CaseLink(ReadModel):
    """Another case that belongs beside this one."""

    case: UUID
    kind: LinkKind
    at: Moment


class FeedbackWord(ReadModel):
    """`in`: what a source said of its instruction; `out`: what it is told."""

    system: str
    direction: Literal["in", "out"]
    outcome: str
    at: Moment


class Remark(ReadModel):
    """A reason or a remark 理由、备注 that somebody wrote; `text` is given only to whoever says who reads it."""

    id: UUID
    at: Moment
    by: str
    event: str
    text: str | None


class JournalEntry(ReadModel):
    seq: int
    at: Moment
    actor: str
    event: str
    rule: str | None
    data: Json


class CaseReport(ReadModel):
    """Attempts, visits and journal in the order of time."""

    case: UUID
    instructions: list[str]
    urgency: Urgency
    state: CaseState
    resolution: Resolution | None
    opened_at: Moment
    closed_at: Moment | None
    waiting_for: Rung | None
    next_look_at: Moment | None
    first_contact: FirstContact
    fraud_type: str
    policy: str
    facts: Json
    language: str
    masked: bool
    warned_before: UUID | None
    suppressed: bool
    paused_at: Moment | None
    deadlines: dict[str, Moment]
    money: Money
    attempts: list[LogLine]
    visits: list[VisitLine]
    duties: list[WorkItemLine]
    links: list[CaseLink]
    feedback: list[FeedbackWord]
    journal: list[JournalEntry]
    remarks: tuple[Remark, ...] = ()
