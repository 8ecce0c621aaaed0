"""What intake flags as doubtful: each flag has words, and is shown with the field that it is about."""

import re
from pathlib import Path

import pytest

from dispatcher.intake.accepted import PRECINCT_UNKNOWN
from dispatcher.intake.normalised import GUARDIANSHIP_UNCLEAR, RELATION_UNKNOWN
from dispatcher.policy import load
from dispatcher.reporting.explain import Words, sentence
from dispatcher.texts import reasons
from schemas.read_models.case import JournalEntry

ROOT = Path(__file__).parents[2]
FLAGGING = (*(ROOT / "schemas").rglob("*.py"), *(ROOT / "dispatcher" / "intake").glob("*.py"))
NAMED = (
    *(
        r'doubt\("([a-z_]+)"\)',
        r'flags\.append\("([a-z_]+)"\)',
        r'flags, "([a-z_]+)"\)',
        r'f"([a-z_]+):\{(?:path|wire)',
    ),
    r'"(number_(?:invalid|extension))"',
)
# Made of parts, or named by a constant.
OTHERS = {
    "id_number_weak",
    "id_number_none",
    "missing",
    "unreadable",
    RELATION_UNKNOWN,
    GUARDIANSHIP_UNCLEAR,
    PRECINCT_UNKNOWN,
}


def flags() -> set[str]:
    """Their kinds, as the source has them."""
    text = "\n".join(path.read_text("utf-8") for path in FLAGGING)
    named = {name for pattern in NAMED for name in re.findall(pattern, text)}
    return (named | OTHERS) - {"list"}  # of a line that is to be plain; such a one is refused


def test_every_flag_has_words() -> None:
    assert {"about", "number_invalid", "unknown_field", "duplicate_key", "country_unknown"} <= flags()
    assert flags() == set(reasons.load().flags)


@pytest.mark.parametrize(
    ("flag", "zh", "en"),
    [
        ("id_number_weak", "证件号可疑", "identity number doubtful"),
        ("missing:victim.contacts[0].phone", "缺项 (victim.contacts[0].phone)", "missing (victim.contacts[0].phone)"),
        ("of_tomorrow:note", "of_tomorrow (note)", "of_tomorrow (note)"),
    ],
)
def test_a_flag_is_told_in_words_and_with_its_field(flag: str, zh: str, en: str) -> None:
    words = Words(load(), reasons.load())
    assert (words.of("flags", [flag], "zh"), words.of("flags", [flag], "en")) == (zh, en)
    data = {"system": "x", "instruction_id": "YJ-1", "version": 1, "flags": [flag]}
    taken = JournalEntry(
        seq=1, at="2026-03-02T01:00:00+00:00", actor="centre", event="instruction_accepted", rule=None, data=data
    )
    assert sentence(taken, words, "en").endswith(f"doubtful: {en}")
