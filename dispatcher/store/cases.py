"""Cases 劝阻任务, with the phone numbers and addresses of their contact plan (values lie in the vault)."""

from uuid import UUID

from sqlalchemy import ColumnElement, Index, LargeBinary, case, text
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Json, Key, Timestamp, Yuan
from schemas.case_facts import CaseFacts
from schemas.vocabulary import AddressKind, CaseState, Channel, LinkKind, Person, Resolution, Urgency


def by_urgency(urgency: ColumnElement[Urgency] | InstrumentedAttribute[Urgency]) -> ColumnElement[int]:
    """Sorts the most urgent first."""
    return case({each.value: each.rank for each in Urgency}, value=urgency)


class CaseRow(Base):
    """Updated many times while it is open; its pages are filled by half, so that most updates touch no index (0015)."""

    __tablename__ = "cases"
    __table_args__ = (
        # One open case a person.
        Index("uq_cases_open_subject", "subject_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_cases_subject_id", "subject_id"),
        Index("ix_cases_opened_at", "opened_at"),
        # Few cases are such; the KPIs ask which ones came to be warned again.
        Index("ix_cases_warned_before", "warned_before", postgresql_where=text("warned_before IS NOT NULL")),
        # Those of another policy than the one in force are few, and looked for again and again.
        Index("ix_cases_policy_digest", "policy_digest", postgresql_where=text("state = 'open'")),
        Index("ix_cases_next_look_at", "next_look_at", postgresql_where=text("next_look_at IS NOT NULL")),
    )

    id: Mapped[Key]
    subject_id: Mapped[UUID] = mapped_column(DeferredFK("subjects.id"))
    urgency: Mapped[Urgency]
    urgency_since: Mapped[Timestamp]
    state: Mapped[CaseState]
    resolution: Mapped[Resolution | None]
    opened_at: Mapped[Timestamp]  # the case's clock; nothing resets it
    closed_at: Mapped[Timestamp | None]
    channels: Mapped[list[Channel]]
    fraud_type: Mapped[str]
    language: Mapped[str]
    policy_version: Mapped[str]
    policy_digest: Mapped[str | None]  # of what that version said, when the case was last decided on
    facts: Mapped[Json]  # as stored; `case_facts` reads and writes it
    withdrawn_at: Mapped[Timestamp | None]
    expired: Mapped[bool]
    suppressed: Mapped[bool]  # the same trigger was a false alarm a short time ago
    warned_before: Mapped[UUID | None]  # the person's earlier case, not long closed
    reopened_at: Mapped[Timestamp | None]  # by a supervisor
    rewarned_at: Mapped[Timestamp | None]  # when a source last raised the urgency: one more SMS may go
    paused_at: Mapped[Timestamp | None]  # by a supervisor, with a reason
    paused_until: Mapped[Timestamp | None]
    area: Mapped[str | None]  # unit code of the county; what a group notice may say of the place
    deadlines: Mapped[Json]
    raised_for: Mapped[list[str]] = mapped_column(JSONB)
    asked_for: Mapped[list[str]] = mapped_column(JSONB)
    next_look_at: Mapped[Timestamp | None]  # when the engine wants to decide again
    set_aside_at: Mapped[Timestamp | None]  # since when a fault of its own keeps some of it from being done
    first_contact_at: Mapped[Timestamp | None]
    first_contact_channel: Mapped[Channel | None]
    # Money in yuan, kept apart and never added together.
    amount_at_risk: Mapped[Yuan | None]
    money_moved: Mapped[bool]
    money_transferred: Mapped[Yuan]  # what the source saw leave; part of it may yet be stopped
    money_lost: Mapped[Yuan]  # what is known to have left and no bank has stopped
    money_stopped: Mapped[Yuan]
    money_gone: Mapped[Yuan | None]  # all that is known to have left, where a bank stopped more than that
    payees: Mapped[list[bytes] | None] = mapped_column(ARRAY(LargeBinary))  # keyed digests of where money went
    money_avoided: Mapped[Yuan | None]
    money_avoided_basis: Mapped[str | None]
    money_returned: Mapped[Yuan]
    journal_seq: Mapped[int]

    @property
    def case_facts(self) -> CaseFacts:
        """Coded facts of the instructions: vulnerability, app state, call in progress, …"""
        return CaseFacts.read(self.facts)

    @case_facts.setter
    def case_facts(self, facts: CaseFacts) -> None:
        # Older versions stored every fact; one that is as it was is no change.
        if facts != self.case_facts:
            self.facts = facts.stored()


class PhoneRow(Base):
    __tablename__ = "phones"

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), index=True)
    party: Mapped[str]  # "subject" or "contact:<relation>:<n>"
    person: Mapped[Person]
    position: Mapped[int]
    country: Mapped[str | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(SqlText))
    digest: Mapped[bytes] = mapped_column(index=True)
    value_id: Mapped[UUID] = mapped_column(DeferredFK("vault_values.id"))
    retired_at: Mapped[Timestamp | None]  # a newer version no longer names it


class AddressRow(Base):
    __tablename__ = "addresses"

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), index=True)
    kind: Mapped[AddressKind]
    position: Mapped[int]
    precinct_code: Mapped[str | None]
    valid_until: Mapped[Timestamp | None]
    digest: Mapped[bytes]
    value_id: Mapped[UUID] = mapped_column(DeferredFK("vault_values.id"))
    added_at: Mapped[Timestamp]
    retired_at: Mapped[Timestamp | None]


class BadNumberRow(Base):
    """Numbers that couldn't be reached, by blind index, remembered for the policy's time."""

    __tablename__ = "bad_numbers"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(primary_key=True)
    until: Mapped[Timestamp]


class LinkRow(Base):
    """Cases that belong beside each other without being one."""

    __tablename__ = "case_links"

    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), primary_key=True)
    kind: Mapped[LinkKind] = mapped_column(primary_key=True)
    at: Mapped[Timestamp]


class SuppressionRow(Base):
    """A trigger that was a false alarm, by blind index of person, scam type and kind of source; it ends by itself."""

    __tablename__ = "suppressions"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"))
    until: Mapped[Timestamp]
