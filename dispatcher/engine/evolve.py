"""What a decision makes of a case, so that the next rule sees it. Pure; storage mirrors it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatcher.engine import attempt_states, visit_states
from dispatcher.engine import decisions as d
from dispatcher.engine.attempt_states import AttemptMove
from dispatcher.engine.case import SUBJECT, Attempt, Case, Visit, WorkItem
from dispatcher.engine.closing import is_asked_at_the_end
from dispatcher.engine.visit_states import VisitMove
from dispatcher.engine.work_items import role_of
from schemas.vocabulary import CaseState, Ending, Person, Result, VisitState, WorkItemState


def evolve(case: Case, decision: d.Decision, now: datetime) -> Case:
    """The case after one decision."""
    return _STEPS[type(decision)](case, decision, now)


def _plan_attempt(case: Case, decision: d.PlanAttempt, now: datetime) -> Case:
    name = f"new-{case.made}"
    attempt = Attempt(
        id=name,
        channel=decision.channel,
        party=decision.party,
        person=decision.person,
        state=attempt_states.plan().state,
        due_at=decision.due_at,
        send_key=decision.send_key or name,
        number_id=decision.number_id,
        visit_id=decision.visit_id,
        rung=decision.rung,
        retry_of=decision.retry_of,
        retry_kind=decision.retry_kind,
        possible_duplicate=decision.possible_duplicate,
        bank_request=decision.bank_request,
        warning_number=decision.warning_number,
    )
    return replace(case, attempts=(*case.attempts, attempt), made=case.made + 1)


def _skip_channel(case: Case, decision: d.SkipChannel, now: datetime) -> Case:
    move = attempt_states.leave_out(now)
    attempt = Attempt(
        id=f"new-{case.made}",
        channel=decision.channel,
        party=SUBJECT,
        person=Person.SUBJECT,
        state=move.state,
        due_at=now,
        send_key="",
        result=move.result,
        settled_at=move.settled_at,
        skip_reason=decision.reason,
    )
    return replace(case, attempts=(*case.attempts, attempt), made=case.made + 1)


def _cancel_attempt(case: Case, decision: d.CancelAttempt, now: datetime) -> Case:
    return _move(case, decision.attempt_id, attempt_states.cancel(case.attempt(decision.attempt_id), now))


def _set_due(case: Case, decision: d.BringAttemptForward | d.MoveAttempt, now: datetime) -> Case:
    return _change(case, decision.attempt_id, due_at=decision.due_at)


def _recall_attempt(case: Case, decision: d.RecallAttempt, now: datetime) -> Case:
    move = attempt_states.recall(case.attempt(decision.attempt_id))
    return _move(case, decision.attempt_id, move, recalled_at=now, due_at=now)


def _give_up_doubt(case: Case, decision: d.GiveUpDoubt, now: datetime) -> Case:
    move = attempt_states.give_up(case.attempt(decision.attempt_id), now)
    return _move(case, decision.attempt_id, move, ending=Ending.DOUBT_GIVEN_UP)


def _open_visit(case: Case, decision: d.OpenVisit, now: datetime) -> Case:
    visit = Visit(
        f"new-{case.made}",
        VisitState.WAITING,
        opened_at=now,
        precinct=decision.precinct,
        not_before=decision.not_before,
        not_after=decision.not_after,
    )
    return replace(case, visits=(*case.visits, visit), made=case.made + 1)


def _end_assignment(case: Case, decision: d.EndAssignment, now: datetime) -> Case:
    move = attempt_states.settle(case.attempt(decision.attempt_id), decision.result, now)
    case = _move(case, decision.attempt_id, move)
    return _move_visit(case, decision.visit_id, visit_states.free(case.visit(decision.visit_id)))


def _readdress_visit(case: Case, decision: d.ReaddressVisit, now: datetime) -> Case:
    for attempt in case.assignments(decision.visit_id):
        case = _move(case, attempt.id, attempt_states.settle(attempt, Result.READDRESSED, now))
    move = visit_states.readdress(case.visit(decision.visit_id))
    return _move_visit(case, decision.visit_id, move, precinct=decision.precinct, moved_at=now)


def _end_visit_offer(case: Case, decision: d.EndVisitOffer, now: datetime) -> Case:
    return _move_visit(case, decision.visit_id, visit_states.end_offer(case.visit(decision.visit_id)))


def _cancel_visit(case: Case, decision: d.CancelVisit, now: datetime) -> Case:
    for attempt in case.assignments(decision.visit_id):
        case = _move(case, attempt.id, attempt_states.cancel(attempt, now))
    return _move_visit(case, decision.visit_id, visit_states.cancel(case.visit(decision.visit_id)))


def _raise_urgency(case: Case, decision: d.RaiseUrgency, now: datetime) -> Case:
    return replace(case, urgency=decision.to, urgency_since=now, raise_causes=case.raise_causes | {decision.cause})


def _set_deadline(case: Case, decision: d.SetDeadline, now: datetime) -> Case:
    return replace(case, deadlines=case.deadlines | {decision.name: decision.at})


def _mark_number_bad(case: Case, decision: d.MarkNumberBad, now: datetime) -> Case:
    numbers = tuple(
        replace(each, bad_for=each.bad_for | decision.channels) if each.id == decision.number_id else each
        for each in case.numbers
    )
    return replace(case, numbers=numbers)


def _open_work_item(case: Case, decision: d.OpenWorkItem, now: datetime) -> Case:
    item = WorkItem(
        f"new-{case.made}",
        decision.kind,
        decision.cause,
        role_of(decision),
        due_at=decision.due_at,
        climb_at=decision.due_at,
        urgency=case.urgency,
        opened_at=now,
    )
    causes = case.asked_causes | {decision.cause}
    return replace(case, work_items=(*case.work_items, item), asked_causes=causes, made=case.made + 1)


def _bring_work_item_forward(case: Case, decision: d.BringWorkItemForward, now: datetime) -> Case:
    items = tuple(
        replace(each, due_at=decision.due_at, climb_at=decision.climb_at, urgency=decision.urgency)
        if each.id == decision.item_id
        else each
        for each in case.work_items
    )
    return replace(case, work_items=items)


def _climb_work_item(case: Case, decision: d.ClimbWorkItem, now: datetime) -> Case:
    items = tuple(
        replace(each, role=decision.to, climb_at=decision.again_at, climbs=each.climbs + 1, is_taken=False)
        if each.id == decision.item_id
        else each
        for each in case.work_items
    )
    return replace(case, work_items=items)


def _end_work_item(case: Case, decision: d.EndWorkItem, now: datetime) -> Case:
    ended = next(each for each in case.work_items if each.id == decision.item_id)
    left = tuple(each for each in case.work_items if each is not ended)
    # Nobody has answered what is cancelled: it is asked for again where it is needed again.
    unanswered = {ended.cause} if decision.state is WorkItemState.CANCELLED else frozenset()
    return replace(case, work_items=left, asked_causes=case.asked_causes - unanswered)


def _close_case(case: Case, decision: d.CloseCase, now: datetime) -> Case:
    return replace(case, state=CaseState.CLOSED, resolution=decision.resolution)


_GOES_ON: dict[str, Any] = {"expired": False, "suppressed": False, "paused": False, "paused_until": None}


def _reopen_case(case: Case, decision: d.ReopenCase, now: datetime) -> Case:
    causes = frozenset(each for each in case.asked_causes if not is_asked_at_the_end(each))
    items = tuple(each for each in case.work_items if not is_asked_at_the_end(each.cause))
    case = replace(case, state=CaseState.OPEN, resolution=None, asked_causes=causes, work_items=items)
    if decision.overrules:
        case = replace(case, reopened_at=now, deadlines={}, **_GOES_ON)
    return case


def move_attempt(attempt: Attempt, move: AttemptMove, **more: Any) -> Attempt:
    """The attempt after a move. What a worker has to do next is no fact that a rule looks at."""
    return replace(attempt, state=move.state, result=move.result, settled_at=move.settled_at, **more)


def move_visit(visit: Visit, move: VisitMove, **more: Any) -> Visit:
    """The visit after a move."""
    if move.frees:
        visit = replace(visit, assigned_at=None, attempt_id=None)
    if move.ends_offer:
        visit = replace(visit, offered_until=None)
    return replace(visit, state=move.state, **more)


def _change(case: Case, attempt_id: str, **changes: Any) -> Case:
    attempts = tuple(replace(each, **changes) if each.id == attempt_id else each for each in case.attempts)
    return replace(case, attempts=attempts)


def _move(case: Case, attempt_id: str, move: AttemptMove, **more: Any) -> Case:
    attempts = tuple(move_attempt(each, move, **more) if each.id == attempt_id else each for each in case.attempts)
    return replace(case, attempts=attempts)


def _move_visit(case: Case, visit_id: str, move: VisitMove, **more: Any) -> Case:
    visits = tuple(move_visit(each, move, **more) if each.id == visit_id else each for each in case.visits)
    return replace(case, visits=visits)


def _unchanged(case: Case, decision: d.Decision, now: datetime) -> Case:
    return case


_STEPS: dict[type, Callable[[Case, Any, datetime], Case]] = {
    d.PlanAttempt: _plan_attempt,
    d.SkipChannel: _skip_channel,
    d.CancelAttempt: _cancel_attempt,
    d.BringAttemptForward: _set_due,
    d.MoveAttempt: _set_due,
    d.RecallAttempt: _recall_attempt,
    d.GiveUpDoubt: _give_up_doubt,
    d.OpenVisit: _open_visit,
    d.EndAssignment: _end_assignment,
    d.ReaddressVisit: _readdress_visit,
    d.EndVisitOffer: _end_visit_offer,
    d.CancelVisit: _cancel_visit,
    d.RaiseUrgency: _raise_urgency,
    d.SetDeadline: _set_deadline,
    d.MarkNumberBad: _mark_number_bad,
    d.CloseCase: _close_case,
    d.ReopenCase: _reopen_case,
    d.OpenWorkItem: _open_work_item,
    d.BringWorkItemForward: _bring_work_item_forward,
    d.ClimbWorkItem: _climb_work_item,
    d.EndWorkItem: _end_work_item,
    d.DecideAgainAt: _unchanged,
}
