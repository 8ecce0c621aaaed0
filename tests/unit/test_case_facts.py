"""Facts of a case: each comes from some instruction, they are joined for the safer, and older rows read."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import pytest

from dispatcher.casework.context import Context
from dispatcher.intake import normalised
from dispatcher.simulate import sample
from dispatcher.store.cases import CaseRow
from schemas.case_facts import CaseFacts
from schemas.instruction import Instruction
from schemas.vocabulary import Vulnerability

CALLED = CaseFacts(vulnerability=(Vulnerability.ELDERLY,), antifraud_app="not_installed", call_in_progress=True)
SEEN = CaseFacts(vulnerability=(Vulnerability.HEARING, Vulnerability.ELDERLY), life_at_risk=True)


@pytest.fixture(scope="module")
def from_samples(context: Context) -> list[CaseFacts]:
    """What the sample instructions say, and one more: in no sample is a life feared for, or the person a child."""
    bodies = [push.body for push in sample.read(sample.bundled()) if "victim" in push.body]
    child = bodies[0]["victim"] | {"birth_date": "2015-03-02"}
    bodies.append(bodies[0] | {"victim": child, "risk": {"life_at_risk": True}})
    return [_facts(context, body) for body in bodies]


def _facts(context: Context, body: dict[str, Any]) -> CaseFacts:
    at = datetime.fromisoformat(body["issued_at"])
    return normalised.read(context, Instruction.model_validate(body), at).facts


@pytest.mark.parametrize("name", [each.name for each in fields(CaseFacts)])
def test_every_fact_is_filled_by_some_instruction(name: str, from_samples: list[CaseFacts]) -> None:
    assert any(getattr(each, name) != getattr(CaseFacts(), name) for each in from_samples)


def test_what_is_stored_reads_as_it_was(from_samples: list[CaseFacts]) -> None:
    assert [CaseFacts.read(each.stored()) for each in from_samples] == from_samples


@pytest.mark.parametrize("name", [each.name for each in fields(CaseFacts)])
def test_what_an_older_version_did_not_store_is_not_known(name: str) -> None:
    known = CALLED.joined(SEEN).told()
    del known[name]
    read = CaseFacts.read(known)
    assert getattr(read, name) == getattr(CaseFacts(), name)
    assert read.told() == CaseFacts().told() | known


def test_what_is_usual_is_not_stored() -> None:
    assert CaseFacts().stored() == {}
    assert CALLED.stored() == {name: fact for name, fact in CALLED.told().items() if fact not in (False, "unknown", [])}


def test_facts_that_are_as_they_were_are_no_change() -> None:
    """An older version stored every fact; a case that it opened is not changed by saying the same again."""
    before = CALLED.told()
    row = CaseRow(facts=before)
    row.case_facts = CALLED
    assert row.facts is before
    row.case_facts = SEEN
    assert row.facts == SEEN.stored()


def test_what_this_version_does_not_know_is_left_out() -> None:
    stored = CALLED.stored() | {"vulnerability": ["elderly", "left_handed"], "weather": "rain"}
    assert CaseFacts.read(stored) == CALLED


def test_what_either_source_fears_is_feared() -> None:
    assert CALLED.joined(SEEN) == CaseFacts(
        vulnerability=(Vulnerability.ELDERLY, Vulnerability.HEARING),
        antifraud_app="not_installed",
        call_in_progress=True,
        life_at_risk=True,
    )
    assert SEEN.joined(CALLED).antifraud_app == "unknown"


def test_flags_are_named_where_they_are_true() -> None:
    assert CALLED.joined(SEEN).flags() == {"call_in_progress", "life_at_risk"}
