"""An attempt and a visit make the moves of their tables and no other."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pytest
from builders import MONDAY

from dispatcher.engine import attempt_states, visit_states
from dispatcher.engine.attempt_states import ImpossibleMove
from schemas.vocabulary import UNTAKEN, Action, AttemptState, Ending, Result, VisitState


@dataclass(frozen=True)
class Stands:
    state: str
    result: str | None = None
    ending: str | None = None


ATTEMPT_MOVES: dict[AttemptState, Callable[[Stands], attempt_states.AttemptMove]] = {
    AttemptState.SENDING: attempt_states.claim,
    AttemptState.ACCEPTED: lambda attempt: attempt_states.accept(attempt, awaits_receipt=True),
    AttemptState.IN_DOUBT: attempt_states.doubt,
    AttemptState.SETTLED: lambda attempt: attempt_states.settle(attempt, Result.DELIVERED, MONDAY),
    AttemptState.CANCELLED: lambda attempt: attempt_states.cancel(attempt, MONDAY),
    AttemptState.SKIPPED: lambda attempt: attempt_states.skip(attempt, MONDAY),
}


@pytest.mark.parametrize(("before", "after"), list(product(AttemptState, ATTEMPT_MOVES)))
def test_an_attempt_makes_the_moves_of_the_table_and_no_other(before: AttemptState, after: AttemptState) -> None:
    attempt = Stands(before, Result.UNKNOWN if before is AttemptState.SETTLED else None)
    if after not in attempt_states.MOVES[before]:
        with pytest.raises(ImpossibleMove, match=f"{before} can't become {after}"):
            ATTEMPT_MOVES[after](attempt)
        return
    move = ATTEMPT_MOVES[after](attempt)
    assert move.state is after
    assert move.action in attempt_states.ACTIONS[after]
    assert (move.settled_at is not None) == (after in attempt_states.FINAL)


def test_a_result_that_is_known_is_final() -> None:
    with pytest.raises(ImpossibleMove, match="keeps its result DELIVERED"):
        attempt_states.settle(Stands(AttemptState.SETTLED, Result.DELIVERED), Result.UNKNOWN, MONDAY)


@pytest.mark.parametrize("state", AttemptState)
def test_what_needs_one_state_is_refused_in_every_other(state: AttemptState) -> None:
    needs = {
        AttemptState.ACCEPTED: (attempt_states.recall, attempt_states.await_receipt),
        AttemptState.IN_DOUBT: (attempt_states.replace_doubtful, lambda each: attempt_states.give_up(each, MONDAY)),
    }
    for needed, moves in needs.items():
        for move in moves:
            if state is needed:
                assert move(Stands(state)).action in attempt_states.ACTIONS[move(Stands(state)).state]
            else:
                with pytest.raises(ImpossibleMove, match=f"has to be {needed} for this, and is {state}"):
                    move(Stands(state))


def test_what_was_given_up_has_no_known_result() -> None:
    given_up = attempt_states.give_up(Stands(AttemptState.IN_DOUBT), MONDAY)
    assert given_up == attempt_states.AttemptMove(AttemptState.SETTLED, None, Result.UNKNOWN, MONDAY)


VISIT_MOVES: dict[VisitState, Callable[[Stands], visit_states.VisitMove]] = {
    VisitState.WAITING: visit_states.free,
    VisitState.ASSIGNED: visit_states.assign,
    VisitState.OFFERED: visit_states.offer,
    VisitState.TRANSFERRED: visit_states.transfer,
    VisitState.CANCELLED: visit_states.cancel,
    **{
        state: lambda visit, to=state: visit_states.advance(visit, to)
        for state in (VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED, VisitState.REPORTED)
    },
}


@pytest.mark.parametrize(("before", "after"), list(product(VisitState, VISIT_MOVES)))
def test_a_visit_makes_the_moves_of_the_table_and_no_other(before: VisitState, after: VisitState) -> None:
    if after in visit_states.MOVES[before]:
        assert VISIT_MOVES[after](Stands(before)).state is after
    else:
        with pytest.raises(ImpossibleMove, match=f"{before} can't become {after}"):
            VISIT_MOVES[after](Stands(before))


@pytest.mark.parametrize("state", VisitState)
def test_a_visit_goes_elsewhere_only_before_anybody_is_at_the_door(state: VisitState) -> None:
    if state in visit_states.BEFORE_ARRIVAL:
        assert visit_states.readdress(Stands(state)) == visit_states.VisitMove(VisitState.WAITING, True, True)
    else:
        with pytest.raises(ImpossibleMove, match="can't go to another precinct"):
            visit_states.readdress(Stands(state))


@pytest.mark.parametrize("state", VisitState)
def test_an_offer_ends_only_while_it_stands(state: VisitState) -> None:
    if state is VisitState.OFFERED:
        assert visit_states.end_offer(Stands(state)) == visit_states.VisitMove(VisitState.WAITING, ends_offer=True)
    else:
        with pytest.raises(ImpossibleMove, match="has to be offered"):
            visit_states.end_offer(Stands(state))


def test_nobody_at_work_on_a_visit_calls_it_off() -> None:
    with pytest.raises(ImpossibleMove, match="makes it cancelled"):
        visit_states.advance(Stands(VisitState.ACCEPTED), VisitState.CANCELLED)


def test_a_new_attempt_is_to_be_sent_or_says_why_nothing_is() -> None:
    assert attempt_states.plan().action in attempt_states.ACTIONS[attempt_states.plan().state]
    left_out = attempt_states.leave_out(MONDAY)
    assert left_out == attempt_states.AttemptMove(AttemptState.SKIPPED, None, Result.SKIPPED, MONDAY)


PLANNED, SENDING, ACCEPTED = map(Stands, (AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED))
IN_DOUBT = Stands(AttemptState.IN_DOUBT)
# Each is made by its test: what is made while tests are read is no test of anything to `make mutants`.
MADE: list[tuple[Callable[[], attempt_states.AttemptMove], tuple[object, ...]]] = [
    (lambda: attempt_states.plan(), (AttemptState.PLANNED, Action.SEND, None, None)),
    (lambda: attempt_states.leave_out(MONDAY), (AttemptState.SKIPPED, None, Result.SKIPPED, MONDAY)),
    (lambda: attempt_states.skip(PLANNED, MONDAY), (AttemptState.SKIPPED, None, Result.SKIPPED, MONDAY)),
    (lambda: attempt_states.pause(PLANNED), (AttemptState.PLANNED, None, None, None)),
    (lambda: attempt_states.resume(PLANNED), (AttemptState.PLANNED, Action.SEND, None, None)),
    (lambda: attempt_states.claim(PLANNED), (AttemptState.SENDING, None, None, None)),
    (lambda: attempt_states.accept(SENDING, awaits_receipt=True), (AttemptState.ACCEPTED, Action.QUERY, None, None)),
    (lambda: attempt_states.accept(SENDING, awaits_receipt=False), (AttemptState.ACCEPTED, None, None, None)),
    (lambda: attempt_states.recall(ACCEPTED), (AttemptState.ACCEPTED, Action.CANCEL, None, None)),
    (lambda: attempt_states.await_receipt(ACCEPTED), (AttemptState.ACCEPTED, Action.QUERY, None, None)),
    (lambda: attempt_states.doubt(SENDING), (AttemptState.IN_DOUBT, Action.QUERY, None, None)),
    (lambda: attempt_states.replace_doubtful(IN_DOUBT), (AttemptState.IN_DOUBT, None, None, None)),
    (lambda: attempt_states.settle(SENDING, Result.BUSY, MONDAY), (AttemptState.SETTLED, None, Result.BUSY, MONDAY)),
    (lambda: attempt_states.give_up(IN_DOUBT, MONDAY), (AttemptState.SETTLED, None, Result.UNKNOWN, MONDAY)),
    (lambda: attempt_states.cancel(PLANNED, MONDAY), (AttemptState.CANCELLED, None, None, MONDAY)),
]


@pytest.mark.parametrize(("make", "fields"), MADE)
def test_each_move_says_what_is_to_be_done_next(
    make: Callable[[], attempt_states.AttemptMove], fields: tuple[object, ...]
) -> None:
    move = make()
    assert (move.state, move.action, move.result, move.settled_at) == fields


@pytest.mark.parametrize("ending", Ending)
def test_only_what_was_said_to_be_untaken_is_corrected(ending: Ending) -> None:
    settled = Stands(AttemptState.SETTLED, Result.FAILED_TEMPORARY, ending)
    if ending in UNTAKEN:
        move = attempt_states.correct(settled, Result.DELIVERED, MONDAY)
        assert (move.state, move.action, move.result) == (AttemptState.SETTLED, None, Result.DELIVERED)
        assert move.settled_at == MONDAY
    else:
        with pytest.raises(ImpossibleMove, match="settled and ended as"):
            attempt_states.correct(settled, Result.DELIVERED, MONDAY)


FREED, ENDED = {"frees": True}, {"ends_offer": True}


@pytest.mark.parametrize(
    ("move", "before", "changes"),
    [
        (visit_states.assign, VisitState.WAITING, {}),
        (visit_states.free, VisitState.ASSIGNED, FREED),
        (visit_states.readdress, VisitState.ACCEPTED, FREED | ENDED),
        (visit_states.offer, VisitState.WAITING, {}),
        (visit_states.end_offer, VisitState.OFFERED, ENDED),
        (visit_states.transfer, VisitState.OFFERED, ENDED),
        (visit_states.cancel, VisitState.ASSIGNED, ENDED),
    ],
)
def test_each_move_of_a_visit_says_who_has_it_no_more(
    move: Callable[[Stands], visit_states.VisitMove], before: VisitState, changes: dict[str, bool]
) -> None:
    made = move(Stands(before))
    assert {"frees": made.frees, "ends_offer": made.ends_offer} == {"frees": False, "ends_offer": False} | changes
    assert isinstance(made.frees, bool) and isinstance(made.ends_offer, bool)
