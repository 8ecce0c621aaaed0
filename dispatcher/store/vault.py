"""The vault's tables: the only place where personal data lies, and only as ciphertext."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp


class SubjectRow(Base):
    """One person (or one quarantined line) with the key that all its values are encrypted under."""

    __tablename__ = "subjects"

    id: Mapped[Key]
    kind: Mapped[str]  # person, quarantine
    id_digest: Mapped[bytes | None] = mapped_column(index=True)  # blind index of the identity number
    is_id_doubtful: Mapped[bool | None]  # such a number joins with a second match only
    name_digest: Mapped[bytes | None]  # of the name: what a doubtful identity number must be confirmed by
    key_id: Mapped[str]
    wrapped_key: Mapped[bytes | None]  # None: erased
    created_at: Mapped[Timestamp]
    erased_at: Mapped[Timestamp | None]


class VaultValueRow(Base):
    __tablename__ = "vault_values"

    id: Mapped[Key]
    subject_id: Mapped[UUID] = mapped_column(DeferredFK("subjects.id"), index=True)
    field: Mapped[str]
    ciphertext: Mapped[bytes]


class KeyCheckRow(Base):
    """One known text per ring key, so that a wrong key is found at the start and not at the first victim."""

    __tablename__ = "key_checks"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    ciphertext: Mapped[bytes]
