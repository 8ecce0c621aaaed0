"""Plays casework in memory: holds a Case, carries decisions out by evolve(), and lets the world act in between."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.engine import Case, Decision, decide, evolve
from dispatcher.engine.case import SUBJECT, Attempt, Number, Visit
from dispatcher.engine.decisions import Close, Look, Plan
from dispatcher.engine.sending import NEVER_TAKEN
from dispatcher.policy import load
from dispatcher.policy.models import Policy
from schemas.vocabulary import (
    Answer,
    AttemptState,
    CaseState,
    Channel,
    Person,
    Resolution,
    Result,
    Urgency,
    VisitState,
)

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=ZONE)
ALL = frozenset({Channel.SMS, Channel.VOICE, Channel.VISIT})
SMS, VOICE, VISIT = Channel.SMS, Channel.VOICE, Channel.VISIT
FAMILY = "contact:spouse:0"

Move = Callable[[], None]


def number(name: str, *bad_for: Channel) -> Number:
    return Number(name, SUBJECT, Person.SUBJECT, frozenset(bad_for))


def relative(name: str = "f1", party: str = FAMILY, person: Person = Person.FAMILY) -> Number:
    return Number(name, party, person)


def new_case(urgency: Urgency = Urgency.HIGH, at: datetime = MONDAY, **facts: Any) -> Case:
    """A case as intake opens it, with one number of the subject."""
    known: dict[str, Any] = {
        "id": "case",
        "urgency": urgency,
        "state": CaseState.OPEN,
        "opened_at": at,
        "urgency_since": at,
        "channels": ALL,
        "fraud_type": "F01",
        "numbers": (number("n1"),),
    }
    return Case(**(known | facts))


@dataclass(repr=False)
class World:
    """One case, the time, and what was decided. Every act is followed by a decision, as in casework."""

    case: Case
    policy: Policy = field(default_factory=load)
    now: datetime = MONDAY
    decided: list[Decision] = field(default_factory=list)  # in the last step
    found: list[Case] = field(default_factory=list)  # the case as each of these found it
    before: Case | None = None  # the case before the last step
    story: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        """The story so far, for the reader of a failure."""
        case = self.case
        facts = f"{case.urgency}, {sorted(case.channels)}, {[(n.id, n.party, *n.bad_for) for n in case.numbers]}"
        return "\n  ".join(
            [f"World({facts}, money_moved={case.money_moved}, fraud_type={case.fraud_type})", *self.story]
        )

    @classmethod
    def of(cls, urgency: Urgency = Urgency.HIGH, at: datetime = MONDAY, **facts: Any) -> "World":
        """A case that was just opened and decided on."""
        world = cls(new_case(urgency, at, **facts), now=at)
        world.act()
        return world

    # --- deciding

    def act(self, **changes: Any) -> list[Decision]:
        """Change the case, decide, and carry the decisions out."""
        self.before, self.case = self.case, replace(self.case, **changes)
        self.decided, self.found = list(decide(self.case, self.policy, self.now)), []
        for decision in self.decided:
            self.found.append(self.case)
            self.case = evolve(self.case, decision, self.now)
        self.story += [f"{self.now:%a %H:%M:%S} {_short(each)}" for each in self.decided if not isinstance(each, Look)]
        return self.decided

    def at(self, moment: datetime) -> list[Decision]:
        """Time moves on to a moment; never back."""
        self.now = max(self.now, moment)
        return self.act()

    def after(self, **duration: float) -> list[Decision]:
        return self.at(self.now + timedelta(**duration))

    # --- looking

    def made(self, channel: Channel, party: str = SUBJECT) -> list[Attempt]:
        return [each for each in self.case.attempts if each.channel is channel and each.party == party]

    def last(self, channel: Channel, party: str = SUBJECT) -> Attempt:
        return self.made(channel, party)[-1]

    @property
    def visit(self) -> Visit:
        return self.case.visits[-1]

    def rules(self, kind: type) -> list[str]:
        """The rules of the last step's decisions of one kind."""
        return [each.rule for each in self.decided if isinstance(each, kind)]

    @property
    def plans(self) -> list[Plan]:
        return [each for each in self.decided if isinstance(each, Plan)]

    @property
    def looks(self) -> list[datetime]:
        return [each.at for each in self.decided if isinstance(each, Look)]

    def due(self) -> list[Attempt]:
        return [each for each in self.in_state(AttemptState.PLANNED) if each.due_at <= self.now]

    def in_state(self, *states: AttemptState) -> list[Attempt]:
        return [each for each in self.case.attempts if each.state in states]

    # --- gateways

    def sending(self, attempt: Attempt) -> Attempt:
        """The attempt is claimed; nothing is decided at that."""
        self.now = max(self.now, attempt.due_at)
        return self._set(attempt, state=AttemptState.SENDING, sent_at=self.now)

    def accepted(self, attempt: Attempt) -> None:
        self._set(attempt, state=AttemptState.ACCEPTED)
        self.act()

    def in_doubt(self, attempt: Attempt) -> None:
        self._set(attempt, state=AttemptState.IN_DOUBT)
        self.act()

    def settled(
        self,
        attempt: Attempt,
        result: Result,
        *,
        answer: Answer | None = None,
        confirmed: bool = False,
        detail: str | None = None,
    ) -> None:
        """A final word; it also closes what was sent twice under one key."""
        self._set(
            attempt,
            state=AttemptState.SETTLED,
            result=result,
            answer=answer,
            confirmed=confirmed,
            detail=detail,
            settled_at=self.now,
        )
        if result is not Result.FAILED_TEMPORARY:
            for other in self.case.attempts:
                same = other.send_key == attempt.send_key and other.id != attempt.id
                if same and other.settled_at is None:
                    self._set(other, state=AttemptState.CANCELLED, settled_at=self.now, detail="settled_by_first")
        self.act()

    def never_taken(self, attempt: Attempt) -> None:
        self.settled(attempt, Result.FAILED_TEMPORARY, detail=NEVER_TAKEN)

    def recalled(self, attempt: Attempt) -> None:
        """The provider takes back what it held."""
        self._set(attempt, state=AttemptState.CANCELLED, settled_at=self.now)
        self.act()

    def send(self, channel: Channel, result: Result, party: str = SUBJECT, **said: Any) -> Attempt:
        """The planned attempt of a channel goes out and gets its result at once."""
        attempt = next(each for each in self.made(channel, party) if each.state is AttemptState.PLANNED)
        self.settled(self.sending(attempt), result, **said)
        return self.case.attempt(attempt.id)

    # --- officers

    def assigned(self, attempt: Attempt) -> None:
        """The roster has found an officer."""
        self._set(attempt, state=AttemptState.ACCEPTED)
        self._set_visit(state=VisitState.ASSIGNED, assigned_at=self.now, attempt_id=attempt.id)
        self.act()

    def assign(self) -> Attempt:
        """The planned assignment goes out, and an officer is on duty."""
        attempt = self.sending(next(each for each in self.made(VISIT) if each.state is AttemptState.PLANNED))
        self.assigned(attempt)
        return self.case.attempt(attempt.id)

    def officer(self, state: VisitState) -> None:
        """The officer accepts, departs or arrives."""
        self._set_visit(state=state)
        self.act(waiting_for=None)

    def reports(self, result: Result, lost: int = 0) -> None:
        self._end_assignment(result, confirmed=result.value.startswith("MET_"))
        self._set_visit(state=VisitState.REPORTED, result=result)
        self.act(waiting_for=None, money_lost=self.case.money_lost + lost)

    def returns(self) -> None:
        self._end_assignment(Result.RETURNED, confirmed=False)
        self._set_visit(state=VisitState.WAITING, assigned_at=None, attempt_id=None)
        self.act(waiting_for=None)

    def _end_assignment(self, result: Result, *, confirmed: bool) -> None:
        attempt = self.case.attempt(self.visit.attempt_id or "")
        self._set(attempt, state=AttemptState.SETTLED, result=result, confirmed=confirmed, settled_at=self.now)

    # --- the centre

    def joined(self, urgency: Urgency | None = None, **facts: Any) -> None:
        """Another instruction joins: the higher urgency, all numbers, all channels."""
        if urgency is not None and urgency.rank < self.case.urgency.rank:
            facts |= {"urgency": urgency, "urgency_since": self.now}
        self.act(**facts)

    def feedback(self, resolution: Resolution) -> None:
        """A person says how it ended."""
        self.case = evolve(self.case, Close("feedback", resolution), self.now)
        self.act()

    # --- everything that can happen next, for random histories

    def moves(self) -> list[list[Move]]:
        """Groups of moves; a group stands more than once where it should come up more often."""
        time = list(self._time())
        send, words, officer = list(self._send()), list(self._words()), list(self._officer())
        centre = list(self._centre()) if self.case.is_open else []
        groups = [[self.act], time, time, time, send, send, send, words, words, officer, officer, centre]
        return [group for group in groups if group]

    def _time(self) -> Iterator[Move]:
        waits = [each.due_at for each in self.in_state(AttemptState.PLANNED)] + self.looks
        later = [moment for moment in waits if moment > self.now]
        if later:
            for _ in range(8):
                yield lambda: self._pass(min(later))
        for seconds in (1, 40, 400, 3_000, 20_000, 80_000):
            yield lambda seconds=seconds: self._pass(self.now + timedelta(seconds=seconds))

    def _pass(self, moment: datetime) -> None:
        self.at(moment)

    def _send(self) -> Iterator[Move]:
        for attempt in self.due():
            for word in self._results(attempt):
                yield lambda a=attempt, w=word: w(self.sending(a))
            yield lambda a=attempt: self._only_sending(a)
            yield lambda a=attempt: self.in_doubt(self.sending(a))
            if attempt.channel is not VISIT:
                yield lambda a=attempt: self.accepted(self.sending(a))

    def _only_sending(self, attempt: Attempt) -> None:
        self.sending(attempt)
        self.act()

    def _words(self) -> Iterator[Move]:
        """What comes later: an answer, a receipt, the word of a query."""
        for attempt in self.case.attempts:
            is_visit = attempt.channel is VISIT
            unsettled = attempt.state in (AttemptState.SENDING, AttemptState.IN_DOUBT) or (
                attempt.state is AttemptState.ACCEPTED and not is_visit
            )
            late = attempt.state is AttemptState.SETTLED and attempt.result is Result.UNKNOWN and not is_visit
            if unsettled or late:
                for word in self._results(attempt):
                    yield lambda a=attempt, w=word: w(a)
            if unsettled and attempt.state is not AttemptState.SENDING:
                yield lambda a=attempt: self.never_taken(a)
            if attempt.state is AttemptState.ACCEPTED and attempt.detail == "recalled":
                yield lambda a=attempt: self.recalled(a)

    def _results(self, attempt: Attempt) -> Iterable[Callable[[Attempt], None]]:
        if attempt.channel is VISIT:
            yield self.assigned
            yield self.assigned
            yield lambda a: self.settled(a, Result.NOBODY_ON_DUTY)
            yield lambda a: self.settled(a, Result.FAILED_TEMPORARY, detail="roster")
            return
        for result, said in _SMS_WORDS if attempt.channel is SMS else _voice_words(attempt.person):
            yield lambda a, r=result, s=said: self.settled(a, r, **s)

    def _officer(self) -> Iterator[Move]:
        visit = self.case.open_visit
        if visit is None or visit.state is VisitState.WAITING:
            return
        yield self.returns
        following = {
            VisitState.ASSIGNED: (VisitState.ACCEPTED,),
            VisitState.ACCEPTED: (VisitState.DEPARTED, VisitState.ARRIVED),
            VisitState.DEPARTED: (VisitState.ARRIVED,),
        }
        for state in following.get(visit.state, ()):
            for _ in range(3):
                yield lambda s=state: self.officer(s)
        if visit.state is not VisitState.ASSIGNED:
            for result in _REPORTS:
                yield lambda r=result: self.reports(r)

    def _centre(self) -> Iterator[Move]:
        fresh = number(f"n{len(self.case.numbers) + 1}")
        yield lambda: self.joined(numbers=(*self.case.numbers, fresh))
        yield lambda: self.joined(self.case.urgency.raised())
        yield lambda: self.joined(money_moved=True)
        yield lambda: self.joined(channels=ALL)
        yield lambda: self.joined(expired=False)
        yield lambda: self.act(withdrawn=True)
        yield lambda: self.feedback(Resolution.NOT_A_VICTIM)

    # --- rows

    def _set(self, attempt: Attempt, **changes: Any) -> Attempt:
        changed = replace(self.case.attempt(attempt.id), **changes)
        self.story.append(f"{self.now:%a %H:%M:%S} {attempt.id} {attempt.channel}: {_words(changes)}")
        attempts = tuple(changed if each.id == attempt.id else each for each in self.case.attempts)
        self.case = replace(self.case, attempts=attempts)
        return changed

    def _set_visit(self, **changes: Any) -> None:
        self.story.append(f"{self.now:%a %H:%M:%S} {self.visit.id} visit: {_words(changes)}")
        self.case = replace(self.case, visits=(*self.case.visits[:-1], replace(self.visit, **changes)))


_SMS_WORDS: tuple[tuple[Result, dict[str, Any]], ...] = (
    (Result.DELIVERED, {}),
    (Result.UNKNOWN, {"detail": "no_receipt"}),
    (Result.FAILED_TEMPORARY, {"detail": "gateway answered 503"}),
    (Result.FAILED_PERMANENT, {"detail": "number_limit"}),
    (Result.FAILED_PERMANENT, {"detail": "invalid_number"}),
    (Result.REJECTED_CONTENT, {"detail": "content"}),
    (Result.UNSUPPORTED, {"detail": "unsupported_destination"}),
    (Result.INVALID_NUMBER, {}),
    (Result.OUT_OF_SERVICE, {}),
)
_NO_TALK = (
    *(Result.BUSY, Result.BUSY, Result.NO_ANSWER, Result.NO_ANSWER, Result.REJECTED, Result.BLOCKED_SUSPECTED),
    *(Result.POWERED_OFF, Result.VOICEMAIL, Result.UNKNOWN, Result.FAILED_TEMPORARY, Result.FAILED_TEMPORARY),
    *(Result.ANSWERED_NOT_SUBJECT, Result.SUSPECTED_FORWARDING),
    *(Result.INVALID_NUMBER, Result.OUT_OF_SERVICE, Result.UNSUPPORTED, Result.FAILED_PERMANENT),
)
_ANSWERED = {
    Person.SUBJECT: Result.ANSWERED_SUBJECT,
    Person.GUARDIAN: Result.ANSWERED_GUARDIAN,
    Person.FAMILY: Result.ANSWERED_FAMILY,
    Person.OTHER: Result.ANSWERED_NOT_SUBJECT,
}
_REPORTS = (
    Result.MET_DISSUADED,
    Result.MET_SELF_AWARE,
    Result.MET_ALREADY_DEFRAUDED,
    Result.MET_REFUSED,
    Result.MET_REFUSED,
    Result.NOT_FOUND_TEMPORARILY,
    Result.NOT_FOUND_CONFIRMED,
    Result.NOT_HOME_FAMILY_TOLD,
    Result.WRONG_ADDRESS,
    Result.INVALID_VISIT,
)


def _voice_words(person: Person) -> Iterator[tuple[Result, dict[str, Any]]]:
    for result in _NO_TALK:
        yield result, {}
    yield _ANSWERED[person], {}
    for answer in Answer:
        yield _ANSWERED[person], {"confirmed": True, "answer": answer}


def _short(decision: Decision) -> str:
    facts = {name: getattr(decision, name) for name in decision.__slots__ if getattr(decision, name) is not None}
    return f"  {type(decision).__name__}: {_words(facts)}"


def _words(facts: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}={f'{value:%a %H:%M:%S}' if isinstance(value, datetime) else value}" for name, value in facts.items()
    )
