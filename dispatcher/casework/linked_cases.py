"""Cases that stand beside each other: on both their timelines, and under one cap where they share a number."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework.case_file import CaseFile
from dispatcher.store.base import in_array
from dispatcher.store.cases import CaseRow, LinkRow, PhoneRow
from schemas.vocabulary import CaseState, LinkKind


def link(case_file: CaseFile, case_id: UUID, other_id: UUID, kind: LinkKind) -> bool:
    """Put two cases beside each other, on both their timelines. Returns whether they were not yet."""
    case_file.open([other_id])
    is_new = False
    for one, other in ((case_id, other_id), (other_id, case_id)):
        # Both cases are locked, so nobody else links them meanwhile.
        if case_file.session.get(LinkRow, (one, other, kind)) is None:
            case_file.session.add(LinkRow(case_id=one, other_id=other, kind=kind, at=case_file.now))
            case_file.note(one, "case_linked", {"other": str(other), "kind": kind}, rule=kind)
            is_new = True
    return is_new


def link_shared_numbers(case_file: CaseFile, case_id: UUID) -> None:
    """Open cases of other people with one of these numbers: linked, and they share its caps."""
    for other in neighbours(case_file.session, [phone.digest for phone in case_file.phones[case_id]], case_id):
        link(case_file, case_id, other, LinkKind.SHARED_NUMBER)


def neighbours(session: Session, numbers: Iterable[bytes], case_id: UUID | None) -> list[UUID]:
    """Open cases with one of these numbers, this one left out."""
    others = (
        select(PhoneRow.case_id)
        .join(CaseRow, CaseRow.id == PhoneRow.case_id)
        .where(in_array(PhoneRow.digest, set(numbers)), CaseRow.state == CaseState.OPEN)
    )
    return sorted(set(session.scalars(others)) - {case_id})


def numbers_of(session: Session, case_id: UUID) -> set[bytes]:
    """The numbers that a case has already, before it is opened."""
    return set(session.scalars(select(PhoneRow.digest).where(PhoneRow.case_id == case_id)))
