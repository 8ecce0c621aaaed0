"""The life of an attempt: its states, and the only moves between them. docs/design.md shows them as a table.

A move takes the attempt as it stands, an engine value or a row alike, and returns the fields that it changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from schemas.vocabulary import UNTAKEN, Action, AttemptState, Ending, Result

_S = AttemptState
# Where each state can lead. A state that leads to itself is heard of again: still queued, still unknown.
MOVES: Mapping[AttemptState, frozenset[AttemptState]] = {
    _S.PLANNED: frozenset({_S.SENDING, _S.SETTLED, _S.CANCELLED, _S.SKIPPED}),
    _S.SENDING: frozenset({_S.ACCEPTED, _S.IN_DOUBT, _S.SETTLED, _S.CANCELLED}),
    _S.ACCEPTED: frozenset({_S.ACCEPTED, _S.SETTLED, _S.CANCELLED}),
    _S.IN_DOUBT: frozenset({_S.IN_DOUBT, _S.ACCEPTED, _S.SETTLED, _S.CANCELLED}),
    _S.SETTLED: frozenset({_S.SETTLED}),  # only where the result was UNKNOWN, or what it rests on proves wrong
    _S.CANCELLED: frozenset(),
    _S.SKIPPED: frozenset(),
}
# What a worker may have to do about an attempt in each state; None: nothing for now.
ACTIONS: Mapping[AttemptState, frozenset[Action | None]] = {
    _S.PLANNED: frozenset({Action.SEND, None}),  # None while the case is paused
    _S.SENDING: frozenset({None}),
    _S.ACCEPTED: frozenset({Action.QUERY, Action.CANCEL, None}),
    _S.IN_DOUBT: frozenset({Action.QUERY, None}),
    _S.SETTLED: frozenset({None}),
    _S.CANCELLED: frozenset({None}),
    _S.SKIPPED: frozenset({None}),
}
FINAL = frozenset({_S.SETTLED, _S.CANCELLED, _S.SKIPPED})


class ImpossibleMove(RuntimeError):
    """An attempt or a visit can't go from the state that it is in to the one that was asked for."""


class Standing(Protocol):
    """An attempt as it stands."""

    @property
    def state(self) -> AttemptState: ...
    @property
    def result(self) -> Result | None: ...
    @property
    def ending(self) -> Ending | None: ...


@dataclass(frozen=True, slots=True)
class AttemptMove:
    """The four fields that a move changes together; nothing else changes them."""

    state: AttemptState
    action: Action | None = None
    result: Result | None = None
    settled_at: datetime | None = None


def plan() -> AttemptMove:
    """A new attempt, to be sent when it is due."""
    return AttemptMove(_S.PLANNED, Action.SEND)


def leave_out(at: datetime) -> AttemptMove:
    """A new attempt that only says why nothing is sent on its channel."""
    return AttemptMove(_S.SKIPPED, None, Result.SKIPPED, at)


def skip(attempt: Standing, at: datetime) -> AttemptMove:
    """Found when it was due: nobody reaches its destination."""
    return AttemptMove(_to(_S.SKIPPED, attempt), None, Result.SKIPPED, at)


def pause(attempt: Standing) -> AttemptMove:
    """The clock of its case stands: it waits without anything to do."""
    return AttemptMove(_within(_S.PLANNED, attempt))


def resume(attempt: Standing) -> AttemptMove:
    """The clock of its case goes on."""
    return AttemptMove(_within(_S.PLANNED, attempt), Action.SEND)


def claim(attempt: Standing) -> AttemptMove:
    """A worker has it in hand; committed before the provider is asked to act."""
    return AttemptMove(_to(_S.SENDING, attempt))


def accept(attempt: Standing, *, awaits_receipt: bool) -> AttemptMove:
    """The provider has it. An officer reports by himself; what came of a message is asked about."""
    return AttemptMove(_to(_S.ACCEPTED, attempt), Action.QUERY if awaits_receipt else None)


def recall(attempt: Standing) -> AttemptMove:
    """The provider is asked to take back what it holds."""
    return AttemptMove(_within(_S.ACCEPTED, attempt), Action.CANCEL)


def await_receipt(attempt: Standing) -> AttemptMove:
    """It was too late to take it back."""
    return AttemptMove(_within(_S.ACCEPTED, attempt), Action.QUERY)


def doubt(attempt: Standing) -> AttemptMove:
    """The request left, and no answer came."""
    return AttemptMove(_to(_S.IN_DOUBT, attempt), Action.QUERY)


def replace_doubtful(attempt: Standing) -> AttemptMove:
    """Sent again under the same key: from now on the successor is asked about."""
    return AttemptMove(_within(_S.IN_DOUBT, attempt))


def settle(attempt: Standing, result: Result, at: datetime) -> AttemptMove:
    """A final result. One that is UNKNOWN may still become known."""
    if attempt.state == _S.SETTLED and attempt.result != Result.UNKNOWN:
        raise ImpossibleMove(f"a settled attempt keeps its result {attempt.result}; {result} comes too late")
    return AttemptMove(_to(_S.SETTLED, attempt), None, result, at)


def correct(attempt: Standing, result: Result, at: datetime) -> AttemptMove:
    """Its provider had said that it has none, and now knows what came of it."""
    if attempt.state != _S.SETTLED or attempt.ending not in UNTAKEN:
        raise ImpossibleMove(f"an attempt that is {attempt.state} and ended as {attempt.ending} has nothing to correct")
    return AttemptMove(_S.SETTLED, None, result, at)


def restate(attempt: Standing, result: Result, at: datetime | None) -> AttemptMove:
    """What an officer reported is corrected; it was reported when it was."""
    return AttemptMove(_within(_S.SETTLED, attempt), None, result, at)


def give_up(attempt: Standing, at: datetime) -> AttemptMove:
    """Whether it was sent stays unknown."""
    return AttemptMove(_within(_S.IN_DOUBT, attempt) and _S.SETTLED, None, Result.UNKNOWN, at)


def cancel(attempt: Standing, at: datetime) -> AttemptMove:
    """Called off before it left, taken back by the provider, or closed by what settled its copy."""
    return AttemptMove(_to(_S.CANCELLED, attempt), None, None, at)


def _to(state: AttemptState, attempt: Standing) -> AttemptState:
    if state not in MOVES[attempt.state]:
        raise ImpossibleMove(f"an attempt that is {attempt.state} can't become {state}")
    return state


def _within(state: AttemptState, attempt: Standing) -> AttemptState:
    if attempt.state != state:
        raise ImpossibleMove(f"an attempt has to be {state} for this, and is {attempt.state}")
    return state
