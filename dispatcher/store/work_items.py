"""Work items 待办: what waits for a person. The table keeps its first name, by which the journal knows it."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp, Yuan
from dispatcher.store.numbers import Numbers
from schemas.vocabulary import FollowUp, Rung, Urgency, WorkItemKind, WorkItemState

NUMBERS = Numbers("work_item_numbers")


class WorkItemRow(Base):
    __tablename__ = "duties"
    __table_args__ = (
        Index("ix_duties_open", "due_at", postgresql_where=text("done_at IS NULL")),
        Index("ix_duties_climb_at", "climb_at", postgresql_where=text("done_at IS NULL")),
        Index("ix_duties_without_case", "cause", postgresql_where=text("case_id IS NULL")),
    )

    id: Mapped[Key]
    case_id: Mapped[UUID | None] = mapped_column(DeferredFK("cases.id"), index=True)
    urgency: Mapped[Urgency | None]  # by which its times were set; one without a case has no other
    kind: Mapped[WorkItemKind]
    rule: Mapped[str]
    about: Mapped[UUID | None]  # the row that it is about, where its kind has one: a line's in the quarantine
    number: Mapped[int]  # short, to be said on the phone
    state: Mapped[WorkItemState]
    cause: Mapped[str]  # what it was opened for; one item stands for each
    role: Mapped[Rung]  # whom it waits for
    unit: Mapped[str | None]  # of the precinct; a role above it is that of the precinct's county
    planned_at: Mapped[Timestamp]
    due_at: Mapped[Timestamp]
    climb_at: Mapped[Timestamp]  # when it goes one rung up, or is told again, unless it is done
    climbs: Mapped[int]
    taken_at: Mapped[Timestamp | None]
    taken_by: Mapped[str | None]
    done_at: Mapped[Timestamp | None]
    done_by: Mapped[str | None]
    outcome: Mapped[FollowUp | None]
    loss_yuan: Mapped[Yuan | None]
