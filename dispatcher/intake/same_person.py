"""Whether an instruction is about somebody whom we know: an open case, an earlier one, a false alarm."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.closing import trigger
from dispatcher.casework.context import Context
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine.case import SUBJECT
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.base import in_array
from dispatcher.store.cases import CaseRow, PhoneRow, SuppressionRow
from dispatcher.store.vault import SubjectRow
from schemas.vocabulary import CaseState, Resolution, Urgency

# After one of these a person has not been warned in earnest.
_NO_WARNING = (Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.DUPLICATE_MERGED, Resolution.EXPIRED)


@dataclass(frozen=True)
class _Person:
    """What one person is told from another by."""

    id_digest: bytes | None
    is_id_doubtful: bool
    name_digest: bytes | None
    phones: frozenset[bytes]

    @classmethod
    def of(cls, normalised: NormalisedInstruction) -> Self:
        phones = frozenset(phone.digest for phone in normalised.phones if phone.party == SUBJECT)
        return cls(normalised.id_digest, normalised.is_id_doubtful, normalised.name_digest, phones)

    @classmethod
    def of_case(cls, case_file: CaseFile, case_id: UUID) -> Self:
        subject, rows = case_file.subject(case_id), case_file.phones[case_id]
        phones = frozenset(row.digest for row in rows if row.party == SUBJECT and row.retired_at is None)
        return cls(subject.id_digest, bool(subject.is_id_doubtful), subject.name_digest, phones)


def open_case(session: Session, normalised: NormalisedInstruction, without: UUID | None = None) -> UUID | None:
    """The person's open case, but not this one."""
    is_open = select(CaseRow.id).where(CaseRow.state == CaseState.OPEN)
    if without is not None:
        is_open = is_open.where(CaseRow.id != without)
    return _same_person(session, is_open.order_by(CaseRow.id).limit(1), _Person.of(normalised))


def other_open_cases(case_file: CaseFile, case_id: UUID) -> list[UUID]:
    """Open cases of this person, and those that an instruction would have joined which names the person as it does."""
    others = select(CaseRow.id).where(CaseRow.state == CaseState.OPEN, CaseRow.id != case_id)
    found = _known(others).where(
        or_(CaseRow.subject_id == case_file.cases[case_id].subject_id, *_grounds(_Person.of_case(case_file, case_id)))
    )
    return list(case_file.session.scalars(found.order_by(CaseRow.id)))


def open_cases_with_id(session: Session, normalised: NormalisedInstruction) -> list[UUID]:
    """Open cases of whoever has this identity number."""
    if normalised.id_digest is None:
        return []
    is_open = select(CaseRow.id).where(CaseRow.state == CaseState.OPEN)
    return list(session.scalars(_known(is_open).where(SubjectRow.id_digest == normalised.id_digest)))


def warned_before(work: UnitOfWork, normalised: NormalisedInstruction, now: datetime) -> UUID | None:
    """The person's last case, where it closed so short a time ago that this is a warning again."""
    since = now - work.context.policy.warned_again.within
    lately = select(CaseRow.id).where(
        CaseRow.state == CaseState.CLOSED, CaseRow.closed_at > since, CaseRow.resolution.not_in(_NO_WARNING)
    )
    lately = lately.order_by(CaseRow.closed_at.desc()).limit(1)
    return _same_person(work.session, lately, _Person.of(normalised))


def _same_person(session: Session, cases: Select[UUID], person: _Person) -> UUID | None:
    found = (session.scalar(_known(cases).where(ground)) for ground in _grounds(person))
    return next((each for each in found if each is not None), None)


def _known(cases: Select[UUID]) -> Select[UUID]:
    """A person who was erased is nobody's any more."""
    return cases.join(SubjectRow, SubjectRow.id == CaseRow.subject_id).where(SubjectRow.wrapped_key.is_not(None))


def _grounds(person: _Person) -> Iterator[ColumnElement[bool]]:
    """By an identity number that identifies somebody, a doubtful one only with a second match.

    By phone alone only where one side has none (a mother's phone is not the child).
    """
    with_phone = CaseRow.id.in_(
        select(PhoneRow.case_id).where(
            in_array(PhoneRow.digest, person.phones), PhoneRow.party == SUBJECT, PhoneRow.retired_at.is_(None)
        )
    )
    if person.id_digest is not None:
        is_sure = false() if person.is_id_doubtful else SubjectRow.is_id_doubtful.is_not(True)
        has_name = false() if person.name_digest is None else SubjectRow.name_digest == person.name_digest
        yield (SubjectRow.id_digest == person.id_digest) & or_(is_sure, with_phone, has_name)
    if person.phones:
        yield with_phone if person.id_digest is None else with_phone & SubjectRow.id_digest.is_(None)


def is_suppressed(work: UnitOfWork, normalised: NormalisedInstruction, now: datetime) -> bool:
    """Whether this trigger of this source was a false alarm lately. Never where it is critical, or money has moved."""
    triggers = triggers_of(work.context, normalised)
    return bool(triggers) and work.session.scalar(suppressed_among(triggers, now).limit(1)) is not None


def suppressed_among(triggers: Iterable[bytes], now: datetime) -> Select[bytes]:
    """Those of these triggers that are false alarms.

    Where the case was reopened, or ended otherwise in the end, it was none after all.
    """
    stands = CaseRow.state == CaseState.CLOSED, CaseRow.resolution == Resolution.NOT_A_VICTIM
    found = select(SuppressionRow.digest).join(CaseRow, CaseRow.id == SuppressionRow.case_id).where(*stands)
    return found.where(in_array(SuppressionRow.digest, triggers), SuppressionRow.until > now)


def triggers_of(context: Context, normalised: NormalisedInstruction) -> list[bytes]:
    """What is asked for among the false alarms; nothing where none is of account."""
    if normalised.urgency is Urgency.CRITICAL or normalised.money_moved:
        return []
    if normalised.is_id_doubtful:
        return []  # it may be somebody else
    people = [phone.digest for phone in normalised.phones if phone.party == SUBJECT]
    people = [normalised.id_digest] if normalised.id_digest is not None else people
    pushed = normalised.pushed
    source = pushed.source.system, pushed.source_kind
    return [trigger(context, each, normalised.fraud_type, *source) for each in people]
