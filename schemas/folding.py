"""One folding for every code, label and number: what looks the same to a person compares as the same."""

import re
import unicodedata
from collections.abc import Callable

# Default-ignorable characters outside category Cf: joiners, fillers, variation selectors.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# An acute accent or a grave one is an apostrophe that somebody took for one. NFKC would make it a blank with an accent.
_APOSTROPHES = re.compile("[´`’‘‚‛′ʹʺʼʻˈ]")
_QUOTES = "'\"“”„‟″«»‹›「」『』"
_CHINESE = re.compile("[ -~一-鿿]*")  # with ASCII: none of these looks like another sign, or can't be seen
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2800]+")
_BETWEEN_DIGITS = re.compile(r"[\s\-‐-―−()().·.]+")
_BETWEEN_WORDS = re.compile(r"[\s_\-‐-―−·]+")


def visible(text: str) -> str:
    """Half width (NFKC), nothing that can't be seen; every run of blanks is one space, none outside."""
    return _plain(text) if _is_plain(text) else _until_stable(_visible, text)


def is_blank(text: str) -> bool:
    """Nobody can see that anything is written there."""
    return not visible(text)


def label(text: str) -> str:
    """A code or a label as it is compared: visible, lower case, without quotes around it, blanks, dashes."""
    return _until_stable(_label, text)


def digits(text: str) -> str:
    """A number as it is compared: visible, ASCII digits, without blanks, dashes, brackets, dots, apostrophes."""
    return _until_stable(lambda each: _BETWEEN_DIGITS.sub("", plain_digits(each)), text)


def plain_digits(text: str) -> str:
    """Visible, digits of any script as ASCII, without apostrophes and quotes."""
    return _until_stable(_plain_digits, text)


def _plain_digits(text: str) -> str:
    seen = "".join(each for each in _visible(text) if each not in _QUOTES)
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in seen)


def _visible(text: str) -> str:
    if _is_plain(text):
        return _plain(text)
    seen = "".join(each for each in _APOSTROPHES.sub("'", text) if unicodedata.category(each) != "Cf")
    return _BLANKS.sub(" ", unicodedata.normalize("NFKC", _INVISIBLE.sub("", seen))).strip()


def _is_plain(text: str) -> bool:
    """Most texts are, and to fold them is what intake does most often."""
    return text.isprintable() if text.isascii() else _CHINESE.fullmatch(text) is not None


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


def _label(text: str) -> str:
    return _BETWEEN_WORDS.sub("", _visible(text).casefold()).strip(_QUOTES)


def _until_stable(step: Callable[[str], str], text: str) -> str:
    """Each step can uncover work for itself: a mark joins the letter from which an invisible one parted it."""
    while (folded := step(text)) != text:
        text = folded
    return text
