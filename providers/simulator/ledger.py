"""The messages taken: each acts once, and its status outlives a restart."""

import hashlib
import re
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from providers.simulator import words
from providers.simulator.record import Event, Line, Record, RecordDamagedError, now
from providers.simulator.words import Act, Detail, Topic
from schemas.gateway import QUEUED
from schemas.vocabulary import Channel, Hook, Result

_BY_PHONE = frozenset({Channel.SMS, Channel.VOICE})
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Posted(BaseModel):
    """Body of POST /messages."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    channel: Literal[Channel.SMS, Channel.VOICE, Channel.HOOK, Channel.BROADCAST]
    to: Annotated[str | None, Field(max_length=60)] = None
    hook: Hook | None = None
    text: str | None = None
    script: str | None = None
    collect: bool = False
    callback_url: Annotated[str | None, Field(pattern=r"^https?://")] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.channel is Channel.HOOK:
            if self.hook is None:
                raise ValueError("a hook that asks for nothing")
        elif not self.text and not self.script:
            raise ValueError("neither text nor script")
        if self.channel in _BY_PHONE and not _E164.fullmatch(self.to or ""):
            raise ValueError("no number")
        return self

    @property
    def topic(self) -> Topic:
        """What decides which script is played."""
        return self.hook or self.channel


@dataclass(slots=True)
class Taken:
    """A message taken, without its text and with its number hashed. `callback_url` doesn't outlive a restart."""

    id: str
    ref: str
    channel: Topic
    to: str
    word: str
    act: Act
    result: str
    at: str
    detail: Detail
    callback_url: str | None = None

    @property
    def is_queued(self) -> bool:
        return self.result == QUEUED

    @property
    def has_receipt(self) -> bool:
        """False once cancelled: nothing came of the message, so there is nothing to report."""
        return self.result == self.act.result

    @property
    def status(self) -> dict[str, str | Detail]:
        """Body of a receipt, and of the answer to a status query."""
        return {"id": self.id, "ref": self.ref, "result": self.result, "at": self.at, "detail": self.detail}

    def settle(self, at: str) -> None:
        if self.result == Result.ACCEPTED:
            self.result, self.at, self.detail = self.act.result, at, self.act.detail

    def cancel(self, at: str) -> None:
        self.result, self.at, self.detail = Result.UNKNOWN, at, {"note": "cancelled"}

    def line(self, event: Event) -> Line:
        return Line(
            at=now(),
            event=event,
            id=self.id,
            ref=self.ref,
            channel=self.channel,
            to=self.to,
            word=self.word,
            result=self.result,
        )


class Ledger:
    """Every change is on record before its answer leaves."""

    def __init__(self, record: Record) -> None:
        """Raises RecordDamagedError."""
        self._record = record
        self._taken: dict[str, Taken] = {}
        self.counts: Counter[Event] = Counter()
        for number, line in enumerate(record.load(), start=1):
            try:
                self._restore(line)
            except (words.UnknownWordError, KeyError):
                raise RecordDamagedError(f"line {number}") from None

    def get(self, message_id: str) -> Taken | None:
        return self._taken.get(message_id)

    def take(self, posted: Posted, word: str) -> Taken:
        act = words.read(posted.topic, word)
        taken = _fresh(posted.id, f"sim-{secrets.token_hex(8)}", posted.topic, _hashed(posted.to), word, act, now())
        taken.callback_url = posted.callback_url
        self.note("message", taken)
        self._taken[taken.id] = taken
        return taken

    def refuse(self, posted: Posted, word: str, code: str) -> None:
        self._append(
            Line(
                at=now(),
                event="refused",
                id=posted.id,
                ref=None,
                channel=posted.topic,
                to=_hashed(posted.to),
                word=word,
                result=code,
            )
        )

    def cancel(self, taken: Taken) -> None:
        taken.cancel(now())
        self.note("cancel", taken)

    def note(self, event: Event, taken: Taken) -> None:
        self._append(taken.line(event))

    def _append(self, line: Line) -> None:
        self._record.append(line)
        self.counts[line.event] += 1

    def _restore(self, line: Line) -> None:
        """A message whose receipt was still to come when the simulator stopped has its outcome by now."""
        self.counts[line.event] += 1
        if line.event == "message":
            act = words.read(line.channel, line.word)
            taken = _fresh(line.id, line.ref or "", line.channel, line.to, line.word, act, line.at)
            taken.settle(line.at)
            self._taken[line.id] = taken
        elif line.event == "receipt":
            self._taken[line.id].at = line.at
        elif line.event == "cancel":
            self._taken[line.id].cancel(line.at)


def _fresh(message_id: str, ref: str, channel: Topic, to: str, word: str, act: Act, at: str) -> Taken:
    result = QUEUED if act.result == QUEUED else Result.ACCEPTED
    return Taken(message_id, ref, channel, to, word, act, result, at, {"confirmed": False})


def _hashed(number: str | None) -> str:
    return hashlib.sha256((number or "").encode()).hexdigest()
