"""Door visits as officers work them: accept, depart, arrive, tried, report, return."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import move_attempt, move_visit
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import attempt_states, visit_states
from dispatcher.errors import Refused
from dispatcher.store.visits import VisitRow
from dispatcher.visits import addresses, permissions, results, transfers
from dispatcher.visits.open_visit import open_visit
from schemas.officer_report import OfficerReport
from schemas.refusals import RefusalCode
from schemas.vocabulary import AddressKind, Resolution, Result, ReturnReason, VisitState, VisitStep

_UNDER_WAY = (VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED)
HELD = (VisitState.ASSIGNED, *_UNDER_WAY)
NOT_FOUND = frozenset({*addresses.IN_VAIN, Result.NOT_FOUND_CONFIRMED})


@dataclass(frozen=True)
class Step:
    """One thing an officer can do, and from which states to which."""

    name: VisitStep
    before: tuple[VisitState, ...]
    after: VisitState


STEPS = {
    "accept": Step(VisitStep.ACCEPT, (VisitState.ASSIGNED,), VisitState.ACCEPTED),
    "depart": Step(VisitStep.DEPART, (VisitState.ACCEPTED,), VisitState.DEPARTED),
    "arrive": Step(VisitStep.ARRIVE, (VisitState.ACCEPTED, VisitState.DEPARTED), VisitState.ARRIVED),
    "tried": Step(VisitStep.TRIED, _UNDER_WAY, VisitState.DEPARTED),
    "report": Step(VisitStep.REPORT, _UNDER_WAY, VisitState.REPORTED),
    "return": Step(VisitStep.RETURN, HELD, VisitState.WAITING),
}


def act(
    work: UnitOfWork,
    visit_id: UUID,
    step: str,
    *,
    officer: str | None = None,
    report: OfficerReport = OfficerReport(),
) -> VisitRow:
    """One step of the officer who has the visit, on duty or not, and of nobody else. Raises Refused.

    After `case_ended_during_visit` the caller keeps what was said, in a transaction of its own: `keep_late`.
    """
    if officer is None:
        raise Refused(RefusalCode.NAME_MISSING, act=STEPS[step].name)
    case_file, visit = open_visit(work, visit_id)
    permissions.check_known(work.session, officer)
    _check(visit, STEPS[step], officer)
    if visit.state == VisitState.CANCELLED:
        resolution = Resolution(case_file.cases[visit.case_id].resolution or Resolution.WITHDRAWN)
        raise Refused(RefusalCode.CASE_ENDED_DURING_VISIT, resolution=resolution)
    _DO[step](case_file, visit, report)
    decide(case_file)
    return visit


def keep_late(work: UnitOfWork, visit_id: UUID, step: str, report: OfficerReport) -> None:
    """Nothing that an officer says is lost, also where the case has ended."""
    case_file, visit = open_visit(work, visit_id)
    data = {"visit": str(visit.id), "step": step, **report.model_dump(mode="json")}
    case_file.note(visit.case_id, "late_report", data, actor=visit.officer or "officer", rule="case_ended")


def to_try(work: UnitOfWork, visit_id: UUID) -> list[AddressKind]:
    """The addresses still to be tried in this visit, by their kinds, next first. Raises Refused."""
    case_file, visit = open_visit(work, visit_id)
    return [row.kind for row in addresses.left(case_file, visit)]


def _check(visit: VisitRow, step: Step, officer: str) -> None:
    if visit.officer is None:
        raise Refused(RefusalCode.VISIT_UNASSIGNED, officer=officer)
    if officer != visit.officer:
        raise Refused(RefusalCode.VISIT_OF_ANOTHER_OFFICER, holder=visit.officer, officer=officer)
    if visit.state not in (*step.before, VisitState.CANCELLED):
        state = visit.state
        raise Refused(RefusalCode.WRONG_VISIT_STATE, state=state, step=step.name, allowed=step.before)


def _move(case_file: CaseFile, visit: VisitRow, step: str, **data: Any) -> None:
    move_visit(visit, visit_states.advance(visit, STEPS[step].after))
    facts = {"visit": str(visit.id), "attempt": str(visit.attempt_id), "state": visit.state, **data}
    case_file.note(
        visit.case_id, f"visit_{visit.state}", facts, actor=visit.officer or "officer", rule=f"officer_{step}"
    )


def _accept(case_file: CaseFile, visit: VisitRow, *_: Any) -> None:
    """On the record whether it came in time: nobody may have looked since the wait was over."""
    visit.accepted_at = case_file.now
    wait = case_file.context.policy.plan(case_file.cases[visit.case_id].urgency).visit.accept_within
    late = visit.assigned_at is not None and case_file.now > visit.assigned_at + wait
    visit.first_accepted_at = visit.first_accepted_at or case_file.now
    visit.accepted_late = bool(visit.accepted_late) or late
    _move(case_file, visit, "accept", late=late)


def _depart(case_file: CaseFile, visit: VisitRow, *_: Any) -> None:
    visit.departed_at = case_file.now
    _move(case_file, visit, "depart")


def _arrive(case_file: CaseFile, visit: VisitRow, *_: Any) -> None:
    visit.arrived_at = case_file.now
    _move(case_file, visit, "arrive")


def _tried(case_file: CaseFile, visit: VisitRow, report: OfficerReport) -> None:
    """One of several addresses was tried in vain; the officer is on the way to the next."""
    if report.result not in addresses.IN_VAIN:
        raise Refused(RefusalCode.WRONG_ADDRESS_RESULT, allowed=addresses.IN_VAIN)
    place = addresses.of_kind(case_file, visit, report.address)
    if visit.state != VisitState.ARRIVED:
        visit.arrived_at = case_file.now  # at this door; at the next one it is set anew
    visit.departed_at = visit.departed_at or case_file.now
    move_visit(visit, visit_states.advance(visit, STEPS["tried"].after))
    # The journal knows the address by its id, and what the officer calls it as its kind.
    said = report.said("tried")
    data = {"visit": str(visit.id), **said, "kind": said["address"], "address": str(place.id)}
    case_file.note(visit.case_id, addresses.TRIED, data, actor=visit.officer or "officer", rule="officer_tried")


def _report(case_file: CaseFile, visit: VisitRow, report: OfficerReport) -> None:
    result = results.result_of(report)
    last = addresses.last(case_file, visit) if result in NOT_FOUND else None
    if visit.state != VisitState.ARRIVED:
        visit.arrived_at = case_file.now
    recorded = results.record_result(case_file, visit, report)
    settle_assignment(case_file, visit, result, confirmed=recorded.is_met)
    said = report.said("report") | {"address": str(last.id) if last else None, **recorded.noted}
    _move(case_file, visit, "report", **said)


def _return(case_file: CaseFile, visit: VisitRow, report: OfficerReport) -> None:
    """Back to our ladder, or offered to another unit, which has it when it accepts."""
    if report.reason is None:
        raise Refused(RefusalCode.RETURN_REASON_MISSING, allowed=list(ReturnReason))
    officer = visit.officer or "officer"
    visit.return_reason = report.reason
    settle_assignment(case_file, visit, Result.RETURNED, confirmed=False, reason=report.reason)
    said = report.said("return")
    facts = {"visit": str(visit.id), "attempt": str(visit.attempt_id), "to": said.pop("to_unit"), **said}
    case_file.note(visit.case_id, "visit_returned", facts, actor=officer, rule="officer_return")
    move_visit(visit, visit_states.free(visit))
    if report.to_unit is not None:
        transfers.offer(case_file, visit, report.to_unit, report.reason, by=officer)


def settle_assignment(
    case_file: CaseFile, visit: VisitRow, result: Result, *, confirmed: bool, reason: ReturnReason | None = None
) -> None:
    """What became of the assignment that the officer has."""
    if visit.attempt_id is None:
        return
    attempt = case_file.attempt(visit.case_id, visit.attempt_id)
    move_attempt(attempt, attempt_states.settle(attempt, result, case_file.now))
    attempt.confirmed = confirmed
    attempt.return_reason = reason


_DO: dict[str, Callable[..., None]] = {
    "accept": _accept,
    "depart": _depart,
    "arrive": _arrive,
    "tried": _tried,
    "report": _report,
    "return": _return,
}
