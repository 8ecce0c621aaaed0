"""What a person is told when a use case refuses, in Chinese and in English: the table of `refusals.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from dispatcher.errors import Fact, Refused
from dispatcher.texts.tables import Wording
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act, Code, Role


@cache
def load() -> Mapping[RefusalCode, Wording[str]]:
    """The words of every code, still with their placeholders."""
    table = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text("utf-8"))
    return TypeAdapter(dict[RefusalCode, Wording[str]]).validate_python(table)


def words(refused: Refused) -> Wording[str]:
    """What to tell the person, with the facts of this refusal."""
    template = load()[refused.code]
    zh = {name: _in_chinese(fact) for name, fact in refused.facts.items()}
    en = {name: _in_english(fact) for name, fact in refused.facts.items()}
    return Wording[str](zh=template.zh.format_map(zh), en=template.en.format_map(en))


def _in_chinese(fact: Fact) -> str:
    if isinstance(fact, str | int):
        return fact.zh if isinstance(fact, Code) else str(fact)
    return "、".join(map(_in_chinese, fact))


def _in_english(fact: Fact) -> str:
    """A code as it is typed; what nobody types in words."""
    if isinstance(fact, str | int):
        return fact.en if isinstance(fact, Act | Role) else str(fact)
    return ", ".join(map(_in_english, fact))
