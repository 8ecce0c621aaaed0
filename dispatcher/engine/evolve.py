"""What a decision makes of a case, so that the next rule sees it. Pure; storage mirrors it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatcher.engine import decisions as d
from dispatcher.engine.case import SUBJECT, Attempt, Case, Visit
from schemas.vocabulary import AttemptState, CaseState, Person, Result, VisitState


def evolve(case: Case, decision: d.Decision, now: datetime) -> Case:
    """The case after one decision."""
    return _STEPS[type(decision)](case, decision, now)


def _plan(case: Case, decision: d.Plan, now: datetime) -> Case:
    name = f"new-{case.made}"
    attempt = Attempt(
        id=name,
        channel=decision.channel,
        party=decision.party,
        person=decision.person,
        state=AttemptState.PLANNED,
        due_at=decision.due_at,
        send_key=decision.send_key or name,
        number_id=decision.number_id,
        visit_id=decision.visit_id,
        rung=decision.rung,
        retry_of=decision.retry_of,
        possible_duplicate=decision.possible_duplicate,
        hook=decision.hook,
        occasion=decision.occasion,
    )
    return replace(case, attempts=(*case.attempts, attempt), made=case.made + 1)


def _skip(case: Case, decision: d.Skip, now: datetime) -> Case:
    attempt = Attempt(
        id=f"new-{case.made}",
        channel=decision.channel,
        party=SUBJECT,
        person=Person.SUBJECT,
        state=AttemptState.SKIPPED,
        due_at=now,
        send_key="",
        result=Result.SKIPPED,
        skip_reason=decision.reason,
    )
    return replace(case, attempts=(*case.attempts, attempt), made=case.made + 1)


def _change(case: Case, attempt_id: str, **changes: Any) -> Case:
    attempts = tuple(replace(each, **changes) if each.id == attempt_id else each for each in case.attempts)
    return replace(case, attempts=attempts)


def _change_visit(case: Case, visit_id: str, **changes: Any) -> Case:
    return replace(
        case, visits=tuple(replace(each, **changes) if each.id == visit_id else each for each in case.visits)
    )


def _cancel(case: Case, decision: d.Cancel, now: datetime) -> Case:
    return _change(case, decision.attempt_id, state=AttemptState.CANCELLED, settled_at=now)


def _bring_forward(case: Case, decision: d.BringForward, now: datetime) -> Case:
    return _change(case, decision.attempt_id, due_at=decision.due_at)


def _recall(case: Case, decision: d.Recall, now: datetime) -> Case:
    return _change(case, decision.attempt_id, detail="recalled")


def _give_up(case: Case, decision: d.GiveUp, now: datetime) -> Case:
    return _change(case, decision.attempt_id, state=AttemptState.SETTLED, result=Result.UNKNOWN, settled_at=now)


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
    case = _change(case, decision.attempt_id, state=AttemptState.SETTLED, result=decision.result, settled_at=now)
    return _change_visit(case, decision.visit_id, state=VisitState.WAITING, assigned_at=None, attempt_id=None)


def _re_address(case: Case, decision: d.ReAddress, now: datetime) -> Case:
    for attempt in case.attempts:
        if attempt.visit_id == decision.visit_id and case.is_pending(attempt):
            case = _change(case, attempt.id, state=AttemptState.SETTLED, result=Result.READDRESSED, settled_at=now)
    free = {"state": VisitState.WAITING, "assigned_at": None, "attempt_id": None, "offered_until": None}
    return _change_visit(case, decision.visit_id, precinct=decision.precinct, moved_at=now, **free)


def _end_offer(case: Case, decision: d.EndOffer, now: datetime) -> Case:
    return _change_visit(case, decision.visit_id, state=VisitState.WAITING, offered_until=None)


def _cancel_visit(case: Case, decision: d.CancelVisit, now: datetime) -> Case:
    for attempt in case.attempts:
        if attempt.visit_id == decision.visit_id and case.is_pending(attempt):
            case = _change(case, attempt.id, state=AttemptState.CANCELLED, settled_at=now)
    return _change_visit(case, decision.visit_id, state=VisitState.CANCELLED)


def _raise(case: Case, decision: d.RaiseUrgency, now: datetime) -> Case:
    return replace(case, urgency=decision.to, urgency_since=now, raised_for=case.raised_for | {decision.cause})


def _set_deadline(case: Case, decision: d.SetDeadline, now: datetime) -> Case:
    return replace(case, deadlines=case.deadlines | {decision.name: decision.at})


def _mark_bad(case: Case, decision: d.MarkBad, now: datetime) -> Case:
    numbers = tuple(
        replace(each, bad_for=each.bad_for | decision.channels) if each.id == decision.number_id else each
        for each in case.numbers
    )
    return replace(case, numbers=numbers)


def _ask(case: Case, decision: d.AskHuman, now: datetime) -> Case:
    return replace(case, waiting_for=decision.who, asked_for=case.asked_for | {decision.cause})


def _oblige(case: Case, decision: d.Oblige, now: datetime) -> Case:
    return replace(case, asked_for=case.asked_for | {decision.cause})


def _close(case: Case, decision: d.Close, now: datetime) -> Case:
    return replace(case, state=CaseState.CLOSED, resolution=decision.resolution, waiting_for=None)


def _same(case: Case, decision: d.Decision, now: datetime) -> Case:
    return case


_STEPS: dict[type, Callable[[Case, Any, datetime], Case]] = {
    d.Plan: _plan,
    d.Skip: _skip,
    d.Cancel: _cancel,
    d.BringForward: _bring_forward,
    d.Recall: _recall,
    d.GiveUp: _give_up,
    d.OpenVisit: _open_visit,
    d.EndAssignment: _end_assignment,
    d.ReAddress: _re_address,
    d.EndOffer: _end_offer,
    d.CancelVisit: _cancel_visit,
    d.RaiseUrgency: _raise,
    d.SetDeadline: _set_deadline,
    d.MarkBad: _mark_bad,
    d.AskHuman: _ask,
    d.Close: _close,
    d.Oblige: _oblige,
    d.Look: _same,
}
