"""How long each step took, per urgency: half of them within P50, nine in ten within P90, and how many were overdue.

What is not done by its deadline is overdue, done later or not; a case that ended before its deadline is not. The
upstream delay, from issue to receipt, stands apart: it is not ours.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, RowMapping, case, extract, false, func, or_, select, true
from sqlalchemy.orm import Session

from dispatcher.reporting.kpi_facts import Flag
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import Urgency

Rows = Sequence[RowMapping]
Lines = dict[str, dict[str, Any]]  # by urgency, most urgent first
# Steps of a case, counted from its opening: when each was done, and the deadline that it has.
_STEPS = {
    "first_sms": ("first_sms", None),
    "first_call": ("first_call", "first_call_by"),
    "met": ("met_at", "met_by"),
    "reported": ("reported_at", "report_by"),
}
_ACCEPTED, _UPSTREAM = "accepted", "upstream"


def of_cases(cases: FromClause, now: datetime) -> Iterator[ColumnElement[Any]]:
    """The figures of each step, over the cases in which it was due or done."""
    for name, (column, deadline) in _STEPS.items():
        done = cases.c[column]
        is_late: Flag = false()
        is_counted: Flag = done.is_not(None)
        if deadline is not None:
            by = cases.c[deadline]
            is_late, is_counted = func.coalesce(done, cases.c.closed_at, now) > by, or_(is_counted, by.is_not(None))
        yield from _figures(name, done - cases.c.opened_at, is_late, cases.c.in_rates & is_counted)


def of_visits(visits: FromClause) -> Iterator[ColumnElement[Any]]:
    """From the first assignment to the first acceptance; overdue if one of those who had it did not accept in time."""
    return _figures(_ACCEPTED, visits.c.first_accepted_at - visits.c.first_assigned_at, visits.c.missed)


def steps(rows: Rows) -> dict[str, Lines]:
    """Each step, out of rows that have the figures of cases and visits, one for each urgency."""
    found = {name: _lines(rows, name) for name in (*_STEPS, _ACCEPTED)}
    for name, (_, deadline) in _STEPS.items():
        if deadline is None:
            found[name] = {urgency: line | {"overdue": None} for urgency, line in found[name].items()}
    return found


def upstream(session: Session, chosen: Flag) -> Lines:
    """From issue to receipt, per urgency of the instruction, and how many came too late to be acted on."""
    took = InstructionRow.received_at - InstructionRow.issued_at
    is_late = InstructionRow.valid_until <= InstructionRow.received_at
    found = select(InstructionRow.urgency, *_figures(_UPSTREAM, took, is_late)).group_by(InstructionRow.urgency)
    found = found.join(CaseRow, CaseRow.id == InstructionRow.case_id).where(chosen)
    lines = _lines(session.execute(found).mappings().all(), _UPSTREAM)
    return {urgency: line | {"expired_on_arrival": line.pop("overdue")} for urgency, line in lines.items()}


def _figures(name: str, took: Any, is_late: Flag, is_counted: Flag = true()) -> Iterator[ColumnElement[Any]]:
    """Of how many, how many are done and overdue, and what half and nine in ten of them took: columns of one group."""
    seconds = case((is_counted, extract("epoch", took)))
    yield func.count().filter(is_counted).label(f"{name}_of")
    yield func.count(seconds).label(f"{name}_done")
    yield func.count().filter(is_counted, is_late).label(f"{name}_overdue")
    for label, part in (("p50_s", 0.5), ("p90_s", 0.9)):
        yield func.percentile_cont(part).within_group(seconds).label(f"{name}_{label}")


def _lines(rows: Rows, name: str) -> Lines:
    """Of the urgencies that have any."""
    found = (row for row in rows if row[f"{name}_of"])
    return {row["urgency"]: _line(row, name) for row in sorted(found, key=lambda row: Urgency(row["urgency"]).rank)}


def _line(row: RowMapping, name: str) -> dict[str, Any]:
    counts = {each: row[f"{name}_{each}"] for each in ("of", "done", "overdue")}
    seconds = {each: row[f"{name}_{each}"] for each in ("p50_s", "p90_s")}
    return counts | {each: None if value is None else round(value) for each, value in seconds.items()}
