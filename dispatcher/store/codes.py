"""Call-back codes 任务码, and the queries on them."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp


class CodeRow(Base):
    """One code a case. The code itself lies in the vault; here it is found by keyed digest."""

    __tablename__ = "callback_codes"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), unique=True)
    value_id: Mapped[UUID] = mapped_column(DeferredFK("vault_values.id"))
    valid_until: Mapped[Timestamp]


class CodeCheckRow(Base):
    """Every query and its answer; how many an asker made lately bounds how many are answered."""

    __tablename__ = "code_checks"
    __table_args__ = (
        Index("ix_code_checks_asker", "asker", "checked_at"),
        Index("ix_code_checks_genuine", "case_id", postgresql_where=text("genuine")),
    )

    id: Mapped[Key]
    at: Mapped[Timestamp]
    checked_at: Mapped[Timestamp]  # real time
    asker: Mapped[str | None]  # an operator's id or a client's address; not known of old queries
    officer: Mapped[str | None]
    genuine: Mapped[bool]
    case_id: Mapped[UUID | None] = mapped_column(DeferredFK("cases.id"))
