"""What a refused line still says of itself: which instruction it is, whose, and how urgent."""

import json
import re
from dataclasses import dataclass
from typing import Any

from schemas.instruction import MAX_BODY_BYTES
from schemas.vocabularies import Vocabulary
from schemas.vocabulary import Urgency

_URGENT = frozenset({Urgency.CRITICAL, Urgency.HIGH})
# A line that is cut or broken is no JSON, and may say all the same how urgent it is.
_WRITTEN = re.compile(r'"urgency"\s*:\s*"([^"\\]{1,100})"')


@dataclass(frozen=True)
class NamedLine:
    """As much of it as could be made out."""

    instruction_id: str | None = None
    system: str | None = None
    urgency: Urgency | None = None

    @property
    def is_urgent(self) -> bool:
        """Somebody has to see to it though it was refused."""
        return self.urgency in _URGENT

    @property
    def printable_id(self) -> str | None:
        """The instruction's id, where it is safe to print: no number of a person, no text."""
        found = self.instruction_id
        is_reference = found is not None and found.replace("-", "").isalnum() and found.isascii()
        return found if found is not None and is_reference and not found.isdigit() else None


def read(raw: bytes, vocabulary: Vocabulary) -> NamedLine:
    """Make out what can be. Never raises."""
    try:
        body = json.loads(raw[:MAX_BODY_BYTES])
    except (ValueError, RecursionError):
        written = _WRITTEN.search(raw[:MAX_BODY_BYTES].decode("utf-8", "replace"))
        return NamedLine(urgency=vocabulary.urgency(written[1]) if written else None)
    if not isinstance(body, dict):
        return NamedLine()
    source, urgency = body.get("source"), _text(body.get("urgency"))
    return NamedLine(
        _text(body.get("instruction_id")),
        _text(source.get("system")) if isinstance(source, dict) else None,
        vocabulary.urgency(urgency) if urgency is not None else None,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 100 else None
