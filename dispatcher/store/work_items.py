"""Duties 待办: what a person has to do about a case beside a visit, follow-ups 回访 among them."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp, Yuan
from schemas.vocabulary import FollowUp, WorkItemKind


class WorkItemRow(Base):
    __tablename__ = "duties"
    __table_args__ = (Index("ix_duties_open", "due_at", postgresql_where=text("done_at IS NULL")),)

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"), index=True)
    kind: Mapped[WorkItemKind]
    rule: Mapped[str]
    about: Mapped[UUID | None]  # the row that it is about, where its kind has one: a conflict's in the quarantine
    planned_at: Mapped[Timestamp]
    due_at: Mapped[Timestamp]
    done_at: Mapped[Timestamp | None]
    done_by: Mapped[str | None]
    outcome: Mapped[FollowUp | None]
    loss_yuan: Mapped[Yuan | None]
