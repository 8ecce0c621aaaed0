"""docs/worklist.md lists every kind of work item, and what is true of it."""

from pathlib import Path

from dispatcher.engine.work_items import KINDS, Kind
from schemas.vocabulary import WorkItemKind

PAGE = Path(__file__).parents[2] / "docs" / "worklist.md"


def row(kind: WorkItemKind, of_kind: Kind) -> str:
    if of_kind.needs_act:
        ends = "when it has been done"
    else:
        ends = "by word" if of_kind.is_over is None else "by word, or when it has been done"
    stands = "yes" if of_kind.outlives_case else "no"
    return f"| `{kind}` | {kind.zh}: {kind.en} | {of_kind.role} | {ends} | {stands} |"


def test_the_table_is_that_of_the_code() -> None:
    listed = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert listed == [row(kind, KINDS[kind]) for kind in WorkItemKind]
