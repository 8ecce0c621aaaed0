"""The house style of a warning SMS: what operators refuse, and what a fraudster would write."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from dispatcher.texts.tables import is_chinese
from schemas.errors import bilingual

__all__ = ["MAX_SMS_EN", "MAX_SMS_ZH", "harm", "lint"]

# One Chinese SMS; a longer one is split, and the parts may arrive apart or not at all.
MAX_SMS_ZH = 70
# Three parts. The Chinese sign makes a whole English SMS UCS-2 too, so a part holds 67 characters, not 153.
MAX_SMS_EN = 3 * 67

_SIGN = {"zh": re.compile(r"【[^【】]+】\S"), "en": re.compile(r"\[[^\[\]]+\] \S")}
_LIMIT = {"zh": MAX_SMS_ZH, "en": MAX_SMS_EN}
_Pattern = Annotated[re.Pattern[str], BeforeValidator(partial(re.compile, flags=re.IGNORECASE))]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


class _Never(_Row):
    pattern: _Pattern
    always: bool = False  # in calls too


class _Must(_Row):
    pattern: dict[str, _Pattern]


class _Style(BaseModel):
    must: _Must
    never: tuple[_Never, ...]


def lint(text: str, language: str) -> list[str]:
    """What is wrong with a signed SMS, Chinese and English; nothing if it may be sent."""
    kind = "zh" if is_chinese(language) else "en"
    return _form(text, kind) + _words(unicodedata.normalize("NFKC", text), kind)


def _form(text: str, kind: str) -> list[str]:
    faults = []
    if not _SIGN[kind].match(text):
        faults.append(bilingual("缺少开头的签名", "no sign in front"))
    # Operators count UTF-16 units: a rare character is two.
    length, limit = len(text.encode("utf-16-le")) // 2, _LIMIT[kind]
    if length > limit:
        faults.append(
            bilingual(f"含签名 {length} 字,最多 {limit} 字", f"{length} characters with the sign, at most {limit}")
        )
    return faults


def harm(text: str) -> list[str]:
    """What does harm in a text whoever hears it, in a call as in an SMS."""
    return _found(unicodedata.normalize("NFKC", text), (row for row in _style().never if row.always))


def _words(text: str, kind: str) -> list[str]:
    style = _style()
    faults = _found(text, style.never)
    if not style.must.pattern[kind].search(text):
        faults.append(bilingual(style.must.zh, style.must.en))
    return faults


def _found(text: str, rows: Iterable[_Never]) -> list[str]:
    return [
        bilingual(f"{row.zh}“{found.group().strip()}”", row.en) for row in rows if (found := row.pattern.search(text))
    ]


@cache
def _style() -> _Style:
    return _Style.model_validate(tomllib.loads(Path(__file__).with_name("lint.toml").read_text(encoding="utf-8")))
