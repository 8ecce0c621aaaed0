"""The messages taken: each acts once, and its status outlives a restart."""

import hashlib
import secrets
from collections import Counter, deque
from dataclasses import dataclass

from providers.simulator import script_words
from providers.simulator.record import Event, Line, Record, RecordDamagedError, now
from providers.simulator.request_bodies import SendRequest
from providers.simulator.script_words import Act, Detail, Words
from schemas.gateway import INTERIM
from schemas.vocabulary import Result


@dataclass(slots=True)
class TakenMessage:
    """A message taken. `line` is how it stands on record, without text and with its number hashed.

    `coming` is what will still happen to it; `callback_url` doesn't outlive a restart.
    """

    line: Line
    coming: deque[Act]
    result: str
    at: str
    detail: Detail
    callback_url: str | None = None

    @property
    def ref(self) -> str | None:
        return self.line.ref

    @property
    def is_held(self) -> bool:
        return self.result in INTERIM

    @property
    def status(self) -> dict[str, str | Detail | None]:
        """Body of a receipt, and of the answer to a status query."""
        return {"id": self.line.id, "ref": self.ref, "result": self.result, "at": self.at, "detail": self.detail}

    def step(self, at: str) -> None:
        """The next thing happens."""
        act = self.coming.popleft()
        self.result, self.at, self.detail = act.result, at, act.detail

    def cancel(self, at: str) -> None:
        """Nothing more comes of it."""
        self.coming.clear()
        self.result, self.at, self.detail = Result.UNKNOWN, at, {"note": "cancelled"}


class Ledger:
    """Every change is on record before its answer leaves."""

    def __init__(self, record: Record) -> None:
        """Raises RecordDamagedError."""
        self._record = record
        self._taken: dict[str, TakenMessage] = {}
        self.counts: Counter[Event] = Counter()
        for number, line in enumerate(record.load(), start=1):
            try:
                self._restore(line)
            except (ValueError, KeyError):
                raise RecordDamagedError(f"line {number}") from None

    def get(self, message_id: str) -> TakenMessage | None:
        return self._taken.get(message_id)

    def take(self, request_body: SendRequest, words: Words) -> TakenMessage:
        line = _line(request_body, words).model_copy(update={"ref": f"sim-{secrets.token_hex(8)}"})
        taken = _fresh(line)
        taken.callback_url = request_body.callback_url
        self.note("message", taken)
        self._taken[request_body.id] = taken
        return taken

    def refuse(self, request_body: SendRequest, words: Words, code: str) -> None:
        self._append(_line(request_body, words).model_copy(update={"event": "refused", "result": code}))

    def cancel(self, taken: TakenMessage) -> None:
        taken.cancel(now())
        self.note("cancel", taken)

    def note(self, event: Event, taken: TakenMessage) -> None:
        self._append(taken.line.model_copy(update={"at": now(), "event": event, "result": taken.result}))

    def _append(self, line: Line) -> None:
        self._record.append(line)
        self.counts[line.event] += 1

    def _restore(self, line: Line) -> None:
        """A message of which something was still to come when the simulator stopped has come to its end by now."""
        self.counts[line.event] += 1
        if line.event == "message":
            taken = _fresh(line)
            while taken.coming:
                taken.step(line.at)
            self._taken[line.id] = taken
        elif line.event == "receipt":
            self._taken[line.id].at = line.at
        elif line.event == "cancel":
            self._taken[line.id].cancel(line.at)


def _line(request_body: SendRequest, words: Words) -> Line:
    return Line(
        at=now(),
        event="message",
        id=request_body.id,
        ref=None,
        channel=request_body.channel,
        hook=request_body.hook,
        to=hashlib.sha256(request_body.to.encode()).hexdigest() if request_body.to else None,
        word=",".join(words),
        result=Result.ACCEPTED,
    )


def _fresh(line: Line) -> TakenMessage:
    """Raises ValueError if its words are unreadable."""
    acts = script_words.read(line.hook or line.channel, tuple(line.word.split(",")))
    first = acts[0].result
    return TakenMessage(
        line, deque(acts), first if first in INTERIM else Result.ACCEPTED, line.at, {"confirmed": False}
    )
