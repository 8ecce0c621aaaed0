"""Reads the tables of docs/rules.md: each name that the journal gives a rule, and the test that would miss it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| `(?P<path>[^`:]+)::(?P<test>\w+)` \|$", re.MULTILINE)
_FLAG = "flag "


@dataclass(frozen=True)
class Row:
    """A name may end in `*`, which stands for a result's code; a flag is no rule and stands on its instruction."""

    name: str
    path: str
    test: str

    @property
    def is_flag(self) -> bool:
        return self.name.startswith(_FLAG)

    @property
    def node(self) -> str:
        return f"{self.path}::{self.test}"

    def names(self, rule: str | None) -> bool:
        """Whether this row is about that rule."""
        prefix = self.name.removesuffix("*")
        return rule is not None and (rule == self.name or (prefix != self.name and rule.startswith(prefix)))


def rows() -> list[Row]:
    return [Row(**found.groupdict()) for found in _ROW.finditer((ROOT / "docs/rules.md").read_text("utf-8"))]
