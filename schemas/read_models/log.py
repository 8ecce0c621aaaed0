"""The dissuasion log 劝阻日志: one line per attempt."""

from uuid import UUID

from schemas.read_models.base import Moment, ReadModel
from schemas.vocabulary import Actor, Answer, AttemptState, BankRequest, Channel, Person, Result, SkipReason


class LogLine(ReadModel):
    """One attempt, with the instructions of its case."""

    case: UUID
    instructions: list[str]
    attempt: UUID
    retry_of: UUID | None
    channel: Channel
    provider: str | None
    actor: Actor
    person: Person
    state: AttemptState
    result: Result | None
    confirmed: bool
    rule: str
    possible_duplicate: bool
    planned_at: Moment
    sent_at: Moment | None
    settled_at: Moment | None
    ref: str | None
    answer: Answer | None
    detail: str | None
    skip_reason: SkipReason | None
    hook: BankRequest | None
    occasion: int
    was_in_doubt: bool
    corrected_from: Result | None
    due_at: Moment | None = None  # when it is to be sent, of one that still is
