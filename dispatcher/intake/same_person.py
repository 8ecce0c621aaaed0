"""Whether an instruction is about somebody whom we know: an open case, an earlier one, a false alarm."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session

from dispatcher.casework.closing import trigger
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine.case import SUBJECT
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.base import in_array
from dispatcher.store.cases import CaseRow, PhoneRow, SuppressionRow
from dispatcher.store.vault import SubjectRow
from schemas.vocabulary import CaseState, Resolution, Urgency

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
    """By an identity number that identifies somebody, a doubtful one only with a second match.

    By phone alone only where one side has none (a mother's phone is not the child).
    """
    # A person who was erased is nobody's any more.
    cases = cases.join(SubjectRow, SubjectRow.id == CaseRow.subject_id).where(SubjectRow.wrapped_key.is_not(None))
    digests = [phone.digest for phone in normalised.phones if phone.party == SUBJECT]
    with_phone = CaseRow.id.in_(
        select(PhoneRow.case_id).where(in_array(PhoneRow.digest, digests), PhoneRow.party == SUBJECT)
    )
    if normalised.id_digest is not None:
        by_id = cases.where(SubjectRow.id_digest == normalised.id_digest)
        is_sure = false() if normalised.is_id_doubtful else SubjectRow.is_id_doubtful.is_not(True)
        by_id = by_id.where(or_(is_sure, with_phone, _has_name(normalised)))
        same = session.scalar(by_id)
        if same is not None:
            return same
    if not digests:
        return None
    by_phone = cases.where(with_phone)
    if normalised.id_digest is not None:
        by_phone = by_phone.where(SubjectRow.id_digest.is_(None))
    return session.scalar(by_phone)


def _has_name(normalised: NormalisedInstruction) -> ColumnElement[bool]:
    if normalised.name_digest is None:
        return false()
    return SubjectRow.name_digest == normalised.name_digest


def is_suppressed(work: UnitOfWork, normalised: NormalisedInstruction, now: datetime) -> bool:
    """Whether this trigger of this source was a false alarm lately. Never where it is critical, or money has moved."""
    if normalised.urgency is Urgency.CRITICAL or normalised.money_moved:
        return False
    if normalised.is_id_doubtful:
        return False  # it may be somebody else
    people = [phone.digest for phone in normalised.phones if phone.party == SUBJECT]
    people = [normalised.id_digest] if normalised.id_digest is not None else people
    pushed = normalised.pushed
    source = pushed.source.system, pushed.source_kind
    triggers = [trigger(work.context, each, normalised.fraud_type, *source) for each in people]
    found = select(SuppressionRow.digest).where(in_array(SuppressionRow.digest, triggers), SuppressionRow.until > now)
    return bool(triggers) and work.session.scalar(found.limit(1)) is not None
