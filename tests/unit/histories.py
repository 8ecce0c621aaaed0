"""Everything that can happen next to a case, for random histories: time, gateways, banks, officers, the centre."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from builders import ALL, BROADCAST, FLAGS, SMS, VISIT, VOICE, guardian, number, place
from engine_harness import EngineHarness

from dispatcher.engine.case import Attempt
from schemas.vocabulary import (
    AddressKind,
    Answer,
    AttemptState,
    BankRequest,
    Channel,
    Ending,
    Onward,
    Person,
    Resolution,
    Result,
    ReturnReason,
    VisitState,
)

# These come by an act of their own, or stand from the beginning.
OF_THEIR_OWN = frozenset({"withdrawn", "expired", "suppressed", "paused", "warned_before"})

Move = Callable[[], object]
Word = Callable[[Attempt], None]


def moves(harness: EngineHarness) -> list[list[Move]]:
    """Groups of moves; a group stands more than once where it should come up more often."""
    time, send, words, officer = (list(kind(harness)) for kind in (_time, _send, _words, _officer))
    centre = [*_centre(harness), *_elsewhere(harness)] if harness.case.is_open else []
    resume = [harness.resume] if harness.case.paused and harness.case.is_open else []
    groups = [[harness.act], time, time, time, send, send, send, words, words, officer, officer, centre, resume, resume]
    return [group for group in groups if group]


# --- time


def _time(harness: EngineHarness) -> Iterator[Move]:
    waits = [each.due_at for each in harness.in_state(AttemptState.PLANNED)] + harness.looks
    later = [moment for moment in waits if moment > harness.now]
    if later and not harness.case.paused:
        for _ in range(8):
            yield lambda: _pass(harness, min(later) - harness.now)
    for seconds in (1, 40, 400, 3_000, 20_000, 80_000):
        yield lambda s=seconds: _pass(harness, timedelta(seconds=s))


def _pass(harness: EngineHarness, duration: timedelta) -> None:
    harness.at(harness.now + duration)


# --- gateways and banks


def due(harness: EngineHarness) -> list[Attempt]:
    """What a worker would claim now; of a paused case nothing."""
    if harness.case.paused:
        return []
    return [each for each in harness.in_state(AttemptState.PLANNED) if each.due_at <= harness.now]


def _send(harness: EngineHarness) -> Iterator[Move]:
    for attempt in due(harness):
        for word in _results(harness, attempt):
            yield lambda a=attempt, w=word: w(harness.sending(a))
        yield lambda a=attempt: _only_sending(harness, a)
        for _ in range(1 if attempt.channel is VISIT else 8):  # often: what goes wrong beside a doubt needs one
            yield lambda a=attempt: harness.in_doubt(harness.sending(a))
        if attempt.channel is not VISIT:
            yield lambda a=attempt: harness.accepted(harness.sending(a))
            yield lambda a=attempt: harness.out_of_reach(a)


def _only_sending(harness: EngineHarness, attempt: Attempt) -> None:
    harness.sending(attempt)
    harness.act()


def _words(harness: EngineHarness) -> Iterator[Move]:
    """What comes later: an answer, a receipt, the word of a query."""
    for attempt in harness.case.attempts:
        is_visit = attempt.channel is VISIT
        unsettled = attempt.state in (AttemptState.SENDING, AttemptState.IN_DOUBT) or (
            attempt.state is AttemptState.ACCEPTED and not is_visit
        )
        late = attempt.state is AttemptState.SETTLED and attempt.result is Result.UNKNOWN and not is_visit
        if unsettled or late:
            for word in _results(harness, attempt):
                yield lambda a=attempt, w=word: w(a)
        if unsettled and attempt.state is not AttemptState.SENDING:
            yield lambda a=attempt: harness.never_taken(a)
            yield lambda a=attempt: harness.not_there(a)
        if attempt.state is AttemptState.ACCEPTED and attempt.recalled_at is not None:
            yield lambda a=attempt: harness.recalled(a)


def _results(harness: EngineHarness, attempt: Attempt) -> Iterable[Word]:
    if attempt.channel is VISIT:
        yield harness.assigned
        yield harness.assigned
        yield lambda a: harness.settled(a, Result.NOBODY_ON_DUTY)
        yield lambda a: harness.settled(a, Result.FAILED_TEMPORARY)
        return
    for result, said in _possible_words(attempt):
        yield lambda a, r=result, s=said: harness.settled(a, r, **s)


def _possible_words(attempt: Attempt) -> Iterable[tuple[Result, dict[str, Any]]]:
    if attempt.channel is VOICE:
        return _voice_words(attempt.person)
    if attempt.bank_request is not None:
        return (*_BANK_WORDS[attempt.bank_request], *_NO_WORD)
    return _SMS_WORDS if attempt.channel is SMS else ((Result.DELIVERED, {}), *_NO_WORD)


_SMS_WORDS: tuple[tuple[Result, dict[str, Any]], ...] = (
    (Result.DELIVERED, {}),
    (Result.UNKNOWN, {"ending": Ending.NO_RECEIPT}),
    (Result.FAILED_TEMPORARY, {}),
    (Result.FAILED_TEMPORARY, {"onward": Onward.NEXT_PROVIDER}),
    (Result.FAILED_PERMANENT, {"onward": Onward.NEXT_CHANNEL}),
    (Result.FAILED_PERMANENT, {"number_fault": True}),
    (Result.REJECTED_CONTENT, {}),
    (Result.UNSUPPORTED, {}),
    (Result.INVALID_NUMBER, {}),
    (Result.OUT_OF_SERVICE, {}),
)
_NO_WORD: tuple[tuple[Result, dict[str, Any]], ...] = (
    (Result.UNKNOWN, {"ending": Ending.NO_RECEIPT}),
    (Result.FAILED_TEMPORARY, {}),
    (Result.FAILED_TEMPORARY, {"onward": Onward.NEXT_PROVIDER}),
    (Result.FAILED_PERMANENT, {}),
)
_BANK_WORDS: dict[BankRequest, tuple[tuple[Result, dict[str, Any]], ...]] = {
    BankRequest.STOP_PAYMENT: ((Result.STOPPED, {}), (Result.STOPPED_PARTLY, {}), (Result.NOT_STOPPED, {})),
    BankRequest.PROTECT_ACCOUNT: (
        (Result.GRANTED, {"hours": 24}),
        (Result.GRANTED, {"hours": 1}),
        (Result.REFUSED, {}),
    ),
    BankRequest.LIFT_PROTECTION: ((Result.LIFTED, {}), (Result.REFUSED, {})),
}
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


def _voice_words(person: Person) -> Iterator[tuple[Result, dict[str, Any]]]:
    for result in _NO_TALK:
        yield result, {}
    yield Result.FAILED_TEMPORARY, {"onward": Onward.NEXT_PROVIDER}
    yield Result.FAILED_TEMPORARY, {"onward": Onward.NEXT_PROVIDER, "number_fault": True}
    yield Result.FAILED_TEMPORARY, {"number_fault": True}
    yield Result.FAILED_PERMANENT, {"onward": Onward.NEXT_CHANNEL}
    yield _ANSWERED[person], {}
    for answer in Answer:
        yield _ANSWERED[person], {"confirmed": True, "answer": answer}


# --- officers


_FOLLOWING = {
    VisitState.ASSIGNED: (VisitState.ACCEPTED,),
    VisitState.ACCEPTED: (VisitState.DEPARTED, VisitState.ARRIVED),
    VisitState.DEPARTED: (VisitState.ARRIVED,),
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


def _officer(harness: EngineHarness) -> Iterator[Move]:
    visit = harness.case.open_visit
    if visit is None or visit.state is VisitState.WAITING:
        return
    if visit.state is VisitState.OFFERED:
        yield lambda: harness.other_unit("P8")
        yield lambda: harness.other_unit("C9", abroad=True)
        yield lambda: harness.other_unit(None)
        return
    if visit.state is VisitState.TRANSFERRED:
        for result in _REPORTS:
            yield lambda r=result: harness.remote_report(r)
        return
    for reason in ReturnReason:
        yield lambda r=reason: harness.returns(r)
    yield lambda: harness.returns(ReturnReason.NOT_MY_JURISDICTION, offered_for=timedelta(minutes=10))
    for state in _FOLLOWING.get(visit.state, ()):
        for _ in range(6):
            yield lambda s=state: harness.officer(s)
    if visit.state is not VisitState.ASSIGNED:
        for result in _REPORTS:
            yield lambda r=result: harness.reports(r)
            yield lambda r=result: harness.reports(r, 8_000, with_guardian=True)


# --- the centre and its supervisors


def _centre(harness: EngineHarness) -> Iterator[Move]:
    """Another instruction or version, a withdrawal, a word on how it ended, an order."""
    name, now = f"x{len(harness.trace)}", harness.now
    fresh = (number(name), guardian(name), guardian(name, shared=True))
    for each in fresh:
        yield lambda n=each: harness.joined(numbers=(*harness.case.numbers, n))
    for _ in range(4):
        yield lambda: harness.joined(harness.case.urgency.raised())
    for flag in sorted(set(FLAGS) - OF_THEIR_OWN):
        yield lambda f=flag: harness.joined(**{f: True})
    yield lambda: harness.joined(channels=ALL | {BROADCAST})
    yield lambda: harness.joined(expired=False)
    yield lambda: harness.act(withdrawn=True)
    yield lambda: harness.feedback(Resolution.NOT_A_VICTIM)
    if not harness.case.paused:
        yield harness.pause
    if harness.case.expired or harness.case.suppressed:
        yield harness.revive
        yield harness.revive
    moved = place("moved", f"P{now.minute % 4}", AddressKind.CURRENT, valid_until=now + timedelta(hours=3))
    yield lambda: harness.located(moved)
    yield lambda: harness.located(place("work", "P2", AddressKind.WORK))
    for each in harness.case.numbers[:2]:
        yield lambda n=each: harness.act(numbers=tuple(kept for kept in harness.case.numbers if kept.id != n.id))


def _elsewhere(harness: EngineHarness) -> Iterator[Move]:
    """Other cases send to the same numbers, or put a notice out in the same area; a channel's providers fall out."""
    for each in harness.case.numbers[:2]:
        for channel, hours in ((SMS, 0), (SMS, -1), (SMS, 9), (VOICE, 0)):
            yield lambda n=each.id, c=channel, h=hours: _used(harness, n, c, timedelta(hours=h))
    yield lambda: harness.act(noticed_at=harness.now)
    for down in (frozenset({SMS}), frozenset({SMS, VOICE}), frozenset[Channel]()):
        yield lambda d=down: harness.act(down=d)


def _used(harness: EngineHarness, number_id: str, channel: Channel, later: timedelta) -> None:
    """Sent just now or a while ago, or planned for later."""
    message = (channel, harness.now + later)
    numbers = (replace(n, used=(*n.used, message)) if n.id == number_id else n for n in harness.case.numbers)
    harness.act(numbers=tuple(numbers))
