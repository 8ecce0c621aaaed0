"""What the engine can decide. Every decision carries the name of the rule that made it."""

from dataclasses import dataclass
from datetime import datetime

from schemas.vocabulary import Channel, Hold, Hook, Person, Resolution, Result, SkipReason, Urgency, WorkItemKind


@dataclass(frozen=True, slots=True)
class Plan:
    """Make an attempt at `due_at`. With a send_key it is sent under an earlier attempt's idempotency key."""

    rule: str
    channel: Channel
    party: str
    person: Person
    due_at: datetime
    number_id: str | None = None
    visit_id: str | None = None
    rung: int | None = None
    retry_of: str | None = None
    send_key: str | None = None
    possible_duplicate: bool = False
    hook: Hook | None = None
    occasion: int = 1
    held_by: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """Leave a channel out, and say why."""

    rule: str
    channel: Channel
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop an attempt that has not been sent."""

    rule: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class BringForward:
    """A planned attempt goes earlier than it was planned."""

    rule: str
    attempt_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Recall:
    """Ask the provider to take back a message it holds."""

    rule: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Whether it was sent stays unknown; only a late receipt can still tell."""

    rule: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class OpenVisit:
    rule: str
    precinct: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndAssignment:
    """This officer no longer has the visit; it waits for the next rung."""

    rule: str
    visit_id: str
    attempt_id: str
    result: Result


@dataclass(frozen=True, slots=True)
class ReAddress:
    """The person is somewhere else: the visit goes to that precinct, its clock stands."""

    rule: str
    visit_id: str
    precinct: str


@dataclass(frozen=True, slots=True)
class EndOffer:
    """The other side did not answer in time; the visit is ours again."""

    rule: str
    visit_id: str


@dataclass(frozen=True, slots=True)
class CancelVisit:
    """The officer is told that the visit is off."""

    rule: str
    visit_id: str


@dataclass(frozen=True, slots=True)
class RaiseUrgency:
    """Urgency goes up, never down; `cause` is what it was raised for, once."""

    rule: str
    to: Urgency
    cause: str


@dataclass(frozen=True, slots=True)
class SetDeadline:
    rule: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MarkBad:
    """The number can't be reached on these channels; remembered for the policy's time."""

    rule: str
    number_id: str
    channels: frozenset[Channel]
    attempt_id: str


@dataclass(frozen=True, slots=True)
class AskHuman:
    """The plan can't go on by itself; `cause` is asked about once."""

    rule: str
    who: str
    cause: str


@dataclass(frozen=True, slots=True)
class Close:
    rule: str
    resolution: Resolution
    avoided: int | None = None
    avoided_basis: str | None = None


@dataclass(frozen=True, slots=True)
class Oblige:
    """A person has a duty about this case; each `cause` obliges once."""

    rule: str
    duty: WorkItemKind
    due_at: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class Look:
    """Nothing now; decide again at this time."""

    rule: str
    at: datetime


Decision = (
    Plan
    | Skip
    | Cancel
    | BringForward
    | Recall
    | GiveUp
    | OpenVisit
    | EndAssignment
    | ReAddress
    | EndOffer
    | CancelVisit
    | RaiseUrgency
    | SetDeadline
    | MarkBad
    | AskHuman
    | Close
    | Oblige
    | Look
)
