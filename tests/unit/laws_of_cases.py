"""Laws on the case itself: never forgotten, never doubled, never closed without a ground."""

from harness import World

from dispatcher.engine import Case, decide
from dispatcher.engine.decisions import (
    CancelAttempt,
    CancelVisit,
    CloseCase,
    DecideAgainAt,
    GiveUpDoubt,
    OpenWorkItem,
    PlanAttempt,
    RecallAttempt,
    SkipChannel,
)
from schemas.vocabulary import Answer, AttemptState, BankRequest, Channel, Person, Result, Urgency

AFTER_THE_END = (GiveUpDoubt, DecideAgainAt, CancelAttempt, CancelVisit, RecallAttempt, OpenWorkItem, SkipChannel)
WAITS_ON_PROVIDER = frozenset({AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED})
SAFE_OR_TOO_LATE = frozenset({Result.MET_DISSUADED, Result.MET_SELF_AWARE, Result.MET_ALREADY_DEFRAUDED})


def is_held(case: Case) -> bool:
    """Open, and yet nothing is to happen by itself."""
    return case.is_open and (case.expired or case.suppressed or case.paused)


def a_critical_case_has_a_visit(world: World) -> None:
    case = world.case
    if case.urgency is Urgency.CRITICAL and case.is_open and not is_held(case):
        assert case.visits


def an_open_case_has_a_due_time_or_a_named_human(world: World) -> None:
    """An officer who has a visit in hand gives no due time by himself: a DecideAgainAt must watch over him."""
    case = world.case
    by_provider = any(
        each.state in WAITS_ON_PROVIDER
        and (each.channel is not Channel.VISIT or each.state is not AttemptState.ACCEPTED)
        for each in case.attempts
    )
    asked = any(each.state is AttemptState.IN_DOUBT and each.channel is Channel.VISIT for each in case.attempts)
    assert not case.is_open or by_provider or asked or world.looks or case.waiting_for


def a_held_case_waits_for_a_named_human(world: World) -> None:
    assert not is_held(world.case) or world.case.waiting_for


def nothing_is_sent_by_itself_while_held(world: World) -> None:
    for decision, found in zip(world.decided, world.found, strict=True):
        assert not isinstance(decision, PlanAttempt) or not is_held(found)


def urgency_never_falls(world: World) -> None:
    assert world.before is None or world.case.urgency.rank <= world.before.urgency.rank


def who_was_warned_before_is_at_least_high_and_is_visited(world: World) -> None:
    case = world.case
    if case.warned_before and case.is_open:
        assert case.urgency in (Urgency.HIGH, Urgency.CRITICAL)
        assert case.visits or is_held(case)


def every_end_has_its_ground(world: World) -> None:
    """A true contact by a person, or a key press with the answer "dissuaded" where the policy allows it."""
    for decision, found in zip(world.decided, world.found, strict=True):
        if isinstance(decision, CloseCase) and decision.rule == "met":
            last = found.visits[-1]
            assert last.result in SAFE_OR_TOO_LATE
            assert last.guardian_present or not found.minor
        if isinstance(decision, CloseCase) and decision.rule == "confirmed_call":
            said = [each for each in found.attempts if each.confirmed and each.answer == Answer.DISSUADED]
            assert any(each.person in (Person.SUBJECT, Person.GUARDIAN) for each in said)
            assert not found.warned_before
            assert found.urgency is not Urgency.CRITICAL


def nothing_grave_is_dropped_in_silence(world: World) -> None:
    for decision, found in zip(world.decided, world.found, strict=True):
        if isinstance(decision, CloseCase) and decision.rule in ("expired_on_arrival", "suppressed"):
            assert found.urgency in (Urgency.MEDIUM, Urgency.LOW)
            assert not found.warned_before


def same_inputs_same_decisions(world: World) -> None:
    found = world.found[0] if world.found else world.case
    assert list(decide(found, world.policy, world.now)) == world.decided


def deciding_again_gives_nothing_but_looks(world: World) -> None:
    again = [each for each in decide(world.case, world.policy, world.now) if not isinstance(each, DecideAgainAt)]
    assert not again, again


def at_most_one_open_visit(world: World) -> None:
    assert sum(each.is_open for each in world.case.visits) <= 1


def nothing_new_after_the_end(world: World) -> None:
    """Nobody is sent anything; a bank may still be asked to stop what is leaving."""
    new = [each for each, found in zip(world.decided, world.found, strict=True) if not found.is_open]
    of_a_bank = [each for each in new if getattr(each, "channel", None) is Channel.HOOK]
    of_a_bank += [each for each in new if each.rule == "bank_not_reached"]
    assert all(isinstance(each, AFTER_THE_END) for each in new if each not in of_a_bank)
    if not world.case.is_open:
        assert all(each.channel is Channel.HOOK for each in world.in_state(AttemptState.PLANNED))
        assert world.case.open_visit is None


def deadlines_never_move_later(world: World) -> None:
    """Not on a return, a transfer or a new address; only by the time for which a supervisor paused the case."""
    for name, at in (world.before.deadlines if world.before else {}).items():
        assert world.case.deadlines[name] <= at + world.stood


def a_pause_moves_deadlines_by_its_length(world: World) -> None:
    """Where urgency rose in the pause or at its end, they come forward from there."""
    before = world.before
    if before is None or not world.stood or before.urgency is not world.case.urgency:
        return
    if before.urgency_since + world.stood >= world.now:
        return
    for name, at in before.deadlines.items():
        assert world.case.deadlines[name] == at + world.stood


def every_decision_has_a_rule(world: World) -> None:
    assert all(each.rule for each in world.decided)


def a_cause_obliges_once(world: World) -> None:
    for decision, found in zip(world.decided, world.found, strict=True):
        assert not isinstance(decision, OpenWorkItem) or decision.cause not in found.asked_causes


def money_that_has_moved_is_stopped_first_and_at_once(world: World) -> None:
    case = world.case
    if case.money_moved and case.is_open and not is_held(case):
        assert case.bank_requests(BankRequest.STOP_PAYMENT)
    plans = [each for each in world.plans if each.send_key is None]
    asked = [each for each in plans if each.rule == "stop_payment"]
    assert all(each.due_at == world.now for each in asked)
    assert not asked or plans[0] is asked[0]


LAWS = (
    a_critical_case_has_a_visit,
    an_open_case_has_a_due_time_or_a_named_human,
    a_held_case_waits_for_a_named_human,
    nothing_is_sent_by_itself_while_held,
    urgency_never_falls,
    who_was_warned_before_is_at_least_high_and_is_visited,
    every_end_has_its_ground,
    nothing_grave_is_dropped_in_silence,
    same_inputs_same_decisions,
    deciding_again_gives_nothing_but_looks,
    at_most_one_open_visit,
    nothing_new_after_the_end,
    deadlines_never_move_later,
    a_pause_moves_deadlines_by_its_length,
    every_decision_has_a_rule,
    a_cause_obliges_once,
    money_that_has_moved_is_stopped_first_and_at_once,
)
