"""What came of a visit, whoever made it: our officer, or another centre's."""

from typing import NamedTuple

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.errors import Refused
from dispatcher.store.cases import CaseRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.visits import VisitRow
from schemas.channel_results import VISIT_REPORTS
from schemas.officer_report import UNKNOWN, OfficerReport
from schemas.refusals import RefusalCode
from schemas.vocabulary import Channel, Result

REPORTS = ("visit_reported", "transfer_reported", "report_corrected")


class Recorded(NamedTuple):
    """`is_met`: the person was met, a child only with a guardian present. `lost_added`: to the case's loss, by this."""

    is_met: bool
    lost_added: int | None


def record_result(case_file: CaseFile, visit: VisitRow, report: OfficerReport) -> Recorded:
    """Write a visit's result down. Raises Refused where an answer is missing that something follows from."""
    case = case_file.cases[visit.case_id]
    _check(case, report)
    visit.reported_at = case_file.now
    recorded = _write(case, visit, report)
    if recorded.is_met and case.first_contact_at is None:
        case.first_contact_at, case.first_contact_channel = case_file.now, Channel.VISIT
    return recorded


def correct_result(case_file: CaseFile, visit: VisitRow, report: OfficerReport) -> Recorded:
    """As `record_result`, in place of what had been reported; the time of the report stands."""
    case = case_file.cases[visit.case_id]
    _check(case, report)
    case.money_lost = max(0, case.money_lost - _lost_before(case_file, visit))
    recorded = _write(case, visit, report)
    visit.corrected_at = case_file.now
    was_first = case.first_contact_channel == Channel.VISIT and case.first_contact_at == visit.reported_at
    if recorded.is_met and case.first_contact_at is None:
        case.first_contact_at, case.first_contact_channel = visit.reported_at, Channel.VISIT
    elif was_first and not recorded.is_met:
        case.first_contact_at = case.first_contact_channel = None
    return recorded


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


def _write(case: CaseRow, visit: VisitRow, report: OfficerReport) -> Recorded:
    visit.result, visit.guardian_present = report.result, report.guardian_present
    added = None
    if isinstance(report.lost_yuan, int):
        lost = max(0, report.lost_yuan - case.money_stopped)
        added, case.money_lost = lost - case.money_lost, lost
    return Recorded(
        is_meeting(result_of(report)) and (bool(report.guardian_present) or not case.case_facts.minor), added
    )


def _lost_before(case_file: CaseFile, visit: VisitRow) -> int:
    """What the report as it stands had added to the case's loss."""
    found = select(JournalRow.data).where(
        JournalRow.case_id == visit.case_id,
        JournalRow.event.in_(REPORTS),
        JournalRow.data["visit"].as_string() == str(visit.id),
    )
    last = case_file.session.scalar(found.order_by(JournalRow.seq.desc()).limit(1))
    return int((last or {}).get("lost_added") or 0)
