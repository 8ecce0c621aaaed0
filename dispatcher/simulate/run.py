"""Plays pushes against a running dispatcher, and moves a stepped clock while it does."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from sqlalchemy import not_, select
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from dispatcher import clock, sweep
from dispatcher.delivery import due
from dispatcher.errors import OperatorError
from dispatcher.intake import lines
from dispatcher.intake.answer import Answer
from dispatcher.reporting.work_items import has_next_step
from dispatcher.setup import Services
from dispatcher.simulate import sample
from dispatcher.simulate.officer_player import OfficerPlayer
from dispatcher.simulate.sample import Push
from dispatcher.store.base import in_array
from dispatcher.store.cases import CaseRow
from schemas.vocabulary import CaseState

_PAUSE_S = 0.03
_PROGRESS_EVERY_S = 0.5
_DOOR = "push"


@dataclass
class Progress:
    """How far a run has come."""

    at: datetime
    pushed: int
    to_push: int
    settled: int
    cases: int


@dataclass
class Outcome:
    """The answer to each push of a run, and the case of each name."""

    answers: dict[str, Answer] = field(default_factory=dict)
    cases: dict[str, UUID] = field(default_factory=dict)
    left: set[UUID] = field(default_factory=set)  # neither closed nor waiting for a human
    steps: int = 0  # how often a stepped clock moved
    ended_at: datetime | None = None


def rounded_up(at: datetime, grain: timedelta) -> datetime:
    """The next whole multiple of `grain` in the day; with no grain the moment itself."""
    past = (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) % grain if grain else timedelta(0)
    return at + grain - past if past else at


class Play:
    """One run. `end`: product time after which it is over, whatever is left.

    A stepped clock moves to whole multiples of `grain`; what falls due within one is done together, and sooner over.
    """

    def __init__(
        self,
        services: Services,
        pushes: list[Push],
        on_progress: Callable[[Progress], None],
        end: datetime | None = None,
        grain: timedelta = timedelta(0),
    ) -> None:
        self._services = services
        self._pushes = pushes
        self._next = 0
        self._on_progress = on_progress
        self._progress_at = 0.0
        self._end, self._grain = end, grain
        self._officers = OfficerPlayer(services)
        self._has_moved = False  # the clock, and nobody has been woken yet
        self.outcome = Outcome()
        gateway, secret = os.environ.get("DISPATCHER_SIMULATOR_URL"), os.environ.get("DISPATCHER_SIMULATOR_SECRET")
        if not gateway:
            raise OperatorError(
                "未使用模拟网关,不能按剧本演示;请在未设置 DISPATCHER_PROVIDERS_FILE 时运行 dispatcher up",
                "no simulated gateway is running, so people can't be scripted; "
                "run `dispatcher up` without DISPATCHER_PROVIDERS_FILE",
            )
        self._gateway = httpx.Client(
            base_url=gateway, headers={"Authorization": f"Bearer {secret}"}, trust_env=False, timeout=5
        )

    def run(self, timeout_s: float) -> Outcome:
        """Play until every case is closed or waits for a human. Raises OperatorError when it takes too long."""
        until = time.monotonic() + timeout_s
        if not self._services.context.clock.is_stepped:
            self._move_to_now()
            return self._play(self._round, until)
        with clock.hold_clock_driver(self._services.engine):
            return self._play(self._stepped_round, until)

    def _play(self, play_round: Callable[[], bool], until: float) -> Outcome:
        while not play_round():
            if time.monotonic() > until:
                raise OperatorError("演示未能按时结束", "not finished in time; see `dispatcher log`")
        return self.outcome

    def _move_to_now(self) -> None:
        """On a clock that runs by itself the sample's times are shifted so that the first one is now."""
        if self._pushes:
            self._pushes = sample.shifted(self._pushes, self._look().now - self._pushes[0].at)

    def _round(self) -> bool:
        """Push what is due, let officers act. True when all is over."""
        now = self._look().now
        if not self._push_due(now) and not self._officers.act(now)[0]:
            if self._is_over(now):
                return True
            time.sleep(_PAUSE_S)
        return False

    def _stepped_round(self) -> bool:
        """The same, once nothing is under way at this moment; with nothing left to do, on to the next."""
        look = self._look()
        if not look.is_quiet and not self._has_moved:
            time.sleep(_PAUSE_S)
            return False
        # What people do at this moment goes before what the clock brings: who is in time is not overtaken.
        has_pushed = self._push_due(look.now)
        acted, move_at = self._officers.act(look.now)
        if self._has_moved or has_pushed or acted:
            sweep.wake_due(self._services.context, self._look() if has_pushed or acted else look)
            self._has_moved = False
            return False
        pushed_at = self._pushes[self._next].at if self._next < len(self._pushes) else None
        moments = [at for at in (look.next_at, pushed_at, move_at) if at is not None]
        if self._is_over(look.now) or not moments:
            return True
        self._move_to(min(moments))
        return False

    def _look(self) -> due.DueWork:
        with self._services.begin() as work:
            return due.find_due_work(work)

    def _move_to(self, at: datetime) -> None:
        with self._services.sessions.begin() as session:
            clock.step_to(session, rounded_up(at, self._grain))
        self.outcome.steps += 1
        self._has_moved = True

    def _push_due(self, now: datetime) -> bool:
        """Push what is due. False if nothing is."""
        batch = []
        while self._next < len(self._pushes) and self._pushes[self._next].at <= now:
            batch.append(self._pushes[self._next])
            self._next += 1
        self._register([people for people in map(sample.persona, batch) if people is not None])
        for push in batch:
            self._push(push)
        return bool(batch)

    def _push(self, push: Push) -> None:
        raw = json.dumps(push.body, ensure_ascii=False).encode()
        answer = lines.take_line(self._services.begin, raw, door=_DOOR)
        self.outcome.answers[push.name] = answer
        if answer.case is None:
            return
        case_id = UUID(answer.case)
        self.outcome.cases[push.name] = case_id
        self.outcome.left.add(case_id)
        if push.people_do.get("visit"):
            self._officers.set_script(case_id, push.people_do["visit"])

    @retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_delay(20),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    def _register(self, people: list[dict[str, object]]) -> None:
        if not people:
            return
        answer = self._gateway.put("/control/people", json=people)
        if answer.is_error:
            raise OperatorError("模拟网关拒绝了剧本", f"the simulator refused the script: {answer.text[:200]}")

    def _is_over(self, now: datetime) -> bool:
        """All pushed, and every case closed or waiting for a human. Looked at now and then while there is more."""
        self.outcome.ended_at = now
        all_pushed = self._next == len(self._pushes)
        if not all_pushed and time.monotonic() < self._progress_at + _PROGRESS_EVERY_S:
            return False
        self._progress_at = time.monotonic()
        self.outcome.left = self._unfinished(now)
        cases = len(set(self.outcome.cases.values()))
        self._on_progress(Progress(now, self._next, len(self._pushes), cases - len(self.outcome.left), cases))
        return all_pushed and (not self.outcome.left or (self._end is not None and now >= self._end))

    def _unfinished(self, now: datetime) -> set[UUID]:
        """Cases with something in hand, and open ones that no human is asked about or whose script goes on."""
        mine = in_array(CaseRow.id, self.outcome.left)
        open_ = CaseRow.state == CaseState.OPEN
        with self._services.sessions() as session:
            going_on = set(session.scalars(select(CaseRow.id).where(mine, open_, not_(has_next_step(CaseRow.id)))))
            asked = set(session.scalars(select(CaseRow.id).where(mine, open_, has_next_step(CaseRow.id))))
            in_hand = due.in_hand(session, self.outcome.left - going_on - asked)
        return going_on | in_hand | (asked & self._officers.cases_that_can_move(now))
