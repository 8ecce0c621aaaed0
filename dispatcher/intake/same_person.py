"""Whether an instruction is about somebody whom we know: an open case, an earlier one, a false alarm."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from dispatcher.casework.closing import trigger
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine.case import SUBJECT
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.base import in_array
from dispatcher.store.cases import CaseRow, PhoneRow, SuppressionRow
from dispatcher.store.vault import SubjectRow
from schemas.vocabulary import CaseState, Resolution

# After one of these a person has not been warned in earnest.
_NO_WARNING = (Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.DUPLICATE_MERGED, Resolution.EXPIRED)


def open_case(session: Session, normalised: NormalisedInstruction) -> UUID | None:
    """The person's open case."""
    is_open = select(CaseRow.id).where(CaseRow.state == CaseState.OPEN)
    return _same_person(session, is_open.order_by(CaseRow.id).limit(1), normalised)


def warned_before(work: UnitOfWork, normalised: NormalisedInstruction, now: datetime) -> UUID | None:
    """The person's last case, where it closed so short a time ago that this is a warning again."""
    since = now - work.context.policy.warned_again.within
    lately = select(CaseRow.id).where(
        CaseRow.state == CaseState.CLOSED, CaseRow.closed_at > since, CaseRow.resolution.not_in(_NO_WARNING)
    )
    return _same_person(work.session, lately.order_by(CaseRow.closed_at.desc()).limit(1), normalised)


def _same_person(session: Session, cases: Select[UUID], normalised: NormalisedInstruction) -> UUID | None:
    """By identity number; by phone alone only where one side has none (a mother's phone is not the child)."""
    cases = cases.join(SubjectRow, SubjectRow.id == CaseRow.subject_id)
    if normalised.id_digest is not None:
        same = session.scalar(cases.where(SubjectRow.id_digest == normalised.id_digest))
        if same is not None:
            return same
    digests = [phone.digest for phone in normalised.phones if phone.party == SUBJECT]
    if not digests:
        return None
    with_phone = select(PhoneRow.case_id).where(in_array(PhoneRow.digest, digests), PhoneRow.party == SUBJECT)
    by_phone = cases.where(CaseRow.id.in_(with_phone))
    if normalised.id_digest is not None:
        by_phone = by_phone.where(SubjectRow.id_digest.is_(None))
    return session.scalar(by_phone)


def is_suppressed(work: UnitOfWork, normalised: NormalisedInstruction, now: datetime) -> bool:
    """Whether this trigger was a false alarm lately."""
    people = [phone.digest for phone in normalised.phones if phone.party == SUBJECT]
    people = [normalised.id_digest] if normalised.id_digest is not None else people
    triggers = [trigger(work.context, each, normalised.fraud_type, normalised.pushed.source_kind) for each in people]
    found = select(SuppressionRow.digest).where(in_array(SuppressionRow.digest, triggers), SuppressionRow.until > now)
    return bool(triggers) and work.session.scalar(found.limit(1)) is not None
