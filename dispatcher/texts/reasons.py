"""Why each rule fires and what it did, in words for a supervisor or a court: the tables of `reasons.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter

from dispatcher.texts.tables import Table, Wording

_ANY = "*"


class Reason(Wording[str]):
    """Why a rule fires, and the policy's numbers that it looks at."""

    numbers: tuple[str, ...] = ()


class Sentence(Table):
    """How what was done and why become one sentence; `yes` is said of what is so."""

    told: Wording[str]
    and_also: Wording[str]
    yes: Wording[str]


class Reasons(Table):
    rules: dict[str, Reason]
    events: dict[str, tuple[Wording[str], ...]]
    flags: dict[str, Wording[str]]
    labels: dict[str, Wording[str]]
    actors: dict[str, Wording[str]]
    sentence: Sentence

    def rule(self, name: str) -> tuple[Reason, str] | None:
        """Why a rule fires, with the part of its name that `*` stands for; None where there are no words for it."""
        if name in self.rules:
            return self.rules[name], ""
        patterns = (each.removesuffix(_ANY) for each in self.rules if each.endswith(_ANY))
        found = next((each for each in patterns if name.startswith(each)), None)
        return None if found is None else (self.rules[found + _ANY], name.removeprefix(found))

    def flag(self, flag: str, language: str) -> str:
        """What intake found doubtful, and in which field."""
        kind, _, path = flag.partition(":")
        words = self.flags.get(kind)
        told = kind if words is None else words.pick(language == "zh")
        return f"{told} ({path})" if path else told

    def event(self, name: str, given: Mapping[str, str]) -> Wording[str] | None:
        """The first sentence that can be filled with what is given, still with its placeholders."""
        return next((each for each in self.events.get(name, ()) if placeholders(each.zh) <= given.keys()), None)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@cache
def load() -> Reasons:
    return Reasons.model_validate(tomllib.loads(Path(__file__).with_name("reasons.toml").read_text("utf-8")))
