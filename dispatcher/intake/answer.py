"""What the centre is told about one line."""

from dataclasses import dataclass

from schemas.vocabulary import IntakeStatus


@dataclass(frozen=True)
class Answer:
    status: IntakeStatus
    instruction_id: str | None = None
    case: str | None = None
    reason: str | None = None

    @property
    def taken(self) -> bool:
        return self.status is not IntakeStatus.REFUSED
