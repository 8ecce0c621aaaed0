"""What the engine sees of a case: plain values, no personal data, no storage."""

from dataclasses import dataclass, field
from datetime import datetime

from dispatcher.engine import attempt_states, visit_states
from schemas.vocabulary import (
    ANSWERED_BY_STRANGER,
    AddressKind,
    Answer,
    AttemptState,
    BankRequest,
    CaseState,
    Channel,
    Ending,
    Onward,
    Person,
    Relation,
    Resolution,
    Result,
    RetryKind,
    ReturnReason,
    Rung,
    SkipReason,
    Urgency,
    VisitState,
    WorkItemKind,
)

SUBJECT = "subject"
LIVE = frozenset({AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED})
_REFUSALS = frozenset({Answer.UNSURE, Answer.DENIES, Answer.ALREADY_PAID})
MONEY_GONE = frozenset({Resolution.ALREADY_TRANSFERRED_ALL, Resolution.ALREADY_TRANSFERRED_PARTLY})
_MAY_DECIDE = frozenset({Person.SUBJECT, Person.GUARDIAN})
KIN = frozenset({Person.FAMILY, Person.GUARDIAN})


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number by its id. `party` is "subject" or one named contact.

    `shared`: a contact's number that is the subject's too. `used`: when other cases sent to this number lately.
    `past_calls`: calls in vain, long ago, that are no longer among the case's attempts.
    """

    id: str
    party: str
    person: Person
    bad_for: frozenset[Channel] = frozenset()
    relation: Relation | None = None
    shared: bool = False
    used: tuple[tuple[Channel, datetime], ...] = ()
    past_calls: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """An address by its id."""

    id: str
    kind: AddressKind
    added_at: datetime
    precinct: str | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """`number_fault`: the provider refused the number itself, or knows no such number.

    `return_reason`: why an officer gave the visit back. `left_yuan`: of a stop of payment, what was known to be lost
    when it was asked for, without what was stopped; `lacks_payee`: it did not name an account that is known now.
    """

    id: str
    channel: Channel
    party: str
    person: Person
    state: AttemptState
    due_at: datetime
    send_key: str
    bank_request: BankRequest | None = None
    warning_number: int = 1
    number_id: str | None = None
    visit_id: str | None = None
    rung: int | None = None
    result: Result | None = None
    onward: Onward | None = None
    confirmed: bool = False
    answer: Answer | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    retry_not_before: datetime | None = None
    retry_of: str | None = None
    retry_kind: RetryKind | None = None
    ending: Ending | None = None
    number_fault: bool = False
    return_reason: ReturnReason | None = None
    recalled_at: datetime | None = None
    possible_duplicate: bool = False
    skip_reason: SkipReason | None = None
    granted_until: datetime | None = None
    left_yuan: int | None = None
    lacks_payee: bool = False

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_final(self) -> bool:
        return self.state in attempt_states.FINAL

    @property
    def made_at(self) -> datetime:
        """When it was sent, or is to be."""
        return self.sent_at or self.due_at

    @property
    def is_resend(self) -> bool:
        """Sent under the key of one that may have been taken."""
        return self.possible_duplicate and self.send_key != self.id

    @property
    def is_refusal(self) -> bool:
        """The subject, or a guardian, was spoken with and would not be dissuaded."""
        by_phone = self.confirmed and self.answer in _REFUSALS and self.person in _MAY_DECIDE
        return by_phone or self.result is Result.MET_REFUSED


@dataclass(frozen=True, slots=True)
class Visit:
    id: str
    state: VisitState
    opened_at: datetime
    precinct: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    moved_at: datetime | None = None  # to another unit
    ladder_after: str | None = None  # the assignment after which the ladder began anew for a new roster
    offered_until: datetime | None = None
    guardian_present: bool = False
    assigned_at: datetime | None = None
    attempt_id: str | None = None
    result: Result | None = None

    @property
    def is_open(self) -> bool:
        return self.state not in visit_states.FINAL


@dataclass(frozen=True, slots=True)
class WorkItem:
    """Something that waits for a person and is not done yet.

    `climb_at`: when it goes up unless it is done. `urgency`: by which its times were set, where that is known.
    """

    id: str
    kind: WorkItemKind
    cause: str
    role: Rung
    due_at: datetime
    climb_at: datetime
    urgency: Urgency | None = None
    climbs: int = 0
    is_taken: bool = False
    opened_at: datetime | None = None


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
    places: tuple[Place, ...] = ()
    area: str | None = None
    minor: bool = False
    hearing_impaired: bool = False
    life_at_risk: bool = False
    withdrawn: bool = False
    expired: bool = False
    suppressed: bool = False
    paused: bool = False
    paused_until: datetime | None = None
    warned_before: bool = False
    rewarned_at: datetime | None = None
    reopened_at: datetime | None = None  # by a supervisor: who was contacted before no longer counts
    noticed_at: datetime | None = None  # the last group notice on this scam in this area, from any case
    down: frozenset[Channel] = frozenset()  # channels none of whose providers works
    money_moved: bool = False  # as instructions say; see money_has_moved
    amount_at_risk: int | None = None
    money_transferred: int = 0
    money_lost: int = 0
    deadlines: dict[str, datetime] = field(default_factory=dict)
    raise_causes: frozenset[str] = frozenset()
    asked_causes: frozenset[str] = frozenset()
    work_items: tuple[WorkItem, ...] = ()
    resolution: Resolution | None = None
    made: int = 0  # how many rows decisions have added, so that each gets a name of its own

    @property
    def is_open(self) -> bool:
        return self.state is CaseState.OPEN

    @property
    def is_on_hold(self) -> bool:
        """Nothing happens by itself until a person decides."""
        return self.expired or self.suppressed or self.paused

    def has_item(self, cause: str) -> bool:
        """A person has been asked about this, and it is not done yet."""
        return any(each.cause == cause for each in self.work_items)

    @property
    def last_report(self) -> Visit | None:
        """The visit that was reported last, of those that count."""
        reported = (each for each in reversed(self._counted_visits) if each.state is VisitState.REPORTED)
        return next(reported, None)

    @property
    def _counted_visits(self) -> tuple[Visit, ...]:
        """All, or those from the one on that was opened when the case was reopened."""
        at = self.reopened_at
        before = [n for n, each in enumerate(self.visits) if at is not None and each.opened_at <= at]
        return self.visits[before[-1] :] if before else self.visits

    def counts(self, call: Attempt) -> bool:
        """It was answered since the case was reopened."""
        return self.reopened_at is None or (call.settled_at or call.made_at) > self.reopened_at

    @property
    def open_visit(self) -> Visit | None:
        return next((visit for visit in self.visits if visit.is_open), None)

    def attempt(self, attempt_id: str) -> Attempt:
        return next(each for each in self.attempts if each.id == attempt_id)

    def visit(self, visit_id: str) -> Visit:
        return next(each for each in self.visits if each.id == visit_id)

    def assignments(self, visit_id: str) -> tuple[Attempt, ...]:
        """The visit's assignments that have not ended yet."""
        return tuple(each for each in self.attempts if each.visit_id == visit_id and not each.is_final)

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
        """No call that is called off, and nothing to a number that turned out bad, or is known no more."""
        good = attempt.number_id is None or any(
            each.id == attempt.number_id and attempt.channel not in each.bad_for for each in self.numbers
        )
        is_call = attempt.channel is Channel.VOICE
        return good and not (is_call and (self.is_called_off(attempt) or not self.may_be_called(attempt.party)))

    def is_called_off(self, call: Attempt) -> bool:
        """After a true contact nobody is called by itself; after a refusal only the family not yet spoken with.

        A call to anybody else but kin was a human's order, and stands.
        """
        if call.party in self.callees:
            return self.needs_no_call(call.party)
        is_told = not self.refusals or self._has_confirmed(call.party)
        return self.true_contact and call.person in KIN and is_told

    def needs_no_call(self, callee: str) -> bool:
        """After a true contact; but where one of a child's guardians refused, the others are called still."""
        return self.true_contact and (not self.refusals or callee == SUBJECT or self._has_confirmed(callee))

    def _has_confirmed(self, party: str) -> bool:
        return any(each.confirmed for each in self.on(Channel.VOICE, party))

    def may_be_called(self, party: str) -> bool:
        """Not by machine: a subject who can't hear it, or is a child."""
        return party != SUBJECT or not (self.hearing_impaired or self.minor)

    @property
    def callees(self) -> tuple[str, ...]:
        """Who is warned first: the subject; of a child every guardian, before others who has a number of their own."""
        guardians = [number for number in self.numbers if self.minor and number.person is Person.GUARDIAN]
        own_first = sorted(guardians, key=lambda number: number.shared)
        return tuple(dict.fromkeys(number.party for number in own_first)) or (SUBJECT,)

    @property
    def true_contact(self) -> bool:
        """A person confirmed: pressed the key, or was met. Delivered is not warned."""
        if any(self.was_met(visit) for visit in self._counted_visits):
            return True
        spoken = (each for each in self.attempts if each.channel is Channel.VOICE and each.confirmed)
        return any(each.person in _MAY_DECIDE and self.counts(each) for each in spoken)

    def was_met(self, visit: Visit) -> bool:
        """A child counts as met only with a guardian present."""
        met = visit.result is not None and visit.result.value.startswith("MET_")
        return met and (visit.guardian_present or not self.minor)

    @property
    def says_paid(self) -> bool:
        """By phone, from whoever was called and no stranger; or at the door."""
        by_phone = any(
            each.answer is Answer.ALREADY_PAID and each.result not in ANSWERED_BY_STRANGER for each in self.attempts
        )
        return by_phone or any(visit.result is Result.MET_ALREADY_DEFRAUDED for visit in self.visits)

    @property
    def money_has_moved(self) -> bool:
        """Told at intake, by a call's answer, or by an officer's report."""
        reported = self.is_open and self.money_lost > 0
        return self.money_moved or self.says_paid or self.ended_with_loss or reported

    @property
    def ended_with_loss(self) -> bool:
        return self.resolution in MONEY_GONE

    @property
    def refusals(self) -> tuple[datetime, ...]:
        """When the person was spoken with and refused."""
        return tuple(each.settled_at or each.made_at for each in self.attempts if each.is_refusal)

    def bank_requests(self, kind: BankRequest) -> tuple[Attempt, ...]:
        """What was asked of the bank, in the order in which it was asked."""
        return tuple(
            each for each in self.attempts if each.bank_request is kind and each.state is not AttemptState.CANCELLED
        )
