"""Money, told and taken back in any order: a bank, or a person who rings it, is told of all of it, and once."""

import os
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from model import empty
from visits_fixture import act, case_with_visit, load_roster, visit_of

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import corrections, work_items
from providers.base import Answered
from schemas.officer_report import OfficerReport
from schemas.vocabulary import AttemptState, BankRequest, Channel, Result

HISTORIES = int(os.environ.get("DISPATCHER_TEST_MODEL", "10"))
BEFORE = "2026-03-02T08:00:00+08:00"  # the case was opened
_NOT_FOUND = Result.NOT_FOUND_TEMPORARILY
_YUAN = st.integers(0, 9).map(lambda thousands: thousands * 1000)
_ANSWERS = st.sampled_from([Result.STOPPED, Result.STOPPED_PARTLY, Result.NOT_STOPPED, Result.UNKNOWN])
_TOLD, _ANSWER = st.tuples(st.just("told"), _YUAN), st.tuples(st.just("answer"), _ANSWERS, _YUAN)
_STEPS = st.one_of(
    _TOLD,
    _ANSWER,
    st.tuples(st.just("lost"), _YUAN),
    st.tuples(st.just("report"), _YUAN),
    st.tuples(st.just("late"), _YUAN),
    st.tuples(st.just("ring")),
)

_Step = tuple[object, ...]


@dataclass
class Money:
    """One case, what has happened to its money, and what the bank has been told of it so far."""

    casework: CaseworkFixture
    case_id: UUID
    gone: int = 0
    stopped: int = 0
    asked: int = 0
    transferred: int = 0
    versions: int = 1
    losses: int = 0
    reported: int | None = None
    rung: set[str] = field(default_factory=set)

    # --- what happens

    def told(self, yuan: int) -> None:
        """The source's newest word on what left before the case was opened."""
        self.versions += 1
        transfers = [{"amount_yuan": yuan, "at": BEFORE}] if yuan else []
        known = {"urgency": "critical", "channels": ["visit"], "risk": {"transfers": transfers}}
        assert self.casework.push(instruction(1, version=self.versions, **known)).status == "accepted"
        self._change(self.gone + yuan - self.transferred)
        self.transferred = yuan

    def lost(self, yuan: int) -> None:
        self.losses += 1
        self.casework.push(event("later_loss", 1, loss_yuan=yuan, event_id=f"E{self.losses}"))
        self._change(self.gone + yuan)

    def report(self, yuan: int) -> None:
        """An officer tells all that is gone, and corrects it later."""
        if self.reported is None:
            act(self.casework, self.case_id, "accept")
            act(self.casework, self.case_id, "report", result=_NOT_FOUND, lost_yuan=yuan)
            self._change(yuan)
        else:
            visit = self.casework.rows(VisitRow, VisitRow.case_id == self.case_id)[0]
            with self.casework.begin() as work:
                said = OfficerReport(result=_NOT_FOUND, lost_yuan=yuan)
                corrections.correct(work, visit.id, said, by="A", reason="核实")
            self._change(self.gone + yuan - self.reported)
        self.reported = yuan

    def answer(self, result: Result, yuan: int) -> None:
        """What the bank says of the request that it has."""
        for request in self._requests(AttemptState.ACCEPTED):
            self._settle(request, result, yuan)

    def late(self, yuan: int) -> None:
        """What became of a request of which nothing was known is known now."""
        for request in self._requests(AttemptState.SETTLED):
            if request.result == Result.UNKNOWN:
                self._settle(request, Result.STOPPED_PARTLY, yuan)

    def ring(self) -> None:
        for item in self._items():
            with self.casework.begin() as work:
                work_items.done(work, item.id, work_items.WorkItemResult(), by="S-1")
            assert item.cause not in self.rung
            self.rung.add(item.cause)
            self.asked = self.gone

    def deliver(self, *, has_bank: bool) -> None:
        bank = Scripted(channels=(Channel.HOOK,) if has_bank else (Channel.SMS,))
        while self.casework.deliver(bank):
            pass
        for message in bank.sent:
            told = sum(each.get("amount_yuan", 0) for each in message.facts["transfers"])
            assert told >= self.gone, "told of less than is known"
            assert told > self.asked, "asked twice"
            self.asked = self.gone

    # --- what holds

    def check(self) -> None:
        case = self.casework.case(self.case_id)
        lost = max(0, self.gone - self.stopped)
        assert (case.state, case.money_lost, case.money_stopped) == ("open", lost, self.stopped)
        if lost and not self._requests(AttemptState.ACCEPTED) and not self._items():
            assert self.asked >= self.gone, "of what is lost nobody told the bank"

    def _change(self, gone: int) -> None:
        self.gone = max(0, gone)
        self.asked = min(self.asked, self.gone)

    def _settle(self, request: AttemptRow, result: Result, yuan: int) -> None:
        stopped = yuan if result in (Result.STOPPED, Result.STOPPED_PARTLY) else 0
        if self.casework.receipt(request.send_key, Answered(result, stopped_yuan=stopped)):
            self.stopped += stopped

    def _requests(self, state: AttemptState) -> list[AttemptRow]:
        made = self.casework.attempts(self.case_id, "hook")
        return [each for each in made if each.hook is BankRequest.STOP_PAYMENT and each.state is state]

    def _items(self) -> list[WorkItemRow]:
        return [each for each in self.casework.items(self.case_id) if each.kind == "bank_not_reached"]


@pytest.mark.timeout(36_000)
def test_a_bank_is_told_of_all_that_is_lost_and_once(casework: CaseworkFixture) -> None:
    few = settings(
        max_examples=HISTORIES * 2,
        deadline=None,
        derandomize=HISTORIES < 50,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    @few
    @given(_TOLD, _ANSWER, st.lists(st.tuples(_STEPS, st.sampled_from([True, True, True, False])), max_size=8))
    def holds(told: _Step, answer: _Step, more: list[tuple[_Step, bool]]) -> None:
        empty(casework)
        load_roster(casework)
        money = Money(casework, case_with_visit(casework))
        assert visit_of(casework, money.case_id).officer == "A"
        for (name, *what), has_bank in [(told, True), (answer, True), *more]:
            getattr(money, str(name))(*what)
            money.deliver(has_bank=has_bank)
            note(f"{name} {what}: gone {money.gone}, stopped {money.stopped}, asked {money.asked}")
            money.check()
        assert casework.verdict().differences == []

    holds()
