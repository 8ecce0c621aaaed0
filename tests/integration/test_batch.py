"""Many lines at once: each is answered, and leaves behind, what it would have if all were taken one after the other.

DISPATCHER_TEST_BATCHES sets how many lists of lines are tried.
"""

import json
import os
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import SYSTEM, CaseworkFixture, event, instruction, phone, resident, withdrawal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model import empty
from set_aside_fixture import SECRET_NAME, Poison
from sqlalchemy import event as sql_event
from told import told
from visits_fixture import load_roster

from dispatcher import engine
from dispatcher.intake import batch, content, lines, new_people, normalised
from dispatcher.intake.answer import Answer
from dispatcher.store.cases import CaseRow

BATCHES = int(os.environ.get("DISPATCHER_TEST_BATCHES", "5"))
RAISES, CANT_BE_COMPARED = "YJ-RAISES", "YJ-CANT-BE-COMPARED"
PLACE = {"kind": "residence", "text": "样板路18号", "precinct_code": "P1"}
_PEOPLE = st.integers(1, 4)
_PHONES = st.integers(1, 5)
_SOURCES = st.sampled_from([{"system": SYSTEM}, {"system": "another source"}])


@st.composite
def _instructions(draw: st.DrawFn) -> dict[str, Any]:
    number = draw(st.integers(1, 6))
    changes: dict[str, Any] = {
        "version": draw(st.integers(1, 2)),
        "source": draw(_SOURCES),
        "urgency": draw(st.sampled_from(["critical", "high", "low", "?"])),
        "fraud_type": draw(st.sampled_from(["F01", "F08"])),
        "channels": draw(st.sampled_from([["sms"], ["sms", "voice", "visit"], ["sms", "visit", "broadcast"]])),
        "id_number": draw(st.none() | _PEOPLE.map(resident)),
        "phones": [{"number": phone(each)} for each in draw(st.lists(_PHONES, min_size=1, max_size=2))],
        "contacts": [{"relation": "母亲", "phone": phone(each)} for each in draw(st.lists(_PHONES, max_size=1))],
        "addresses": draw(st.sampled_from([[], [PLACE]])),
        "valid_until": draw(st.sampled_from(["2026-03-03T08:00:00+08:00", "2026-03-02T08:00:00+08:00"])),
    }
    return instruction(number, **changes)


@st.composite
def _newcomers(draw: st.DrawFn) -> dict[str, Any]:
    """Somebody whom hardly anybody else is, as most lines are about."""
    number = draw(st.integers(100, 160))
    channels = draw(st.sampled_from([["sms"], ["sms", "voice", "visit"]]))
    return instruction(number, urgency=draw(st.sampled_from(["critical", "medium"])), channels=channels)


@st.composite
def _events(draw: st.DrawFn) -> dict[str, Any]:
    number, version = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    patch = {"victim.phones": [{"number": phone(draw(_PHONES))}], "urgency": "critical"}
    said = (
        withdrawal(number, version=version),
        event("feedback", number, outcome=draw(st.sampled_from(["NOT_A_VICTIM", "SELF_AWARE"]))),
        event("later_loss", number, loss_yuan=draw(st.sampled_from([100, 2000]))),
        event("update", number, version=version, patch=patch),
    )
    source = draw(st.none() | _SOURCES)
    return draw(st.sampled_from(said)) | ({"source": source} if source is not None else {})


_GARBAGE = st.sampled_from(
    [
        *(b"{", b"[]", b'{"op": "create", "instruction_id": "YJ-1"}', b'{"urgency": "critical", "instruction_id'),
        json.dumps(
            {name: each for name, each in instruction(2, urgency="critical").items() if name != "version"}
        ).encode(),
    ]
)
_RAISING = st.sampled_from([instruction(50, instruction_id=each) for each in (RAISES, CANT_BE_COMPARED)])
_BODIES = st.one_of(_newcomers(), _newcomers(), _instructions(), _events(), _RAISING)
_LINES = st.one_of(_BODIES.map(lambda body: json.dumps(body, ensure_ascii=False).encode()), _GARBAGE)


@pytest.fixture(autouse=True)
def raising(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading one instruction raises, and comparing another."""
    read, digest = normalised.read, content.digest

    def raise_for_one(context: Any, pushed: Any, now: Any) -> Any:
        if pushed.instruction_id == RAISES:
            raise Poison(SECRET_NAME)
        return read(context, pushed, now)

    def raise_for_other(context: Any, said: Any) -> bytes:
        if said.instruction_id == CANT_BE_COMPARED:
            raise Poison(SECRET_NAME)
        return digest(context, said)

    monkeypatch.setattr(normalised, "read", raise_for_one)
    monkeypatch.setattr(content, "digest", raise_for_other)


def one_by_one(casework: CaseworkFixture, raws: Sequence[bytes]) -> list[Answer]:
    """Each by itself, and none of them as a batch of one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(new_people, "take", lambda work, read: [None] * len(read))
        return [lines.take_line(casework.begin, raw, door="push") for raw in raws]


def together(casework: CaseworkFixture, raws: Sequence[bytes]) -> list[Answer]:
    return batch.take_lines(casework.begin, raws, door="push")


def as_lines(*bodies: dict[str, Any]) -> list[bytes]:
    return [json.dumps(body, ensure_ascii=False).encode() for body in bodies]


def test_a_batch_is_as_its_lines_one_by_one(new_casework: Callable[[], CaseworkFixture]) -> None:
    alone, many = new_casework(), new_casework()

    @settings(max_examples=BATCHES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(known=st.lists(_LINES, max_size=8), pushed=st.lists(_LINES, min_size=2, max_size=25), data=st.data())
    def compare(known: list[bytes], pushed: list[bytes], data: st.DataObject) -> None:
        cut = data.draw(st.integers(2, 25))
        again = data.draw(st.lists(st.sampled_from([*known, *pushed]), max_size=8))
        place = data.draw(st.integers(0, len(pushed)))
        pushed = [*pushed[:place], *again, *pushed[place:]]
        for casework in (alone, many):
            empty(casework)
            load_roster(casework)
        expected = told(alone, one_by_one(alone, [*known, *pushed]))
        answers = [lines.take_line(many.begin, raw, door="push") for raw in known]
        for first in range(0, len(pushed), cut):
            answers += together(many, pushed[first : first + cut])
        assert told(many, answers) == expected
        assert many.verdict().differences == []

    compare()


@pytest.mark.parametrize(
    ("known", "pushed"),
    [
        pytest.param(
            [event("update", 1, version=2, patch={"victim.phones": [{"number": phone(100)}]})],
            [instruction(1, id_number=None), instruction(100, id_number=None)],
            id="what_waits_for_the_first_names_the_second",
        ),
        pytest.param(
            [instruction(1, id_number=None)],
            [
                event("update", 1, version=2, patch={"victim.phones": [{"number": phone(100)}]}),
                instruction(100, id_number=None),
            ],
            id="a_patch_names_whom_comes_next",
        ),
        pytest.param(
            [],
            [instruction(each, channels=["sms", "broadcast"], addresses=[PLACE]) for each in (100, 101)],
            id="one_notice_an_area",
        ),
    ],
)
def test_a_line_finds_what_those_before_it_left(
    new_casework: Callable[[], CaseworkFixture], known: list[dict[str, Any]], pushed: list[dict[str, Any]]
) -> None:
    alone, many = new_casework(), new_casework()
    for casework in (alone, many):
        load_roster(casework)
    pushed = [*pushed, *(instruction(each) for each in (110, 111))]  # so that there is something to take together
    answers = [*one_by_one(many, as_lines(*known)), *together(many, as_lines(*pushed))]
    assert told(many, answers) == told(alone, one_by_one(alone, as_lines(*known, *pushed)))


def test_twice_as_many_new_people_cost_no_question_more(casework: CaseworkFixture) -> None:
    asked: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sql_event.listen(casework.sessions.kw["bind"], "before_cursor_execute", count)
    counts = []
    try:
        for first, many in ((1, 10), (50, 20)):
            asked.clear()
            bodies = (instruction(first + each, channels=["sms", "voice", "visit"]) for each in range(many))
            answers = together(casework, as_lines(*bodies))
            assert {each.status for each in answers} == {"accepted"}
            counts.append(len(asked))
    finally:
        sql_event.remove(casework.sessions.kw["bind"], "before_cursor_execute", count)
    assert counts[1] <= counts[0]


def test_a_line_whose_decision_raises_spoils_no_other(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = engine.decide

    def raise_for_one(case: engine.Case, *given: Any) -> Any:
        if case.fraud_type == "F01":
            raise Poison(SECRET_NAME)
        return decide(case, *given)

    monkeypatch.setattr(engine, "decide", raise_for_one)
    bodies = [instruction(each, fraud_type="F01" if each == 5 else "F08") for each in range(1, 9)]
    answers = together(casework, as_lines(*bodies))
    assert [each.status for each in answers] == ["accepted"] * 8
    planned = [len(casework.attempts(row.id)) for row in casework.rows(CaseRow)]
    assert sorted(planned) == [0, *[1] * 7]


def test_a_batch_that_comes_again_is_noted_once_a_line(casework: CaseworkFixture) -> None:
    raws = as_lines(*(instruction(each) for each in range(1, 13)))
    first = together(casework, raws)
    asked: list[str] = []
    sql_event.listen(casework.sessions.kw["bind"], "before_cursor_execute", lambda *given: asked.append(given[2]))
    again = together(casework, raws)
    assert [(each.status, each.case) for each in again] == [("duplicate", each.case) for each in first]
    assert len(asked) < 3 * len(raws)
    for answer in first:
        assert casework.events(UUID(answer.case or ""))[-1] == "instruction_repeated"


def test_lines_that_raise_spoil_no_other(casework: CaseworkFixture) -> None:
    known = [instruction(each) for each in range(1, 5)]
    together(casework, as_lines(*known))
    bad = [instruction(50 + at, instruction_id=each) for at, each in enumerate((RAISES, CANT_BE_COMPARED))]
    answers = together(casework, as_lines(*known[:2], *bad, *known[2:], *(instruction(each) for each in (7, 8))))
    statuses = ["duplicate", "duplicate", "refused", "refused", "duplicate", "duplicate", "accepted", "accepted"]
    assert [each.status for each in answers] == statuses
