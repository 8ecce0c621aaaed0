"""Settings of a file that know what was asked for: what nobody asks for is a mistake of whoever wrote it."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar

Value = TypeVar("Value")


class Given(Mapping[str, Value]):
    """`asked`: the names that were looked for, whether they were there or not."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Value:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self._values)})"

    @property
    def unasked(self) -> list[str]:
        """Names that are there, and that nobody looked for."""
        return [name for name in self._values if name not in self.asked]


def nearest(name: str, known: set[str]) -> str:
    """The remedy for a misspelt name."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"one of: {', '.join(sorted(known))}"
