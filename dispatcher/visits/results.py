"""What came of a visit, whoever made it: our officer, or another centre's."""

from dispatcher.casework.case_file import CaseFile
from dispatcher.store.visits import VisitRow
from schemas.officer_report import OfficerReport
from schemas.vocabulary import Channel


def record_result(case_file: CaseFile, visit: VisitRow, report: OfficerReport) -> bool:
    """Write a visit's result down. Returns whether the person was met; a child only with a guardian present."""
    case, result = case_file.cases[visit.case_id], report.result
    if result is None:
        raise ValueError("a report on a visit has a result")
    visit.reported_at, visit.result, visit.guardian_present = case_file.now, result, report.guardian_present
    if report.lost_yuan is not None:
        case.money_lost = max(0, report.lost_yuan - case.money_stopped)
    met = result.value.startswith("MET_") and (report.guardian_present or not case.case_facts.minor)
    if met and case.first_contact_at is None:
        case.first_contact_at, case.first_contact_channel = case_file.now, Channel.VISIT
    return met
