"""What went wrong for a person: a mistake of the operator, told in one clear line, and a refusal by a use case."""

from collections.abc import Sequence
from typing import TypeAlias

from dispatcher.terminal import showable
from schemas.errors import bilingual
from schemas.refusals import RefusalCode

Fact: TypeAlias = str | int | Sequence[str]


class OperatorError(Exception):
    """What is wrong in the set-up and its remedy, in Chinese with English beside it. The CLI exits 2 on it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(showable(bilingual(zh, en)))


class StartStopped(Exception):
    """Somebody asked by this signal to stop while it was still starting. Nothing is wrong."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


class Refused(Exception):
    """A use case changes nothing, and says why by a code. Whoever speaks to the person words it: `texts.refusals`.

    Facts are ids, codes and numbers, never personal data. A code of the vocabulary is given as its enum: so it has a
    Chinese name.
    """

    def __init__(self, code: RefusalCode, **facts: Fact) -> None:
        self.code = code
        self.facts = facts
        super().__init__(code)

    def __str__(self) -> str:
        """As it stands in a log, with no words for people."""
        return " ".join([self.code, *(f"{name}={_plain(fact)}" for name, fact in self.facts.items())])


def _plain(fact: Fact) -> str:
    return str(fact) if isinstance(fact, str | int) else ",".join(fact)
