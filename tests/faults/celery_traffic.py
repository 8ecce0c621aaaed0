"""The same traffic over Celery, where a centre gets no answer: what it sent must be in a case, or in quarantine."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from celery import Celery
from sqlalchemy import select

from dispatcher.simulate.sample import Push
from dispatcher.store.instructions import InstructionRow
from tests.celery_envelope import QUEUE, envelope
from tests.faults.traffic import Traffic, persistently

_EXPIRED_EACH = 5  # sent with a Celery `expires` that has passed
_BROKEN_EACH = 10  # followed by a message that can't be taken


@dataclass
class CeleryTraffic(Traffic):
    """`broken`: a word in each message that can't be taken, by which its line is known in quarantine."""

    broken: set[str] = field(default_factory=set)
    _unanswered: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._client = Celery(broker=self.stack.environment["DISPATCHER_REDIS_URL"], set_as_current=False)

    def _push(self, push: Push) -> None:
        name = push.body.get("source", {}).get("system", ""), push.body["instruction_id"]
        with self._sending:
            if push.body["op"] == "create":
                self.taken.add(name)
                if push.people_do.get("visit"):
                    self._unanswered[name] = push.people_do["visit"]
            past = datetime.now(UTC) - timedelta(hours=1) if self.pushed % _EXPIRED_EACH == 0 else None
            self._client.send_task("intake", [push.body], expires=past)
            if self.pushed % _BROKEN_EACH == 0:
                self._send_broken(f"BROKEN-{len(self.broken)}")

    def _send_broken(self, word: str) -> None:
        kinds = (self._misspelt, self._pickled, self._cut, self._no_message)
        kinds[len(self.broken) % len(kinds)](word)
        self.broken.add(word)

    def _misspelt(self, word: str) -> None:
        self._client.send_task("intaek", [{"note": word}])

    def _pickled(self, word: str) -> None:
        self._client.send_task("intake", [{"note": word}], serializer="pickle")

    def _cut(self, word: str) -> None:
        self.stack.redis().lpush(QUEUE, json.dumps(envelope(f'[[{{"note": "{word}"'.encode())))

    def _no_message(self, word: str) -> None:
        self.stack.redis().lpush(QUEUE, b"\xff" + word.encode())

    def _act_once(self) -> None:
        self._set_scripts()
        super()._act_once()

    @persistently
    def _set_scripts(self) -> None:
        """Nobody was told the case: it is looked for once the instruction is taken."""
        for name, words in list(self._unanswered.items()):
            with self.services.sessions() as session:
                is_it = InstructionRow.system == name[0], InstructionRow.instruction_id == name[1]
                case_id: UUID | None = session.scalar(select(InstructionRow.case_id).where(*is_it).limit(1))
            if case_id is not None:
                self._officers.set_script(case_id, words)
                del self._unanswered[name]

    @property
    def waiting(self) -> int:
        """Messages that nobody has taken yet."""
        return int(self.stack.redis().llen(QUEUE))
