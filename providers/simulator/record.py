"""The append-only record of what the simulator did, by which it knows its messages again after a restart."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.vocabulary import BankRequest, Channel

Event = Literal["message", "repeat", "refused", "cancel", "receipt"]


class RecordDamagedError(ValueError):
    """A whole line can't be read; names the line, never its content."""


class Line(BaseModel):
    """`to` is the sha256 of the number or identity: the record must hold neither, and no text.

    `word` is what happens in the attempt: for a hook several words, with commas between.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    at: str
    event: Event
    id: str
    ref: str | None
    channel: Channel
    hook: BankRequest | None = None
    to: str | None
    word: str
    result: str


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Record:
    def __init__(self, path: Path) -> None:
        """Raises OSError if the file can't be read or written."""
        self._path = path
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")

    def load(self) -> list[Line]:
        """Every whole line. A torn last one is cut off, so that the next line starts on its own.

        Nobody was answered on a torn line, so nothing is lost with it. Raises RecordDamagedError.
        """
        whole = self._path.read_bytes()
        whole = whole[: whole.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        return [_parsed(number, line) for number, line in enumerate(whole.splitlines(), start=1)]

    def append(self, line: Line) -> None:
        self._file.write(line.model_dump_json().encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _parsed(number: int, line: bytes) -> Line:
    try:
        return Line.model_validate_json(line)
    except ValidationError:
        raise RecordDamagedError(f"line {number}") from None
