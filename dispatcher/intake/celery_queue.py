"""The intake queue: a list in Redis where Celery clients leave instructions. Nobody consumes it but us.

Celery would take a message out of the list and drop it where it is expired, revoked, misspelt or can't be decoded, and
where its worker dies. We look at the oldest, commit what is in it, and only then remove it: there it is the same.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from kombu.transport.redis import Channel
from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from dispatcher.casework import unit_of_work
from dispatcher.casework.context import Context
from dispatcher.casework.set_aside import is_outage, kind_of
from dispatcher.intake import lines
from dispatcher.logging import logger
from dispatcher.store import advisory_locks
from schemas.celery_message import Line, read_lines

DOOR = "celery"
QUEUE = "celery"  # Celery's own default, so that a client needs the broker's URL and nothing else
# A client that gives a priority has its message in one of the lists beside it.
_LISTS = tuple(f"{QUEUE}{Channel.sep}{step}" if step else QUEUE for step in Channel.priority_steps)
_EMPTY_S = 0.2  # a blocking pop would wait without looking, but takes the message out
_STANDBY_S = 1.0
_PUT_OFF_S = 0.5
_MOST_TRIES = 10
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One message, and the list that it is in."""

    list: str
    item: bytes


@dataclass
class IntakeQueue:
    sessions: sessionmaker[Session]
    context: Context
    redis: Redis
    _tries: Counter[Message] = field(default_factory=Counter)

    def take_next(self) -> float:
        """Take the oldest message. Returns the seconds until the next look. An outage of either server goes up."""
        if self._oldest() is None:
            return _EMPTY_S
        with self.sessions.begin() as session:
            if not advisory_locks.try_lock(session, advisory_locks.INTAKE_QUEUE):
                return _STANDBY_S
            # Looked at once more: whoever had the lock may have taken it.
            message = self._oldest()
            return 0.0 if message is None else self._take(message)

    def _oldest(self) -> Message | None:
        with self.redis.pipeline(transaction=False) as asked:
            for name in _LISTS:
                asked.lindex(name, -1)
            found = zip(_LISTS, asked.execute(), strict=True)
        return next((Message(name, item) for name, item in found if item is not None), None)

    def put(self, message: dict[str, Any]) -> None:
        """Leave a message, as a client does."""
        self.redis.lpush(QUEUE, json.dumps(message))

    def _take(self, message: Message) -> float:
        try:
            for number, line in enumerate(read_lines(message.item)):
                self._take_line(message, line, self._kept_as(message, number))
        except Exception as error:
            if is_outage(error):
                raise
            return self._put_off(message, error)
        self.redis.lrem(message.list, -1, message.item)  # type: ignore[arg-type]
        self._tries.pop(message, None)
        return 0.0

    def _take_line(self, message: Message, line: Line, kept_as: UUID) -> None:
        begin = partial(unit_of_work.begin, self.sessions, self.context)
        try:
            if line.refusal is None:
                answer = lines.take_line(begin, line.raw, door=DOOR, kept_as=kept_as)
            else:
                answer = lines.refuse_line(begin, line.raw, line.refusal, door=DOOR, kept_as=kept_as)
        except Exception as error:
            if is_outage(error) or self._tries[message] < _MOST_TRIES:
                raise
            answer = lines.keep_failed(begin, line.raw, error, door=DOOR, kept_as=kept_as)
        _log.info("instruction_taken", status=answer.status, instruction=answer.instruction_id, case=answer.case)

    def _put_off(self, message: Message, error: Exception) -> float:
        """Whoever holds its case, say, may have let it go when it comes again, behind the others."""
        self._tries[message] += 1
        _log.warning("message_put_off", tries=self._tries[message], **kind_of(error))
        with self.redis.pipeline(transaction=True) as move:
            move.lrem(message.list, -1, message.item)  # type: ignore[arg-type]
            move.lpush(message.list, message.item)
            move.execute()
        return _PUT_OFF_S

    def _kept_as(self, message: Message, number: int) -> UUID:
        """The same whenever the same message comes; each has a tag of its own, which its client gave it."""
        text = message.item.decode("utf-8", "backslashreplace")
        return UUID(bytes=self.context.vault.digest("message", f"{number}\0{text}")[:16])
