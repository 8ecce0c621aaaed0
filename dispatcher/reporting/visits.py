"""Door visits as they are listed. Ids and codes only; where a person lives is on the visit card."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from dispatcher.engine.ladder import MOVED
from dispatcher.engine.visit_states import FINAL
from dispatcher.reporting.log import instruction_ids
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import constant, equal_where_given, in_array
from dispatcher.store.cases import CaseRow
from dispatcher.store.visits import VisitRow, in_unit
from schemas.read_models.visits import ListedVisitLine, VisitLine
from schemas.vocabulary import Rung, Urgency, VisitState

# In the words of the index on open visits.
IS_OPEN = VisitRow.state.not_in(
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


def visits(session: Session, ladder: Sequence[Rung], now: datetime, chosen: Chosen = Chosen()) -> list[ListedVisitLine]:
    """Visits, the most urgent first, of these the late ones, then those whose deadline comes first."""
    found = select(VisitRow, CaseRow).join(CaseRow, CaseRow.id == VisitRow.case_id).where(*_conditions(chosen))
    rows = session.execute(found.order_by(VisitRow.id)).tuples().all()
    case_ids = {of_case.id for _, of_case in rows}
    names, last = instruction_ids(session, case_ids), _last_assignments(session, case_ids)
    rungs = {visit.id: _rung(visit, last.get(visit.id)) for visit, _ in rows}
    lines = [_listed(visit, of_case, names[of_case.id], rungs[visit.id], ladder, now) for visit, of_case in rows]
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
        yield IS_OPEN


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


def _last_assignments(session: Session, case_ids: set[UUID]) -> dict[UUID, AttemptRow]:
    of_these = in_array(AttemptRow.case_id, case_ids), AttemptRow.visit_id.is_not(None)
    found = session.scalars(select(AttemptRow).where(*of_these).order_by(AttemptRow.id))
    return {each.visit_id: each for each in found if each.visit_id is not None}


def _rung(visit: VisitRow, last: AttemptRow | None) -> int | None:
    """None where nobody has been asked since the ladder began, or began anew."""
    if last is None or last.rung is None or last.id == visit.ladder_after:
        return None
    if visit.moved_at is not None and last.settled_at is not None:
        was_before = last.settled_at < visit.moved_at or (last.settled_at == visit.moved_at and last.result in MOVED)
        if was_before:
            return None
    return last.rung


def _listed(
    row: VisitRow, of_case: CaseRow, instructions: list[str], rung: int | None, ladder: Sequence[Rung], now: datetime
) -> ListedVisitLine:
    deadline = _deadline(row, of_case)
    return ListedVisitLine(
        **dict(visit_line(row)),
        instructions=instructions,
        urgency=of_case.urgency,
        deadline=deadline,
        overdue=row.state not in FINAL and deadline is not None and deadline < now,
        rung=None if rung is None else ladder[min(rung, len(ladder) - 1)],  # it may have become shorter
        rung_number=None if rung is None else rung + 1,
    )


def _deadline(row: VisitRow, of_case: CaseRow) -> datetime | None:
    """Of a revisit the end of its window; else to meet the person, and then to report."""
    if row.not_after is not None:
        return row.not_after
    name = "report_by" if row.arrived_at is not None else "met_by"
    at = of_case.deadlines.get(name) or of_case.deadlines.get("report_by")
    return None if at is None else datetime.fromisoformat(at)
