"""Assigning a visit by hand: whoever is named gets it, on duty or not, and accepts it like any other."""

from uuid import UUID

from dispatcher.casework import snapshot
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import orders
from dispatcher.errors import Refused
from dispatcher.store.visits import AssignmentRow, OfficerRow, VisitRow
from dispatcher.visits import permissions, transfers
from dispatcher.visits.open_visit import open_visit, take_back
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act, Result, VisitState, VisitStep

# Up to the door a visit can go to somebody else; behind it the officer reports. Another centre's may be taken back.
_ASSIGNABLE = (
    *(VisitState.WAITING, VisitState.ASSIGNED, VisitState.ACCEPTED, VisitState.DEPARTED),
    VisitState.TRANSFERRED,
)


def assign(work: UnitOfWork, visit_id: UUID, badge: str, *, by: str) -> VisitRow:
    """Give a visit to an officer, whoever had it before. The roster hands it over with the next delivery.

    Raises Refused.
    """
    case_file, visit = open_visit(work, visit_id)
    away = transfers.taken_over(case_file, visit)
    permissions.check(work.session, by, Act.ASSIGN, away.from_unit if away is not None else visit.precinct_code)
    officer = work.session.get(OfficerRow, badge)
    if officer is None:
        raise Refused(RefusalCode.NO_OFFICER, officer=badge)
    permissions.check_assignee(work.session, by, officer)
    if visit.state not in _ASSIGNABLE:
        state = visit.state
        raise Refused(RefusalCode.WRONG_VISIT_STATE, state=state, step=VisitStep.ASSIGN, allowed=_ASSIGNABLE)
    if visit.officer == badge:
        raise Refused(RefusalCode.OFFICER_HAS_VISIT, officer=badge)
    if away is not None:
        transfers.recall(case_file, visit, away, by=by)
    before = visit.officer
    take_back(case_file, visit, Result.REASSIGNED)
    rung = work.context.policy.rung_of(officer.role)
    order = orders.assign(snapshot.read(case_file, visit.case_id), str(visit.id), rung, work.now)
    carry_out(case_file, visit.case_id, [order])
    attempt = case_file.attempts[visit.case_id][-1]
    made = AssignmentRow(send_key=attempt.send_key, visit_id=visit.id, badge=badge, rung=rung, assigned_at=work.now)
    work.session.add(made)
    data = {"visit": visit.id, "attempt": attempt.id, "officer": badge, "officer_told": before}
    case_file.note(visit.case_id, "visit_reassigned", data, actor=by, rule=order.rule)
    decide(case_file)
    return visit
