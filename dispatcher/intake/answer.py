"""What the centre is told about one line."""

from dataclasses import dataclass, field

from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import IntakeStatus


@dataclass(frozen=True)
class Answer:
    status: IntakeStatus
    instruction_id: str | None = None
    case: str | None = None
    reason: str | None = None
    # The stored version that it is about, for doors that tell more of it; none of an event.
    row: InstructionRow | None = field(default=None, compare=False, repr=False)

    @property
    def taken(self) -> bool:
        return self.status is not IntakeStatus.REFUSED
