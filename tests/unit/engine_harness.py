"""Plays casework in memory: holds a Case, carries out what is decided, lets gateways, officers and the centre act."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from builders import HIGH, MONDAY, VISIT, new_case
from engine_trace import facts, short, words

from dispatcher.engine import Case, Decision, attempt_states, decide, decide_anew, evolve, orders, visit_states
from dispatcher.engine.attempt_states import AttemptMove
from dispatcher.engine.case import SUBJECT, Attempt, Place, Visit
from dispatcher.engine.decisions import CloseCase, DecideAgainAt, OpenWorkItem, PlanAttempt
from dispatcher.engine.evolve import move_attempt, move_visit
from dispatcher.engine.visit_states import VisitMove
from dispatcher.engine.work_items import NEXT_STEPS, role_of
from dispatcher.policy import load
from dispatcher.policy.models import Policy
from schemas.vocabulary import (
    Answer,
    AttemptState,
    BankRequest,
    Channel,
    Ending,
    Onward,
    Resolution,
    Result,
    ReturnReason,
    Rung,
    SkipReason,
    Urgency,
    VisitState,
    WorkItemKind,
)

ASKING = NEXT_STEPS | {WorkItemKind.OFFER_LAPSED, WorkItemKind.BANK_NOT_REACHED}
_WAY = (VisitState.ASSIGNED, VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED)


@dataclass(repr=False)
class EngineHarness:
    """One case, the time, and what was decided. Every act is followed by a decision, as in casework."""

    case: Case
    policy: Policy = field(default_factory=load)
    now: datetime = MONDAY
    decided: list[Decision] = field(default_factory=list)  # in the last step
    found: list[Case] = field(default_factory=list)  # the case as each of these found it
    before: Case | None = None  # the case before the last step
    paused_at: datetime | None = None
    stood: timedelta = timedelta(0)  # how long the clock had stood before the last step
    trace: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        """What happened so far, for the reader of a failure."""
        return "\n  ".join(["EngineHarness", *self.trace])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Hypothesis prints a dataclass field by field otherwise."""
        printer.text(f"EngineHarness of {self.trace[0]}")

    @classmethod
    def of(cls, urgency: Urgency = HIGH, at: datetime = MONDAY, **known: Any) -> "EngineHarness":
        """A case that was just opened and decided on."""
        return cls.opened(new_case(urgency, at, **known))

    @classmethod
    def opened(cls, case: Case) -> "EngineHarness":
        return cls._begun(cls(case, now=case.opened_at))

    @classmethod
    def as_found(cls, moment: datetime, policy: Policy | None = None, **known: Any) -> "EngineHarness":
        """A case as it is found at some moment, and decided on."""
        return cls._begun(cls(new_case(**known), policy or load(), moment))

    @classmethod
    def _begun(cls, harness: "EngineHarness") -> "EngineHarness":
        harness.trace.append(facts(harness.case))
        harness.act()
        return harness

    # --- deciding

    def act(self, *, stood: timedelta = timedelta(0), is_other_policy: bool = False, **changes: Any) -> list[Decision]:
        """Change the case, decide, and carry the decisions out."""
        if changes:
            self.trace.append(f"{self.now:%a %H:%M:%S} {words(changes)}")
        self.before, self.case, self.stood = self.case, replace(self.case, **changes), stood
        rules = decide_anew if is_other_policy else decide
        self.decided, self.found = list(rules(self.case, self.policy, self.now)), []
        for decision in self.decided:
            self.found.append(self.case)
            self.case = evolve(self.case, decision, self.now)
        self.trace += [
            f"{self.now:%a %H:%M:%S} {short(each)}" for each in self.decided if not isinstance(each, DecideAgainAt)
        ]
        return self.decided

    def under(self, policy: Policy) -> list[Decision]:
        """Another policy is in force from now on."""
        self.policy = policy
        self.trace.append(f"{self.now:%a %H:%M:%S} another policy")
        return self.act(is_other_policy=True)

    def at(self, moment: datetime) -> list[Decision]:
        """Time moves on to a moment; never back."""
        self.now = max(self.now, moment)
        return self.act()

    def after(self, **duration: float) -> list[Decision]:
        return self.at(self.now + timedelta(**duration))

    # --- looking

    def made(self, channel: Channel, party: str = SUBJECT) -> list[Attempt]:
        return [each for each in self.case.attempts if each.channel is channel and each.party == party]

    @property
    def visit(self) -> Visit:
        return self.case.visits[-1]

    def rules(self, kind: type) -> list[str]:
        """The rules of the last step's decisions of one kind."""
        return [each.rule for each in self.decided if isinstance(each, kind)]

    @property
    def asked(self) -> list[str]:
        """The rules of the last step that put the case before a person."""
        return [rule for rule, _ in self.asked_whom]

    @property
    def asked_whom(self) -> list[tuple[str, Rung]]:
        """These rules, each with whom it asks."""
        opened = [each for each in self.decided if isinstance(each, OpenWorkItem) and each.kind in ASKING]
        return [(each.rule, role_of(each)) for each in opened]

    @property
    def waiting_for(self) -> Rung | None:
        """Whom the case waits for."""
        return next((each.role for each in self.case.work_items if each.kind in NEXT_STEPS), None)

    @property
    def plans(self) -> list[PlanAttempt]:
        return [each for each in self.decided if isinstance(each, PlanAttempt)]

    @property
    def looks(self) -> list[datetime]:
        return [each.at for each in self.decided if isinstance(each, DecideAgainAt)]

    @property
    def waits(self) -> dict[str, datetime]:
        """What the last step waits for, and until when."""
        return {each.rule: each.at for each in self.decided if isinstance(each, DecideAgainAt)}

    def in_state(self, *states: AttemptState) -> list[Attempt]:
        return [each for each in self.case.attempts if each.state in states]

    # --- gateways

    def sending(self, attempt: Attempt) -> Attempt:
        """The attempt is claimed; nothing is decided at that."""
        self.now = max(self.now, attempt.due_at)
        told = {"left_yuan": self.case.money_lost} if attempt.bank_request is BankRequest.STOP_PAYMENT else {}
        return self._move(attempt, attempt_states.claim(self._now(attempt)), sent_at=self.now, **told)

    def out_of_reach(self, attempt: Attempt) -> None:
        """Found at the claim: no provider reaches this country, or there is no bank to ask."""
        reason = SkipReason.UNSUPPORTED_DESTINATION
        self._move(attempt, attempt_states.skip(self._now(attempt), self.now), skip_reason=reason)
        self.act()

    def accepted(self, attempt: Attempt) -> None:
        self._move(attempt, attempt_states.accept(self._now(attempt), awaits_receipt=True))
        self.act()

    def in_doubt(self, attempt: Attempt) -> None:
        self._move(attempt, attempt_states.doubt(self._now(attempt)))
        self.act()

    def settled(
        self,
        attempt: Attempt,
        result: Result,
        *,
        answer: Answer | None = None,
        confirmed: bool = False,
        hours: int | None = None,
        onward: Onward | None = None,
        ending: Ending | None = None,
        number_fault: bool = False,
    ) -> None:
        """A final word; it also closes what was sent twice under one key. What was closed so hears no more."""
        if self._now(attempt).ending is Ending.SETTLED_BY_FIRST:
            self.act()
            return
        self._move(
            attempt,
            attempt_states.settle(self._now(attempt), result, self.now),
            answer=answer,
            confirmed=confirmed,
            onward=onward,
            ending=ending,
            number_fault=number_fault,
            granted_until=self.now + timedelta(hours=hours) if hours is not None else None,
        )
        if result is not Result.FAILED_TEMPORARY:
            for other in self.case.attempts:
                same = other.send_key == attempt.send_key and other.id != attempt.id
                if same and not other.is_final:
                    self._move(other, attempt_states.cancel(other, self.now), ending=Ending.SETTLED_BY_FIRST)
        self.act()

    def never_taken(self, attempt: Attempt) -> None:
        self.settled(attempt, Result.FAILED_TEMPORARY, ending=Ending.NEVER_TAKEN)

    def not_there(self, attempt: Attempt) -> None:
        """Its sender vanished, and its provider has none."""
        self.settled(attempt, Result.FAILED_TEMPORARY, ending=Ending.NOT_THERE)

    def recalled(self, attempt: Attempt) -> None:
        """The provider takes back what it held."""
        self._move(attempt, attempt_states.cancel(self._now(attempt), self.now))
        self.act()

    def send(self, channel: Channel, result: Result, party: str = SUBJECT, **said: Any) -> Attempt:
        """The planned attempt of a channel goes out and gets its result at once."""
        attempt = next(each for each in self.made(channel, party) if each.state is AttemptState.PLANNED)
        self.settled(self.sending(attempt), result, **said)
        return self.case.attempt(attempt.id)

    def bank(self, bank_request: BankRequest, result: Result, **said: Any) -> Attempt:
        """What was asked of the bank goes out and is answered at once."""
        attempt = next(each for each in self.case.bank_requests(bank_request) if each.state is AttemptState.PLANNED)
        self.settled(self.sending(attempt), result, **said)
        return self.case.attempt(attempt.id)

    # --- officers

    def assigned(self, attempt: Attempt) -> None:
        """The roster has found an officer."""
        self._move(attempt, attempt_states.accept(self._now(attempt), awaits_receipt=False))
        self._move_visit(visit_states.assign(self.visit), assigned_at=self.now, attempt_id=attempt.id)
        self.act()

    def assign(self) -> Attempt:
        """The planned assignment goes out, and an officer is on duty."""
        attempt = self.sending(next(each for each in self.made(VISIT) if each.state is AttemptState.PLANNED))
        self.assigned(attempt)
        return self.case.attempt(attempt.id)

    def officer(self, state: VisitState) -> None:
        """The officer goes on until this state: who arrives has accepted and departed before."""
        for step in _WAY[_WAY.index(self.visit.state) + 1 : _WAY.index(state) + 1]:
            self._move_visit(visit_states.advance(self.visit, step))
        self.act()

    def goes_there(self) -> None:
        """An officer is found, accepts and arrives."""
        self.assign()
        self.officer(VisitState.ACCEPTED)
        self.officer(VisitState.ARRIVED)

    def reports(self, result: Result, lost: int = 0, *, with_guardian: bool = False) -> None:
        met = result.value.startswith("MET_") and (with_guardian or not self.case.minor)
        self._end_assignment(result, confirmed=met)
        self._report(result, guardian_present=with_guardian)
        self.act(money_lost=max(self.case.money_lost, lost))

    def corrects(self, result: Result, lost: int = 0, *, with_guardian: bool = False) -> None:
        """The officer corrects what was reported last."""
        before, visit = self.case, next(each for each in reversed(self.case.visits) if each.result is not None)
        attempt = self.case.attempt(visit.attempt_id or "")
        self._move(attempt, attempt_states.restate(attempt, result, attempt.settled_at))
        corrected = replace(visit, result=result, guardian_present=with_guardian)
        visits = tuple(corrected if each.id == visit.id else each for each in self.case.visits)
        self.case = replace(self.case, visits=visits, money_lost=lost)
        self._ordered(orders.correct(before, self.case, visit.id, self.policy, self.now))

    def returns(self, reason: ReturnReason | None = None, *, offered_for: timedelta | None = None) -> None:
        """Back to our ladder; or offered to another unit, which has it when it accepts."""
        self._end_assignment(Result.RETURNED, return_reason=reason)
        self._move_visit(visit_states.free(self.visit))
        if offered_for is not None:
            self._offer(offered_for)
        self.act()

    def taken_back(self, *, offered_for: timedelta) -> None:
        """A supervisor offers the visit to another unit, and the officer has it no more."""
        self._end_assignment(Result.TRANSFERRED)
        self._move_visit(visit_states.free(self.visit))
        self._offer(offered_for)
        self.act()

    def begin_anew(self) -> None:
        """A roster is loaded."""
        last = self.made(Channel.VISIT)[-1].id
        self._put_visit(replace(self.visit, ladder_after=last), {"ladder_after": last})
        self.act()

    def other_unit(self, precinct: str | None, *, abroad: bool = False) -> None:
        """The other unit accepts; officers of another centre are not ours to assign. None: it refuses."""
        move = visit_states.transfer(self.visit) if abroad else visit_states.end_offer(self.visit)
        moved = {"precinct": precinct, "moved_at": self.now} if precinct is not None else {}
        self._move_visit(move, **moved)
        self.act()

    def remote_report(self, result: Result) -> None:
        """What the other centre says came of the visit."""
        self._report(result)
        self.act()

    def _end_assignment(self, result: Result, **said: Any) -> None:
        attempt = self.case.attempt(self.visit.attempt_id or "")
        self._move(attempt, attempt_states.settle(attempt, result, self.now), **said)

    def _offer(self, offered_for: timedelta) -> None:
        self._move_visit(visit_states.offer(self.visit), offered_until=self.now + offered_for)

    def _report(self, result: Result, **said: Any) -> None:
        self._move_visit(visit_states.advance(self.visit, VisitState.REPORTED), result=result, **said)

    # --- the centre

    def joined(self, urgency: Urgency | None = None, **known: Any) -> None:
        """Another instruction joins: the higher urgency, all numbers, all channels."""
        if urgency is not None and urgency.rank < self.case.urgency.rank:
            known |= {"urgency": urgency, "urgency_since": self.now, "rewarned_at": self.now}
        self.act(**known)

    def located(self, where: Place) -> None:
        """The person is found to be somewhere else."""
        self.act(places=(*self.case.places, replace(where, added_at=self.now)))

    def feedback(self, resolution: Resolution) -> None:
        """A person says how it ended."""
        self.case = evolve(self.case, CloseCase("feedback", resolution), self.now)
        self.act()

    def revive(self) -> None:
        self.act(expired=False, suppressed=False)

    def reopen(self) -> None:
        """A supervisor has the case go on."""
        self._ordered(orders.reopen(self.case, self.policy, self.now))

    def _ordered(self, ordered: tuple[Decision, ...]) -> None:
        for decision in ordered:
            self.case = evolve(self.case, decision, self.now)
        self.act()

    def pause(self) -> None:
        self.paused_at = self.now
        self.act(paused=True)

    def resume(self) -> None:
        """The clock goes on: deadlines and waits move by the pause, nothing slips into the quiet hours."""
        case, stood = self.case, self.now - (self.paused_at or self.now)
        for each in self.in_state(AttemptState.PLANNED):
            due_at = orders.after_pause(self.policy, each.channel, case.urgency, each.due_at, stood)
            self._put(replace(each, due_at=due_at), {"due_at": due_at})
        visit = case.open_visit
        for wait in ("assigned_at", "offered_until") if visit is not None else ():
            if (begun := getattr(visit, wait)) is not None:
                self._put_visit(replace(self.visit, **{wait: begun + stood}), {wait: begun + stood})
        deadlines = {name: moment + stood for name, moment in case.deadlines.items()}
        since = min(case.urgency_since + stood, self.now)
        self.paused_at = None
        self.act(stood=stood, paused=False, urgency_since=since, deadlines=deadlines)

    # --- rows

    def _now(self, attempt: Attempt) -> Attempt:
        """The attempt as it stands now; the caller may hold an older value."""
        return self.case.attempt(attempt.id)

    def _move(self, attempt: Attempt, move: AttemptMove, **said: Any) -> Attempt:
        changed = move_attempt(self._now(attempt), move, **said)
        return self._put(changed, {"state": move.state, "result": move.result, **said})

    def _put(self, changed: Attempt, changes: dict[str, Any]) -> Attempt:
        known = {name: value for name, value in changes.items() if value is not None}
        self.trace.append(f"{self.now:%a %H:%M:%S} {changed.id} {changed.channel}: {words(known)}")
        attempts = tuple(changed if each.id == changed.id else each for each in self.case.attempts)
        self.case = replace(self.case, attempts=attempts)
        return changed

    def _move_visit(self, move: VisitMove, **said: Any) -> None:
        self._put_visit(move_visit(self.visit, move, **said), {"state": move.state, **said})

    def _put_visit(self, changed: Visit, changes: dict[str, Any]) -> None:
        self.trace.append(f"{self.now:%a %H:%M:%S} {self.visit.id} visit: {words(changes)}")
        self.case = replace(self.case, visits=(*self.case.visits[:-1], changed))


def planned(harness: EngineHarness, channel: Channel, party: str = SUBJECT) -> Attempt:
    """The one attempt planned on a channel."""
    found = [each for each in harness.made(channel, party) if each.state is AttemptState.PLANNED]
    assert len(found) == 1, f"{len(found)} planned on {channel}"
    return found[0]


def is_planned(harness: EngineHarness, channel: Channel, party: str = SUBJECT) -> bool:
    return any(each.state is AttemptState.PLANNED for each in harness.made(channel, party))
