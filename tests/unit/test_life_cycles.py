"""The tables of docs/design.md are the lives of attempts and visits as the code has them; rows live them too."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from builders import MONDAY

from dispatcher.engine import attempt_states, visit_states
from dispatcher.engine.attempt_states import ImpossibleMove
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import Action, AttemptState, Code, Result, VisitState

DESIGN = (Path(__file__).parents[2] / "docs/design.md").read_text("utf-8")


def table(title: str) -> list[list[str]]:
    """The rows of the table below a heading of docs/design.md."""
    section = DESIGN.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def told(rows: list[list[str]], states: type[Code], known: Mapping[str, str]) -> dict[str, set[str]]:
    """To which states each state leads, as the last column says behind its arrows."""
    moves: dict[str, set[str]] = {each.value: set() for each in states}
    for row in rows:
        led_to = re.findall(r"\w+", " ".join(re.findall(r"→([^;]*)", row[-1])))
        for state in re.findall(r"\w+", row[0]):
            if state in known:
                moves[known[state]] |= {known[word] for word in led_to if word in known}
    return moves


@pytest.mark.parametrize(
    ("title", "states", "moves"),
    [
        ("The life of an attempt", AttemptState, attempt_states.MOVES),
        ("The life of a visit", VisitState, visit_states.MOVES),
    ],
)
def test_the_tables_of_the_docs_are_the_code(
    title: str, states: type[Code], moves: Mapping[Code, frozenset[Code]]
) -> None:
    known = {each.value: each.value for each in states}
    assert told(table(title), states, known) == {
        state.value: {each.value for each in to} for state, to in moves.items()
    }


def test_the_docs_name_what_a_worker_has_to_do_in_each_state() -> None:
    actions: dict[str, set[str]] = {each.value: set() for each in AttemptState}
    for states, action, _ in table("The life of an attempt"):
        for state in set(re.findall(r"\w+", states)) & actions.keys():
            actions[state] |= set(re.findall(r"\w+", action)) & {*Action, "nothing"}
    assert actions == {
        state.value: {each.value if each else "nothing" for each in known}
        for state, known in attempt_states.ACTIONS.items()
    }


def test_rows_move_like_values() -> None:
    attempt, visit = AttemptRow(state="in_doubt", result=None), VisitRow(state="arrived")
    assert attempt_states.settle(attempt, Result.DELIVERED, MONDAY).state is AttemptState.SETTLED
    with pytest.raises(ImpossibleMove, match="a visit that is arrived can't become offered"):
        visit_states.offer(visit)
