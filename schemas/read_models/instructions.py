"""Instructions 预警指令 as the centre that pushed them reads them, and what it is answered."""

from uuid import UUID

from schemas.read_models.base import Moment, ReadModel
from schemas.vocabulary import CaseState, Channel, IntakeStatus, Resolution, Urgency


class Taken(ReadModel):
    """The answer to what was taken: the first one, whenever the same comes again, but for `repeated`.

    `flags` name what was doubtful in it. `case` is missing only of an event whose instruction has not come yet.
    """

    instruction_id: str
    version: int | None
    status: IntakeStatus
    case: UUID | None
    received_at: Moment | None
    flags: list[str]
    repeated: bool
    reason: str | None = None


class LineAnswer(ReadModel):
    """The answer to one line of a batch, as `dispatcher push --json` gives it."""

    line: int
    instruction_id: str | None
    status: IntakeStatus
    case: UUID | None
    reason: str | None


class InstructionLine(ReadModel):
    """One version of an instruction, and how its case stands. No personal data."""

    id: UUID
    system: str
    instruction_id: str
    version: int
    unit: str | None
    ref: str | None
    urgency: Urgency
    urgency_label: str
    fraud_type: str
    channels: list[Channel]
    flags: list[str]
    issued_at: Moment
    received_at: Moment
    valid_until: Moment | None
    withdrawn_at: Moment | None
    case: UUID
    case_state: CaseState
    resolution: Resolution | None


class QuarantineLine(ReadModel):
    """A line that was not taken as it is, without its content."""

    id: UUID
    received_at: Moment
    status: IntakeStatus
    field: str
    reason: str
    bytes: int
    urgency: Urgency | None
    pushed_again_at: Moment | None
