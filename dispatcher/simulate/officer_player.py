"""Plays the officers of a run: which scripts have words left, which states their visits are in, what they do next."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import callback_codes, personal_data
from dispatcher.casework.callback_codes import LAST_DIGITS
from dispatcher.errors import Refused
from dispatcher.logging import logger
from dispatcher.setup import Services
from dispatcher.simulate import officers
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import PhoneRow
from dispatcher.store.codes import CodeRow
from dispatcher.store.visits import VisitRow
from dispatcher.visits import officer_steps
from schemas.officer_report import OfficerReport
from schemas.vocabulary import Person, Result, VisitState

_IN_HAND = (VisitState.ASSIGNED, VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED)
_log = logger(__name__)


class _Next(NamedTuple):
    """The next move on one visit."""

    visit_id: UUID
    officer: str | None
    script: officers.Script
    move: officers.Move


class OfficerPlayer:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._scripts: dict[UUID, officers.Script] = {}

    def set_script(self, case_id: UUID, words: list[str]) -> None:
        """Let the officers of this case follow these words from now on."""
        self._scripts[case_id] = officers.script(words)

    def act(self, now: datetime) -> tuple[bool, datetime | None]:
        """Make every move that is due. Returns whether one was made, and the time of the next."""
        to_come = [each for _, each in self._next_moves(now)]
        made = [self._make(each, now) for each in to_come if each.move.at <= now]
        return any(made), min((max(each.move.at, now) for each in to_come), default=None)

    def cases_that_can_move(self, now: datetime) -> set[UUID]:
        """Cases whose script has a word for the state that their visit is in."""
        return {case_id for case_id, _ in self._next_moves(now)}

    def _next_moves(self, now: datetime) -> Iterator[tuple[UUID, _Next]]:
        found = select(VisitRow.case_id, VisitRow.id, VisitRow.state, VisitRow.assigned_at, VisitRow.officer)
        in_hand = found.where(VisitRow.state.in_(_IN_HAND)).order_by(VisitRow.id)
        with self._services.sessions() as session:
            rows = session.execute(in_hand).tuples().all()
        for case_id, visit_id, state, assigned_at, officer in rows:
            script = self._scripts.get(case_id)
            move = script.next_move(officers.VisitSituation(state, assigned_at), now) if script else None
            if script is not None and move is not None:
                yield case_id, _Next(visit_id, officer, script, move)

    def _make(self, each: _Next, now: datetime) -> bool:
        """Make a move. False if the visit went to somebody else meanwhile: the script looks again."""
        move = each.move
        for step, said in (*self._tried_addresses(each), *((step, move.report) for step in move.steps)):
            try:
                with self._services.begin() as work:
                    officer_steps.act(work, each.visit_id, step, officer=each.officer, report=said)
            except Refused as refused:
                _log.info("move_refused", visit=str(each.visit_id), step=step, why=str(refused))
                return False
        each.script.done(move, now)
        if move.report.result is Result.MET_REFUSED:
            self._check_callback_code(each.visit_id)
        return True

    def _tried_addresses(self, each: _Next) -> Iterator[tuple[str, OfficerReport]]:
        """A person who is not found was looked for at every address; the report is about the last one."""
        if each.move.report.result not in officer_steps.NOT_FOUND:
            return
        with self._services.begin() as work:
            kinds = officer_steps.to_try(work, each.visit_id)
        for kind in kinds[:-1]:
            yield "tried", OfficerReport(result=Result.NOT_FOUND_TEMPORARILY, address=kind)

    def _check_callback_code(self, visit_id: UUID) -> None:
        """A person who does not believe the officer rings 96110 and quotes code and number of the call."""
        code = select(CodeRow.value_id).join(VisitRow, VisitRow.case_id == CodeRow.case_id)
        called = (
            select(PhoneRow.value_id)
            .join(AttemptRow, AttemptRow.phone_id == PhoneRow.id)
            .join(VisitRow, VisitRow.case_id == AttemptRow.case_id)
            .where(AttemptRow.sent_at.is_not(None), AttemptRow.person == Person.SUBJECT)
            .order_by(AttemptRow.id)
        )
        with self._services.begin() as work:
            number_id = work.session.scalar(called.where(VisitRow.id == visit_id).limit(1))
            if number_id is None:
                _log.info("code_not_checked", visit=str(visit_id), why="not_called")
                return
            code_id = work.session.scalars(code.where(VisitRow.id == visit_id)).one()
            quoted = personal_data.read_value(work, code_id), personal_data.read_value(work, number_id)[-LAST_DIGITS:]
            answer = callback_codes.check(work, *quoted, asker="96110")
        if isinstance(answer, Refused):
            # A stepped clock plays many refusals in one real minute, and queries are limited in real time.
            _log.info("code_not_checked", visit=str(visit_id), why=answer.code)
