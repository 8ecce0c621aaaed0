"""Plays a sample file against a running dispatcher, and moves a stepped clock while it does."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import httpx
from sqlalchemy import select
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from dispatcher import clock, sweep
from dispatcher.casework import codes, due, intake, people, visits
from dispatcher.casework.answer import Answer
from dispatcher.errors import OperatorError
from dispatcher.logging import logger
from dispatcher.setup import House
from dispatcher.simulate import officers, sample
from dispatcher.simulate.sample import Push
from dispatcher.store.cases import CaseRow
from dispatcher.store.codes import CodeRow
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import CaseState, Result, VisitState

_PAUSE_S = 0.02
_DOOR = "push"
_log = logger(__name__)


@dataclass
class Progress:
    """How far a run is."""

    at: datetime
    pushed: int
    to_push: int
    settled: int
    cases: int


@dataclass
class Outcome:
    """What a run came to: the answer to each push, and the case of each name."""

    answers: dict[str, Answer] = field(default_factory=dict)
    cases: dict[str, UUID] = field(default_factory=dict)


class Play:
    def __init__(self, house: House, pushes: list[Push], tell: Callable[[Progress], None]) -> None:
        self._house = house
        self._pushes = pushes
        self._left = list(pushes)
        self._tell = tell
        self._scripts: dict[UUID, officers.Script] = {}
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
        if not self._house.office.clock.is_stepped:
            self._move_to_now()
            return self._play(until)
        with clock.at_the_wheel(self._house.engine):
            return self._play(until)

    def _play(self, until: float) -> Outcome:
        while not self._round():
            if time.monotonic() > until:
                raise OperatorError("演示未能按时结束", "not finished in time; see `dispatcher log`")
        return self.outcome

    def _move_to_now(self) -> None:
        """On a clock that runs by itself the sample's times are shifted so that the first one is now."""
        now = self._now()
        if self._left:
            self._left = sample.shifted(self._left, now - self._left[0].at)

    def _round(self) -> bool:
        """Push what is due, let officers act, move the clock. True when all is over."""
        now = self._now()
        self._push_due(now)
        # Asked before the officers look: once all is quiet, nothing but a move of theirs changes a visit.
        quiet = self._is_quiet()
        moment, stands = self._officers_act(now)
        settled = sum(self._is_over(case, stands) for case in self._fed())
        self._tell(Progress(now, len(self._pushes) - len(self._left), len(self._pushes), settled, len(self._fed())))
        if not self._left and settled == len(self._fed()):
            return True
        horizon = min((at for at in (moment, self._left[0].at if self._left else None) if at), default=None)
        if moment is None or moment > now:
            self._go_on(horizon, quiet=quiet)
        return False

    def _is_quiet(self) -> bool:
        with self._house.sessions() as session:
            return due.is_quiet(session, self._house.office)

    def _go_on(self, horizon: datetime | None, *, quiet: bool) -> None:
        moved = None
        if quiet and self._house.office.clock.is_stepped:
            with self._house.sessions.begin() as session:
                moved = due.step(session, self._house.office, horizon)
        if moved is None:
            time.sleep(_PAUSE_S)
        else:
            sweep.sweep(self._house)

    def _push_due(self, now: datetime) -> None:
        while self._left and self._left[0].at <= now:
            push = self._left.pop(0)
            people = sample.persona(push)
            if people is not None:
                self._register(people)
            raw = json.dumps(push.body, ensure_ascii=False).encode()
            with self._house.sessions.begin() as session:
                answer, lanes = intake.take(session, self._house.office, raw, door=_DOOR)
            self._house.office.wake.deliver(*lanes)
            self.outcome.answers[push.name] = answer
            if answer.case is not None:
                self.outcome.cases[push.name] = UUID(answer.case)
                if push.people_do.get("visit"):
                    self._scripts[UUID(answer.case)] = officers.script(push.people_do["visit"])

    @retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_delay(20),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    def _register(self, people: dict[str, object]) -> None:
        answer = self._gateway.put("/control/people", json=[people])
        if answer.is_error:
            raise OperatorError("模拟网关拒绝了剧本", f"the simulator refused the script: {answer.text[:200]}")

    def _officers_act(self, now: datetime) -> tuple[datetime | None, dict[UUID, VisitRow]]:
        """Make every move that is due. Gives the time of the next one, and where the visits stand."""
        with self._house.sessions() as session:
            found = select(VisitRow).where(VisitRow.case_id.in_(self._scripts)).order_by(VisitRow.id)
            stands = {row.case_id: row for row in session.scalars(found)}
        moments = []
        for case_id, visit in stands.items():
            script = self._scripts[case_id]
            move = script.next_move(officers.Stand(VisitState(visit.state), visit.assigned_at), now)
            if move is None:
                continue
            moments.append(max(move.at, now))
            if move.at <= now and self._act(visit, move):
                script.done(move, now)
        return min(moments, default=None), stands

    def _act(self, visit: VisitRow, move: officers.Move) -> bool:
        """Make a move. False where the visit went to somebody else meanwhile: the script looks again."""
        office = self._house.office
        for step in move.steps:
            try:
                with self._house.sessions.begin() as session:
                    _, lanes = visits.act(session, office, visit.id, step, word=visits.Word(move.result, move.reason))
            except OperatorError as refusal:
                _log.info("move_refused", visit=str(visit.id), step=step, why=str(refusal))
                return False
            office.wake.deliver(*lanes)
        if move.result is Result.MET_REFUSED:
            self._rings_back(visit.case_id)
        return True

    def _rings_back(self, case_id: UUID) -> None:
        """Who does not believe the officer rings 96110 and quotes the code of the call."""
        office = self._house.office
        with self._house.sessions.begin() as session:
            found = select(CodeRow.value_id).where(CodeRow.case_id == case_id)
            code = people.read_value(session, office, session.scalars(found).one())
            codes.check(session, office, code, officer=None, by="96110")

    def _fed(self) -> set[UUID]:
        return set(self.outcome.cases.values())

    def _is_over(self, case_id: UUID, stands: dict[UUID, VisitRow]) -> bool:
        """Closed with nothing left in hand, or waiting for a human with no scripted move to come."""
        with self._house.sessions() as session:
            case = session.get_one(CaseRow, case_id)
            in_hand = due.in_hand(session, case_id)
        if case.state == CaseState.CLOSED:
            return not in_hand
        return case.waiting_for is not None and not self._can_move(stands.get(case_id))

    def _can_move(self, visit: VisitRow | None) -> bool:
        """Whether the script has a word for where the visit stands."""
        script = self._scripts.get(visit.case_id) if visit is not None else None
        if visit is None or script is None:
            return False
        return script.next_move(officers.Stand(VisitState(visit.state), visit.assigned_at), self._now()) is not None

    def _now(self) -> datetime:
        with self._house.sessions() as session:
            return self._house.office.clock.now(session)
