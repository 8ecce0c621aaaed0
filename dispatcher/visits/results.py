"""What came of a visit, whoever made it: our officer, or another centre's."""

from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from dispatcher.casework.case_file import CaseFile
from dispatcher.errors import Refused
from dispatcher.store.cases import CaseRow
from dispatcher.store.visits import VisitRow
from dispatcher.visits import reported_losses
from schemas.channel_results import VISIT_REPORTS
from schemas.officer_report import UNKNOWN, OfficerReport
from schemas.refusals import RefusalCode
from schemas.vocabulary import Channel, Result


class Recorded(NamedTuple):
    """`is_met`: the person was met, a child only with a guardian present. `noted`: what its entry says of the loss."""

    is_met: bool
    noted: dict[str, int]


def record_result(case_file: CaseFile, visit: VisitRow, report: OfficerReport) -> Recorded:
    """Write a visit's result down. Raises Refused where an answer is missing that something follows from."""
    case = case_file.cases[visit.case_id]
    _check(case, report)
    visit.reported_at = case_file.now
    recorded = _write(case_file, case, visit, report)
    if recorded.is_met and case.first_contact_at is None:
        case.first_contact_at, case.first_contact_channel = case_file.now, Channel.VISIT
    return recorded


def correct_result(case_file: CaseFile, visit: VisitRow, report: OfficerReport) -> Recorded:
    """As `record_result`, in place of what had been reported; the time of the report stands."""
    case = case_file.cases[visit.case_id]
    _check(case, report)
    visit.result, visit.guardian_present, visit.corrected_at = report.result, report.guardian_present, case_file.now
    otherwise = reported_losses.correct(case_file, case.id, visit.id, _sum_of(report))
    case.first_contact_at, case.first_contact_channel = _first_contact(case_file, case)
    return Recorded(_was_met(case, visit), {reported_losses.OTHERWISE: otherwise})


def result_of(report: OfficerReport) -> Result:
    """What a report says, of what whoever stood at the door can say. Raises Refused."""
    if report.result not in VISIT_REPORTS:
        raise Refused(RefusalCode.WRONG_VISIT_RESULT, allowed=sorted(VISIT_REPORTS))
    return report.result


def is_meeting(result: Result) -> bool:
    """Somebody stood before the person."""
    return result.value.startswith("MET_")


def _check(case: CaseRow, report: OfficerReport) -> None:
    result, defrauded = result_of(report), Result.MET_ALREADY_DEFRAUDED
    if case.case_facts.minor and is_meeting(result) and report.guardian_present is None:
        raise Refused(RefusalCode.GUARDIAN_ANSWER_MISSING)
    if result is defrauded and report.lost_yuan is None:
        raise Refused(RefusalCode.LOSS_ANSWER_MISSING, result=defrauded)
    if result is not defrauded and report.lost_yuan == UNKNOWN:
        raise Refused(RefusalCode.UNKNOWN_LOSS_WITHOUT_FRAUD, result=defrauded)


def _write(case_file: CaseFile, case: CaseRow, visit: VisitRow, report: OfficerReport) -> Recorded:
    visit.result, visit.guardian_present = report.result, report.guardian_present
    otherwise = reported_losses.add(case_file, case.id, _sum_of(report))
    return Recorded(_was_met(case, visit), {reported_losses.OTHERWISE: otherwise})


def _sum_of(report: OfficerReport) -> int | None:
    return report.lost_yuan if isinstance(report.lost_yuan, int) else None


def _was_met(case: CaseRow, visit: VisitRow) -> bool:
    is_counted = bool(visit.guardian_present) or not case.case_facts.minor
    return visit.result is not None and is_meeting(visit.result) and is_counted


def _first_contact(case_file: CaseFile, case: CaseRow) -> tuple[datetime, Channel] | tuple[None, None]:
    """The first of all that count as one."""
    visits, attempts = case_file.visits[case.id], case_file.attempts[case.id]
    met = [(each.reported_at, Channel.VISIT) for each in visits if each.reported_at and _was_met(case, each)]
    called = [(each.settled_at, each.channel) for each in attempts if each.is_contact and each.settled_at]
    return min([*met, *called], key=itemgetter(0), default=(None, None))
