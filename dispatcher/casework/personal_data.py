"""Persons in the vault: their rows, their values."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.store.base import new_id
from dispatcher.store.vault import SubjectRow, VaultValueRow
from dispatcher.vault import Sealed


def new_subject(work: UnitOfWork, now: datetime, *, kind: str = "person", id_digest: bytes | None = None) -> SubjectRow:
    subject_id = new_id()
    key_id, wrapped = work.context.vault.new_key(subject_id)
    subject = SubjectRow(
        id=subject_id, kind=kind, id_digest=id_digest, key_id=key_id, wrapped_key=wrapped, created_at=now
    )
    work.add(subject)
    return subject


def keep_value(work: UnitOfWork, subject: SubjectRow, field: str, text: str, value_id: UUID | None = None) -> UUID:
    """Encrypt one value under the person's key. Returns the value's id."""
    sealed = work.context.vault.seal(subject.id, subject.key_id, subject.wrapped_key, value_id or new_id(), field, text)
    work.add(VaultValueRow(id=sealed.id, subject_id=sealed.subject_id, field=field, ciphertext=sealed.ciphertext))
    return sealed.id


def read_value(work: UnitOfWork, value_id: UUID) -> str:
    """Raises vault.Erased where the person's key has been destroyed."""
    found = work.session.execute(
        select(VaultValueRow, SubjectRow)
        .join(SubjectRow, SubjectRow.id == VaultValueRow.subject_id)
        .where(VaultValueRow.id == value_id)
    ).one()
    value, subject = found.tuple()
    return work.context.vault.open(sealed(value), subject.key_id, subject.wrapped_key)


def sealed(value: VaultValueRow) -> Sealed:
    return Sealed(value.id, value.subject_id, value.field, value.ciphertext)
