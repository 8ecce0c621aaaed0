"""Writes the moves of an attempt and of a visit into their rows.

Nothing else sets an attempt's state, action, result or settled_at, or a visit's state. Which moves there are, and
which are impossible, the engine's tables say (engine/attempt_states.py, engine/visit_states.py).
"""

from dispatcher.engine.attempt_states import AttemptMove
from dispatcher.engine.visit_states import VisitMove
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.visits import VisitRow


def move_attempt(attempt: AttemptRow, move: AttemptMove) -> None:
    attempt.state, attempt.action = move.state, move.action
    attempt.result, attempt.settled_at = move.result, move.settled_at


def move_visit(visit: VisitRow, move: VisitMove) -> None:
    """Also clears who has the visit, and until when it is offered, if the move says so."""
    visit.state = move.state
    if move.frees:
        visit.officer = visit.attempt_id = visit.assigned_at = None
        visit.accepted_at = visit.departed_at = visit.arrived_at = None
    if move.ends_offer:
        visit.offered_until = None
