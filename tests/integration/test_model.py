"""Any order of pushes, sends, receipts, crashes, visits and hours: what must hold holds after every step.

DISPATCHER_TEST_MODEL sets how many histories are tried; `make model` tries many.
"""

import os
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from casework_fixture import CaseworkFixture, instruction, phone, withdrawal
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from model import FINAL, SAYS, Gateway, check, check_not_twice, empty
from visits_fixture import act, load_roster

from dispatcher.delivery import receipts
from dispatcher.delivery.provider_call import CallResult, ProviderCall
from dispatcher.errors import Refused
from dispatcher.store.cases import CaseRow
from dispatcher.store.visits import VisitRow
from dispatcher.supervision import corrections, decisions
from dispatcher.supervision.decisions import SupervisorDecision
from dispatcher.visits.roster import RosterAssigner
from providers.base import Accepted, Answered, InDoubt, ProviderSettings, Receipt
from providers.roster import RosterProvider
from schemas.officer_report import OfficerReport
from schemas.vocabulary import Channel, Result, ReturnReason

HISTORIES = int(os.environ.get("DISPATCHER_TEST_MODEL", "10"))
STEPS = 15 if HISTORIES < 50 else 40
_PEOPLE = st.integers(1, 3)
_SOURCES = st.sampled_from(["A", "B"])
_VERSIONS = st.integers(1, 3)
_WORDS = st.lists(st.sampled_from(list(SAYS)), max_size=4)
_DEFRAUDED = Result.MET_ALREADY_DEFRAUDED
_STEPS = st.sampled_from(["accept", "depart", "arrive", "met", "not_home", "refused", "return"])
_SAID: dict[str, tuple[str, dict[str, Any]]] = {
    "met": ("report", {"result": Result.MET_DISSUADED}),
    "refused": ("report", {"result": Result.MET_REFUSED}),
    "not_home": ("report", {"result": Result.NOT_FOUND_TEMPORARILY}),
    "return": ("return", {"reason": ReturnReason.OFFICER_UNAVAILABLE}),
}


class Service(RuleBasedStateMachine):
    casework: CaseworkFixture

    def __init__(self) -> None:
        super().__init__()
        empty(self.casework)
        load_roster(self.casework)
        self.gateway = Gateway(lambda message: check_not_twice(self.casework, message))
        roster = ProviderSettings("roster", "roster", frozenset({Channel.VISIT}))
        self.roster = RosterProvider(roster, RosterAssigner(self.casework.sessions, self.casework.context))
        self.held: list[ProviderCall] = []  # claimed by workers that have not said what came of it

    @rule(
        who=_PEOPLE,
        source=_SOURCES,
        version=_VERSIONS,
        urgency=st.sampled_from(["critical", "high", "medium", "low"]),
        channels=st.lists(st.sampled_from(["sms", "voice", "visit"]), min_size=1, max_size=3, unique=True),
        reach=st.integers(0, 1),
        moved=st.booleans(),
    )
    def push(
        self, who: int, source: str, version: int, urgency: str, channels: list[str], reach: int, moved: bool
    ) -> None:
        known = {
            "instruction_id": f"YJ-{who}-{source}",
            "phones": [{"number": phone(who * 10 + reach)}],
            "addresses": [{"kind": "residence", "text": f"样板路{who}号", "precinct_code": "P1"}],
            "contacts": [{"relation": "母亲", "phone": phone(99)}],
            "risk": {"transfers": [{"at": self.casework.now.isoformat(), "amount_yuan": 1000}]} if moved else {},
        }
        answer = self.casework.push(instruction(who, version=version, urgency=urgency, channels=channels, **known))
        note(f"{answer.status}")

    @rule(who=_PEOPLE, source=_SOURCES, version=_VERSIONS)
    def withdraw(self, who: int, source: str, version: int) -> None:
        note(self.casework.push(withdrawal(version=version, instruction_id=f"YJ-{who}-{source}")).status)

    @rule(words=_WORDS, answers=st.booleans())
    def deliver(self, words: list[str], answers: bool) -> None:
        self.gateway.words, self.gateway.answers = words, answers
        done = self.casework.deliver(self.gateway, self.roster)
        note(f"{[(each.action, each.provider) for each in done]}")

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        """A worker takes something in hand, and is slow, or dies."""
        self.held += self.casework.claim(self.gateway, self.roster, limit=limit)

    # No step has a precondition: which of equals the database gives first would decide whether it can be repeated.
    @rule(word=st.sampled_from([Accepted("late"), InDoubt("ReadTimeout"), Answered(Result.FAILED_TEMPORARY)]))
    def say_late(self, word: Accepted | InDoubt | Answered) -> None:
        """It was only slow; its lease may have run out meanwhile."""
        if self.held:
            call = self.held.pop(0)
            self.casework.record(CallResult(call, word if call.action != "cancel" else False))

    @rule()
    def die(self) -> None:
        self.held.clear()
        self.casework.lapse()

    @rule()
    def lapse(self) -> None:
        """Every lease has run out, whoever holds it."""
        self.casework.lapse()

    @rule(which=st.integers(0, 9), copies=st.integers(1, 2), is_final=st.booleans())
    def receive(self, which: int, copies: int, is_final: bool) -> None:
        """A receipt of something that the gateway took, now or long ago."""
        taken = list(self.gateway.taken)
        for key in taken[-1 - which % len(taken) :][:1] * copies if taken else ():
            result = FINAL[self.gateway.taken[key].channel] if is_final else Result.FAILED_TEMPORARY
            self._store(key, result)
        self.casework.settle()

    @rule()
    def receive_unknown(self) -> None:
        self._store(str(uuid4()), Result.DELIVERED)
        self.casework.settle()

    @rule(step=_STEPS, which=st.integers(0, 2))
    def work(self, step: str, which: int) -> None:
        """An officer does one thing, or tries to."""
        visits = self.casework.rows(VisitRow)
        if visits:
            name, said = _SAID.get(step, (step, {}))
            try:
                act(self.casework, visits[which % len(visits)].case_id, name, **said)
            except Refused as refusal:
                note(str(refusal))

    @rule(step=st.sampled_from(["met", "refused", "not_home", "defrauded"]), which=st.integers(0, 2))
    def correct(self, step: str, which: int) -> None:
        """A supervisor corrects what was reported on a visit."""
        reported = self.casework.rows(VisitRow, VisitRow.result.is_not(None))
        if reported:
            said = OfficerReport(
                **(_SAID[step][1] if step in _SAID else {"result": _DEFRAUDED, "lost_yuan": "unknown"})
            )
            self._order(corrections.correct, reported[which % len(reported)].id, said, by="S-1", reason="核实")

    @rule(which=st.integers(0, 2))
    def reopen(self, which: int) -> None:
        """A supervisor reopens a case, or tries to."""
        cases = self.casework.rows(CaseRow)
        if cases:
            self._order(decisions.reopen, cases[which % len(cases)].id, SupervisorDecision("S-1", "复核"))

    def _order(self, order: Callable[..., Any], *what: Any, **how: Any) -> None:
        try:
            with self.casework.begin() as work:
                order(work, *what, **how)
        except Refused as refusal:
            note(str(refusal))

    @rule(minutes=st.sampled_from([1, 3, 10, 30, 120, 600]))
    def pass_time(self, minutes: int) -> None:
        self.casework.pass_time(minutes=minutes)

    def _store(self, key: str, result: Result) -> None:
        with self.casework.begin() as work:
            receipts.store(work, "scripted", Receipt(key, f"{key}:{result}", Answered(result)))

    @invariant()
    def holds(self) -> None:
        check(self.casework)


@pytest.mark.timeout(36_000)
def test_whatever_happens(casework: CaseworkFixture) -> None:
    class OnThisDatabase(Service):
        pass

    OnThisDatabase.casework = casework
    checks = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
    few = settings(
        max_examples=HISTORIES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=HISTORIES < 50,
        database=None,
        print_blob=True,
        suppress_health_check=checks,
    )
    run_state_machine_as_test(OnThisDatabase, settings=few)
