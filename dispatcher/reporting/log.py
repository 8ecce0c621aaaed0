"""The log and the case as people and programs read them. Ids and codes only, no personal data."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework.snapshot import relation_of
from dispatcher.reporting.kpi_steps import of_unit
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import Base
from dispatcher.store.cases import CaseRow, LinkRow
from dispatcher.store.instructions import FeedbackRow, InstructionRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from providers.tiers import actor_of
from schemas.vocabulary import AttemptState, BankRequest, Channel

PAGE = 500


@dataclass(frozen=True)
class Filters:
    case: UUID | None = None
    instruction: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    channel: str | None = None
    result: str | None = None
    precinct: str | None = None


def log(session: Session, filters: Filters) -> Iterator[dict[str, Any]]:
    """One line per attempt, in the order in which they were planned."""
    after = UUID(int=0)
    while True:
        page = session.scalars(_page(filters, after)).all()
        names = _instruction_ids(session, {row.case_id for row in page})
        for row in page:
            yield _line(row, names[row.case_id])
        if len(page) < PAGE:
            return
        after = page[-1].id


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


def case(session: Session, case_id: UUID) -> dict[str, Any]:
    """Everything about one case, in time order."""
    row = session.get_one(CaseRow, case_id)
    names = _instruction_ids(session, {case_id})[case_id]
    attempts = session.scalars(select(AttemptRow).where(AttemptRow.case_id == case_id).order_by(AttemptRow.id))
    visits = session.scalars(select(VisitRow).where(VisitRow.case_id == case_id).order_by(VisitRow.id))
    entries = session.scalars(select(JournalRow).where(JournalRow.case_id == case_id).order_by(JournalRow.seq))
    duties = session.scalars(
        select(WorkItemRow).where(WorkItemRow.case_id == case_id).order_by(WorkItemRow.due_at, WorkItemRow.id)
    )
    links = session.scalars(select(LinkRow).where(LinkRow.case_id == case_id).order_by(LinkRow.at))
    told = session.scalars(select(FeedbackRow).where(FeedbackRow.case_id == case_id).order_by(FeedbackRow.id))
    return {
        "case": str(row.id),
        "instructions": names,
        "urgency": row.urgency,
        "state": row.state,
        "resolution": row.resolution,
        "opened_at": _at(row.opened_at),
        "closed_at": _at(row.closed_at),
        "waiting_for": row.waiting_for,
        "next_look_at": _at(row.next_look_at),
        "first_contact": {"at": _at(row.first_contact_at), "channel": row.first_contact_channel},
        "fraud_type": row.fraud_type,
        "policy": row.policy_version,
        "facts": row.facts,
        "language": row.language,
        "masked": bool(row.facts.get("minor")),
        "warned_before": str(row.warned_before) if row.warned_before else None,
        "suppressed": row.suppressed,
        "paused_at": _at(row.paused_at),
        "deadlines": row.deadlines,
        "money": {
            "at_risk": row.amount_at_risk,
            "transferred": row.money_transferred,
            "lost": row.money_lost,
            "stopped": row.money_stopped,
            "avoided": row.money_avoided,
            "avoided_basis": row.money_avoided_basis,
            "returned": row.money_returned,
        },
        "attempts": [_line(each, names) for each in attempts],
        "visits": [_visit(each) for each in visits],
        "duties": [duty(each) for each in duties],
        "links": [{"case": str(each.other_id), "kind": each.kind, "at": _at(each.at)} for each in links],
        "feedback": [
            {"system": each.system, "direction": each.direction, "outcome": each.outcome, "at": _at(each.at)}
            for each in told
        ],
        "journal": [
            {
                "seq": each.seq,
                "at": _at(each.at),
                "actor": each.actor,
                "event": each.event,
                "rule": each.rule,
                "data": each.data,
            }
            for each in entries
        ],
    }


def duty(row: WorkItemRow) -> dict[str, Any]:
    """One duty as programs read it."""
    return {
        "duty": str(row.id),
        "case": str(row.case_id),
        "kind": row.kind,
        "rule": row.rule,
        "due_at": _at(row.due_at),
        "done_at": _at(row.done_at),
        "done_by": row.done_by,
        "outcome": row.outcome,
        "loss_yuan": row.loss_yuan,
    }


def visits(session: Session, *, everything: bool = False) -> list[dict[str, Any]]:
    """Visits that are open; with `everything` all of them."""
    found = select(VisitRow).order_by(VisitRow.id)
    if not everything:
        found = found.where(VisitRow.state.not_in(("reported", "cancelled")))
    return [_visit(each) for each in session.scalars(found)]


def _page(filters: Filters, after: UUID) -> Any:
    found = select(AttemptRow).where(AttemptRow.id > after).order_by(AttemptRow.id).limit(PAGE)
    if filters.case is not None:
        found = found.where(AttemptRow.case_id == filters.case)
    if filters.instruction is not None:
        named = select(InstructionRow.case_id).where(InstructionRow.instruction_id == filters.instruction)
        found = found.where(AttemptRow.case_id.in_(named))
    if filters.since is not None:
        found = found.where(AttemptRow.planned_at >= filters.since)
    if filters.until is not None:
        found = found.where(AttemptRow.planned_at < filters.until)
    if filters.channel is not None:
        found = found.where(AttemptRow.channel == filters.channel)
    if filters.result is not None:
        found = found.where(AttemptRow.result == filters.result)
    if filters.precinct is not None:
        of_precinct = select(VisitRow.case_id).where(of_unit(filters.precinct))
        found = found.where(AttemptRow.case_id.in_(of_precinct))
    return found


def _instruction_ids(session: Session, ids: set[UUID]) -> dict[UUID, list[str]]:
    names: dict[UUID, list[str]] = defaultdict(list)
    rows = select(InstructionRow.case_id, InstructionRow.instruction_id).where(InstructionRow.case_id.in_(ids))
    for case_id, name in session.execute(rows.order_by(InstructionRow.id)).tuples():
        if name not in names[case_id]:
            names[case_id].append(name)
    return names


def _line(row: AttemptRow, instructions: list[str]) -> dict[str, Any]:
    return {
        "case": str(row.case_id),
        "instructions": instructions,
        "attempt": str(row.id),
        "retry_of": str(row.retry_of) if row.retry_of else None,
        "channel": row.channel,
        "provider": row.provider,
        "actor": actor_of(Channel(row.channel), BankRequest(row.hook) if row.hook else None, relation_of(row.party)),
        "person": row.person,
        "state": row.state,
        "result": row.result,
        "confirmed": row.confirmed,
        "rule": row.rule,
        "possible_duplicate": row.possible_duplicate,
        "planned_at": _at(row.planned_at),
        "sent_at": _at(row.sent_at),
        "settled_at": _at(row.settled_at),
        "ref": row.ref,
        "answer": row.answer,
        "detail": _detail(row),
        "skip_reason": row.skip_reason,
        "hook": row.hook,
        "occasion": row.occasion,
        "was_in_doubt": row.was_in_doubt,
    }


def _detail(row: AttemptRow) -> str | None:
    """What the vendor said; where it said nothing, what we know of the end ourselves."""
    is_recalled = row.recalled_at is not None and row.state != AttemptState.SETTLED
    return row.detail or row.ending or row.return_reason or ("recalled" if is_recalled else None)


_VISIT_FIELDS = (
    *("id", "case_id", "state", "rule", "precinct_code", "officer", "opened_at", "not_before", "not_after"),
    *(
        "assigned_at",
        "accepted_at",
        "departed_at",
        "arrived_at",
        "reported_at",
        "result",
        "return_reason",
        "guardian_present",
    ),
)


def _visit(row: VisitRow) -> dict[str, Any]:
    line = {name: _plain(row, name) for name in _VISIT_FIELDS}
    return {"visit": line.pop("id"), "case": line.pop("case_id"), **line}


def _plain(row: Base, name: str) -> Any:
    value = getattr(row, name)
    if isinstance(value, datetime):
        return _at(value)
    return str(value) if isinstance(value, UUID) else value


def _at(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
