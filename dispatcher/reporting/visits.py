"""Door visits as they are listed. Ids and codes only; where a person lives is on the visit card."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from dispatcher.engine.visit_states import FINAL
from dispatcher.reporting.log import instruction_ids
from dispatcher.store.base import constant, equal_where_given
from dispatcher.store.cases import CaseRow
from dispatcher.store.visits import VisitRow, in_unit
from schemas.read_models.visits import ListedVisitLine, VisitLine
from schemas.vocabulary import Urgency, VisitState

# In the words of the index on open visits.
_IS_OPEN = VisitRow.state.not_in(
    [constant(VisitRow.state, VisitState.REPORTED), constant(VisitRow.state, VisitState.CANCELLED)]
)


@dataclass(frozen=True)
class Chosen:
    """Which visits to list; those that are open where nothing is said. `unit`: a precinct, or a county with its own."""

    everything: bool = False
    urgency: Urgency | None = None
    state: VisitState | None = None
    unit: str | None = None
    officer: str | None = None
    is_overdue: bool = False


def visits(session: Session, now: datetime, chosen: Chosen = Chosen()) -> list[ListedVisitLine]:
    """Visits, the most urgent first, of these the late ones, then those whose deadline comes first."""
    found = select(VisitRow, CaseRow).join(CaseRow, CaseRow.id == VisitRow.case_id).where(*_conditions(chosen))
    rows = session.execute(found.order_by(VisitRow.id)).tuples().all()
    names = instruction_ids(session, {of_case.id for _, of_case in rows})
    lines = [_listed(visit, of_case, names[of_case.id], now) for visit, of_case in rows]
    if chosen.is_overdue:
        lines = [each for each in lines if each.overdue]
    return sorted(lines, key=_first_of_all)


def _conditions(chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    yield from equal_where_given(
        (CaseRow.urgency, chosen.urgency), (VisitRow.state, chosen.state), (VisitRow.officer, chosen.officer)
    )
    if chosen.unit is not None:
        yield in_unit(VisitRow.precinct_code, chosen.unit)
    if not chosen.everything and chosen.state is None:
        yield _IS_OPEN


def _first_of_all(line: ListedVisitLine) -> tuple[bool, int, bool, str]:
    deadline = line.deadline.isoformat() if line.deadline else "9"
    return line.result is not None, line.urgency.rank, not line.overdue, deadline


def visit_line(row: VisitRow) -> VisitLine:
    """One visit as programs and people read it."""
    return VisitLine(
        visit=row.id,
        number=row.number,
        case=row.case_id,
        state=row.state,
        rule=row.rule,
        precinct_code=row.precinct_code,
        officer=row.officer,
        opened_at=row.opened_at,
        not_before=row.not_before,
        not_after=row.not_after,
        assigned_at=row.assigned_at,
        accepted_at=row.accepted_at,
        departed_at=row.departed_at,
        arrived_at=row.arrived_at,
        reported_at=row.reported_at,
        result=row.result,
        return_reason=row.return_reason,
        guardian_present=row.guardian_present,
        corrected_at=row.corrected_at,
    )


def _listed(row: VisitRow, of_case: CaseRow, instructions: list[str], now: datetime) -> ListedVisitLine:
    deadline = _deadline(row, of_case)
    return ListedVisitLine(
        **dict(visit_line(row)),
        instructions=instructions,
        urgency=of_case.urgency,
        deadline=deadline,
        overdue=row.state not in FINAL and deadline is not None and deadline < now,
    )


def _deadline(row: VisitRow, of_case: CaseRow) -> datetime | None:
    """Of a revisit the end of its window; else to meet the person, and then to report."""
    if row.not_after is not None:
        return row.not_after
    name = "report_by" if row.arrived_at is not None else "met_by"
    at = of_case.deadlines.get(name) or of_case.deadlines.get("report_by")
    return None if at is None else datetime.fromisoformat(at)
