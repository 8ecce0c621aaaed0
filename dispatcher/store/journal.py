"""The journal 劝阻日志: append-only. Triggers refuse UPDATE, DELETE and TRUNCATE (see the first migration)."""

from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from dispatcher.store.base import Base, Json, Timestamp


class JournalRow(Base):
    """It has no key of its own in the database: who looks for an entry has its case, and its number tells it there."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_case_id", "case_id"),
        # Few entries are such, and the KPIs ask for them over all cases.
        Index("ix_journal_later_losses", "case_id", postgresql_where=text("event = 'later_loss_reported'")),
        Index("ix_journal_repeated", "case_id", postgresql_where=text("event = 'instruction_repeated'")),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[UUID]  # of version 7; it says in which month's partition the entry lies
    case_id: Mapped[UUID | None]
    seq: Mapped[int]  # 1, 2, 3 … within its case, and among those without a case; 0 where it is older than that
    at: Mapped[Timestamp]  # product time
    written_at: Mapped[Timestamp]  # real time
    actor: Mapped[str]
    event: Mapped[str]
    rule: Mapped[str | None]
    data: Mapped[Json]
    # What its transaction did to the case's rows, packed; see journal_changes.py and journal_form.py.
    changes: Mapped[bytes | None] = mapped_column(LargeBinary)
    # And to rows that cases share. Entries of older versions have all of it here.
    rows: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))

    __mapper_args__ = {"primary_key": ["id"]}  # noqa: RUF012 - as SQLAlchemy declares it


class JournalNumberRow(Base):
    """The last number of an entry without a case; one row. A case keeps its own (`cases.journal_seq`)."""

    __tablename__ = "journal_numbers"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
    unnumbered: Mapped[int]  # how many entries without a case are older than the numbers


def next_number(session: Session, count: int = 1) -> int:
    """The number of the next entry without a case, the first of so many.

    Whoever wants one too waits for this transaction: no gaps.
    """
    first = insert(JournalNumberRow).values(id=1, last=count, unnumbered=0)
    counted = first.on_conflict_do_update(index_elements=["id"], set_={"last": JournalNumberRow.last + count})
    return session.execute(counted.returning(JournalNumberRow.last)).scalar_one() - count + 1
