"""How long each step took, per urgency: half of them within P50, nine in ten within P90, and how many were overdue.

What is not done by its deadline is overdue, done later or not; a case that ended before its deadline is not. The
upstream delay, from issue to receipt, stands apart: it is not ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, RowMapping, and_, case, extract, false, func, or_, select, true
from sqlalchemy.orm import Session

from dispatcher.reporting.kpi_counts import Acceptance, nobody_until
from dispatcher.reporting.kpi_facts import Flag, is_expired
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import CaseState, Urgency

Rows = Sequence[RowMapping]
Lines = dict[str, dict[str, Any]]  # by urgency, most urgent first
# Steps of a case, counted from its opening: when each was done, and the deadline that it has.
_STEPS = {
    "first_sms": ("first_sms", None),
    "first_call": ("first_call", "first_call_by"),
    "met": ("met_at", "met_by"),
    "reported": ("reported_at", "report_by"),
}
_OF_VISITS = ("met", "reported")
_ACCEPTED, _UPSTREAM = "accepted", "upstream"


def of_cases(cases: CTE, now: datetime) -> Iterator[ColumnElement[Any]]:
    """The figures of each step, over the cases in which it was due or done."""
    is_open = cases.c.state == CaseState.OPEN
    for name, (column, deadline) in _STEPS.items():
        done = cases.c[column]
        marks: dict[str, Flag] = {"overdue": false(), "nobody_on_duty": false(), "not_yet_due": false()}
        is_counted: Flag = done.is_not(None)
        if deadline is not None:
            by = cases.c[deadline]
            is_late = func.coalesce(done, cases.c.closed_at, now) > by
            is_counted = or_(is_counted, by.is_not(None))
            marks["overdue"] = is_late
            marks["not_yet_due"] = and_(done.is_(None), is_open, by >= now)
            if name in _OF_VISITS:
                marks["nobody_on_duty"] = and_(is_late, nobody_until(cases, by))
        yield from _figures(name, done - cases.c.opened_at, marks, cases.c.in_rates & is_counted)


def of_visits(visits: CTE) -> Iterator[ColumnElement[Any]]:
    """From the first assignment to the first acceptance; overdue if one of those who had it did not accept in time."""
    acceptance = Acceptance.of(visits)
    marks = {
        "overdue": visits.c.missed,
        "nobody_on_duty": acceptance.nobody_on_duty,
        "not_yet_due": acceptance.not_yet_due,
    }
    return _figures(_ACCEPTED, visits.c.first_accepted_at - visits.c.first_assigned_at, marks)


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
    came_late = {"expired_on_arrival": is_expired()}
    found = select(InstructionRow.urgency, *_figures(_UPSTREAM, took, came_late)).group_by(InstructionRow.urgency)
    found = found.join(CaseRow, CaseRow.id == InstructionRow.case_id).where(chosen)
    return _lines(session.execute(found).mappings().all(), _UPSTREAM, ("expired_on_arrival",))


def _figures(
    name: str, took: Any, marks: Mapping[str, Flag], is_counted: Flag = true()
) -> Iterator[ColumnElement[Any]]:
    """Of how many, how many are done and marked, and what half and nine in ten of them took: columns of one group."""
    seconds = case((is_counted, extract("epoch", took)))
    yield func.count().filter(is_counted).label(f"{name}_of")
    yield func.count(seconds).label(f"{name}_done")
    for mark, is_so in marks.items():
        yield func.count().filter(is_counted, is_so).label(f"{name}_{mark}")
    for label, part in (("p50_s", 0.5), ("p90_s", 0.9)):
        yield func.percentile_cont(part).within_group(seconds).label(f"{name}_{label}")


def _lines(rows: Rows, name: str, marks: Sequence[str] = ("overdue", "nobody_on_duty", "not_yet_due")) -> Lines:
    """Of the urgencies that have any."""
    found = (row for row in rows if row[f"{name}_of"])
    by_urgency = sorted(found, key=lambda row: Urgency(row["urgency"]).rank)
    return {row["urgency"]: _line(row, name, marks) for row in by_urgency}


def _line(row: RowMapping, name: str, marks: Sequence[str]) -> dict[str, Any]:
    counts = {each: row[f"{name}_{each}"] for each in ("of", "done", *marks)}
    seconds = {each: row[f"{name}_{each}"] for each in ("p50_s", "p90_s")}
    return counts | {each: None if value is None else round(value) for each, value in seconds.items()}
