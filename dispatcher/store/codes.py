"""Call-back codes 任务码, and the queries on them."""

from uuid import UUID

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
    """Every query and its answer; how many came lately bounds how many are answered."""

    __tablename__ = "code_checks"

    id: Mapped[Key]
    at: Mapped[Timestamp]
    checked_at: Mapped[Timestamp] = mapped_column(index=True)  # real time
    officer: Mapped[str | None]
    genuine: Mapped[bool]
    case_id: Mapped[UUID | None] = mapped_column(DeferredFK("cases.id"))
