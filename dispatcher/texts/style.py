"""The rules of `lint.toml`, and what they find. They know words, not meaning: some may be quoted in order to warn."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from dispatcher.texts.characters import squeezed, undisguised
from schemas.errors import bilingual

_Pattern = Annotated[re.Pattern[str], BeforeValidator(partial(re.compile, flags=re.IGNORECASE))]
_SENTENCE = re.compile(r"[.。!?;:\n]")
_CLAUSE = re.compile(r"[.。!?;:,、\n]")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


class _Never(_Row):
    """`squeezed`: looked for in the text without blanks and signs between. `unless`: how it may be quoted."""

    pattern: _Pattern
    squeezed: bool = False
    everywhere: bool = False  # in calls and cards too
    calls: bool = False  # in calls too; a card is read by officers alone
    unless: tuple[Literal["denied", "told"], ...] = ()


class _Must(_Row):
    pattern: dict[str, _Pattern]


class _Quoted(BaseModel):
    """`denied`: in front, in its clause, "do not". `told`: in its sentence, what swindlers say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    denied: _Pattern
    told_before: _Pattern
    told_after: _Pattern


class _Style(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    must: _Must
    quoted: _Quoted
    never: tuple[_Never, ...]


def faults(text: str, *, everywhere: bool = False) -> Iterator[str]:
    """What no SMS may hold, or with `everywhere` no text at all."""
    return _faults(text, (row for row in style().never if row.everywhere or not everywhere))


def faults_in_call(text: str) -> Iterator[str]:
    """What does harm when it is heard, beside what no text may hold."""
    return _faults(text, (row for row in style().never if row.calls))


def _faults(text: str, rows: Iterable[_Never]) -> Iterator[str]:
    plain, bare = undisguised(text), squeezed(text)
    for row in rows:
        if found := _found(row, bare if row.squeezed else plain):
            yield bilingual(f"{row.zh}“{found}”", row.en)


def says_what_to_do(text: str, kind: str) -> bool:
    return style().must.pattern[kind].search(undisguised(text)) is not None


def _found(row: _Never, text: str) -> str | None:
    for found in row.pattern.finditer(text):
        if not _is_quoted(row, text, found):
            return found.group().strip()
    return None


def _is_quoted(row: _Never, text: str, found: re.Match[str]) -> bool:
    quoted, start, end = style().quoted, found.start(), found.end()
    clause = _CLAUSE.split(text[:start])[-1] + found.group()
    before, after = _SENTENCE.split(text[:start])[-1], _SENTENCE.split(text[end:], maxsplit=1)[0]
    if "denied" in row.unless and quoted.denied.search(clause):
        return True
    return "told" in row.unless and bool(quoted.told_before.search(before) or quoted.told_after.search(after))


@cache
def style() -> _Style:
    return _Style.model_validate(tomllib.loads(Path(__file__).with_name("lint.toml").read_text(encoding="utf-8")))
