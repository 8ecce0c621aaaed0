"""Laws that hold in every history: random cases, random people, gateways, banks, officers and centres."""

from datetime import timedelta

import laws_of_cases
import laws_of_sending
import pytest
from builders import (
    ALL,
    BROADCAST,
    EMPLOYER,
    FAMILY,
    FLAGS,
    GUARDIAN,
    HOOK,
    MONDAY,
    SECOND_GUARDIAN,
    SMS,
    VISIT,
    VOICE,
    guardian,
    new_case,
    number,
    place,
    relative,
)
from engine_harness import EngineHarness
from histories import due, moves
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.engine.case import SUBJECT, Number, Place
from schemas.vocabulary import AddressKind, AttemptState, Channel, Person, Result, Urgency

LAWS = (*laws_of_cases.LAWS, *laws_of_sending.LAWS)
PARTIES = {
    FAMILY: Person.FAMILY,
    GUARDIAN: Person.GUARDIAN,
    SECOND_GUARDIAN: Person.GUARDIAN,
    EMPLOYER: Person.OTHER,
}
SOME = st.sets(st.sampled_from([SMS, VOICE, VISIT, BROADCAST, HOOK]), min_size=1).map(frozenset)
CHANNELS = st.just(ALL) | SOME
BAD = st.sampled_from([frozenset[Channel](), frozenset[Channel](), frozenset({SMS}), frozenset({SMS, VOICE})])
SELDOM = st.integers(0, 9).map(lambda drawn: drawn == 9)
SOMETIMES = st.integers(0, 3).map(lambda drawn: drawn == 3)
OFTEN = {"warned_before": SOMETIMES, "minor": SOMETIMES, "money_moved": st.booleans()}
LATER = frozenset({"withdrawn", "paused"})  # of a case that is known
KINDS = st.sampled_from([AddressKind.RESIDENCE, AddressKind.WORK, AddressKind.REGISTERED])


@st.composite
def numbers(draw: st.DrawFn) -> tuple[Number, ...]:
    own = [
        Number(f"n{n + 1}", SUBJECT, Person.SUBJECT, draw(BAD)) for n in range(draw(st.sampled_from([1, 1, 2, 3, 0])))
    ]
    parties = draw(st.lists(st.sampled_from(sorted(PARTIES)), max_size=3))
    theirs = [
        Number(f"c{n + 1}", party, PARTIES[party], draw(BAD), shared=draw(SELDOM)) for n, party in enumerate(parties)
    ]
    return (*own, *theirs)


@st.composite
def places(draw: st.DrawFn) -> tuple[Place, ...]:
    kinds = draw(st.lists(KINDS, max_size=2))
    return tuple(place(f"a{n}", draw(st.sampled_from([None, "P1", "P2"])), kind) for n, kind in enumerate(kinds))


@st.composite
def harnesses(draw: st.DrawFn) -> EngineHarness:
    """A case just received, at any minute of the day, often around the quiet hours."""
    minute = draw(st.sampled_from([0, 7 * 60 + 59, 8 * 60, 21 * 60 + 29, 21 * 60 + 31]) | st.integers(0, 24 * 60 - 1))
    at = MONDAY.replace(hour=0) + timedelta(minutes=minute)
    case = new_case(
        draw(st.sampled_from(Urgency)),
        at,
        channels=draw(CHANNELS),
        numbers=draw(numbers()),
        places=draw(places()),
        fraud_type=draw(st.sampled_from(["F01", "F09", "F12"])),
        area=draw(st.sampled_from([None, "C1"])),
        noticed_at=draw(st.sampled_from([None, at - timedelta(hours=1), at - timedelta(days=2)])),
        **{flag: draw(OFTEN.get(flag, SELDOM)) for flag in FLAGS if flag not in LATER},
        money_transferred=draw(st.sampled_from([0, 5_000])),
        amount_at_risk=draw(st.sampled_from([None, 20_000])),
    )
    return EngineHarness.opened(case)


def obey(harness: EngineHarness) -> None:
    for law in LAWS:
        try:
            law(harness)
        except AssertionError as broken:
            raise AssertionError(f"{law.__name__} is broken: {broken}\n{harness}") from broken


# Two bytes a step: which group of moves, and which move of it. Zeros stand for no step, so that failures shrink fast.
HISTORIES = st.binary(min_size=80, max_size=80).map(
    lambda history: [step for step in zip(history[::2], history[1::2], strict=True) if any(step)]
)


@settings(max_examples=max(200, settings.default.max_examples), deadline=None, report_multiple_bugs=False)
@given(harness=harnesses(), history=HISTORIES)
def test_laws_hold_in_every_history(harness: EngineHarness, history: list[tuple[int, int]]) -> None:
    obey(harness)
    for kind, which in history:
        groups = moves(harness)
        group = groups[kind % len(groups)]
        group[which % len(group)]()
        obey(harness)


@pytest.mark.parametrize("urgency", Urgency)
@pytest.mark.parametrize("result", [Result.BUSY, Result.FAILED_TEMPORARY, Result.FAILED_PERMANENT])
def test_laws_hold_for_days_in_which_nobody_is_reached(urgency: Urgency, result: Result) -> None:
    harness = EngineHarness.of(urgency, numbers=(number("n1"), number("n2"), relative()), money_moved=True)
    nobody_is_reached(harness, result)


@pytest.mark.parametrize("urgency", Urgency)
def test_laws_hold_for_days_in_which_no_guardian_is_reached(urgency: Urgency) -> None:
    guardians = (guardian(), guardian("g2", SECOND_GUARDIAN, shared=True))
    nobody_is_reached(EngineHarness.of(urgency, numbers=(number("n1"), *guardians), minor=True), Result.NO_ANSWER)


def nobody_is_reached(harness: EngineHarness, result: Result) -> None:
    without_voice = Result.UNKNOWN if result in (Result.BUSY, Result.NO_ANSWER) else result
    for _ in range(80):
        for attempt in due(harness):
            word = {VISIT: Result.NOBODY_ON_DUTY, VOICE: result}.get(attempt.channel, without_voice)
            harness.settled(harness.sending(attempt), word)
            obey(harness)
        later = [each.due_at for each in harness.in_state(AttemptState.PLANNED)] + harness.looks
        harness.at(min(later, default=harness.now + timedelta(hours=1)))
        obey(harness)
