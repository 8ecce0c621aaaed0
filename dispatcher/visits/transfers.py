"""Transfers 移交: another unit is offered a visit, and has it only once it accepts. The clock stands throughout."""

from collections.abc import Iterator
from itertools import starmap
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import move_visit
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import visit_states
from dispatcher.errors import Refused
from dispatcher.store.base import new_id
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import OfficerRow, UnitRow, VisitRow
from dispatcher.visits import permissions, results
from dispatcher.visits.open_visit import open_visit, take_back
from schemas.officer_report import OfficerReport
from schemas.read_models.visits import TransferLine
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act, Result, ReturnReason, TransferState, VisitState, VisitStep

_CENTRE = "centre"
# Up to the door a visit can go to somebody else; behind it the officer reports.
_OFFERABLE = (VisitState.WAITING, VisitState.ASSIGNED, VisitState.ACCEPTED, VisitState.DEPARTED)


def offer(case_file: CaseFile, visit: VisitRow, to_unit: str, reason: ReturnReason, *, by: str) -> TransferRow:
    """Offer a visit that nobody has in hand. Raises Refused where there is no such unit."""
    if case_file.session.get(UnitRow, to_unit) is None:
        raise Refused(RefusalCode.NO_UNIT, unit=to_unit)
    if to_unit == visit.precinct_code:
        raise Refused(RefusalCode.VISIT_OF_THIS_UNIT, unit=to_unit)
    wait = case_file.context.policy.plan(case_file.cases[visit.case_id].urgency).visit.accept_within
    row = TransferRow(
        id=new_id(),
        case_id=visit.case_id,
        visit_id=visit.id,
        from_unit=visit.precinct_code,
        to_unit=to_unit,
        reason=reason,
        state=TransferState.OFFERED,
        offered_at=case_file.now,
        offered_by=by,
        answer_by=case_file.now + wait,
    )
    case_file.session.add(row)
    move_visit(visit, visit_states.offer(visit))
    visit.offered_until = row.answer_by
    data = {"transfer": str(row.id), "visit": str(visit.id), "to": to_unit, "reason": reason}
    case_file.note(visit.case_id, "transfer_offered", data, actor=by, rule="transfer")
    return row


def order(work: UnitOfWork, visit_id: UUID, to_unit: str, reason: ReturnReason, *, by: str) -> TransferRow:
    """A duty desk or the centre offers a visit, taking it from the officer who has it. Raises Refused."""
    case_file, visit = open_visit(work, visit_id)
    permissions.check(work.session, by, Act.OFFER, visit.precinct_code)
    if visit.state not in _OFFERABLE:
        state = visit.state
        raise Refused(RefusalCode.WRONG_VISIT_STATE, state=state, step=VisitStep.OFFER, allowed=_OFFERABLE)
    told = visit.officer
    take_back(case_file, visit, Result.TRANSFERRED)
    data = {"visit": str(visit.id), "officer_told": told}
    case_file.note(visit.case_id, "visit_taken_back", data, actor=by, rule="transfer")
    row = offer(case_file, visit, to_unit, reason, by=by)
    decide(case_file)
    return row


def answer(work: UnitOfWork, visit_id: UUID, *, accepts: bool, by: str) -> TransferRow:
    """The other unit accepts or refuses. Raises Refused where nothing is offered."""
    case_file, visit, row = _transfer(work, visit_id, TransferState.OFFERED)
    mine = work.session.scalar(select(OfficerRow.unit).where(OfficerRow.badge == by))
    if mine is not None and mine == row.from_unit:
        raise Refused(RefusalCode.ANSWER_OF_OFFERING_UNIT, officer=by, from_unit=mine, to_unit=row.to_unit)
    permissions.check(work.session, by, Act.ANSWER_OFFER, row.to_unit)
    state = TransferState.ACCEPTED if accepts else TransferState.REFUSED
    row.state, row.decided_at, row.decided_by = state, case_file.now, by
    # Officers of another centre are not ours to assign; it reports back.
    goes_elsewhere = accepts and _is_elsewhere(work.session, row.to_unit)
    move_visit(visit, visit_states.transfer(visit) if goes_elsewhere else visit_states.end_offer(visit))
    data = {"transfer": str(row.id), "visit": str(visit.id), "unit": row.to_unit}
    case_file.note(visit.case_id, f"transfer_{state}", data, actor=by, rule="transfer")
    if accepts:
        visit.precinct_code, visit.moved_at = row.to_unit, case_file.now
    decide(case_file)
    return row


def _is_elsewhere(session: Session, unit: str) -> bool:
    return session.scalar(select(UnitRow.code).where(UnitRow.code == unit, elsewhere())) is not None


def elsewhere() -> ColumnElement[bool]:
    """Units that are another centre: none of our roster's officers serves there."""
    ours = exists().where(OfficerRow.unit == UnitRow.code).correlate(UnitRow)
    return (UnitRow.kind == _CENTRE) & ~ours


def report(work: UnitOfWork, visit_id: UUID, said: OfficerReport, *, by: str) -> TransferRow:
    """What the other centre says came of the visit; ours may write it down for that one.

    After the case's end it is kept and changes nothing else.
    """
    case_file, visit, row = _transfer(work, visit_id, TransferState.ACCEPTED)
    too_late = visit.state == VisitState.CANCELLED and _is_elsewhere(work.session, row.to_unit)
    if visit.state != VisitState.TRANSFERRED and not too_late:
        raise Refused(RefusalCode.VISIT_NOT_WITH_OTHER_CENTRE)
    permissions.check(work.session, by, Act.REPORT_TRANSFER, row.to_unit)
    row.state = TransferState.REPORTED
    data = {"transfer": str(row.id), "visit": str(visit.id), **said.said("report")}
    if too_late:
        case_file.note(visit.case_id, "late_report", data, actor=by, rule="case_ended")
        return row
    move_visit(visit, visit_states.advance(visit, VisitState.REPORTED))
    recorded = results.record_result(case_file, visit, said)
    data |= recorded.noted
    case_file.note(visit.case_id, "transfer_reported", data, actor=by, rule="transfer")
    decide(case_file)
    return row


def taken_over(case_file: CaseFile, visit: VisitRow) -> TransferRow | None:
    """By which another centre has this visit."""
    if visit.state != VisitState.TRANSFERRED:
        return None
    found = select(TransferRow).where(TransferRow.visit_id == visit.id, TransferRow.state == TransferState.ACCEPTED)
    return case_file.session.scalars(found.order_by(TransferRow.id.desc()).limit(1)).one()


def recall(case_file: CaseFile, visit: VisitRow, row: TransferRow, *, by: str) -> None:
    """Take a visit back from another centre that does not report: it is of the unit that offered it."""
    row.state = TransferState.RECALLED
    move_visit(visit, visit_states.free(visit))
    visit.precinct_code, visit.moved_at = row.from_unit, case_file.now
    data = {"transfer": str(row.id), "visit": str(visit.id), "unit": row.to_unit}
    case_file.note(visit.case_id, "transfer_recalled", data, actor=by, rule="transfer")


def listed(session: Session, visit_id: UUID | None = None) -> Iterator[TransferLine]:
    """What waits for another unit's answer or report; of one visit, every leg."""
    found = (
        select(TransferRow, VisitRow.number)
        .join(VisitRow, VisitRow.id == TransferRow.visit_id)
        .order_by(TransferRow.id)
    )
    away = (VisitRow.state == VisitState.TRANSFERRED) & (TransferRow.state == TransferState.ACCEPTED)
    waiting = or_(TransferRow.state == TransferState.OFFERED, away)
    chosen = found.where(waiting if visit_id is None else TransferRow.visit_id == visit_id)
    return starmap(line, session.execute(chosen).tuples())


def line(row: TransferRow, number: int) -> TransferLine:
    """One transfer, of the visit with this number, as programs and people read it."""
    return TransferLine(
        transfer=row.id,
        visit=row.visit_id,
        case=row.case_id,
        from_unit=row.from_unit,
        to_unit=row.to_unit,
        reason=row.reason,
        state=row.state,
        offered_by=row.offered_by,
        decided_by=row.decided_by,
        offered_at=row.offered_at,
        answer_by=row.answer_by,
        decided_at=row.decided_at,
        number=number,
    )


def _transfer(work: UnitOfWork, visit_id: UUID, state: TransferState) -> tuple[CaseFile, VisitRow, TransferRow]:
    case_file, visit = open_visit(work, visit_id)
    found = select(TransferRow).where(TransferRow.visit_id == visit_id, TransferRow.state == state)
    row = work.session.scalar(found.order_by(TransferRow.id.desc()).limit(1))
    if row is None:
        raise Refused(RefusalCode.NO_SUCH_TRANSFER, visit=str(visit_id), state=state)
    return case_file, visit, row
