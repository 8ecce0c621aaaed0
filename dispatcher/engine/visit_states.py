"""The life of a door visit: its states, and the only moves between them. docs/design.md shows them as a table.

A move takes the visit as it stands, an engine value or a row alike, and returns what it changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dispatcher.engine.attempt_states import ImpossibleMove
from schemas.vocabulary import VisitState

_S = VisitState
MOVES: Mapping[VisitState, frozenset[VisitState]] = {
    _S.WAITING: frozenset({_S.WAITING, _S.ASSIGNED, _S.OFFERED, _S.CANCELLED}),
    _S.ASSIGNED: frozenset({_S.ACCEPTED, _S.WAITING, _S.CANCELLED}),
    _S.ACCEPTED: frozenset({_S.DEPARTED, _S.ARRIVED, _S.REPORTED, _S.WAITING, _S.CANCELLED}),
    _S.DEPARTED: frozenset({_S.DEPARTED, _S.ARRIVED, _S.REPORTED, _S.WAITING, _S.CANCELLED}),
    _S.ARRIVED: frozenset({_S.DEPARTED, _S.REPORTED, _S.WAITING, _S.CANCELLED}),
    _S.OFFERED: frozenset({_S.WAITING, _S.TRANSFERRED, _S.CANCELLED}),
    _S.TRANSFERRED: frozenset({_S.REPORTED, _S.WAITING, _S.CANCELLED}),
    _S.REPORTED: frozenset(),
    _S.CANCELLED: frozenset(),
}
FINAL = frozenset({_S.REPORTED, _S.CANCELLED})
# Nobody is at the door yet, so that the visit can still go elsewhere.
BEFORE_ARRIVAL = frozenset({_S.WAITING, _S.ASSIGNED, _S.ACCEPTED, _S.DEPARTED, _S.OFFERED})


class Standing(Protocol):
    """A visit as it stands."""

    @property
    def state(self) -> VisitState: ...


@dataclass(frozen=True, slots=True)
class VisitMove:
    """What a move changes. `frees`: nobody has the visit in hand any more. `ends_offer`: no unit is offered it."""

    state: VisitState
    frees: bool = False
    ends_offer: bool = False


def assign(visit: Standing) -> VisitMove:
    """The roster has found somebody."""
    return VisitMove(_to(_S.ASSIGNED, visit))


def advance(visit: Standing, state: VisitState) -> VisitMove:
    """The officer, or the centre that took the visit over, says how far it is: accepted … reported."""
    if state not in _STEPS:
        raise ImpossibleMove(f"nobody at work on a visit makes it {state}")
    return VisitMove(_to(state, visit))


def free(visit: Standing) -> VisitMove:
    """Not accepted in time, returned or taken back: it waits for the next rung."""
    return VisitMove(_to(_S.WAITING, visit), frees=True)


def readdress(visit: Standing) -> VisitMove:
    """It goes to another precinct, from whoever has it or is offered it."""
    if visit.state not in BEFORE_ARRIVAL:
        raise ImpossibleMove(f"a visit that is {visit.state} can't go to another precinct")
    return VisitMove(_to(_S.WAITING, visit), frees=True, ends_offer=True)


def offer(visit: Standing) -> VisitMove:
    """Another unit is asked to take it over; nobody of ours has it."""
    return VisitMove(_to(_S.OFFERED, visit))


def end_offer(visit: Standing) -> VisitMove:
    """The other unit took it for its own officers, refused, or did not answer: it waits for a rung."""
    if visit.state != _S.OFFERED:
        raise ImpossibleMove(f"a visit has to be offered for this, and is {visit.state}")
    return VisitMove(_S.WAITING, ends_offer=True)


def transfer(visit: Standing) -> VisitMove:
    """Another centre took it over, whose officers are not ours to assign."""
    return VisitMove(_to(_S.TRANSFERRED, visit), ends_offer=True)


def cancel(visit: Standing) -> VisitMove:
    """The case has ended; whoever has it is told."""
    return VisitMove(_to(_S.CANCELLED, visit), ends_offer=True)


_STEPS = frozenset({_S.ACCEPTED, _S.DEPARTED, _S.ARRIVED, _S.REPORTED})


def _to(state: VisitState, visit: Standing) -> VisitState:
    if state not in MOVES[visit.state]:
        raise ImpossibleMove(f"a visit that is {visit.state} can't become {state}")
    return state
