"""Corrections: what was reported on a visit was wrong. Both stay on record, and the case is decided on anew."""

from uuid import UUID

from dispatcher.casework import snapshot
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.closing import ask_again, standing
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import ask_person, move_attempt
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import attempt_states, orders
from dispatcher.engine.case import Case
from dispatcher.engine.decisions import CloseCase
from dispatcher.errors import Refused
from dispatcher.intake import locks, same_person
from dispatcher.store.visits import VisitRow
from dispatcher.visits import permissions, results
from dispatcher.visits.open_visit import case_of, open_visit
from schemas.folding import is_blank
from schemas.officer_report import OfficerReport
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act, Result, VisitState, WorkItemKind


def correct(work: UnitOfWork, visit_id: UUID, report: OfficerReport, *, by: str | None, reason: str) -> VisitRow:
    """Put this report in place of what had been reported: by whoever reported it, or a supervisor. Raises Refused."""
    if by is None:
        raise Refused(RefusalCode.NAME_MISSING, act=Act.CORRECT)
    if is_blank(reason):
        raise Refused(RefusalCode.REASON_MISSING)
    case_id = case_of(work, visit_id)
    locks.lock_person_of(work, case_id)  # the case may go on
    case_file, visit = open_visit(work, visit_id)
    if by == visit.officer:
        permissions.check_known(work.session, by)
    else:
        permissions.check(work.session, by, Act.CORRECT, visit.precinct_code)
    if visit.state != VisitState.REPORTED or visit.result is None:
        raise Refused(RefusalCode.VISIT_NOT_REPORTED, state=visit.state)
    if case_file.subject(case_id).wrapped_key is None:
        raise Refused(RefusalCode.PERSON_ERASED)  # nobody can be sent there, and no reason kept
    before, had_said = snapshot.read(case_file, visit.case_id), visit.result
    recorded = results.correct_result(case_file, visit, report)
    _correct_assignment(case_file, visit, had_said, recorded)
    said = report.said("report") | {"before": had_said, **recorded.noted}
    data = {"visit": str(visit.id), **said, "reason": case_file.remark(visit.case_id, reason)}
    case_file.note(visit.case_id, "report_corrected", data, actor=by, rule="report_corrected")
    _decide_anew(case_file, visit, before)
    return visit


def _correct_assignment(case_file: CaseFile, visit: VisitRow, had_said: Result, recorded: results.Recorded) -> None:
    """The log has what came of the officer's attempt; another centre's officers made none of ours."""
    if visit.attempt_id is None or visit.result is None:
        return
    attempt = case_file.attempt(visit.case_id, visit.attempt_id)
    attempt.corrected_from, attempt.confirmed = had_said, recorded.is_met
    move_attempt(attempt, attempt_states.restate(attempt, visit.result, attempt.settled_at))


def _decide_anew(case_file: CaseFile, visit: VisitRow, before: Case) -> None:
    case_id = visit.case_id
    decisions = orders.correct(
        before, snapshot.read(case_file, case_id), str(visit.id), case_file.context.policy, case_file.now
    )
    goes_on = decisions and not any(isinstance(each, CloseCase) for each in decisions)
    if goes_on and (same_person.other_open_cases(case_file, case_id) or not standing(case_file, case_id)):
        # A person has one open case, and none that nobody warns of: it stays closed, and somebody looks at its end.
        ask_person(case_file, case_id, "report_corrected", WorkItemKind.FEEDBACK_REVIEW, f"corrected:{visit.id}")
    else:
        carry_out(case_file, case_id, decisions)
        if goes_on:
            ask_again(case_file, case_id)
    decide(case_file)
