"""A list on a screen: a row for each thing, in columns as wide as what stands in them.

Words are folded where they are too long. An id never is: where its column has no room for it, it stands whole on a line
below its row, after its column's name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from rich.cells import cell_len, chop_cells
from rich.text import Text

from dispatcher.cli.output import out

_GAP = _INDENT = "  "
_NARROWEST = 8  # words are folded to no less
# Words may be folded between them, after the _ of a code, between Chinese characters.
_WIDE = "⺀-鿿豈-﫿＀-￯"
_PIECES = re.compile(rf"\s+|[{_WIDE}]|[^\s_{_WIDE}]+_*|_+")
_ONE_LINE = str.maketrans("\r\n\t\v\f", "     ")


class Kind(Enum):
    """What stands in a column."""

    CODE = auto()  # of our own making and short: never folded
    WORDS = auto()
    IDS = auto()  # one or several, made by others: as long as they like


@dataclass(frozen=True)
class Column:
    """`readable`: of words, what they have before an id has its place beside them."""

    name: str
    kind: Kind = Kind.CODE
    is_number: bool = False
    readable: int = 16


def words(name: str, readable: int = 16) -> Column:
    return Column(name, Kind.WORDS, readable=readable)


def ids(name: str) -> Column:
    return Column(name, Kind.IDS)


@dataclass(frozen=True)
class _Cell:
    text: Text
    parts: Sequence[str] = ()  # several ids

    @property
    def width(self) -> int:
        return self.text.cell_len


@dataclass(frozen=True)
class Listing:
    """Rows are all added before it is printed: what stands in them decides how wide the columns are."""

    title: str
    columns: Sequence[Column]
    rows: list[list[_Cell]] = field(default_factory=list)

    def add(self, *cells: str | Text | Sequence[str]) -> None:
        self.rows.append([_cell(each) for each in cells])

    def print(self) -> None:
        for line in self.lines(out.width):
            out.print(line, soft_wrap=True, highlight=False)

    def lines(self, width: int) -> Iterator[Text]:
        """The list as lines of this width. Only an id that is longer than a line goes beyond it."""
        yield Text(self.title, "italic")
        if not self.rows:
            return
        widths = self._widths(width)
        heads = zip((Text(column.name, "bold") for column in self.columns), widths, strict=True)
        yield from self._beside([_folded(head, room) if room else [head] for head, room in heads], widths)
        for row in self.rows:
            yield from self._row(row, widths, width)

    def _row(self, row: Sequence[_Cell], widths: Sequence[int], width: int) -> Iterator[Text]:
        beside, below = [], []
        for column, cell, room in zip(self.columns, row, widths, strict=True):
            if column.kind is Kind.IDS and cell.width > room:
                below.append((column.name, cell))
                beside.append([Text()])
            else:
                beside.append(_folded(cell.text, room) if column.kind is Kind.WORDS else [cell.text])
        yield from self._beside(beside, widths)
        yield from _below(below, width)

    def _beside(self, cells: Sequence[Sequence[Text]], widths: Sequence[int]) -> Iterator[Text]:
        """One row, whose cells may have several lines."""
        for number in range(max(map(len, cells))):
            line = Text()
            for column, cell, room in zip(self.columns, cells, widths, strict=True):
                if not room:
                    continue
                piece = cell[number] if number < len(cell) else Text()
                blank = " " * (room - piece.cell_len)
                line.append_text(Text.assemble(blank, piece, _GAP) if column.is_number else piece + Text(blank + _GAP))
            line.rstrip()
            yield line

    def _widths(self, width: int) -> list[int]:
        """Codes have what they need, words what is readable; then come ids, the longest of which go below."""
        held = [[row[at].width for row in self.rows] for at in range(len(self.columns))]
        widths = [max(cell_len(column.name), *held[at]) for at, column in enumerate(self.columns)]
        folded = [at for at, column in enumerate(self.columns) if column.kind is Kind.WORDS]
        readable = {at: min(widths[at], self.columns[at].readable) for at in folded}
        places = [at for at, column in enumerate(self.columns) if column.kind is Kind.IDS]
        while _taken(widths, readable) > width and any(widths[at] for at in places):
            longest = max(places, key=lambda at: widths[at])
            shorter = max((each for each in held[longest] if each < widths[longest]), default=0)
            name = cell_len(self.columns[longest].name)
            # A column is no narrower than its name; without room for that there is none.
            widths[longest] = max(shorter, name) if shorter and name < widths[longest] else 0
        while folded and _taken(widths, {}) > width:
            widest = max(folded, key=lambda at: widths[at])
            if widths[widest] <= _NARROWEST:
                break
            widths[widest] -= 1
        return widths


def _cell(cell: str | Text | Sequence[str]) -> _Cell:
    if not isinstance(cell, str | Text):
        return _Cell(Text(", ".join(cell).translate(_ONE_LINE)), cell)
    text = Text(cell) if isinstance(cell, str) else cell.copy()
    text.plain = text.plain.translate(_ONE_LINE)
    return _Cell(text)


def _taken(widths: Sequence[int], instead: Mapping[int, int]) -> int:
    used = [instead.get(at, room) for at, room in enumerate(widths) if room]
    return sum(used) + len(_GAP) * (len(used) - 1)


def _folded(text: Text, room: int) -> list[Text]:
    """Its lines of at most this width."""
    ends, at, taken = [], 0, 0
    for piece in _PIECES.findall(text.plain):
        for part in chop_cells(piece, room) if cell_len(piece) > room else [piece]:
            if taken + cell_len(part.rstrip()) > room:
                ends.append(at)
                taken = 0
            at, taken = at + len(part), taken + cell_len(part)
    lines = list(text.divide(ends))
    for line in lines:
        line.rstrip()
    return lines


def _below(cells: Sequence[tuple[str, _Cell]], width: int) -> Iterator[Text]:
    """As many ids on a line as it has room for, the first of each cell after its column's name."""
    line = Text(_INDENT)
    for name, cell in cells:
        for number, each in enumerate(cell.parts or (cell.text.plain,)):
            lead = ", " if number else f"{name} "
            before = _GAP if line.plain.strip() and not number else ""
            if line.cell_len + cell_len(before + lead + each) > width:
                if line.plain.strip():
                    yield line
                line, before = Text(_INDENT), ""
                lead = "" if number or line.cell_len + cell_len(lead + each) > width else lead
            line.append(before + lead, "" if number else "dim").append(each)
    if line.plain.strip():
        yield line
