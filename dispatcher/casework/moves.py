"""Writes the moves of an attempt, of a visit and of a work item into their rows.

Nothing else sets an attempt's state, action, result or settled_at, or the state of a visit or a work item. Which moves
attempts and visits have, and which are impossible, the engine's tables say (engine/attempt_states.py,
engine/visit_states.py).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.unit_of_work import ENGINE, UnitOfWork
from dispatcher.engine.attempt_states import AttemptMove
from dispatcher.engine.decisions import BringWorkItemForward, ClimbWorkItem, OpenWorkItem
from dispatcher.engine.visit_states import VisitMove
from dispatcher.engine.work_items import role_of
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import NUMBERS, WorkItemRow
from dispatcher.wake import lane_of
from schemas.vocabulary import TransferState, Urgency, WorkItemKind, WorkItemState

FIRST_OF_ALL = -1
"""The rank of what stops money that is leaving: it goes before anybody is warned."""
_OFFERED_TO = select(TransferRow.to_unit).where(TransferRow.state == TransferState.OFFERED)


def move_attempt(attempt: AttemptRow, move: AttemptMove) -> None:
    attempt.state, attempt.action = move.state, move.action
    attempt.result, attempt.settled_at = move.result, move.settled_at


def move_visit(visit: VisitRow, move: VisitMove) -> None:
    """Also clears who has the visit, and until when it is offered, if the move says so."""
    visit.state = move.state
    if move.frees:
        visit.officer = visit.attempt_id = visit.assigned_at = None
        visit.accepted_at = visit.departed_at = visit.arrived_at = None
    if move.ends_offer:
        visit.offered_until = None


def raise_urgency(case_file: CaseFile, case: CaseRow, to: Urgency) -> None:
    """Urgency goes up; what is planned moves up with it."""
    case.urgency, case.urgency_since = to, case_file.now
    for attempt in case_file.attempts[case.id]:
        if attempt.action is not None and attempt.urgency_rank != FIRST_OF_ALL:
            attempt.urgency_rank, attempt.lane = to.rank, lane_of(to.rank)


def open_work_item(case_file: CaseFile, case_id: UUID, decision: OpenWorkItem, item_id: UUID) -> None:
    """Something waits for a person from now on: for the unit that has the case's last visit, or is offered it."""
    case, visits = case_file.cases[case_id], case_file.visits[case_id]
    if decision.cause not in case.asked_for:
        case.asked_for = [*case.asked_for, decision.cause]
    unit = visits[-1].precinct_code if visits else None
    if decision.kind is WorkItemKind.TRANSFER_OFFERED:
        unit = case_file.session.scalar(_OFFERED_TO.where(TransferRow.visit_id == visits[-1].id))
    case_file.work_items[case_id].append(add_work_item(case_file.work, case, decision, item_id, unit))


def add_work_item(
    work: UnitOfWork,
    case: CaseRow | None,
    decision: OpenWorkItem,
    item_id: UUID,
    unit: str | None,
    *,
    urgency: Urgency | None = None,
) -> WorkItemRow:
    """As `open_work_item`; of the case nothing but its journal is touched. `urgency`: of one without a case."""
    item = WorkItemRow(
        id=item_id,
        case_id=case.id if case is not None else None,
        urgency=case.urgency if case is not None else urgency,
        number=NUMBERS.next(work.session),
        kind=decision.kind,
        state=WorkItemState.OPEN,
        rule=decision.rule,
        cause=decision.cause,
        about=UUID(decision.about) if decision.about is not None else None,
        role=role_of(decision),
        unit=unit,
        planned_at=work.now,
        due_at=decision.due_at,
        climb_at=decision.due_at,
        climbs=0,
    )
    work.add(item)
    data = {"duty": item.id, "number": item.number, "kind": item.kind, "for": item.role, "due_at": item.due_at}
    _tell(work, case, "duty_planned", data, rule=decision.rule)
    return item


def _tell(
    work: UnitOfWork,
    case: CaseRow | None,
    event: str,
    data: dict[str, Any],
    *,
    rule: str | None = None,
    actor: str = ENGINE,
) -> None:
    if case is None:
        work.note_without_case(event, data, rule=rule, actor=actor)
    else:
        work.note(case, event, data, rule=rule, actor=actor)


def ask_person(
    case_file: CaseFile, case_id: UUID, rule: str, kind: WorkItemKind, cause: str, *, about: UUID | None = None
) -> None:
    """What the product can't decide waits for a person, who has the time that the case's urgency gives."""
    due_at = case_file.context.policy.answer_by(case_file.cases[case_id].urgency, case_file.now)
    opened = OpenWorkItem(rule, kind, due_at, cause, about=str(about) if about is not None else None)
    open_work_item(case_file, case_id, opened, new_id())


def take_work_item(
    work: UnitOfWork,
    case: CaseRow | None,
    item: WorkItemRow,
    climb_at: datetime,
    *,
    by: str,
    said_by: str | None = None,
) -> None:
    """Somebody sees to it, and has until `climb_at` before it goes up or is told again."""
    item.state, item.taken_by, item.taken_at, item.climb_at = WorkItemState.TAKEN, by, work.now, climb_at
    data = {"duty": item.id, "kind": item.kind, "by": by, "until": climb_at}
    _tell(work, case, "duty_taken", data, actor=said_by or by)


def free_work_item(work: UnitOfWork, case: CaseRow | None, item: WorkItemRow, *, rule: str) -> None:
    """Nobody sees to it any more: it waits as it did before it was taken, and if it is late goes up at once."""
    data = {"duty": item.id, "kind": item.kind, "had": item.taken_by, "role": item.role}
    item.state, item.taken_by, item.taken_at = WorkItemState.OPEN, None, None
    item.climb_at = max(item.due_at, work.now)
    _tell(work, case, "duty_freed", data | {"again_at": item.climb_at}, rule=rule)


def bring_work_item_forward(
    work: UnitOfWork, case: CaseRow | None, item: WorkItemRow, decision: BringWorkItemForward
) -> None:
    """The urgency rose, and with it goes what waited at the old one."""
    item.due_at, item.climb_at, item.urgency = decision.due_at, decision.climb_at, decision.urgency
    data = {"duty": item.id, "kind": item.kind, "due_at": item.due_at, "again_at": item.climb_at}
    _tell(work, case, "duty_brought_forward", data, rule=decision.rule)


def climb_work_item(work: UnitOfWork, case: CaseRow | None, item: WorkItemRow, decision: ClimbWorkItem) -> None:
    """Whoever took it has not done it in time: it waits for this role, and for anybody of it."""
    data = {"duty": item.id, "kind": item.kind, "to": decision.to, "before": item.role, "had": item.taken_by}
    item.role, item.climb_at, item.climbs = decision.to, decision.again_at, item.climbs + 1
    item.state, item.taken_by, item.taken_at = WorkItemState.OPEN, None, None
    _tell(work, case, "duty_climbed", data | {"again_at": decision.again_at}, rule=decision.rule)


def end_work_item(
    work: UnitOfWork,
    case: CaseRow | None,
    item: WorkItemRow,
    state: WorkItemState,
    *,
    rule: str | None,
    by: str = ENGINE,
    note: str | None = None,
) -> None:
    """It is done, or nobody needs it any more. `note`: the id of what was written about it."""
    item.state, item.done_at, item.done_by = state, work.now, by
    if case is not None and state is WorkItemState.CANCELLED:
        # Nobody has answered it: it is asked for again where it is needed again.
        case.asked_for = [each for each in case.asked_for if each != item.cause]
    data = {"duty": item.id, "kind": item.kind, "outcome": item.outcome, "loss_yuan": item.loss_yuan, "note": note}
    event = "duty_done" if state is WorkItemState.DONE else "duty_cancelled"
    _tell(work, case, event, data, rule=rule, actor=by)
