"""What a refused line still says of itself: which instruction it is, whose, and how urgent."""

import json
import re
from dataclasses import dataclass
from typing import Any

from dispatcher.casework.context import Context
from dispatcher.intake.normalised import most_urgent
from schemas import parse
from schemas.instruction import MAX_BODY_BYTES
from schemas.vocabulary import Urgency

_URGENT = frozenset({Urgency.CRITICAL, Urgency.HIGH})
_HALF = re.compile("[\ud800-\udfff]")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,100}")
# A line that is cut or broken, or in another form, is no instruction, and may say all the same how urgent it is.
_WRITTEN = re.compile(r"""["']urgency["']\s*:\s*(?:"((?:[^"\\]|\\.){1,100})"|'([^'\\]{1,100})')""", re.IGNORECASE)


@dataclass(frozen=True)
class NamedLine:
    """As much of it as could be made out."""

    instruction_id: str | None = None
    system: str | None = None
    version: int | None = None
    urgency: Urgency | None = None

    @property
    def is_urgent(self) -> bool:
        """Somebody has to see to it though it was refused."""
        return self.urgency in _URGENT

    @property
    def printable_id(self) -> str | None:
        """The instruction's id, where it is safe to print: no number of a person, no text."""
        found = self.instruction_id
        is_reference = found is not None and _REFERENCE.fullmatch(found) is not None
        return found if found is not None and is_reference and not found.isdigit() else None


def read(raw: bytes, context: Context) -> NamedLine:
    """Make out what can be; a label that is unknown is read as intake reads it. Never raises."""
    try:
        body = json.loads(raw, parse_int=parse.whole)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or len(raw) > MAX_BODY_BYTES:
        return NamedLine(urgency=_written(raw, context))
    source, version = body.get("source"), body.get("version")
    return NamedLine(
        _text(body.get("instruction_id")),
        _text(source.get("system")) if isinstance(source, dict) else None,
        version if isinstance(version, int) else None,
        _urgency(_text(body.get("urgency")) or "", context) if "victim" in body else None,
    )


def _written(raw: bytes, context: Context) -> Urgency | None:
    """The most urgent of all that are written there."""
    told = [_unescaped(found[1] or found[2]) for found in _WRITTEN.finditer(_text_of(raw))]
    return min((_urgency(each, context) for each in told), key=lambda each: each.rank, default=None)


def _text_of(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def _unescaped(written: str) -> str:
    try:
        return str(json.loads(f'"{written}"'))
    except ValueError:
        return written


def _urgency(label: str, context: Context) -> Urgency:
    return most_urgent(context, label) or Urgency.HIGH


def _text(value: Any) -> str | None:
    """A text that can be compared with others; half of a character can't."""
    is_text = isinstance(value, str) and 0 < len(value) <= 100
    return value if is_text and not _HALF.search(value) else None
