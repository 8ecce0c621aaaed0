"""One home for each life cycle: nothing but casework/moves.py sets what the engine's tables of moves are about."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What a move changes together, by the name under which rows are held.
MOVED = {
    "attempt": {"state", "action", "result", "settled_at"},
    "other": {"state", "action", "result", "settled_at"},
    "before": {"state", "action", "result", "settled_at"},
    "visit": {"state"},
}
HOME = Path("dispatcher/casework/moves.py")
# No other row has one: whatever holds it is an attempt.
ATTEMPTS_ALONE = {"action"}


def assigned(path: Path) -> Iterator[tuple[int, str, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        )
        for target in [each for one in targets for each in ast.walk(one)]:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                yield node.lineno, target.value.id, target.attr


def test_nothing_else_moves_an_attempt_or_a_visit() -> None:
    paths = [path for package in ("dispatcher", "tasks") for path in (ROOT / package).rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}.{attribute}"
        for path in paths
        if path.relative_to(ROOT) != HOME
        for line, name, attribute in assigned(path)
        if attribute in MOVED.get(name, ATTEMPTS_ALONE) and name != "self"
    ]
    assert found == []


def test_the_home_sets_all_of_it() -> None:
    written = {(name, attribute) for _, name, attribute in assigned(ROOT / HOME)}
    assert {("attempt", each) for each in MOVED["attempt"]} | {("visit", "state")} <= written
