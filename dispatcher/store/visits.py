"""Visits 上门劝阻任务, and the roster of who is on duty."""

from uuid import UUID

from sqlalchemy import ColumnElement, Index, or_, select, text, true
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from dispatcher.store.base import Base, DeferredFK, Key, Timestamp
from dispatcher.store.numbers import Numbers
from schemas.vocabulary import Result, ReturnReason, Role, Rung, VisitState

NUMBERS = Numbers("visit_numbers")


class VisitRow(Base):
    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_case_id", "case_id"),
        # A visit is never doubled: one open visit a case.
        Index(
            "uq_visits_open_case",
            "case_id",
            unique=True,
            postgresql_where=text("state NOT IN ('reported', 'cancelled')"),
        ),
    )

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(DeferredFK("cases.id"))
    state: Mapped[VisitState]
    rule: Mapped[str]
    precinct_code: Mapped[str | None]
    opened_at: Mapped[Timestamp]
    not_before: Mapped[Timestamp | None]
    not_after: Mapped[Timestamp | None]  # of a revisit: the end of its window
    number: Mapped[int]  # short, to be said on the phone
    moved_at: Mapped[Timestamp | None]  # to another unit; the ladder began anew then
    ladder_after: Mapped[UUID | None]  # the last assignment before it began anew for a new roster
    offered_until: Mapped[Timestamp | None]
    attempt_id: Mapped[UUID | None]  # the assignment in force
    officer: Mapped[str | None]
    assigned_at: Mapped[Timestamp | None]
    accepted_at: Mapped[Timestamp | None]
    departed_at: Mapped[Timestamp | None]
    arrived_at: Mapped[Timestamp | None]
    reported_at: Mapped[Timestamp | None]
    corrected_at: Mapped[Timestamp | None]  # when what was reported was last corrected
    result: Mapped[Result | None]
    return_reason: Mapped[ReturnReason | None]
    guardian_present: Mapped[bool | None]
    # Kept over returns and transfers, for the KPIs.
    first_assigned_at: Mapped[Timestamp | None]
    first_accepted_at: Mapped[Timestamp | None]
    accepted_late: Mapped[bool | None]  # one of those who accepted it did so too late


def in_unit(column: InstrumentedAttribute[str | None] | InstrumentedAttribute[str], unit: str) -> ColumnElement[bool]:
    """Of a unit, or of one below it: of a county its precincts, of a centre its counties and theirs."""
    below = select(UnitRow.code).where(UnitRow.parent == unit).cte(recursive=True)
    below = below.union(select(UnitRow.code).join(below, UnitRow.parent == below.c.code))
    return or_(column == unit, column.in_(select(below.c.code)))


class AssignmentRow(Base):
    """Who got which assignment: written by the roster, once for each send_key."""

    __tablename__ = "assignments"

    send_key: Mapped[Key]
    visit_id: Mapped[UUID] = mapped_column(DeferredFK("visits.id"), index=True)
    badge: Mapped[str] = mapped_column(index=True)
    rung: Mapped[int]
    assigned_at: Mapped[Timestamp]


class UnitRow(Base):
    __tablename__ = "units"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]  # precinct, county, centre
    parent: Mapped[str | None]
    on_roster: Mapped[bool] = mapped_column(server_default=true())  # the last one names it; others are kept


class OfficerRow(Base):
    """An officer by badge; names stay in the police directory."""

    __tablename__ = "officers"

    badge: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(DeferredFK("units.code"), index=True)
    role: Mapped[Rung]
    position: Mapped[int]
    duty: Mapped[list[str]] = mapped_column(ARRAY(SqlText))  # "08:00-20:00"


class StaffRow(Base):
    """Who acts without standing on the ladder: a supervisor, an operator of a centre. By badge, as officers are."""

    __tablename__ = "staff"

    badge: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(DeferredFK("units.code"))
    role: Mapped[Role]
