"""What an officer's report led to, as the journal has it: the officer is answered at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.store.journal import JournalRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits.reported_losses import REPORTS
from schemas.read_models.visits import FollowingItemLine, ReportOutcome
from schemas.vocabulary import BankRequest, Resolution


def report_outcome(session: Session, visit_id: UUID) -> ReportOutcome:
    """Of the last report on a visit, or its last correction: what was decided with it, in one transaction."""
    case_id = session.get_one(VisitRow, visit_id).case_id
    of_case = select(JournalRow).where(JournalRow.case_id == case_id)
    about = JournalRow.data["visit"].as_string() == str(visit_id)
    last = of_case.where(JournalRow.event.in_(REPORTS), about).order_by(JournalRow.seq.desc()).limit(1)
    said = session.scalars(last).one()
    entries = session.scalars(of_case.where(JournalRow.seq > said.seq, JournalRow.at == said.at))
    return _told(session, entries.all())


def _told(session: Session, entries: Sequence[JournalRow]) -> ReportOutcome:
    closed = _of(entries, "case_closed")
    opened = _of(entries, "visit_opened")
    visit = session.get_one(VisitRow, UUID(opened[-1]["visit"])) if opened else None
    asked = [each["hook"] for each in _of(entries, "attempt_planned") if each.get("hook")]
    items = [session.get_one(WorkItemRow, UUID(each["duty"])) for each in _of(entries, "duty_planned")]
    return ReportOutcome(
        reopened=bool(_of(entries, "case_reopened")) and not closed,
        closed_as=Resolution(closed[-1]["resolution"]) if closed else None,
        next_visit=visit.number if visit else None,
        next_visit_at=(visit.not_before or visit.opened_at) if visit else None,
        bank_asked=[BankRequest(each) for each in asked],
        work_items=[
            FollowingItemLine(number=each.number, kind=each.kind, role=each.role, unit=each.unit)
            for each in items
            if each.done_at is None
        ],
    )


def _of(entries: Sequence[JournalRow], event: str) -> list[dict[str, Any]]:
    return [each.data for each in entries if each.event == event]
