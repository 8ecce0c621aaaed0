"""What a text may hold: its placeholders, nobody's data, and before key 1 nothing of the scam."""

import re
from collections.abc import Callable
from string import Formatter

from dispatcher.texts import characters, style
from schemas.errors import bilingual

# The gateway plays what follows only after key 1 was pressed.
CONFIRMED_PART = "||"

# The centre may say its own name; any other word of the kind tells what it is about.
_TELLING = re.compile(r"骗|(?<!反)诈|scam|(?<!anti-)fraud", re.IGNORECASE)

# Of a person or an account: 96110 and 110 are shorter.
_LONG_NUMBER = re.compile(r"\d(?:[ \-]?\d){6}")


def _fields(text: str) -> list[tuple[str, str | None, str | None]]:
    try:
        return [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(bilingual("花括号不成对", f"braces don't match: {error}")) from None


def placeholders(*known: str) -> Callable[[str], str]:
    """A check that a text holds these placeholders at most, bare, and can't move the confirmed part."""

    def check(text: str) -> str:
        for name, spec, conversion in _fields(text):
            if name not in known or spec or conversion:
                allowed = ", ".join(f"{{{word}}}" for word in known) or "none"
                raise ValueError(
                    bilingual(f"占位符有误 {{{name}}}", f"unknown placeholder {{{name}}}, allowed: {allowed}")
                )
        if odd := characters.strange(text):
            raise ValueError(odd)
        if found := list(style.faults(text, everywhere=True)):
            raise ValueError("; ".join(found))
        if _LONG_NUMBER.search(characters.undisguised(text)):
            raise ValueError(
                bilingual(
                    "不得含有电话、证件等号码", "holds a long number; a text is for everybody and holds nobody's data"
                )
            )
        if CONFIRMED_PART in text:
            raise ValueError(bilingual(f"不得含有 {CONFIRMED_PART}", f"may not contain {CONFIRMED_PART}"))
        return text

    return check


def discreet(text: str) -> str:
    """A check that a text tells nothing of the scam."""
    if found := _TELLING.search(text):
        raise ValueError(bilingual(f"不得透露案情“{found.group()}”", "heard by others: may not tell of the scam"))
    return text


def sign(text: str) -> str:
    """A check that a sign can stand between brackets."""
    if re.search(r"[\d\[\]【】]", text):
        raise ValueError(bilingual("签名不含数字和括号", "a sign has neither digits nor brackets"))
    return text
