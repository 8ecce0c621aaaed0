"""Carries the engine's decisions out: each changes rows and leaves one journal entry with its rule."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from dispatcher.casework import closing, moves
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import move_attempt, move_visit
from dispatcher.engine import attempt_states, visit_states
from dispatcher.engine import decisions as d
from dispatcher.engine.attempt_states import AttemptMove
from dispatcher.engine.case import SUBJECT
from dispatcher.store import journal_changes
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import new_id
from dispatcher.store.cases import BadNumberRow, CaseRow
from dispatcher.store.visits import NUMBERS, VisitRow
from dispatcher.wake import lane_of
from schemas.vocabulary import (
    AttemptState,
    BankRequest,
    CaseState,
    Channel,
    Ending,
    Person,
    Resolution,
    Result,
    VisitState,
)


def carry_out(case_file: CaseFile, case_id: UUID, decisions: Iterable[d.Decision]) -> None:
    """Carry out one case's decisions, in order."""
    writer = DecisionWriter(case_file, case_file.cases[case_id])
    looks = []
    for decision in decisions:
        if isinstance(decision, d.DecideAgainAt):
            looks.append(decision.at)
        else:
            _STEPS[type(decision)](writer, decision)
    writer.case.next_look_at = min(looks, default=None)


class DecisionWriter:
    """One case whose decisions are carried out. The engine names new rows new-0, new-1, …; here they get their ids."""

    def __init__(self, case_file: CaseFile, case: CaseRow) -> None:
        self.case_file = case_file
        self.case = case
        self.now = case_file.now
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
        return self.case_file.attempt(self.case.id, self.known(name))

    def visit(self, name: str) -> VisitRow:
        return self.case_file.visit(self.case.id, self.known(name))

    def assignments(self, visit: VisitRow) -> list[AttemptRow]:
        """Attempts to hand this visit to an officer that have no end yet."""
        made = self.case_file.attempts[self.case.id]
        return [each for each in made if each.visit_id == visit.id and each.settled_at is None]

    def note(self, event: str, rule: str, **data: Any) -> None:
        self.case_file.note(self.case.id, event, data, rule=rule)


def _plan(writer: DecisionWriter, plan: d.PlanAttempt) -> None:
    attempt = _new_attempt(writer, plan.rule, plan.channel, attempt_states.plan())
    attempt.party, attempt.person = plan.party, plan.person
    attempt.phone_id, attempt.visit_id, attempt.rung = writer.id(plan.number_id), writer.id(plan.visit_id), plan.rung
    attempt.retry_of, attempt.retry_kind = writer.id(plan.retry_of), plan.retry_kind
    attempt.send_key = writer.id(plan.send_key) or attempt.id
    attempt.possible_duplicate = plan.possible_duplicate
    attempt.hook, attempt.occasion = plan.bank_request, plan.warning_number
    if plan.bank_request is BankRequest.STOP_PAYMENT:
        attempt.urgency_rank, attempt.lane = moves.FIRST_OF_ALL, lane_of(moves.FIRST_OF_ALL)
    attempt.due_at = plan.due_at
    before = writer.attempt(plan.retry_of) if plan.retry_of is not None else None
    if plan.send_key is not None and before is not None and before.state == AttemptState.IN_DOUBT:
        move_attempt(before, attempt_states.replace_doubtful(before))  # its key lives on in the new one
    if plan.due_at <= writer.now:
        writer.case_file.work.wake(attempt.lane)
    writer.note(
        "attempt_planned",
        plan.rule,
        attempt=attempt.id,
        channel=plan.channel,
        person=plan.person,
        phone=attempt.phone_id,
        hook=plan.bank_request,
        occasion=plan.warning_number,
        visit=attempt.visit_id,
        rung=plan.rung,
        due_at=plan.due_at,
        retry_of=attempt.retry_of,
        send_key=writer.id(plan.send_key),
        possible_duplicate=plan.possible_duplicate or None,
        held_by=list(plan.held_by) or None,
    )


def _skip(writer: DecisionWriter, skip: d.SkipChannel) -> None:
    attempt = _new_attempt(writer, skip.rule, skip.channel, attempt_states.leave_out(writer.now))
    attempt.skip_reason = skip.reason
    writer.note("attempt_skipped", skip.rule, attempt=attempt.id, channel=skip.channel, reason=skip.reason)


def _new_attempt(writer: DecisionWriter, rule: str, channel: Channel, move: AttemptMove) -> AttemptRow:
    key, rank = writer.new_id(), writer.case.urgency.rank
    attempt = AttemptRow(
        id=key,
        case_id=writer.case.id,
        channel=channel,
        party=SUBJECT,
        person=Person.SUBJECT,
        rule=rule,
        send_key=key,
        possible_duplicate=False,
        occasion=1,
        due_at=writer.now,
        lane=lane_of(rank),
        urgency_rank=rank,
        planned_at=writer.now,
        confirmed=False,
        was_in_doubt=False,
    )
    move_attempt(attempt, move)
    writer.case_file.work.add(attempt)
    writer.case_file.attempts[writer.case.id].append(attempt)
    return attempt


def _cancel(writer: DecisionWriter, cancel: d.CancelAttempt) -> None:
    attempt = writer.attempt(cancel.attempt_id)
    move_attempt(attempt, attempt_states.cancel(attempt, writer.now))
    writer.note("attempt_cancelled", cancel.rule, attempt=attempt.id, channel=attempt.channel)


def _bring_forward(writer: DecisionWriter, decision: d.BringAttemptForward) -> None:
    attempt = writer.attempt(decision.attempt_id)
    attempt.due_at = decision.due_at
    if decision.due_at <= writer.now:
        writer.case_file.work.wake(attempt.lane)
    writer.note("attempt_brought_forward", decision.rule, attempt=attempt.id, due_at=decision.due_at)


def _move_planned(writer: DecisionWriter, decision: d.MoveAttempt) -> None:
    attempt = writer.attempt(decision.attempt_id)
    before, attempt.due_at, attempt.lease_until = attempt.due_at, decision.due_at, None  # held no more
    if decision.due_at <= writer.now:
        writer.case_file.work.wake(attempt.lane)
    held_by = list(decision.held_by) or None
    told = {"attempt": attempt.id, "due_before": before, "due_at": decision.due_at, "held_by": held_by}
    writer.note("attempt_moved", decision.rule, **told)


def _recall(writer: DecisionWriter, recall: d.RecallAttempt) -> None:
    attempt = writer.attempt(recall.attempt_id)
    move_attempt(attempt, attempt_states.recall(attempt))
    attempt.due_at = attempt.recalled_at = writer.now
    attempt.lease_until = None
    writer.case_file.work.wake(attempt.lane)
    writer.note("attempt_recalled", recall.rule, attempt=attempt.id, channel=attempt.channel)


def _give_up(writer: DecisionWriter, decision: d.GiveUpDoubt) -> None:
    attempt = writer.attempt(decision.attempt_id)
    move_attempt(attempt, attempt_states.give_up(attempt, writer.now))
    attempt.ending = Ending.DOUBT_GIVEN_UP
    writer.note("attempt_given_up", decision.rule, attempt=attempt.id, channel=attempt.channel)


def _open_visit(writer: DecisionWriter, decision: d.OpenVisit) -> None:
    visit = VisitRow(
        id=writer.new_id(),
        number=NUMBERS.next(writer.case_file.session),
        case_id=writer.case.id,
        state=VisitState.WAITING,
        rule=decision.rule,
        precinct_code=decision.precinct,
        opened_at=writer.now,
        not_before=decision.not_before,
        not_after=decision.not_after,
    )
    writer.case_file.work.add(visit)
    writer.case_file.visits[writer.case.id].append(visit)
    writer.note(
        "visit_opened",
        decision.rule,
        visit=visit.id,
        precinct=visit.precinct_code,
        not_before=decision.not_before,
        not_after=decision.not_after,
    )


def _end_assignment(writer: DecisionWriter, decision: d.EndAssignment) -> None:
    visit, attempt = writer.visit(decision.visit_id), writer.attempt(decision.attempt_id)
    officer = visit.officer
    move_attempt(attempt, attempt_states.settle(attempt, decision.result, writer.now))
    move_visit(visit, visit_states.free(visit))
    writer.note(
        "assignment_ended",
        decision.rule,
        visit=visit.id,
        attempt=attempt.id,
        officer=officer,
        result=decision.result,
    )


def _re_address(writer: DecisionWriter, decision: d.ReaddressVisit) -> None:
    visit = writer.visit(decision.visit_id)
    told, before = visit.officer, visit.precinct_code
    for attempt in writer.assignments(visit):
        move_attempt(attempt, attempt_states.settle(attempt, Result.READDRESSED, writer.now))
    closing.lapse_offer(writer.case_file, visit)
    move_visit(visit, visit_states.readdress(visit))
    visit.precinct_code, visit.moved_at = decision.precinct, writer.now
    writer.note(
        "visit_re_addressed",
        decision.rule,
        visit=visit.id,
        before=before,
        after=decision.precinct,
        officer_told=told,
    )


def _end_offer(writer: DecisionWriter, decision: d.EndVisitOffer) -> None:
    visit = writer.visit(decision.visit_id)
    move_visit(visit, visit_states.end_offer(visit))
    closing.lapse_offer(writer.case_file, visit)
    writer.note("transfer_lapsed", decision.rule, visit=visit.id)


def _cancel_visit(writer: DecisionWriter, decision: d.CancelVisit) -> None:
    visit = writer.visit(decision.visit_id)
    told = visit.officer
    for attempt in writer.assignments(visit):
        move_attempt(attempt, attempt_states.cancel(attempt, writer.now))
    before_arrival = visit.arrived_at is None
    closing.lapse_offer(writer.case_file, visit)
    move_visit(visit, visit_states.cancel(visit))
    writer.note("visit_cancelled", decision.rule, visit=visit.id, officer_told=told, before_arrival=before_arrival)


def _raise(writer: DecisionWriter, decision: d.RaiseUrgency) -> None:
    before = writer.case.urgency
    writer.case.raised_for = [*writer.case.raised_for, decision.cause]
    moves.raise_urgency(writer.case_file, writer.case, decision.to)
    writer.note("urgency_raised", decision.rule, before=before, after=decision.to, cause=decision.cause)


def _set_deadline(writer: DecisionWriter, decision: d.SetDeadline) -> None:
    writer.case.deadlines = writer.case.deadlines | {decision.name: decision.at.isoformat()}
    writer.note("deadline_set", decision.rule, name=decision.name, at=decision.at)


def _mark_bad(writer: DecisionWriter, decision: d.MarkNumberBad) -> None:
    phone = next(each for each in writer.case_file.phones[writer.case.id] if each.id == UUID(decision.number_id))
    until = writer.now + writer.case_file.context.policy.bad_number_for
    for channel in sorted(decision.channels):
        bad = BadNumberRow(digest=phone.digest, channel=channel, until=until)
        journal_changes.keep_longest(writer.case_file.session, writer.case.id, bad)
    writer.case_file.bad[phone.digest] = writer.case_file.bad.get(phone.digest, frozenset()) | decision.channels
    writer.note(
        "number_marked_bad",
        decision.rule,
        phone=decision.number_id,
        channels=sorted(decision.channels),
        until=until,
        attempt=decision.attempt_id,
    )


def _close(writer: DecisionWriter, decision: d.CloseCase) -> None:
    case = writer.case
    case.state, case.resolution, case.closed_at = CaseState.CLOSED, decision.resolution, writer.now
    case.money_avoided, case.money_avoided_basis = decision.avoided, decision.avoided_basis
    writer.note(
        "case_closed",
        decision.rule,
        resolution=decision.resolution,
        avoided=decision.avoided,
        avoided_basis=decision.avoided_basis,
    )
    closing.tell_sources(writer.case_file, case)
    if decision.resolution is Resolution.NOT_A_VICTIM and not case.suppressed:
        closing.suppress(writer.case_file, case)


def _open_work_item(writer: DecisionWriter, decision: d.OpenWorkItem) -> None:
    moves.open_work_item(writer.case_file, writer.case.id, decision, writer.new_id())


def _bring_item_forward(writer: DecisionWriter, decision: d.BringWorkItemForward) -> None:
    item = writer.case_file.work_item(writer.case.id, writer.known(decision.item_id))
    moves.bring_work_item_forward(writer.case_file.work, writer.case, item, decision)


def _climb(writer: DecisionWriter, decision: d.ClimbWorkItem) -> None:
    item = writer.case_file.work_item(writer.case.id, writer.known(decision.item_id))
    moves.climb_work_item(writer.case_file.work, writer.case, item, decision)


def _end_work_item(writer: DecisionWriter, decision: d.EndWorkItem) -> None:
    item = writer.case_file.work_item(writer.case.id, writer.known(decision.item_id))
    moves.end_work_item(writer.case_file.work, writer.case, item, decision.state, rule=decision.rule)


_STEPS: dict[type, Callable[[DecisionWriter, Any], None]] = {
    d.PlanAttempt: _plan,
    d.SkipChannel: _skip,
    d.CancelAttempt: _cancel,
    d.BringAttemptForward: _bring_forward,
    d.MoveAttempt: _move_planned,
    d.RecallAttempt: _recall,
    d.GiveUpDoubt: _give_up,
    d.OpenVisit: _open_visit,
    d.EndAssignment: _end_assignment,
    d.ReaddressVisit: _re_address,
    d.EndVisitOffer: _end_offer,
    d.CancelVisit: _cancel_visit,
    d.RaiseUrgency: _raise,
    d.SetDeadline: _set_deadline,
    d.MarkNumberBad: _mark_bad,
    d.CloseCase: _close,
    d.ReopenCase: lambda writer, decision: closing.reopen(writer.case_file, writer.case, decision),
    d.OpenWorkItem: _open_work_item,
    d.BringWorkItemForward: _bring_item_forward,
    d.ClimbWorkItem: _climb,
    d.EndWorkItem: _end_work_item,
}
