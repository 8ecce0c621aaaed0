"""Carries the engine's decisions out: each changes rows and leaves one journal entry with its rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dispatcher.casework import endings
from dispatcher.engine import decisions as d
from dispatcher.store import changes
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import new_id
from dispatcher.store.cases import BadNumberRow, CaseRow
from dispatcher.store.duties import DutyRow
from dispatcher.store.visits import VisitRow
from dispatcher.wake import ROUTINE, URGENT
from schemas.vocabulary import AttemptState, CaseState, Channel, Hook, Person, Resolution, Result, Urgency, VisitState

if TYPE_CHECKING:
    from dispatcher.casework.files import CaseFiles

_FIRST_OF_ALL = -1  # money that is leaving is stopped before anybody is warned


def lane_of(urgency_rank: int) -> str:
    return URGENT if urgency_rank <= Urgency.HIGH.rank else ROUTINE


def carry_out(files: CaseFiles, case_id: UUID, decisions: Iterable[d.Decision]) -> None:
    """Carry out one case's decisions, in order."""
    hand = _Hand(files, files.cases[case_id])
    looks = []
    for decision in decisions:
        if isinstance(decision, d.Look):
            looks.append(decision.at)
        else:
            _STEPS[type(decision)](hand, decision)
    hand.case.next_look_at = min(looks, default=None)


class _Hand:
    """One case in hand. The engine names new rows new-0, new-1, …; here they get their ids."""

    def __init__(self, files: CaseFiles, case: CaseRow) -> None:
        self.files = files
        self.case = case
        self.now = files.now
        self._made: list[UUID] = []

    def new_id(self) -> UUID:
        self._made.append(new_id())
        return self._made[-1]

    def id(self, name: str | None) -> UUID | None:
        if name is None:
            return None
        return self._made[int(name[4:])] if name.startswith("new-") else UUID(name)

    def known(self, name: str) -> UUID:
        found = self.id(name)
        assert found is not None  # noqa: S101 - narrows the type; name is not None
        return found

    def attempt(self, name: str) -> AttemptRow:
        return self.files.attempt(self.case.id, self.known(name))

    def visit(self, name: str) -> VisitRow:
        return self.files.visit(self.case.id, self.known(name))

    def note(self, event: str, rule: str, **data: Any) -> None:
        self.files.note(self.case.id, event, data, rule=rule)


def _plan(hand: _Hand, plan: d.Plan) -> None:
    attempt = _new_attempt(hand, plan.rule, plan.channel)
    attempt.party, attempt.person = plan.party, plan.person.value
    attempt.phone_id, attempt.visit_id, attempt.rung = hand.id(plan.number_id), hand.id(plan.visit_id), plan.rung
    attempt.retry_of = hand.id(plan.retry_of)
    attempt.send_key = hand.id(plan.send_key) or attempt.id
    attempt.possible_duplicate = plan.possible_duplicate
    attempt.hook, attempt.occasion = plan.hook, plan.occasion
    if plan.hook is Hook.STOP_PAYMENT:
        attempt.urgency_rank, attempt.lane = _FIRST_OF_ALL, lane_of(_FIRST_OF_ALL)
    attempt.due_at, attempt.action = plan.due_at, "send"
    if plan.send_key is not None and plan.retry_of is not None:
        hand.attempt(plan.retry_of).action = None  # its key lives on in this one, which will be asked about
    if plan.due_at <= hand.now:
        hand.files.lanes.add(attempt.lane)
    hand.note(
        "attempt_planned",
        plan.rule,
        attempt=str(attempt.id),
        channel=plan.channel,
        person=plan.person,
        party=plan.party,
        phone=_text(attempt.phone_id),
        hook=plan.hook,
        occasion=plan.occasion,
        visit=_text(attempt.visit_id),
        rung=plan.rung,
        due_at=plan.due_at.isoformat(),
        retry_of=_text(attempt.retry_of),
        send_key=str(attempt.send_key),
        possible_duplicate=plan.possible_duplicate,
        held_by=list(plan.held_by),
    )


def _skip(hand: _Hand, skip: d.Skip) -> None:
    attempt = _new_attempt(hand, skip.rule, skip.channel)
    attempt.state, attempt.result = AttemptState.SKIPPED.value, Result.SKIPPED.value
    attempt.skip_reason, attempt.settled_at = skip.reason.value, hand.now
    hand.note("attempt_skipped", skip.rule, attempt=str(attempt.id), channel=skip.channel, reason=skip.reason)


def _new_attempt(hand: _Hand, rule: str, channel: Channel) -> AttemptRow:
    key, rank = hand.new_id(), Urgency(hand.case.urgency).rank
    attempt = AttemptRow(
        id=key,
        case_id=hand.case.id,
        channel=channel.value,
        party="subject",
        person=Person.SUBJECT.value,
        rule=rule,
        send_key=key,
        possible_duplicate=False,
        occasion=1,
        state=AttemptState.PLANNED.value,
        due_at=hand.now,
        lane=lane_of(rank),
        urgency_rank=rank,
        planned_at=hand.now,
        confirmed=False,
        was_in_doubt=False,
    )
    hand.files.session.add(attempt)
    hand.files.attempts[hand.case.id].append(attempt)
    return attempt


def _cancel(hand: _Hand, cancel: d.Cancel) -> None:
    attempt = hand.attempt(cancel.attempt_id)
    attempt.state, attempt.action, attempt.settled_at = AttemptState.CANCELLED.value, None, hand.now
    hand.note("attempt_cancelled", cancel.rule, attempt=str(attempt.id), channel=attempt.channel)


def _bring_forward(hand: _Hand, decision: d.BringForward) -> None:
    attempt = hand.attempt(decision.attempt_id)
    attempt.due_at = decision.due_at
    if decision.due_at <= hand.now:
        hand.files.lanes.add(attempt.lane)
    hand.note("attempt_brought_forward", decision.rule, attempt=str(attempt.id), due_at=decision.due_at.isoformat())


def _recall(hand: _Hand, recall: d.Recall) -> None:
    attempt = hand.attempt(recall.attempt_id)
    attempt.action, attempt.due_at, attempt.detail = "cancel", hand.now, "recalled"
    attempt.lease_until = None
    hand.files.lanes.add(attempt.lane)
    hand.note("attempt_recalled", recall.rule, attempt=str(attempt.id), channel=attempt.channel)


def _give_up(hand: _Hand, decision: d.GiveUp) -> None:
    attempt = hand.attempt(decision.attempt_id)
    attempt.state, attempt.action = AttemptState.SETTLED.value, None
    attempt.result, attempt.detail, attempt.settled_at = Result.UNKNOWN.value, "doubt_given_up", hand.now
    hand.note("attempt_given_up", decision.rule, attempt=str(attempt.id), channel=attempt.channel)


def _open_visit(hand: _Hand, decision: d.OpenVisit) -> None:
    visit = VisitRow(
        id=hand.new_id(),
        case_id=hand.case.id,
        state=VisitState.WAITING.value,
        rule=decision.rule,
        precinct_code=decision.precinct,
        opened_at=hand.now,
        not_before=decision.not_before,
        not_after=decision.not_after,
    )
    hand.files.session.add(visit)
    hand.files.visits[hand.case.id].append(visit)
    hand.note(
        "visit_opened",
        decision.rule,
        visit=str(visit.id),
        precinct=visit.precinct_code,
        not_before=_time(decision.not_before),
        not_after=_time(decision.not_after),
    )


def _end_assignment(hand: _Hand, decision: d.EndAssignment) -> None:
    visit, attempt = hand.visit(decision.visit_id), hand.attempt(decision.attempt_id)
    officer = visit.officer
    attempt.state, attempt.action = AttemptState.SETTLED.value, None
    attempt.result, attempt.settled_at = decision.result.value, hand.now
    free_visit(visit)
    hand.note(
        "assignment_ended",
        decision.rule,
        visit=str(visit.id),
        attempt=str(attempt.id),
        officer=officer,
        result=decision.result,
    )


def _re_address(hand: _Hand, decision: d.ReAddress) -> None:
    visit = hand.visit(decision.visit_id)
    told, before = visit.officer, visit.precinct_code
    for attempt in hand.files.attempts[hand.case.id]:
        if attempt.visit_id == visit.id and attempt.settled_at is None:
            attempt.state, attempt.action = AttemptState.SETTLED.value, None
            attempt.result, attempt.settled_at = Result.READDRESSED.value, hand.now
    endings.lapse_offer(hand.files, visit)
    free_visit(visit)
    visit.precinct_code, visit.moved_at = decision.precinct, hand.now
    hand.note(
        "visit_re_addressed",
        decision.rule,
        visit=str(visit.id),
        before=before,
        after=decision.precinct,
        officer_told=told,
    )


def _end_offer(hand: _Hand, decision: d.EndOffer) -> None:
    visit = hand.visit(decision.visit_id)
    visit.state = VisitState.WAITING.value
    endings.lapse_offer(hand.files, visit)
    hand.note("transfer_lapsed", decision.rule, visit=str(visit.id))


def free_visit(visit: VisitRow) -> None:
    """The visit has no officer any more and waits for the next rung."""
    visit.state = VisitState.WAITING.value
    visit.officer = visit.attempt_id = visit.assigned_at = None
    visit.accepted_at = visit.departed_at = visit.arrived_at = None


def _cancel_visit(hand: _Hand, decision: d.CancelVisit) -> None:
    visit = hand.visit(decision.visit_id)
    told = visit.officer
    for attempt in hand.files.attempts[hand.case.id]:
        if attempt.visit_id == visit.id and attempt.settled_at is None:
            attempt.state, attempt.action, attempt.settled_at = AttemptState.CANCELLED.value, None, hand.now
    before_arrival = visit.arrived_at is None
    endings.lapse_offer(hand.files, visit)
    visit.state = VisitState.CANCELLED.value
    hand.note("visit_cancelled", decision.rule, visit=str(visit.id), officer_told=told, before_arrival=before_arrival)


def _raise(hand: _Hand, decision: d.RaiseUrgency) -> None:
    before = hand.case.urgency
    hand.case.raised_for = [*hand.case.raised_for, decision.cause]
    raise_urgency(hand.files, hand.case, decision.to)
    hand.note("urgency_raised", decision.rule, before=before, after=decision.to, cause=decision.cause)


def raise_urgency(files: CaseFiles, case: CaseRow, to: Urgency) -> None:
    """Urgency goes up; what is planned moves up with it."""
    case.urgency, case.urgency_since = to.value, files.now
    for attempt in files.attempts[case.id]:
        if attempt.action is not None and attempt.urgency_rank != _FIRST_OF_ALL:
            attempt.urgency_rank, attempt.lane = to.rank, lane_of(to.rank)


def _set_deadline(hand: _Hand, decision: d.SetDeadline) -> None:
    hand.case.deadlines = hand.case.deadlines | {decision.name: decision.at.isoformat()}
    hand.note("deadline_set", decision.rule, name=decision.name, at=decision.at.isoformat())


def _mark_bad(hand: _Hand, decision: d.MarkBad) -> None:
    phone = next(each for each in hand.files.phones[hand.case.id] if each.id == UUID(decision.number_id))
    until = hand.now + hand.files.office.policy.bad_number_for
    for channel in sorted(decision.channels):
        bad = BadNumberRow(digest=phone.digest, channel=channel.value, until=until)
        changes.keep_longest(hand.files.session, hand.case.id, bad)
    hand.files.bad[phone.digest] = hand.files.bad.get(phone.digest, frozenset()) | decision.channels
    hand.note(
        "number_marked_bad",
        decision.rule,
        phone=decision.number_id,
        channels=sorted(decision.channels),
        until=until.isoformat(),
        attempt=decision.attempt_id,
    )


def _ask(hand: _Hand, decision: d.AskHuman) -> None:
    hand.case.waiting_for = decision.who
    hand.case.asked_for = [*hand.case.asked_for, decision.cause]
    hand.note("human_asked", decision.rule, who=decision.who, cause=decision.cause)


def _close(hand: _Hand, decision: d.Close) -> None:
    case = hand.case
    case.state, case.resolution, case.closed_at = CaseState.CLOSED.value, decision.resolution.value, hand.now
    case.waiting_for = None
    case.money_avoided, case.money_avoided_basis = decision.avoided, decision.avoided_basis
    hand.note(
        "case_closed",
        decision.rule,
        resolution=decision.resolution,
        avoided=decision.avoided,
        avoided_basis=decision.avoided_basis,
    )
    endings.tell_sources(hand.files, case)
    if decision.resolution is Resolution.NOT_A_VICTIM and not case.suppressed:
        endings.suppress(hand.files, case)


def _oblige(hand: _Hand, decision: d.Oblige) -> None:
    hand.case.asked_for = [*hand.case.asked_for, decision.cause]
    row = DutyRow(
        id=new_id(),
        case_id=hand.case.id,
        kind=decision.duty.value,
        rule=decision.rule,
        planned_at=hand.now,
        due_at=decision.due_at,
    )
    hand.files.session.add(row)
    hand.note("duty_planned", decision.rule, duty=str(row.id), kind=decision.duty, due_at=decision.due_at.isoformat())


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


_STEPS: dict[type, Callable[[_Hand, Any], None]] = {
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
}
