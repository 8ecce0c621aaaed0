"""What the commands print: tables for people, JSON lines for programs."""

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dispatcher.cli.arguments import zone
from schemas.read_models.base import ReadModel
from schemas.read_models.log import LogLine
from schemas.vocabulary import AttemptState, Channel, Code, Person, Resolution, Result

# Into a file or a pipe the tables keep a width at which codes stay whole. What sources and vendors wrote is shown as it
# stands: a name in brackets is no markup.
out = Console(width=None if sys.stdout.isatty() else 150, markup=False, emoji=False)
err = Console(stderr=True, markup=False, emoji=False)

_JSON = json.JSONEncoder(ensure_ascii=False, default=str)
_LABELS: dict[str, type[Code]] = {
    "channel": Channel,
    "person": Person,
    "state": AttemptState,
    "result": Result,
    "resolution": Resolution,
}
_GOOD = frozenset({"DELIVERED", "ANSWERED_SUBJECT", "MET_DISSUADED", "MET_SELF_AWARE"})
_BAD = frozenset({"INVALID_NUMBER", "FAILED_PERMANENT", "ANSWERED_NOT_SUBJECT", "MET_ALREADY_DEFRAUDED"})


def json_line(value: Any) -> None:
    sys.stdout.write(_JSON.encode(value) + "\n")


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


def list_table(title: str) -> Table:
    """A list as a screen of 80 columns has room for it."""
    return Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)


def label(field: str, code: str | None) -> str:
    """The Chinese label of a code, or the code itself."""
    kind = _LABELS.get(field)
    return "" if code is None else kind(code).zh if kind and code in set(kind) else code


def log_table(lines: Iterable[LogLine], title: str) -> Table:
    """The dissuasion log as a table, Chinese labels with codes beside them."""
    table = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for name in ("指令\ninstruction", "时间\nat", "渠道\nchannel", "对象\nperson", "结果\nresult", "规则\nrule"):
        table.add_column(name, overflow="fold")
    for line in lines:
        code = line.result or line.state
        colour = "green" if code in _GOOD else "red" if code in _BAD else ""
        marks = " ✓" if line.confirmed else ""
        marks += " ⚠重复? possible duplicate" if line.possible_duplicate else ""
        marks += f" ← {line.corrected_from.zh} {line.corrected_from}" if line.corrected_from else ""
        table.add_row(
            ", ".join(line.instructions),
            short_time(line.sent_at or line.planned_at),
            line.channel.zh,
            line.person.zh,
            Text.assemble((f"{code.zh} {code}", colour), marks),
            line.rule,
        )
    return table


def short_time(at: datetime | None) -> str:
    """Month, day and time in the policy's zone."""
    return _in_zone(at, "%m-%d %H:%M:%S")


def minute(at: datetime | None) -> str:
    """As `short_time`, to the minute."""
    return _in_zone(at, "%m-%d %H:%M")


def _in_zone(at: datetime | None, form: str) -> str:
    return "" if at is None else at.astimezone(zone()).strftime(form)
