"""What officers' reports say is gone, beside what others tell.

A report tells all that is gone by then: the last one that names a sum stands over all before it, and what others told
after it comes on top. A correction takes its report's place, at its report's time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.store import money
from dispatcher.store.journal import JournalRow

REPORTS = ("visit_reported", "transfer_reported", "report_corrected")
OTHERWISE = "told_otherwise"
"""In an entry of a report: yuan that others had told of by then."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A visit's report that is in force. `yuan`: all that is gone by it, where it names a sum."""

    visit: str
    yuan: int | None
    otherwise: int


def gone(reports: Sequence[Reported], otherwise: int) -> int:
    """All that is gone, by the reports in their order and all that others have told."""
    last = _last(reports)
    return otherwise if last is None or last.yuan is None else last.yuan + otherwise - last.otherwise


def told_otherwise(reports: Sequence[Reported], known: int) -> int:
    """What others have told, where so much is known to be gone in all."""
    last = _last(reports)
    return known if last is None or last.yuan is None else known - last.yuan + last.otherwise


def _last(reports: Sequence[Reported]) -> Reported | None:
    return next((each for each in reversed(reports) if each.yuan is not None), None)


def add(case_file: CaseFile, case_id: UUID, yuan: int | None) -> int:
    """A further report. Returns what others had told by then."""
    case = case_file.cases[case_id]
    otherwise = told_otherwise(_in_force(case_file, case_id), money.gone(case))
    if yuan is not None:
        money.set_gone(case, case_file.attempts[case_id], yuan)
    return otherwise


def correct(case_file: CaseFile, case_id: UUID, visit_id: UUID, yuan: int | None) -> int:
    """Another sum, or none, in place of what the report of a visit named. Returns what others had told by then."""
    case, reports = case_file.cases[case_id], _in_force(case_file, case_id)
    otherwise = told_otherwise(reports, money.gone(case))
    corrected = [replace(each, yuan=yuan) if each.visit == str(visit_id) else each for each in reports]
    money.set_gone(case, case_file.attempts[case_id], gone(corrected, otherwise))
    return next(each.otherwise for each in reports if each.visit == str(visit_id))


def _in_force(case_file: CaseFile, case_id: UUID) -> list[Reported]:
    """In the order of the first report of each visit."""
    found = select(JournalRow.data).where(JournalRow.case_id == case_id, JournalRow.event.in_(REPORTS))
    entries = list(case_file.session.scalars(found.order_by(JournalRow.seq)))
    known = money.gone(case_file.cases[case_id])
    reports: dict[str, Reported] = {}
    for entry in entries:
        visit, sum_ = entry["visit"], entry.get("lost_yuan")
        otherwise = reports[visit].otherwise if visit in reports else _otherwise(entry, list(reports.values()), known)
        reports[visit] = Reported(visit, sum_ if isinstance(sum_, int) else None, otherwise)
    return list(reports.values())


def _otherwise(entry: Mapping[str, Any], before: Sequence[Reported], known: int) -> int:
    """An older version noted by how much the report raised what was gone, and nothing where it named no sum."""
    if OTHERWISE in entry:
        return int(entry[OTHERWISE])
    sum_ = entry.get("lost_yuan")
    stood = sum_ - int(entry.get("lost_added") or 0) if isinstance(sum_, int) else known
    return told_otherwise(before, stood)
