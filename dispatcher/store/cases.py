"""Cases 劝阻任务, with the phone numbers and addresses of their contact plan (values lie in the vault)."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import At, Base, Json, Key, Words, Yuan


class CaseRow(Base):
    __tablename__ = "cases"
    __table_args__ = (
        # One open case a person.
        Index("uq_cases_open_subject", "subject_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_cases_next_look_at", "next_look_at", postgresql_where=text("next_look_at IS NOT NULL")),
    )

    id: Mapped[Key]
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subjects.id"))
    urgency: Mapped[str]
    urgency_since: Mapped[At]
    state: Mapped[str]
    resolution: Mapped[str | None]
    opened_at: Mapped[At]  # the case's clock; nothing resets it
    closed_at: Mapped[At | None]
    channels: Mapped[Words]
    fraud_type: Mapped[str]
    language: Mapped[str]
    policy_version: Mapped[str]
    facts: Mapped[Json]  # coded facts of the instruction: vulnerability, app state, call in progress, …
    withdrawn_at: Mapped[At | None]
    expired: Mapped[bool]
    deadlines: Mapped[Json]
    raised_for: Mapped[list[str]] = mapped_column(JSONB)
    asked_for: Mapped[list[str]] = mapped_column(JSONB)
    waiting_for: Mapped[str | None]
    next_look_at: Mapped[At | None]  # when the engine wants to decide again
    first_contact_at: Mapped[At | None]
    first_contact_channel: Mapped[str | None]
    # Money in yuan, kept apart and never added together.
    amount_at_risk: Mapped[Yuan | None]
    money_moved: Mapped[bool]
    money_lost: Mapped[Yuan]
    money_stopped: Mapped[Yuan]
    money_avoided: Mapped[Yuan | None]
    money_avoided_basis: Mapped[str | None]
    money_returned: Mapped[Yuan]
    journal_seq: Mapped[int]


class PhoneRow(Base):
    __tablename__ = "phones"

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    party: Mapped[str]  # "subject" or "contact:<relation>:<n>"
    person: Mapped[str]
    position: Mapped[int]
    country: Mapped[str | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(SqlText))
    digest: Mapped[bytes] = mapped_column(index=True)
    value_id: Mapped[UUID] = mapped_column(ForeignKey("vault_values.id"))


class AddressRow(Base):
    __tablename__ = "addresses"

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]
    position: Mapped[int]
    precinct_code: Mapped[str | None]
    valid_until: Mapped[At | None]
    digest: Mapped[bytes]
    value_id: Mapped[UUID] = mapped_column(ForeignKey("vault_values.id"))


class BadNumberRow(Base):
    """Numbers that couldn't be reached, by blind index, remembered for the policy's time."""

    __tablename__ = "bad_numbers"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[At]


class FollowUpRow(Base):
    __tablename__ = "follow_ups"

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    due_at: Mapped[At]
    done_at: Mapped[At | None]
