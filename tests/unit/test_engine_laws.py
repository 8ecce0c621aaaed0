"""Laws that hold in every history: random cases, random people, gateways, officers and centres."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

import pytest
from harness import MONDAY, SMS, VISIT, VOICE, ZONE, World, new_case, number, relative
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.engine import Case, decide
from dispatcher.engine.case import SUBJECT, Attempt, Number
from dispatcher.engine.decisions import Cancel, CancelVisit, GiveUp, Look, Oblige, Plan, Recall, Skip
from dispatcher.engine.sending import NEVER_TAKEN
from schemas.vocabulary import AttemptState, Channel, Person, Result, Urgency

WAITS_ON_PROVIDER = frozenset({AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED})
AFTER_THE_END = (GiveUp, Look, Cancel, CancelVisit, Recall, Oblige, Skip)


def one_live_attempt_to_a_party_on_a_channel(world: World) -> None:
    live = world.in_state(AttemptState.PLANNED, AttemptState.SENDING)
    assert max(Counter((each.party, each.channel) for each in live).values(), default=0) <= 1


def a_critical_case_has_a_visit(world: World) -> None:
    case = world.case
    if case.urgency is Urgency.CRITICAL and case.is_open and not case.expired and not case.withdrawn:
        assert case.visits


def an_open_case_has_a_due_time_or_a_named_human(world: World) -> None:
    """An officer who has a visit in hand gives no due time by himself: a Look must watch over him."""
    case = world.case
    by_provider = any(
        each.state in WAITS_ON_PROVIDER and (each.channel is not VISIT or each.state is not AttemptState.ACCEPTED)
        for each in case.attempts
    )
    asked = any(each.state is AttemptState.IN_DOUBT and each.channel is VISIT for each in case.attempts)
    assert not case.is_open or by_provider or asked or world.looks or case.waiting_for


def urgency_never_falls(world: World) -> None:
    assert world.before is None or world.case.urgency.rank <= world.before.urgency.rank


def same_inputs_same_decisions(world: World) -> None:
    found = world.found[0] if world.found else world.case
    assert list(decide(found, world.policy, world.now)) == world.decided


def deciding_again_gives_nothing_but_looks(world: World) -> None:
    again = decide(world.case, world.policy, world.now)
    assert [each for each in again if not isinstance(each, Look)] == []


def at_most_one_open_visit(world: World) -> None:
    assert sum(each.is_open for each in world.case.visits) <= 1


def nothing_new_after_the_end(world: World) -> None:
    new = [each for each, found in zip(world.decided, world.found, strict=True) if not found.is_open]
    assert all(isinstance(each, AFTER_THE_END) for each in new)
    if not world.case.is_open:
        assert world.in_state(AttemptState.PLANNED) == []
        assert world.case.open_visit is None


def deadlines_never_move_later(world: World) -> None:
    for name, at in (world.before.deadlines if world.before else {}).items():
        assert world.case.deadlines[name] <= at


def nothing_goes_to_a_bad_number(world: World) -> None:
    bad = {(each.id, channel) for each in world.case.numbers for channel in each.bad_for}
    assert not any((each.number_id, each.channel) in bad for each in world.in_state(AttemptState.PLANNED))


def the_cap_of_calls_a_day_holds(world: World) -> None:
    """No further call on a day that is used up. Under one key a gateway rings once."""
    for plan, found in plans(world):
        per_day = world.policy.plan(found.urgency).voice.per_day
        if plan.channel is VOICE and plan.party == SUBJECT and per_day is not None:
            calls = [each for each in found.on(VOICE) if may_have_rung(each)]
            rang = {each.send_key for each in calls if day_of(each.sent_at or each.due_at) == day_of(plan.due_at)}
            assert len(rang | {plan.send_key}) <= per_day


def quiet_hours_hold_medium_and_low(world: World) -> None:
    if world.case.urgency in (Urgency.MEDIUM, Urgency.LOW):
        for each in world.in_state(AttemptState.PLANNED):
            assert each.channel is VISIT or time(8) <= each.due_at.astimezone(ZONE).time() < time(21, 30)


def every_decision_has_a_rule(world: World) -> None:
    assert all(each.rule for each in world.decided)


def a_key_is_shared_only_by_resends(world: World) -> None:
    """A resend is marked, unless the provider never took what went before."""
    kept: dict[str, Attempt] = {}
    for each in world.case.attempts:
        if each.send_key in kept and not each.possible_duplicate:
            assert each.retry_of is not None
            assert world.case.attempt(each.retry_of).detail == NEVER_TAKEN
        if each.send_key:
            kept[each.send_key] = each


def what_may_be_a_duplicate_is_marked(world: World) -> None:
    """A retry of a message that may have been taken says so, however many faults lie between."""
    for plan, found in plans(world):
        chain = resent(found, plan)
        never_taken = {each.send_key for each in chain if each.detail == NEVER_TAKEN}
        doubtful = {each.send_key for each in chain if each.state is AttemptState.IN_DOUBT}
        assert plan.possible_duplicate or doubtful <= never_taken


def a_number_rests_between_two_calls_in_a_row(world: World) -> None:
    for plan, found in plans(world):
        rang = [each for each in found.on(VOICE, plan.party) if may_have_rung(each)]
        if plan.channel is VOICE and rang and rang[-1].number_id == plan.number_id and not resent(found, plan):
            policy = world.policy.plan(found.urgency)
            wait = policy.voice.again if plan.party == SUBJECT or policy.family is None else policy.family.again
            assert plan.due_at >= (rang[-1].sent_at or rang[-1].due_at) + wait


def no_call_after_a_true_contact(world: World) -> None:
    if world.case.true_contact:
        assert not any(each.channel is VOICE for each in world.in_state(AttemptState.PLANNED))


LAWS: tuple[Callable[[World], None], ...] = (
    one_live_attempt_to_a_party_on_a_channel,
    a_critical_case_has_a_visit,
    an_open_case_has_a_due_time_or_a_named_human,
    urgency_never_falls,
    same_inputs_same_decisions,
    deciding_again_gives_nothing_but_looks,
    at_most_one_open_visit,
    nothing_new_after_the_end,
    deadlines_never_move_later,
    nothing_goes_to_a_bad_number,
    the_cap_of_calls_a_day_holds,
    quiet_hours_hold_medium_and_low,
    every_decision_has_a_rule,
    a_key_is_shared_only_by_resends,
    what_may_be_a_duplicate_is_marked,
    a_number_rests_between_two_calls_in_a_row,
    no_call_after_a_true_contact,
)


def plans(world: World) -> Iterator[tuple[Plan, Case]]:
    """What the last step planned, each with the case as it was found."""
    for decision, found in zip(world.decided, world.found, strict=True):
        if isinstance(decision, Plan):
            yield decision, found


def resent(case: Case, plan: Plan) -> list[Attempt]:
    """The attempts whose message this one sends again, latest first."""
    chain: list[Attempt] = []
    child: Plan | Attempt = plan
    while child.retry_of is not None:
        parent = case.attempt(child.retry_of)
        again = parent.result is Result.FAILED_TEMPORARY or parent.send_key == child.send_key
        if not again or parent.number_id != child.number_id:
            break
        chain.append(parent)
        child = parent
    return chain


def may_have_rung(attempt: Attempt) -> bool:
    return attempt.result is not Result.FAILED_TEMPORARY


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()


PARTIES = {
    "contact:spouse:0": Person.FAMILY,
    "contact:guardian:1": Person.GUARDIAN,
    "contact:employer:2": Person.OTHER,
}
CHANNELS = st.sets(st.sampled_from([SMS, VOICE, VISIT, Channel.BROADCAST]), min_size=1).map(frozenset)
BAD = st.sampled_from([frozenset[Channel](), frozenset[Channel](), frozenset({SMS}), frozenset({SMS, VOICE})])


@st.composite
def numbers(draw: st.DrawFn) -> tuple[Number, ...]:
    own = [Number(f"n{n + 1}", SUBJECT, Person.SUBJECT, draw(BAD)) for n in range(draw(st.integers(0, 3)))]
    parties = draw(st.lists(st.sampled_from(sorted(PARTIES)), max_size=2))
    theirs = [Number(f"c{n + 1}", party, PARTIES[party], draw(BAD)) for n, party in enumerate(parties)]
    return (*own, *theirs)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A case just received, at any minute of the day, often around the quiet hours."""
    minute = draw(st.sampled_from([0, 7 * 60 + 59, 8 * 60, 21 * 60 + 29, 21 * 60 + 31]) | st.integers(0, 24 * 60 - 1))
    world = World(
        new_case(
            draw(st.sampled_from(Urgency)),
            at := MONDAY.replace(hour=0) + timedelta(minutes=minute),
            channels=draw(CHANNELS),
            numbers=draw(numbers()),
            fraud_type=draw(st.sampled_from(["F01", "F09", "F12"])),
            expired=draw(st.integers(0, 9)) == 9,
            money_moved=draw(st.booleans()),
            amount_at_risk=draw(st.sampled_from([None, 20_000])),
        ),
        now=at,
    )
    world.act()
    return world


def obey(world: World) -> None:
    for law in LAWS:
        law(world)


# Two bytes a step: which group of moves, and which move of it. Zeros stand for no step, so that failures shrink fast.
HISTORIES = st.binary(min_size=80, max_size=80).map(
    lambda history: [step for step in zip(history[::2], history[1::2], strict=True) if any(step)]
)


@settings(max_examples=300, deadline=None, report_multiple_bugs=False)
@given(world=worlds(), history=HISTORIES)
def test_laws_hold_in_every_history(world: World, history: list[tuple[int, int]]) -> None:
    obey(world)
    for kind, which in history:
        groups = world.moves()
        group = groups[kind % len(groups)]
        group[which % len(group)]()
        obey(world)


@pytest.mark.parametrize("urgency", Urgency)
@pytest.mark.parametrize("result", [Result.BUSY, Result.FAILED_TEMPORARY, Result.FAILED_PERMANENT])
def test_laws_hold_for_days_in_which_nobody_is_reached(urgency: Urgency, result: Result) -> None:
    world = World.of(urgency, numbers=(number("n1"), number("n2"), relative()))
    for _ in range(80):
        for attempt in world.due():
            word = Result.NOBODY_ON_DUTY if attempt.channel is VISIT else result
            world.settled(world.sending(attempt), word)
            obey(world)
        later = [each.due_at for each in world.in_state(AttemptState.PLANNED)] + world.looks
        world.at(min(later, default=world.now + timedelta(hours=1)))
        obey(world)
