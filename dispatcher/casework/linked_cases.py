"""Other cases that matter to one: the person's open one, an earlier one, a linked one, a false alarm."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from dispatcher.casework.context import Context
from dispatcher.intake.normalised import SUBJECT, NormalisedInstruction
from dispatcher.store import journal_changes
from dispatcher.store.base import in_array
from dispatcher.store.cases import CaseRow, LinkRow, PhoneRow, SuppressionRow
from dispatcher.store.vault import SubjectRow
from schemas.vocabulary import CaseState, LinkKind, Resolution

if TYPE_CHECKING:
    from dispatcher.casework.case_file import CaseFile

# After one of these a person has not been warned in earnest.
_NO_WARNING = tuple(
    each.value
    for each in (Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.DUPLICATE_MERGED, Resolution.EXPIRED)
)


def open_case(session: Session, normalised: NormalisedInstruction) -> UUID | None:
    """The person's open case."""
    is_open = select(CaseRow.id).where(CaseRow.state == CaseState.OPEN.value)
    return _same_person(session, is_open.order_by(CaseRow.id).limit(1), normalised)


def warned_before(session: Session, context: Context, normalised: NormalisedInstruction, now: datetime) -> UUID | None:
    """The person's last case, where it closed so short a time ago that this is a warning again."""
    since = now - context.policy.warned_again.within
    lately = select(CaseRow.id).where(
        CaseRow.state == CaseState.CLOSED.value, CaseRow.closed_at > since, CaseRow.resolution.not_in(_NO_WARNING)
    )
    return _same_person(session, lately.order_by(CaseRow.closed_at.desc()).limit(1), normalised)


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


def link(case_file: CaseFile, case_id: UUID, other_id: UUID, kind: LinkKind) -> None:
    """Put two cases beside each other, on both their timelines."""
    case_file.open([other_id])
    for one, other in ((case_id, other_id), (other_id, case_id)):
        # Both cases are locked, so nobody else links them meanwhile.
        if case_file.session.get(LinkRow, (one, other, kind.value)) is None:
            case_file.session.add(LinkRow(case_id=one, other_id=other, kind=kind.value, at=case_file.now))
            case_file.note(one, "case_linked", {"other": str(other), "kind": kind}, rule=kind.value)


def link_shared_numbers(case_file: CaseFile, case_id: UUID) -> None:
    """Open cases of other people with one of these numbers: linked, and they share its caps."""
    for other in neighbours(case_file.session, [phone.digest for phone in case_file.phones[case_id]], case_id):
        link(case_file, case_id, other, LinkKind.SHARED_NUMBER)


def neighbours(session: Session, numbers: Iterable[bytes], case_id: UUID | None) -> list[UUID]:
    """Open cases with one of these numbers, this one left out."""
    others = (
        select(PhoneRow.case_id)
        .join(CaseRow, CaseRow.id == PhoneRow.case_id)
        .where(in_array(PhoneRow.digest, set(numbers)), CaseRow.state == CaseState.OPEN.value)
    )
    return sorted(set(session.scalars(others)) - {case_id})


def numbers_of(session: Session, case_id: UUID) -> set[bytes]:
    """The numbers that a case has already, before it is opened."""
    return set(session.scalars(select(PhoneRow.digest).where(PhoneRow.case_id == case_id)))


def is_suppressed(session: Session, context: Context, normalised: NormalisedInstruction, now: datetime) -> bool:
    """Whether this trigger was a false alarm lately."""
    people = [phone.digest for phone in normalised.phones if phone.party == SUBJECT]
    people = [normalised.id_digest] if normalised.id_digest is not None else people
    triggers = [trigger(context, each, normalised.fraud_type, normalised.pushed.source_kind) for each in people]
    found = select(SuppressionRow.digest).where(in_array(SuppressionRow.digest, triggers), SuppressionRow.until > now)
    return bool(triggers) and session.scalar(found.limit(1)) is not None


def suppress(case_file: CaseFile, case_id: UUID, kinds: Iterable[str | None]) -> datetime:
    """Remember a false alarm: person, scam type, kinds of source. Gives the time at which it ends by itself."""
    case = case_file.cases[case_id]
    until = case_file.now + case_file.context.policy.suppress_for
    id_digest = case_file.session.scalar(select(SubjectRow.id_digest).where(SubjectRow.id == case.subject_id))
    people = {phone.digest for phone in case_file.phones[case_id] if phone.party == SUBJECT}
    people |= {id_digest} if id_digest is not None else set()
    for person in people:
        for kind in set(kinds):
            digest = trigger(case_file.context, person, case.fraud_type, kind)
            suppression = SuppressionRow(digest=digest, case_id=case_id, until=until)
            journal_changes.keep_longest(case_file.session, case_id, suppression)
    return until


def trigger(context: Context, person: bytes, fraud_type: str, source_kind: str | None) -> bytes:
    """Blind index of what a false alarm was about."""
    return context.vault.digest("trigger", f"{person.hex()}\0{fraud_type}\0{source_kind or ''}")
