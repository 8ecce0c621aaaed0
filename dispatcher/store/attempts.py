"""Attempts 劝阻尝试: exactly one call to one provider for one person."""

from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp, Yuan
from schemas.vocabulary import (
    Action,
    Answer,
    AttemptState,
    BankRequest,
    Channel,
    Ending,
    Onward,
    Person,
    Result,
    RetryKind,
    ReturnReason,
    SkipReason,
)


class AttemptRow(Base):
    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_case_id", "case_id"),
        Index("ix_attempts_send_key", "send_key"),
        Index("ix_attempts_ref", "ref", postgresql_where=text("ref IS NOT NULL")),
        Index("ix_attempts_due", "lane", "urgency_rank", "due_at", postgresql_where=text("action IS NOT NULL")),
        Index("ix_attempts_lease", "lease_until", postgresql_where=text("state = 'sending'")),
        Index("ix_attempts_due_at", "due_at", postgresql_where=text("action IS NOT NULL")),
        Index("ix_attempts_planned_at", "planned_at"),
        Index("ix_attempts_notices", text("coalesce(sent_at, due_at)"), postgresql_where=text("channel = 'broadcast'")),
        Index("ix_attempts_leased", "lease_until", postgresql_where=text("lease_until IS NOT NULL")),
        Index("ix_attempts_doubted", "sent_at", postgresql_where=text("was_in_doubt")),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"))
    channel: Mapped[Channel]
    party: Mapped[str]
    person: Mapped[Person]
    hook: Mapped[BankRequest | None]  # the request to a bank
    occasion: Mapped[int]  # 1, 2, 3: repeat warnings change their wording
    phone_id: Mapped[UUID | None]
    visit_id: Mapped[UUID | None]
    rung: Mapped[int | None]
    provider: Mapped[str | None]
    rule: Mapped[str]
    retry_of: Mapped[UUID | None]
    retry_kind: Mapped[RetryKind | None]  # where it makes the earlier one again
    send_key: Mapped[UUID]  # its own id, or the doubtful attempt's when re-sent
    possible_duplicate: Mapped[bool]
    state: Mapped[AttemptState]
    # What a worker has to do about it at due_at: send, query or cancel; nothing while a worker has it, or once done.
    action: Mapped[Action | None]
    due_at: Mapped[Timestamp]
    lane: Mapped[str]
    urgency_rank: Mapped[int]
    # Real time, never product time. Sending: after it the outcome is in doubt. Accepted: an answer may be on its way.
    lease_until: Mapped[Timestamp | None]
    # Real time: when its sender gave the call up without an answer; none where the sender vanished.
    gave_up_at: Mapped[Timestamp | None]
    planned_at: Mapped[Timestamp]
    sent_at: Mapped[Timestamp | None]
    settled_at: Mapped[Timestamp | None]
    retry_not_before: Mapped[Timestamp | None]  # if the provider named its wait
    result: Mapped[Result | None]
    corrected_from: Mapped[Result | None]  # what an officer had reported before it was corrected
    onward: Mapped[Onward | None]  # what its refusal lets the plan do at once
    confirmed: Mapped[bool]
    answer: Mapped[Answer | None]
    detail: Mapped[str | None]  # the vendor's own words; nothing is decided on them
    ending: Mapped[Ending | None]  # how it ended where no provider said what came of it
    number_fault: Mapped[bool | None]  # the provider refused the number itself
    return_reason: Mapped[ReturnReason | None]  # why an officer gave the visit back
    recalled_at: Mapped[Timestamp | None]
    skip_reason: Mapped[SkipReason | None]
    asked_yuan: Mapped[Yuan | None]  # of a bank that was asked to stop payment: all that was known to be gone then
    asked_payees: Mapped[list[bytes] | None] = mapped_column(ARRAY(LargeBinary))  # and the accounts that were named
    stopped_yuan: Mapped[Yuan | None]  # a bank's answer: how much it stopped
    granted_until: Mapped[Timestamp | None]  # a bank's answer: how long the account is protected
    ref: Mapped[str | None]
    was_in_doubt: Mapped[bool]

    @property
    def is_contact(self) -> bool:
        """A call that was confirmed by the right person."""
        by_right_person = self.channel == Channel.VOICE and self.person in (Person.SUBJECT, Person.GUARDIAN)
        return self.confirmed and by_right_person
