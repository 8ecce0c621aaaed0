"""How long each step took, per urgency: half of them within P50, nine in ten within P90, and how many were overdue.

What is not done by its deadline is overdue, done later or not; a case that ended before its deadline is not. The
upstream delay, from issue to receipt, stands apart: it is not ours.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Interval,
    ScalarSelect,
    Text,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import Channel, Resolution, Result, Urgency

Flag = ColumnElement[bool]
# Steps of a case, counted from its opening, and the deadline that each has.
_DEADLINES = {"first_sms": None, "first_call": "first_call_by", "met": "met_by", "reported": "report_by"}


def opened(since: datetime | None, until: datetime | None, precinct: str | None) -> Flag:
    """The cases of a period; with a precinct those that it has, or had, a visit of."""
    chosen: Flag = true()
    if since is not None:
        chosen &= CaseRow.opened_at >= since
    if until is not None:
        chosen &= CaseRow.opened_at < until
    if precinct is not None:
        chosen &= CaseRow.id.in_(select(VisitRow.case_id).where(of_unit(precinct)))
    return chosen


def of_unit(precinct: str | None) -> Flag:
    """Visits that this precinct has, or gave away; any visit where none is named."""
    if precinct is None:
        return true()
    gave_away = select(TransferRow.visit_id).where(TransferRow.from_unit == precinct)
    return or_(VisitRow.precinct_code == precinct, VisitRow.id.in_(gave_away))


def in_rates() -> Flag:
    """Withdrawn cases leave every rate."""
    return CaseRow.resolution.is_distinct_from(Resolution.WITHDRAWN)


def was_met() -> Flag:
    """A visit that met the person; a child only with a guardian present."""
    is_minor = CaseRow.facts["minor"].as_boolean().is_(True)
    return VisitRow.result.startswith("MET_") & or_(VisitRow.guardian_present.is_(True), ~is_minor)


def pushed() -> Flag:
    """A visit that was given to a precinct's roster."""
    sent = exists().where(AttemptRow.visit_id == VisitRow.id, AttemptRow.sent_at.is_not(None))
    return VisitRow.precinct_code.is_not(None) & sent.correlate(VisitRow)


def missed() -> Flag:
    """A visit that somebody did not accept, or not in time."""
    lapsed = exists().where(AttemptRow.visit_id == VisitRow.id, AttemptRow.result == Result.NOT_ACCEPTED)
    late = exists().where(*_of_visit("visit_accepted"), JournalRow.data["late"].as_boolean().is_(True))
    return or_(lapsed.correlate(VisitRow), late.correlate(VisitRow))


def first(event: str) -> ScalarSelect[datetime]:
    """When this first happened to a visit, by the journal: a visit that was returned forgets."""
    return select(func.min(JournalRow.at)).where(*_of_visit(event)).correlate(VisitRow).scalar_subquery()


def _of_visit(event: str) -> tuple[Flag, ...]:
    is_of = JournalRow.data["visit"].as_string() == cast(VisitRow.id, Text)
    return JournalRow.case_id == VisitRow.case_id, JournalRow.event == event, is_of


def steps(session: Session, chosen: Flag, now: datetime, precinct: str | None) -> dict[str, dict[str, Any]]:
    """Each step, per urgency of the case."""
    taken = {name: _step(session, chosen, now, name, deadline) for name, deadline in _DEADLINES.items()}
    return taken | {"accepted": _accepted(session, chosen, precinct)}


def upstream(session: Session, chosen: Flag) -> dict[str, Any]:
    """From issue to receipt, per urgency of the instruction, and how many came too late to be acted on."""
    took = InstructionRow.received_at - InstructionRow.issued_at
    late = InstructionRow.valid_until <= InstructionRow.received_at
    rows = (
        select(InstructionRow.urgency, took.label("took"), late.label("late"))
        .join(CaseRow, CaseRow.id == InstructionRow.case_id)
        .where(chosen)
    )
    return {urgency: line | {"expired_on_arrival": line.pop("overdue")} for urgency, line in _per(session, rows)}


def _step(session: Session, chosen: Flag, now: datetime, name: str, deadline: str | None) -> dict[str, Any]:
    done = _done(name)
    late: Flag = false()
    counts: Flag = done.is_not(None)
    if deadline is not None:
        by = cast(CaseRow.deadlines[deadline].as_string(), DateTime(timezone=True))
        late, counts = func.coalesce(done, CaseRow.closed_at, now) > by, or_(counts, by.is_not(None))
    took = done - CaseRow.opened_at
    rows = select(CaseRow.urgency, took.label("took"), late.label("late")).where(chosen, in_rates(), counts)
    lines = dict(_per(session, rows))
    return lines if deadline else {urgency: line | {"overdue": None} for urgency, line in lines.items()}


def _done(name: str) -> ScalarSelect[datetime | None]:
    """When a case's step was first done."""
    if name in ("first_sms", "first_call"):
        channel = Channel.SMS if name == "first_sms" else Channel.VOICE
        first = select(func.min(AttemptRow.sent_at)).where(
            AttemptRow.case_id == CaseRow.id, AttemptRow.channel == channel
        )
    elif name == "met":
        at_the_door = func.coalesce(VisitRow.arrived_at, VisitRow.reported_at)
        first = select(func.min(at_the_door)).where(VisitRow.case_id == CaseRow.id, was_met())
    else:
        first = select(func.min(VisitRow.reported_at)).where(VisitRow.case_id == CaseRow.id)
    return first.correlate(CaseRow).scalar_subquery()


def _accepted(session: Session, chosen: Flag, precinct: str | None) -> dict[str, Any]:
    """From the first assignment to the first acceptance; overdue where whoever had it did not accept in time."""
    took = first("visit_accepted") - first("visit_assigned")
    rows = (
        select(CaseRow.urgency, took.label("took"), missed().label("late"))
        .join(VisitRow, VisitRow.case_id == CaseRow.id)
        .where(chosen, in_rates(), pushed(), of_unit(precinct))
    )
    return dict(_per(session, rows))


def _per(session: Session, rows: Any) -> list[tuple[str, dict[str, Any]]]:
    """Rows of (urgency, took, late), most urgent first."""
    each = rows.subquery()
    took = func.extract("epoch", cast(each.c.took, Interval))
    found = select(
        each.c.urgency,
        func.count(),
        func.count(took),
        func.count().filter(each.c.late),
        *(func.percentile_cont(part).within_group(took) for part in (0.5, 0.9)),
    ).group_by(each.c.urgency)
    lines = {
        urgency: {"of": of, "done": done, "overdue": late, "p50_s": _whole(p50), "p90_s": _whole(p90)}
        for urgency, of, done, late, p50, p90 in session.execute(found)
    }
    return [(urgency, lines[urgency]) for urgency in Urgency if urgency in lines]


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
