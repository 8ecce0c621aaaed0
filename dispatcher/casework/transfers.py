"""Transfers 移交: another unit is offered a visit, and has it only once it accepts. The clock stands throughout."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework.apply import free_visit
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.office import Office
from dispatcher.errors import OperatorError
from dispatcher.store.base import new_id
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import UnitRow, VisitRow
from schemas.vocabulary import Result, ReturnReason, TransferState, Urgency, VisitState

_CENTRE = "centre"


def offer(files: CaseFiles, visit: VisitRow, to_unit: str, reason: ReturnReason, *, by: str) -> None:
    """Offer a visit that nobody has in hand. Raises OperatorError where there is no such unit."""
    if files.session.get(UnitRow, to_unit) is None:
        raise OperatorError(
            f"值班表中没有单位 {to_unit},未作移交",
            f"no unit {to_unit} in the roster, nothing was transferred; see `dispatcher roster list`",
        )
    if to_unit == visit.precinct_code:
        raise OperatorError("任务已在该单位", f"the visit is with {to_unit} already")
    wait = files.office.policy.plan(Urgency(files.cases[visit.case_id].urgency)).visit.accept_within
    row = TransferRow(
        id=new_id(),
        case_id=visit.case_id,
        visit_id=visit.id,
        from_unit=visit.precinct_code,
        to_unit=to_unit,
        reason=reason.value,
        state=TransferState.OFFERED.value,
        offered_at=files.now,
        offered_by=by,
        answer_by=files.now + wait,
    )
    files.session.add(row)
    visit.state, visit.offered_until = VisitState.OFFERED.value, row.answer_by
    data = {"transfer": str(row.id), "visit": str(visit.id), "to": to_unit, "reason": reason}
    files.note(visit.case_id, "transfer_offered", data, actor=by, rule="transfer")


def answer(session: Session, office: Office, visit_id: UUID, *, accepts: bool, by: str) -> tuple[TransferRow, set[str]]:
    """The other unit accepts or refuses. Raises OperatorError where nothing is offered."""
    files, visit, row = _transfer(session, office, visit_id, TransferState.OFFERED)
    state = TransferState.ACCEPTED if accepts else TransferState.REFUSED
    row.state, row.decided_at, row.decided_by = state.value, files.now, by
    visit.offered_until = None
    free_visit(visit)
    data = {"transfer": str(row.id), "visit": str(visit.id), "unit": row.to_unit}
    files.note(visit.case_id, f"transfer_{state}", data, actor=by, rule="transfer")
    if accepts:
        visit.precinct_code, visit.moved_at = row.to_unit, files.now
        unit = session.get_one(UnitRow, row.to_unit)
        if unit.kind == _CENTRE:
            # Officers of another centre are not ours to assign; it reports back.
            visit.state = VisitState.TRANSFERRED.value
    files.decide()
    return row, files.lanes


def report(
    session: Session, office: Office, visit_id: UUID, *, result: Result, by: str
) -> tuple[TransferRow, set[str]]:
    """What the other centre says came of the visit. Raises OperatorError."""
    files, visit, row = _transfer(session, office, visit_id, TransferState.ACCEPTED)
    if visit.state != VisitState.TRANSFERRED:
        raise OperatorError("该任务不在外地反诈中心", "this visit is not with another centre")
    row.state = TransferState.REPORTED.value
    visit.state, visit.result, visit.reported_at = VisitState.REPORTED.value, result.value, files.now
    case = files.cases[visit.case_id]
    if result.value.startswith("MET_") and case.first_contact_at is None:
        case.first_contact_at, case.first_contact_channel = files.now, "visit"
    data = {"transfer": str(row.id), "visit": str(visit.id), "result": result}
    files.note(visit.case_id, "transfer_reported", data, actor=by, rule="transfer")
    case.waiting_for = None
    files.decide()
    return row, files.lanes


def _transfer(
    session: Session, office: Office, visit_id: UUID, state: TransferState
) -> tuple[CaseFiles, VisitRow, TransferRow]:
    case_id = session.scalar(select(VisitRow.case_id).where(VisitRow.id == visit_id))
    files = CaseFiles(session, office)
    files.open([case_id] if case_id is not None else [])
    found = select(TransferRow).where(TransferRow.visit_id == visit_id, TransferRow.state == state.value)
    row = session.scalar(found.order_by(TransferRow.id.desc()).limit(1))
    if case_id is None or row is None:
        raise OperatorError(
            f"上门任务 {visit_id} 没有{state.zh}的移交", f"visit {visit_id} has no transfer that is {state}"
        )
    return files, files.visit(case_id, visit_id), row
