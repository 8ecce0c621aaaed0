"""Every code that a person can meet has a Chinese and an English text, and none of them is the code itself."""

import re
import tomllib
from collections.abc import Iterator
from inspect import getmembers, isclass
from pathlib import Path

import pytest
import rule_names
from rules_table import rows
from test_reasons import names

from dispatcher import texts
from dispatcher.casework import unit_of_work
from dispatcher.cli import providers as provider_screen
from dispatcher.cli.output import MONEY
from dispatcher.delivery import outcomes
from dispatcher.policy import timeline, triggers
from dispatcher.reporting import kpi_facts
from dispatcher.texts import reasons
from dispatcher.watch import alarms
from schemas import vocabulary
from schemas.refusals import RefusalCode
from schemas.vocabulary import FRAUD_TYPES, Code

HAN, SNAKE = re.compile(r"[一-鿿]"), re.compile(r"[a-z]+(_[a-z0-9]+)+|[A-Z]+(_[A-Z0-9]+)+")
KINDS = [kind for module in (vocabulary, triggers) for _, kind in getmembers(module, isclass) if issubclass(kind, Code)]
REFUSALS = tomllib.loads((Path(texts.__file__).parent / "refusals.toml").read_text("utf-8"))


def is_told(zh: str, en: str, code: str) -> bool:
    """A Chinese text and an English one; names of placeholders and a proper name aside, neither is a code."""
    plain = [re.sub(r"\{\w+\}", "", text) for text in (zh, en)]
    return (
        HAN.search(plain[0]) is not None
        and not HAN.search(plain[1])
        and bool(plain[1].strip())
        and not any(map(SNAKE.search, plain))
    )


def texts_of_events(event: str) -> Iterator[tuple[str, str]]:
    yield from ((each.zh, each.en) for each in reasons.load().events.get(event, ()))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_code_of_every_vocabulary(kind: type[Code]) -> None:
    """States, results, actors, rungs, kinds of work items, triggers of the policy, and whatever is added to them."""
    assert [each for each in kind if not is_told(each.zh, each.en, each.value)] == []


def test_the_vocabularies_hold_what_people_meet() -> None:
    known = {kind.__name__ for kind in KINDS}
    assert known >= {
        "AttemptState",
        "VisitState",
        "CaseState",
        "WorkItemState",
        "WorkItemKind",
        "Actor",
        "Rung",
        "Result",
    }


def test_every_event_of_the_journal() -> None:
    written = {name for name, _ in names(rule_names.all_events())}
    assert written >= {"case_opened", "attempt_settled", "instruction_accepted", "remarks_read", "visit_reported"}
    known = written | reasons.load().events.keys()
    untold = {each for each in known if not any(is_told(zh, en, each) for zh, en in texts_of_events(each))}
    assert untold == set()


def test_every_rule_of_the_page_and_of_the_words() -> None:
    known = reasons.load()
    named = {row.name for row in rows() if not row.is_flag}
    assert [name for name in named if known.rule(name) is None] == []
    assert [name for name, each in known.rules.items() if not is_told(each.zh, each.en, name)] == []


def test_every_flag_of_an_instruction() -> None:
    assert [name for name, each in reasons.load().flags.items() if not is_told(each.zh, each.en, name)] == []


def test_whoever_acts_without_a_badge() -> None:
    actors = reasons.load().actors
    in_old_entries = {"unnamed"}  # of cards read without a badge
    named = {unit_of_work.ENGINE, outcomes.PROVIDER, "centre", "officer", "worker", "migration"} | in_old_entries
    assert named <= actors.keys()
    assert [name for name, each in actors.items() if not is_told(each.zh, each.en, name)] == []


@pytest.mark.parametrize("name", kpi_facts._DEADLINES)
def test_every_deadline(name: str) -> None:
    told = reasons.load().labels[name]
    assert is_told(told.zh, told.en, name)


@pytest.mark.parametrize("code", FRAUD_TYPES)
def test_every_scam_type(code: str) -> None:
    told = texts.load().types[code].label
    assert is_told(told.zh, told.en, code)


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal(code: RefusalCode) -> None:
    told = REFUSALS[code]
    assert is_told(told["zh"], told["en"], code)


def test_what_the_screens_name_themselves() -> None:
    tables = (MONEY, timeline.NAMES, timeline.ORIGINS, provider_screen._LIMITS, alarms._TEXTS)
    assert [(zh, en) for table in tables for zh, en in table.values() if not is_told(zh, en, "")] == []


def test_a_code_for_a_text_would_be_found() -> None:
    assert not is_told("已受理", "in_doubt", "in_doubt")
    assert not is_told("accepted", "accepted", "accepted")
    assert is_told("移交给{to_unit}", "offered to {to_unit}", "x")
