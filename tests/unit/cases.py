"""Lines that sources really sent, from `tests/integration/cases`."""

import json
from pathlib import Path
from typing import Any

_CASES = Path(__file__).parents[1] / "integration" / "cases"


def victims(name: str) -> dict[str, Any]:
    """The victims of a file by instruction id."""
    lines = (_CASES / f"{name}.jsonl").read_text("utf-8").splitlines()
    return {each["instruction_id"]: each["victim"] for each in map(json.loads, lines)}
