"""What the engine sees of a case: plain values, no personal data, no storage."""

from dataclasses import dataclass, field
from datetime import datetime

from schemas.vocabulary import (
    AttemptState,
    CaseState,
    Channel,
    Person,
    Resolution,
    Result,
    SkipReason,
    Urgency,
    VisitState,
)

SUBJECT = "subject"
LIVE = frozenset({AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED})
OPEN_VISIT = frozenset(
    {VisitState.WAITING, VisitState.ASSIGNED, VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED}
)


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number by its id. `party` is "subject" or one named contact."""

    id: str
    party: str
    person: Person
    bad_for: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class Attempt:
    id: str
    channel: Channel
    party: str
    person: Person
    state: AttemptState
    due_at: datetime
    send_key: str
    number_id: str | None = None
    visit_id: str | None = None
    rung: int | None = None
    result: Result | None = None
    confirmed: bool = False
    answer: str | None = None
    detail: str | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    retry_not_before: datetime | None = None
    retry_of: str | None = None
    possible_duplicate: bool = False
    skip_reason: SkipReason | None = None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class Visit:
    id: str
    state: VisitState
    opened_at: datetime
    not_before: datetime | None = None
    assigned_at: datetime | None = None
    attempt_id: str | None = None
    result: Result | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_VISIT


@dataclass(frozen=True, slots=True)
class Case:
    """A case at one moment. Attempts and visits stand in the order in which they were made."""

    id: str
    urgency: Urgency
    state: CaseState
    opened_at: datetime
    urgency_since: datetime
    channels: frozenset[Channel]
    fraud_type: str
    numbers: tuple[Number, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    visits: tuple[Visit, ...] = ()
    withdrawn: bool = False
    expired: bool = False
    money_moved: bool = False
    amount_at_risk: int | None = None
    money_lost: int = 0
    deadlines: dict[str, datetime] = field(default_factory=dict)
    raised_for: frozenset[str] = frozenset()
    asked_for: frozenset[str] = frozenset()
    waiting_for: str | None = None
    resolution: Resolution | None = None
    made: int = 0  # how many rows decisions have added, so that each gets a name of its own

    @property
    def is_open(self) -> bool:
        return self.state is CaseState.OPEN

    @property
    def open_visit(self) -> Visit | None:
        return next((visit for visit in self.visits if visit.is_open), None)

    def attempt(self, attempt_id: str) -> Attempt:
        return next(each for each in self.attempts if each.id == attempt_id)

    def on(self, channel: Channel, party: str = SUBJECT) -> tuple[Attempt, ...]:
        """Attempts made, or being made, to one party on one channel; skipped and cancelled ones left out."""
        return tuple(
            each
            for each in self.attempts
            if each.channel is channel
            and each.party == party
            and each.state not in (AttemptState.SKIPPED, AttemptState.CANCELLED)
        )

    def successor(self, attempt: Attempt) -> Attempt | None:
        """The attempt that was made in place of this one."""
        return next((each for each in self.attempts if each.retry_of == attempt.id), None)

    def is_pending(self, attempt: Attempt) -> bool:
        """Still to come to something: live, or in doubt with nothing sent in its place."""
        in_doubt = attempt.state is AttemptState.IN_DOUBT and self._may_be_repeated(attempt)
        return attempt.is_live or (in_doubt and self.successor(attempt) is None)

    def _may_be_repeated(self, attempt: Attempt) -> bool:
        """No further call after a true contact, and nothing to a number that turned out bad."""
        bad = any(each.id == attempt.number_id and attempt.channel in each.bad_for for each in self.numbers)
        return not bad and not (attempt.channel is Channel.VOICE and self.true_contact)

    @property
    def true_contact(self) -> bool:
        """A person confirmed: pressed the key, or was met. Delivered is not warned."""
        met = any(visit.result is not None and visit.result.value.startswith("MET_") for visit in self.visits)
        return met or any(each.confirmed and each.person in (Person.SUBJECT, Person.GUARDIAN) for each in self.attempts)
