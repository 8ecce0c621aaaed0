"""What goes on while things break: a centre that pushes until it has its answer, and officers who act."""

import json
import os
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from dispatcher.intake import lines
from dispatcher.intake.answer import Answer
from dispatcher.setup import Services
from dispatcher.simulate import generate, sample
from dispatcher.simulate.officer_player import OfficerPlayer
from dispatcher.simulate.sample import Push
from schemas.errors import ProgramFault
from schemas.vocabulary import IntakeStatus
from tests.faults.fault_stack import FaultStack

_MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
_OFFSET = re.compile(r"\+\d+:\d\d")
_OFFICERS_EVERY_S = 0.5
_PRODUCERS = 3
_GIVES_WAY = 10
T = TypeVar("T")

# A centre and an officer's page try again until they are answered.
persistently: Callable[[Callable[..., T]], Callable[..., T]] = retry(
    retry=retry_if_exception_type(DBAPIError), wait=wait_fixed(0.2), stop=stop_after_delay(180), reraise=True
)


@dataclass
class Traffic:
    """`taken`: (system, instruction id) of what the centre was told is accepted."""

    services: Services
    stack: FaultStack
    pushes: list[Push]
    per_second: float
    pushed: int = 0
    taken: set[tuple[str, str]] = field(default_factory=set)
    kept: list[Push] = field(default_factory=list)  # refused for a fault of ours
    error: BaseException | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._officers = OfficerPlayer(self.services)
        self.stack.script([each for each in map(sample.persona, self.pushes) if each is not None])

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Officers act until the end of this block."""
        works = [self._act, *(partial(self._push_those, share) for share in range(_PRODUCERS))]
        threads = [threading.Thread(target=self._guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        if self.error:
            raise self.error

    @property
    def is_pushing(self) -> bool:
        return self.pushed < len(self.pushes) and self.error is None

    @property
    def waiting(self) -> int:
        """What is sent and not answered yet: nothing, for each push waits for its answer."""
        return 0

    def _guarded(self, work: Callable[[], None]) -> None:
        # The centre and the officers have machines of their own; here they give way to the product.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _GIVES_WAY)
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self.error = error

    def _push_those(self, share: int) -> None:
        """What is said of one instruction comes from one producer, in its order."""
        begin = time.monotonic()
        shifts: dict[str, timedelta] = {}
        for number, push in enumerate(self.pushes):
            if zlib.crc32(push.body["instruction_id"].encode(), 1) % _PRODUCERS != share:
                continue
            if self._over.wait(max(0.0, begin + number / self.per_second - time.monotonic())):
                return
            # One shift for all that is said of an instruction, so that what comes twice is the same.
            shift = shifts.setdefault(push.body["instruction_id"], datetime.now(UTC) - push.at)
            self._push(sample.shifted([push], shift)[0])
            self.pushed += 1

    def _push(self, push: Push) -> None:
        raw = json.dumps(push.body, ensure_ascii=False).encode()
        answer = self._take(raw)
        if answer.status is IntakeStatus.REFUSED and str(answer.reason).startswith(ProgramFault.FIELD):
            self.kept.append(push)
        if answer.status in (IntakeStatus.ACCEPTED, IntakeStatus.DUPLICATE) and answer.case is not None:
            if push.body["op"] == "create":
                self.taken.add((push.body["source"]["system"], push.body["instruction_id"]))
            if push.people_do.get("visit"):
                self._officers.set_script(UUID(answer.case), push.people_do["visit"])

    def push_again(self) -> None:
        """Push once more what was refused for a fault of ours, now that it is mended."""
        kept, self.kept = self.kept, []
        for push in kept:
            self._push(push)

    @persistently
    def _take(self, raw: bytes) -> Answer:
        return lines.take_line(self.services.begin, raw, door="drill")

    def _act(self) -> None:
        while not self._over.wait(_OFFICERS_EVERY_S):
            self._act_once()

    @persistently
    def _act_once(self) -> None:
        with self.services.sessions() as session:
            now = self.services.context.clock.now(session)
        self._officers.act(now)


def pushes(count: int, seed: int) -> list[Push]:
    """An invented day, in its order; officers act as soon as they can."""
    return [
        replace(each, body=_lighter(each.body), people_do=_at_once(each.people_do))
        for each in generate.pushes(count, seed, _MONDAY, days=1)
    ]


def _lighter(body: dict[str, Any]) -> dict[str, Any]:
    """Nine of ten instructions ask for an SMS alone: more of them go through in the same time."""
    is_light = "channels" in body and zlib.crc32(body["instruction_id"].encode()) % 10
    return body | {"channels": ["sms"]} if is_light else body


def _at_once(people_do: dict[str, Any]) -> dict[str, Any]:
    visit = [_OFFSET.sub("+00:00", word) for word in people_do.get("visit", ())]
    return people_do | ({"visit": visit} if visit else {})
