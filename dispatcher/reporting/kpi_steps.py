"""How long each step took, per urgency: half of them within P50, nine in ten within P90, and how many were overdue.

What is not done by its deadline is overdue, done later or not; a case that ended before its deadline is not. The
upstream delay, from issue to receipt, stands apart: it is not ours.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, FromClause, Interval, Select, cast, false, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from dispatcher.reporting.kpi_facts import Flag
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import Urgency

# Steps of a case, counted from its opening: when each was done, and the deadline that it has.
_STEPS = {
    "first_sms": ("first_sms", None),
    "first_call": ("first_call", "first_call_by"),
    "met": ("met_at", "met_by"),
    "reported": ("reported_at", "report_by"),
}


def steps(session: Session, cases: FromClause, visits: FromClause, now: datetime) -> dict[str, dict[str, Any]]:
    """Each step, per urgency of the case."""
    every = union_all(*(_step(cases, now, name) for name in _STEPS), _acceptance(visits))
    taken = _per(session, every)
    found = {name: taken.get(name, {}) for name in (*_STEPS, "accepted")}
    return {name: lines if _has_deadline(name) else _without_overdue(lines) for name, lines in found.items()}


def upstream(session: Session, chosen: Flag) -> dict[str, Any]:
    """From issue to receipt, per urgency of the instruction, and how many came too late to be acted on."""
    took = InstructionRow.received_at - InstructionRow.issued_at
    late = InstructionRow.valid_until <= InstructionRow.received_at
    rows = (
        select(literal("upstream").label("step"), InstructionRow.urgency, took.label("took"), late.label("late"))
        .join(CaseRow, CaseRow.id == InstructionRow.case_id)
        .where(chosen)
    )
    lines = _per(session, rows).get("upstream", {})
    return {urgency: line | {"expired_on_arrival": line.pop("overdue")} for urgency, line in lines.items()}


def _step(cases: FromClause, now: datetime, name: str) -> Select[Any]:
    """Of the cases in which the step was due or done."""
    column, deadline = _STEPS[name]
    done = cases.c[column]
    late: Flag = false()
    counts: Flag = done.is_not(None)
    if deadline is not None:
        by = cast(cases.c.deadlines[deadline].as_string(), DateTime(timezone=True))
        late, counts = func.coalesce(done, cases.c.closed_at, now) > by, or_(counts, by.is_not(None))
    took = cast(done - cases.c.opened_at, Interval)
    rows = select(literal(name).label("step"), cases.c.urgency, took.label("took"), late.label("late"))
    return rows.where(cases.c.in_rates, counts)


def _acceptance(visits: FromClause) -> Select[Any]:
    """From the first assignment to the first acceptance; overdue if one of those who had it did not accept in time."""
    took = cast(visits.c.first_accepted_at - visits.c.first_assigned_at, Interval)
    return select(literal("accepted"), visits.c.urgency, took, visits.c.missed)


def _has_deadline(name: str) -> bool:
    return name == "accepted" or _STEPS[name][1] is not None


def _without_overdue(lines: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {urgency: line | {"overdue": None} for urgency, line in lines.items()}


def _per(session: Session, rows: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """Rows of (step, urgency, took, late), by step, most urgent first."""
    each = rows.subquery()
    took = func.extract("epoch", cast(each.c.took, Interval))
    found = select(
        each.c.step,
        each.c.urgency,
        func.count(),
        func.count(took),
        func.count().filter(each.c.late),
        *(func.percentile_cont(part).within_group(took) for part in (0.5, 0.9)),
    ).group_by(each.c.step, each.c.urgency)
    lines: dict[str, dict[str, dict[str, Any]]] = {}
    for step, urgency, of, done, late, p50, p90 in sorted(session.execute(found), key=lambda row: Urgency(row[1]).rank):
        line = {"of": of, "done": done, "overdue": late, "p50_s": _whole(p50), "p90_s": _whole(p90)}
        lines.setdefault(step, {})[urgency] = line
    return lines


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
