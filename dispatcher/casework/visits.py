"""Door visits as officers work them: accept, depart, arrive, report, return."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework.apply import free_visit
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.office import Office
from dispatcher.errors import OperatorError
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import AttemptState, Result, ReturnReason, VisitState

REPORTS = frozenset(
    {
        Result.MET_DISSUADED,
        Result.MET_SELF_AWARE,
        Result.MET_ALREADY_DEFRAUDED,
        Result.MET_REFUSED,
        Result.NOT_FOUND_TEMPORARILY,
        Result.NOT_FOUND_CONFIRMED,
        Result.NOT_HOME_FAMILY_TOLD,
        Result.WRONG_ADDRESS,
        Result.INVALID_VISIT,
    }
)
_HELD = (VisitState.ASSIGNED, VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED)


@dataclass(frozen=True)
class Step:
    """One thing an officer can do, and from which states."""

    name: str
    before: tuple[VisitState, ...]
    after: VisitState


STEPS = {
    "accept": Step("accept", (VisitState.ASSIGNED,), VisitState.ACCEPTED),
    "depart": Step("depart", (VisitState.ACCEPTED,), VisitState.DEPARTED),
    "arrive": Step("arrive", (VisitState.ACCEPTED, VisitState.DEPARTED), VisitState.ARRIVED),
    "report": Step("report", (VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED), VisitState.REPORTED),
    "return": Step("return", _HELD, VisitState.WAITING),
}


def act(
    session: Session,
    office: Office,
    visit_id: UUID,
    step: str,
    *,
    officer: str | None = None,
    result: Result | None = None,
    reason: ReturnReason | None = None,
    lost_yuan: int = 0,
) -> tuple[VisitRow, set[str]]:
    """One step of an officer's work. Gives the visit and the lanes to wake. Raises OperatorError."""
    case_id = session.scalar(select(VisitRow.case_id).where(VisitRow.id == visit_id))
    if case_id is None:
        raise OperatorError(f"没有上门任务 {visit_id}", f"no visit {visit_id}; see `dispatcher visit list`")
    files = CaseFiles(session, office)
    files.open([case_id])
    visit = files.visit(case_id, visit_id)
    _check(visit, STEPS[step], officer)
    _DO[step](files, visit, result, reason, lost_yuan)
    files.cases[case_id].waiting_for = None
    files.decide()
    return visit, files.lanes


def _check(visit: VisitRow, step: Step, officer: str | None) -> None:
    if officer is not None and officer != visit.officer:
        raise OperatorError(
            f"该任务当前由 {visit.officer or '无人'} 负责,不是 {officer}",
            f"this visit is with {visit.officer or 'nobody'}, not with {officer}",
        )
    if visit.state not in step.before:
        wanted = ", ".join(each.label for each in step.before)
        raise OperatorError(
            f"任务状态为 {VisitState(visit.state).zh},不能 {step.name}",
            f"the visit is {visit.state}; {step.name} needs it to be: {wanted}",
        )


def _move(files: CaseFiles, visit: VisitRow, step: str, **data: Any) -> None:
    visit.state = STEPS[step].after.value
    facts = {"visit": str(visit.id), "attempt": str(visit.attempt_id), "state": visit.state, **data}
    files.note(visit.case_id, f"visit_{visit.state}", facts, actor=visit.officer or "officer", rule=f"officer_{step}")


def _accept(files: CaseFiles, visit: VisitRow, *_: Any) -> None:
    visit.accepted_at = files.now
    _move(files, visit, "accept")


def _depart(files: CaseFiles, visit: VisitRow, *_: Any) -> None:
    visit.departed_at = files.now
    _move(files, visit, "depart")


def _arrive(files: CaseFiles, visit: VisitRow, *_: Any) -> None:
    visit.arrived_at = files.now
    _move(files, visit, "arrive")


def _report(
    files: CaseFiles, visit: VisitRow, result: Result | None, reason: ReturnReason | None, lost_yuan: int
) -> None:
    if result not in REPORTS:
        wanted = ", ".join(sorted(REPORTS))
        raise OperatorError("请给出上门结果", f"give the result of the visit, one of: {wanted}")
    case, met = files.cases[visit.case_id], result.value.startswith("MET_")
    visit.reported_at, visit.result = files.now, result.value
    visit.arrived_at = visit.arrived_at or files.now
    case.money_lost += lost_yuan
    if met and case.first_contact_at is None:
        case.first_contact_at, case.first_contact_channel = files.now, "visit"
    _settle_assignment(files, visit, result, confirmed=met)
    _move(files, visit, "report", result=result, lost_yuan=lost_yuan)


def _return(
    files: CaseFiles, visit: VisitRow, result: Result | None, reason: ReturnReason | None, lost_yuan: int
) -> None:
    if reason is None:
        raise OperatorError("请给出退回原因", f"give the reason, one of: {', '.join(ReturnReason)}")
    visit.return_reason = reason.value
    _settle_assignment(files, visit, Result.RETURNED, confirmed=False)
    facts = {"visit": str(visit.id), "attempt": str(visit.attempt_id), "reason": reason}
    files.note(visit.case_id, "visit_returned", facts, actor=visit.officer or "officer", rule="officer_return")
    free_visit(visit)


def _settle_assignment(files: CaseFiles, visit: VisitRow, result: Result, *, confirmed: bool) -> None:
    if visit.attempt_id is None:
        return
    attempt = files.attempt(visit.case_id, visit.attempt_id)
    attempt.state, attempt.action = AttemptState.SETTLED.value, None
    attempt.result, attempt.confirmed, attempt.settled_at = result.value, confirmed, files.now


_DO: dict[str, Callable[..., None]] = {
    "accept": _accept,
    "depart": _depart,
    "arrive": _arrive,
    "report": _report,
    "return": _return,
}
