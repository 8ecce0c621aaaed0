"""What the engine can decide. Every decision carries the name of the rule that made it."""

from dataclasses import dataclass
from datetime import datetime

from schemas.vocabulary import (
    BankRequest,
    Channel,
    Hold,
    Person,
    Resolution,
    Result,
    RetryKind,
    Rung,
    SkipReason,
    Urgency,
    WorkItemKind,
    WorkItemState,
)


@dataclass(frozen=True, slots=True)
class PlanAttempt:
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
    retry_kind: RetryKind | None = None
    send_key: str | None = None
    possible_duplicate: bool = False
    bank_request: BankRequest | None = None
    warning_number: int = 1
    held_by: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class SkipChannel:
    """Leave a channel out, and say why."""

    rule: str
    channel: Channel
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class CancelAttempt:
    """Drop an attempt that has not been sent."""

    rule: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class BringAttemptForward:
    """A planned attempt goes earlier than it was planned."""

    rule: str
    attempt_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class MoveAttempt:
    """A planned attempt goes at another time, sooner or later."""

    rule: str
    attempt_id: str
    due_at: datetime
    held_by: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class RecallAttempt:
    """Ask the provider to take back a message it holds."""

    rule: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class GiveUpDoubt:
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
class ReaddressVisit:
    """The person is somewhere else: the visit goes to that precinct, its clock stands."""

    rule: str
    visit_id: str
    precinct: str


@dataclass(frozen=True, slots=True)
class EndVisitOffer:
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
class MarkNumberBad:
    """The number can't be reached on these channels; remembered for the policy's time."""

    rule: str
    number_id: str
    channels: frozenset[Channel]
    attempt_id: str


@dataclass(frozen=True, slots=True)
class CloseCase:
    rule: str
    resolution: Resolution
    avoided: int | None = None
    avoided_basis: str | None = None


@dataclass(frozen=True, slots=True)
class ReopenCase:
    """A case that had ended goes on. `overrules`: who was contacted before no longer counts, a person says."""

    rule: str
    overrules: bool = False


@dataclass(frozen=True, slots=True)
class OpenWorkItem:
    """Something of this case waits for a person until `due_at`.

    `role`: for whom, where it is not whom its kind names. `about`: the row it is about.
    """

    rule: str
    kind: WorkItemKind
    due_at: datetime
    cause: str
    role: Rung | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class BringWorkItemForward:
    """It is due, and goes up, when this urgency says; neither is ever later than before."""

    rule: str
    item_id: str
    urgency: Urgency
    due_at: datetime
    climb_at: datetime


@dataclass(frozen=True, slots=True)
class ClimbWorkItem:
    """Nobody has done it in time: it waits for this role now, and is looked at again at `again_at`."""

    rule: str
    item_id: str
    to: Rung
    again_at: datetime


@dataclass(frozen=True, slots=True)
class EndWorkItem:
    """It is done, or nobody needs it any more."""

    rule: str
    item_id: str
    state: WorkItemState


@dataclass(frozen=True, slots=True)
class DecideAgainAt:
    """Nothing now; decide again at this time."""

    rule: str
    at: datetime


Decision = (
    PlanAttempt
    | SkipChannel
    | CancelAttempt
    | BringAttemptForward
    | MoveAttempt
    | RecallAttempt
    | GiveUpDoubt
    | OpenVisit
    | EndAssignment
    | ReaddressVisit
    | EndVisitOffer
    | CancelVisit
    | RaiseUrgency
    | SetDeadline
    | MarkNumberBad
    | CloseCase
    | ReopenCase
    | OpenWorkItem
    | BringWorkItemForward
    | ClimbWorkItem
    | EndWorkItem
    | DecideAgainAt
)
