"""Laws on the case itself: never forgotten, never doubled, never closed without a ground."""

from engine_harness import EngineHarness

from dispatcher.engine import Case, decide
from dispatcher.engine.decisions import (
    CancelAttempt,
    CancelVisit,
    ClimbWorkItem,
    CloseCase,
    DecideAgainAt,
    EndWorkItem,
    GiveUpDoubt,
    OpenWorkItem,
    PlanAttempt,
    RecallAttempt,
    SkipChannel,
)
from dispatcher.engine.work_items import KINDS, NEXT_STEPS
from schemas.vocabulary import Answer, AttemptState, BankRequest, Channel, Person, Resolution, Result, Urgency

AFTER_THE_END = (
    *(GiveUpDoubt, DecideAgainAt, CancelAttempt, CancelVisit, RecallAttempt, SkipChannel),
    *(OpenWorkItem, ClimbWorkItem, EndWorkItem),
)
WAITS_ON_PROVIDER = frozenset({AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED})
SAFE_OR_TOO_LATE = frozenset({Result.MET_DISSUADED, Result.MET_SELF_AWARE, Result.MET_ALREADY_DEFRAUDED})


def is_held(case: Case) -> bool:
    """Open, and yet nothing is to happen by itself."""
    return case.is_open and (case.expired or case.suppressed or case.paused)


def a_critical_case_has_a_visit(harness: EngineHarness) -> None:
    case = harness.case
    if case.urgency is Urgency.CRITICAL and case.is_open and not is_held(case):
        assert case.visits


def an_open_case_has_a_due_time_or_a_named_human(harness: EngineHarness) -> None:
    """An officer who has a visit in hand gives no due time by himself: a DecideAgainAt must watch over him."""
    case = harness.case
    by_provider = any(
        each.state in WAITS_ON_PROVIDER
        and (each.channel is not Channel.VISIT or each.state is not AttemptState.ACCEPTED)
        for each in case.attempts
    )
    asked = any(each.state is AttemptState.IN_DOUBT and each.channel is Channel.VISIT for each in case.attempts)
    assert not case.is_open or by_provider or asked or harness.looks or harness.waiting_for


def a_held_case_waits_for_a_named_human(harness: EngineHarness) -> None:
    assert not is_held(harness.case) or harness.waiting_for


def nothing_is_sent_by_itself_while_held(harness: EngineHarness) -> None:
    for decision, found in zip(harness.decided, harness.found, strict=True):
        planned = isinstance(decision, PlanAttempt) and is_held(found)
        # Money that has moved is stopped all the same, unless a person paused the case.
        assert not planned or (decision.bank_request is BankRequest.STOP_PAYMENT and not found.paused)


def urgency_never_falls(harness: EngineHarness) -> None:
    assert harness.before is None or harness.case.urgency.rank <= harness.before.urgency.rank


def who_was_warned_before_is_at_least_high_and_is_visited(harness: EngineHarness) -> None:
    case = harness.case
    if case.warned_before and case.is_open:
        assert case.urgency in (Urgency.HIGH, Urgency.CRITICAL)
        assert case.visits or is_held(case)


def every_end_has_its_ground(harness: EngineHarness) -> None:
    """A true contact by a person, or a key press with the answer "dissuaded" where the policy allows it."""
    for decision, found in zip(harness.decided, harness.found, strict=True):
        if isinstance(decision, CloseCase) and decision.rule == "met":
            last = found.visits[-1]
            assert last.result in SAFE_OR_TOO_LATE
            assert last.guardian_present or not found.minor
        if isinstance(decision, CloseCase) and decision.rule == "confirmed_call":
            said = [each for each in found.attempts if each.confirmed and each.answer == Answer.DISSUADED]
            assert any(each.person in (Person.SUBJECT, Person.GUARDIAN) for each in said)
            assert not found.warned_before
            assert found.urgency is not Urgency.CRITICAL


def money_that_is_lost_is_never_dissuaded_in_time(harness: EngineHarness) -> None:
    for decision, found in zip(harness.decided, harness.found, strict=True):
        if isinstance(decision, CloseCase) and decision.resolution is Resolution.DISSUADED_IN_TIME:
            assert found.money_lost == 0


def nothing_grave_is_dropped_in_silence(harness: EngineHarness) -> None:
    for decision, found in zip(harness.decided, harness.found, strict=True):
        if isinstance(decision, CloseCase) and decision.rule in ("expired_on_arrival", "suppressed"):
            assert found.urgency in (Urgency.MEDIUM, Urgency.LOW)
            assert not found.warned_before


def same_inputs_same_decisions(harness: EngineHarness) -> None:
    found = harness.found[0] if harness.found else harness.case
    assert list(decide(found, harness.policy, harness.now)) == harness.decided


def deciding_again_gives_nothing_but_looks(harness: EngineHarness) -> None:
    again = [each for each in decide(harness.case, harness.policy, harness.now) if not isinstance(each, DecideAgainAt)]
    assert not again, again


def at_most_one_open_visit(harness: EngineHarness) -> None:
    assert sum(each.is_open for each in harness.case.visits) <= 1


def nothing_new_after_the_end(harness: EngineHarness) -> None:
    """Nobody is sent anything; a bank may still be asked to stop what is leaving."""
    new = [each for each, found in zip(harness.decided, harness.found, strict=True) if not found.is_open]
    of_a_bank = [each for each in new if getattr(each, "channel", None) is Channel.HOOK]
    of_a_bank += [each for each in new if each.rule == "bank_not_reached"]
    assert all(isinstance(each, AFTER_THE_END) for each in new if each not in of_a_bank)
    if not harness.case.is_open:
        assert all(each.channel is Channel.HOOK for each in harness.in_state(AttemptState.PLANNED))
        assert harness.case.open_visit is None


def deadlines_never_move_later(harness: EngineHarness) -> None:
    """Not on a return, a transfer or a new address; only by the time for which a supervisor paused the case."""
    for name, at in (harness.before.deadlines if harness.before else {}).items():
        assert harness.case.deadlines[name] <= at + harness.stood


def a_pause_moves_deadlines_by_its_length(harness: EngineHarness) -> None:
    """Where urgency rose in the pause or at its end, they come forward from there."""
    before = harness.before
    if before is None or not harness.stood or before.urgency is not harness.case.urgency:
        return
    if before.urgency_since + harness.stood >= harness.now:
        return
    for name, at in before.deadlines.items():
        assert harness.case.deadlines[name] == at + harness.stood


def every_decision_has_a_rule(harness: EngineHarness) -> None:
    assert all(each.rule for each in harness.decided)


def a_cause_obliges_once(harness: EngineHarness) -> None:
    for decision, found in zip(harness.decided, harness.found, strict=True):
        if isinstance(decision, OpenWorkItem):
            # What the case waits for may come about, and be missed again: one item for it at a time.
            before = decision.kind in NEXT_STEPS and not found.has_item(decision.cause)
            assert before or decision.cause not in found.asked_causes


def whatever_waits_for_a_person_is_told_again(harness: EngineHarness) -> None:
    assert all(each.climb_at > harness.now for each in harness.case.work_items)


def nobody_is_given_the_time_of_a_lower_urgency(harness: EngineHarness) -> None:
    for item in harness.case.work_items:
        is_as_urgent = item.urgency is not None and item.urgency.rank <= harness.case.urgency.rank
        assert is_as_urgent or KINDS[item.kind].keeps_date


def what_nobody_needs_waits_for_nobody(harness: EngineHarness) -> None:
    case = harness.case
    for item in case.work_items:
        kind = KINDS[item.kind]
        assert case.is_open or kind.outlives_case
        assert kind.is_over is None or not kind.is_over(item, case)


def money_that_has_moved_is_stopped_first_and_at_once(harness: EngineHarness) -> None:
    case = harness.case
    said = any(each.answer is Answer.ALREADY_PAID and each.confirmed for each in case.attempts)
    reported = any(each.result is Result.MET_ALREADY_DEFRAUDED for each in case.visits)
    if (case.money_moved or said or reported) and case.is_open and not is_held(case):
        assert case.bank_requests(BankRequest.STOP_PAYMENT)
    plans = [each for each in harness.plans if each.send_key is None]
    asked = [each for each in plans if each.rule == "stop_payment"]
    assert all(each.due_at == harness.now for each in asked)
    assert not asked or plans[0] is asked[0]


LAWS = (
    a_critical_case_has_a_visit,
    an_open_case_has_a_due_time_or_a_named_human,
    a_held_case_waits_for_a_named_human,
    nothing_is_sent_by_itself_while_held,
    urgency_never_falls,
    who_was_warned_before_is_at_least_high_and_is_visited,
    every_end_has_its_ground,
    money_that_is_lost_is_never_dissuaded_in_time,
    nothing_grave_is_dropped_in_silence,
    same_inputs_same_decisions,
    deciding_again_gives_nothing_but_looks,
    at_most_one_open_visit,
    nothing_new_after_the_end,
    deadlines_never_move_later,
    a_pause_moves_deadlines_by_its_length,
    every_decision_has_a_rule,
    a_cause_obliges_once,
    whatever_waits_for_a_person_is_told_again,
    nobody_is_given_the_time_of_a_lower_urgency,
    what_nobody_needs_waits_for_nobody,
    money_that_has_moved_is_stopped_first_and_at_once,
)
