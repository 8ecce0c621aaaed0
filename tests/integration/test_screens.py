"""The main screens in both languages: what is said is in the language of the screen, whatever the data are."""

import re
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction
from rich.cells import cell_len
from typer.testing import CliRunner
from visits_fixture import Load, act, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.cli import (
    build_app,
    case,
    decide,
    feedback,
    item,
    log,
    output,
    quarantine,
    recheck,
    roster,
    transfer,
    verify,
    visit,
    visit_card,
    worklist,
)
from dispatcher.policy import load as load_policy
from dispatcher.policy.flatten import flatten, plain
from dispatcher.settings import Settings, settings
from dispatcher.setup import Services
from dispatcher.supervision import pauses
from dispatcher.supervision.decisions import SupervisorDecision
from dispatcher.texts import reasons

MODULES = (
    *(case, decide, feedback, item, log, quarantine, recheck, roster, transfer, verify),
    *(visit, visit_card, worklist),
)
HAN, WORD = re.compile(r"[一-鿿]+"), re.compile(r"(?<![A-Za-z0-9_.:/-])[a-z]{3,}(?![A-Za-z0-9_.:/-])")
SOURCE = {"system": "test-centre"}
ORDER = SupervisorDecision("S-1", "x")
SCREENS: tuple[tuple[str, ...], ...] = (
    ("case", "list"),
    ("case", "{case}"),
    ("case", "{case}", "--by", "S-1"),
    ("case", "{case}", "--why"),
    ("case", "{waiting}"),
    ("log",),
    ("worklist",),
    ("item", "show", "1"),
    ("item", "show", "2"),
    ("visit", "list"),
    ("visit", "list", "--all"),
    ("visit", "card", "{visit}", "--officer", "DUTY", "--officer", "A"),
    ("visit", "card", "{visit}", "--officer", "DUTY"),
    ("transfer", "list"),
    ("roster", "show"),
    ("feedback", "list"),
    ("recheck",),
    ("verify",),
    ("verify", "--rebuild"),
    ("policy", "show"),
    ("texts",),
)
# Data: names of rules and of the policy's keys, who sent it, what is typed, fields of inputs, the SMS that is shown.
RULES = {word for rule in reasons.load().rules for word in rule.split("_")}
KEYS = {word for key, value in flatten(load_policy()) for word in re.findall(r"[a-z]+", f"{key} {plain(value)}")}
DATA = RULES | KEYS | {"scripted"}
NO_NAME = "某某"
TYPED = re.compile(r"dispatcher .*|依据: .*|(出示|show): (?s:.*)")


@pytest.fixture
def names(casework: CaseworkFixture, load: Load) -> dict[str, str]:
    """A case on hold with its visit, another that waits for the night to end, one that is over, a conflict."""
    load()
    held = _opened(casework, 1, ["sms", "voice", "visit"])
    act(casework, held, "accept")
    casework.deliver(Scripted())
    over = casework.open(2, source=SOURCE, name="Smith, John", channels=["sms"])
    casework.push(event("feedback", 2, outcome="NOT_A_VICTIM", source=SOURCE))
    casework.push(instruction(1, **_told(["sms"], note="x")))
    decide_as_supervisor(casework, pauses.pause, held, by=ORDER)
    casework.pass_time(hours=14)
    waiting = casework.open(3, source=SOURCE, urgency="medium", name="Smith, John")
    return {"case": str(held), "visit": str(visit_of(casework, held).id), "over": str(over), "waiting": str(waiting)}


def _told(channels: list[str], **changes: object) -> dict[str, object]:
    places = [{"kind": "residence", "text": "1 Sample Road", "precinct_code": "P1"}]
    return {
        "source": SOURCE,
        "urgency": "critical",
        "name": "Smith, John",
        "channels": channels,
        "addresses": places,
    } | changes


def _opened(casework: CaseworkFixture, number: int, channels: list[str]) -> UUID:
    opened: UUID = case_with_visit(casework, number=number, **_told(channels))
    return opened


@pytest.fixture
def screen(
    casework: CaseworkFixture, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, tuple[str, ...]], str]]:
    services = Services(Settings(), casework.sessions, casework.context)
    for module in MODULES:
        monkeypatch.setattr(module, "build_services", lambda: services)

    def shown(language: str, words: tuple[str, ...]) -> str:
        monkeypatch.setenv("DISPATCHER_LANGUAGE", language)
        settings.cache_clear()
        done = CliRunner().invoke(build_app(), [word.format(**names) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    yield shown
    settings.cache_clear()


@pytest.mark.parametrize("words", SCREENS, ids=" ".join)
def test_a_screen_is_in_one_language(screen: Callable[[str, tuple[str, ...]], str], words: tuple[str, ...]) -> None:
    assert HAN.findall(TYPED.sub("", screen("en", words)).replace(NO_NAME, "")) == []
    chinese = TYPED.sub("", screen("zh-CN", words))
    assert [each for each in WORD.findall(chinese) if each not in DATA] == []
    assert HAN.search(chinese)


Screen = Callable[[str, tuple[str, ...]], str]
# What somebody works with all night; a command that is to be copied stays whole.
NARROW = [words for words in SCREENS if words[0] not in ("policy", "texts", "verify", "recheck")]
NARROW.append(("quarantine", "list"))  # why a line was refused is told in both languages
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|YJ-[0-9]+")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("words", NARROW, ids=" ".join)
def test_eighty_columns_are_enough_and_fold_no_id(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], language: str
) -> None:
    wide = screen(language, words)
    monkeypatch.setattr(output.out, "width", 80)
    shown = screen(language, words)
    assert [line for line in shown.splitlines() if cell_len(line) > 80 and not line.startswith("dispatcher ")] == []
    assert set(IDS.findall(wide)) <= set(IDS.findall(shown))
