"""What the commands print: tables for people, JSON lines for programs."""

import json
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from dispatcher.cli import encoding
from dispatcher.cli.arguments import zone
from dispatcher.terminal import escaped, showable
from schemas.read_models.base import ReadModel
from schemas.read_models.log import LogLine
from schemas.vocabulary import AttemptState, Channel, Code, Person, Resolution, Result

# Into a file or a pipe the tables keep a width at which codes stay whole, unless COLUMNS names another. What sources
# and vendors wrote is shown as it stands: a name in brackets is no markup.
_PIPED = 150
_HAS_WIDTH = sys.stdout.isatty() or "COLUMNS" in os.environ


class _Screen(Console):
    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(showable(segment.text), segment.style)


out = _Screen(width=None if _HAS_WIDTH else _PIPED, markup=False, emoji=False)
err = _Screen(stderr=True, markup=False, emoji=False)

_JSON = json.JSONEncoder(ensure_ascii=False, default=str)
_PLAIN_JSON = json.JSONEncoder(ensure_ascii=True, default=str)
_LABELS: dict[str, type[Code]] = {
    "channel": Channel,
    "person": Person,
    "state": AttemptState,
    "result": Result,
    "resolution": Resolution,
}
MONEY = {
    "at_risk": ("涉险", "at risk"),
    "transferred": ("已转出", "transferred"),
    "lost": ("损失", "lost"),
    "stopped": ("止付", "stopped"),
    "avoided": ("避免", "avoided"),
    "returned": ("返还", "returned"),
}
_GOOD = frozenset({"DELIVERED", "ANSWERED_SUBJECT", "MET_DISSUADED", "MET_SELF_AWARE"})
_BAD = frozenset({"INVALID_NUMBER", "FAILED_PERMANENT", "ANSWERED_NOT_SUBJECT", "MET_ALREADY_DEFRAUDED"})


def json_line(value: Any) -> None:
    """What programs read is whole in any encoding, and commands no terminal."""
    encoder = _JSON if encoding.is_utf(sys.stdout) else _PLAIN_JSON
    sys.stdout.write(escaped(encoder.encode(value)) + "\n")


def model_line(model: ReadModel) -> None:
    """One read model as a JSON line."""
    json_line(model.model_dump(mode="json"))


def say(zh: str, en: str) -> str:
    """A text in the language of the screen: DISPATCHER_LANGUAGE, Chinese unless it says otherwise."""
    from dispatcher.settings import settings

    return en if settings().language == "en" else zh


def name_of(code: Code) -> str:
    """A code as it is called in the language of the screen."""
    return say(code.zh, code.en)


def language() -> Literal["zh", "en"]:
    """The language of the screen, as tables of words name it."""
    return "zh" if say("zh", "en") == "zh" else "en"


def print_lines(*parts: str | Text | tuple[str, str], indent: int = 0) -> None:
    """Text on a screen: wrapped between words, what goes over is indented. Into a pipe its lines stay whole."""
    told = Text.assemble(*parts)
    if out.width >= _PIPED:
        out.print(told, highlight=False, soft_wrap=True)
        return
    for line in told.split("\n"):
        for number, piece in enumerate(line.wrap(out, out.width - indent)):
            out.print(Text.assemble(" " * indent if number else "", piece), highlight=False)


def list_table(title: str) -> Table:
    """A list as a screen of 80 columns has room for it."""
    return Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)


def label(field: str, code: str | None) -> str:
    """A code of this field as it is called in the language of the screen, or the code itself."""
    kind = _LABELS.get(field)
    return "" if code is None else name_of(kind(code)) if kind and code in set(kind) else code


def wide_table(title: str, *columns: str) -> Table:
    """A table with lines, whose cells are folded where they are too long."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def result_of(line: LogLine) -> Text:
    """What came of an attempt, or how it stands."""
    code = line.result or line.state
    is_handed_over = line.channel is Channel.VISIT and code is AttemptState.ACCEPTED
    told = say("已派单", "assigned") if is_handed_over else name_of(code)
    colour = "green" if code in _GOOD else "red" if code in _BAD else ""
    marks = " ✓" if line.confirmed else ""
    marks += say(" ⚠可能重复", " ⚠possible duplicate") if line.possible_duplicate else ""
    marks += f" ← {name_of(line.corrected_from)}" if line.corrected_from else ""
    return Text.assemble((told, colour), marks)


def short_time(at: datetime | None) -> str:
    """Month, day and time in the policy's zone."""
    return _in_zone(at, "%m-%d %H:%M:%S")


def minute(at: datetime | None) -> str:
    """As `short_time`, to the minute."""
    return _in_zone(at, "%m-%d %H:%M")


def _in_zone(at: datetime | None, form: str) -> str:
    return "" if at is None else at.astimezone(zone()).strftime(form)
