"""Door visits as they are listed. Ids and codes only; where a person lives is on the visit card."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.store.base import constant
from dispatcher.store.visits import VisitRow
from schemas.read_models.visits import VisitLine
from schemas.vocabulary import VisitState

# In the words of the index on open visits.
_IS_OPEN = VisitRow.state.not_in(
    [constant(VisitRow.state, VisitState.REPORTED), constant(VisitRow.state, VisitState.CANCELLED)]
)


def visits(session: Session, *, everything: bool = False) -> list[VisitLine]:
    """Visits that are open; with `everything` all of them."""
    found = select(VisitRow).order_by(VisitRow.id)
    if not everything:
        found = found.where(_IS_OPEN)
    return [visit_line(each) for each in session.scalars(found)]


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
    )
