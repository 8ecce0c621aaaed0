"""The KPIs of each officer: what became of the visits that the roster, or a supervisor, gave to them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CTE, Boolean, ColumnElement, RowMapping, Select, Text, and_, case, cast, false, func, or_, select
from sqlalchemy.orm import Session

from dispatcher.reporting.kpi_counts import Rate
from dispatcher.reporting.kpi_facts import Chosen, Flag, in_rates, is_so
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.visits import AssignmentRow, OfficerRow, VisitRow
from schemas.channel_results import VISIT_REPORTS
from schemas.vocabulary import Channel, Result, VisitState

# Given back, or taken away, before or after it was accepted: the journal knows which.
_MOVED = (Result.RETURNED, Result.READDRESSED, Result.TRANSFERRED, Result.REASSIGNED)
_UNDER_WAY = (VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED)
_BESIDE = {name: name for name in ("not_yet_due", "returned", "taken_back", "ended_before_due")}
RATES: Mapping[str, Rate] = {
    "accepted": Rate("accepted", "due", _BESIDE),
    "accepted_in_time": Rate("accepted_in_time", "due", _BESIDE),
    "met": Rate("met", "reported", {"in_hand": "in_hand"}),
}


def groups(session: Session, chosen: Chosen) -> list[dict[str, Any]]:
    """A row for each officer who was given a visit, by badge."""
    return [_group(row) for row in session.execute(_per_officer(chosen)).mappings()]


def _group(row: RowMapping) -> dict[str, Any]:
    rates = {name: rate.of(row) for name, rate in RATES.items()}
    return {"officer": row["badge"], "unit": row["unit"], "visits": row["visits"], "rates": rates}


def _per_officer(chosen: Chosen) -> Select[Any]:
    given = _given(chosen)
    counts = (func.count().filter(flag).label(name) for name, flag in _flags(given).items())
    found = select(given.c.badge, OfficerRow.unit, func.count().label("visits"), *counts)
    found = found.outerjoin(OfficerRow, OfficerRow.badge == given.c.badge)
    return found.group_by(given.c.badge, OfficerRow.unit).order_by(given.c.badge)


def _given(chosen: Chosen) -> CTE:
    """Each assignment of a visit to somebody."""
    is_its_last = VisitRow.attempt_id == AttemptRow.id
    columns: dict[str, Any] = {
        "badge": AssignmentRow.badge,
        "result": AttemptRow.result,
        "is_met": AttemptRow.confirmed,
        "is_over": AttemptRow.settled_at.is_not(None),
        "is_under_way": and_(is_its_last, VisitRow.state.in_(_UNDER_WAY)),
        "was_accepted": is_so(
            or_(
                AttemptRow.result.in_(VISIT_REPORTS),
                and_(is_its_last, VisitRow.accepted_at.is_not(None)),
                _late_where_accepted().is_not(None),
            )
        ),
        "was_late": func.coalesce(and_(is_its_last, VisitRow.accepted_late.is_(True)), _late_where_accepted(), false()),
    }
    found = select(*(value.label(name) for name, value in columns.items())).select_from(AttemptRow)
    found = found.join(CaseRow, CaseRow.id == AttemptRow.case_id)
    found = found.join(VisitRow, VisitRow.id == AttemptRow.visit_id)
    found = found.join(AssignmentRow, AssignmentRow.send_key == AttemptRow.send_key)
    is_chosen = chosen.cases(), chosen.attempts(), in_rates(), AttemptRow.channel == Channel.VISIT
    return found.where(*is_chosen).cte("given")


def _late_where_accepted() -> ColumnElement[bool]:
    """Of a visit that moved on: whether its acceptance was late, none where it was not accepted."""
    entry = select(cast(JournalRow.data["late"].as_string(), Boolean)).where(
        JournalRow.case_id == AttemptRow.case_id,
        JournalRow.event == "visit_accepted",
        JournalRow.data["attempt"].as_string() == cast(AttemptRow.id, Text),
    )
    return case((AttemptRow.result.in_(_MOVED), entry.limit(1).scalar_subquery()))


def _flags(given: CTE) -> dict[str, Flag]:
    row = given.c
    result = func.coalesce(row.result, "")
    due = or_(row.was_accepted, result == Result.NOT_ACCEPTED)
    returned, moved = and_(~due, result == Result.RETURNED), and_(~due, result.in_(_MOVED))
    return {
        "due": due,
        "accepted": row.was_accepted,
        "accepted_in_time": and_(row.was_accepted, ~row.was_late),
        "returned": returned,
        "taken_back": and_(moved, ~returned),
        "not_yet_due": and_(~due, ~row.is_over),
        "ended_before_due": and_(~due, ~moved, row.is_over),
        "reported": result.in_(VISIT_REPORTS),
        "met": and_(result.in_(VISIT_REPORTS), row.is_met),
        "in_hand": and_(row.is_under_way, ~row.is_over),
    }
