"""One case with everything on record about it. Ids and codes only, no personal data."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatcher.reporting.log import instruction_ids, lines_of_case
from dispatcher.reporting.visits import visit_line
from dispatcher.reporting.work_items import waiting_for, work_item_line
from dispatcher.store.cases import CaseRow, LinkRow
from dispatcher.store.instructions import FeedbackRow, InstructionRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from schemas.read_models.case import CaseLink, CaseReport, FeedbackWord, FirstContact, JournalEntry, Money

Row = TypeVar("Row", VisitRow, WorkItemRow, LinkRow, FeedbackRow, JournalRow)


def case_ids(session: Session, name: str) -> list[UUID]:
    """The case of this id, or the cases of an instruction of this id."""
    try:
        found = session.scalar(select(CaseRow.id).where(CaseRow.id == UUID(name)))
    except ValueError:
        found = None
    if found is not None:
        return [found]
    by_instruction = select(InstructionRow.case_id).where(InstructionRow.instruction_id == name).distinct()
    return sorted(session.scalars(by_instruction))


def case_report(session: Session, case_id: UUID) -> CaseReport:
    """Everything about one case, in the order of time."""
    row = session.get_one(CaseRow, case_id)
    names = instruction_ids(session, {case_id})[case_id]
    return CaseReport(
        case=row.id,
        instructions=names,
        urgency=row.urgency,
        state=row.state,
        resolution=row.resolution,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        waiting_for=waiting_for(session, row.id),
        next_look_at=row.next_look_at,
        first_contact=FirstContact(at=row.first_contact_at, channel=row.first_contact_channel),
        fraud_type=row.fraud_type,
        policy=row.policy_version,
        facts=row.case_facts.told(),
        language=row.language,
        masked=row.case_facts.minor,
        warned_before=row.warned_before,
        suppressed=row.suppressed,
        paused_at=row.paused_at,
        deadlines=row.deadlines,
        money=_money(row),
        attempts=lines_of_case(session, case_id),
        visits=[visit_line(each) for each in _rows(session, VisitRow, case_id, VisitRow.id)],
        duties=[
            work_item_line(each) for each in _rows(session, WorkItemRow, case_id, WorkItemRow.due_at, WorkItemRow.id)
        ],
        links=[_link(each) for each in _rows(session, LinkRow, case_id, LinkRow.at)],
        feedback=[_feedback(each) for each in _rows(session, FeedbackRow, case_id, FeedbackRow.id)],
        journal=[_entry(each) for each in _rows(session, JournalRow, case_id, JournalRow.seq)],
    )


def _rows(session: Session, table: type[Row], case_id: UUID, *order: InstrumentedAttribute[Any]) -> Sequence[Row]:
    return session.scalars(select(table).where(table.case_id == case_id).order_by(*order)).all()


def _money(row: CaseRow) -> Money:
    return Money(
        at_risk=row.amount_at_risk,
        transferred=row.money_transferred,
        lost=row.money_lost,
        stopped=row.money_stopped,
        avoided=row.money_avoided,
        avoided_basis=row.money_avoided_basis,
        returned=row.money_returned,
    )


def _link(row: LinkRow) -> CaseLink:
    return CaseLink(case=row.other_id, kind=row.kind, at=row.at)


def _feedback(row: FeedbackRow) -> FeedbackWord:
    return FeedbackWord(system=row.system, direction=row.direction, outcome=row.outcome, at=row.at)


def _entry(row: JournalRow) -> JournalEntry:
    return JournalEntry(seq=row.seq, at=row.at, actor=row.actor, event=row.event, rule=row.rule, data=row.data)
