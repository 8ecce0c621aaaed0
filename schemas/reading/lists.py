"""Elements of lists: one that says several things, or says one in fewer words."""

import re
from collections.abc import Callable
from typing import Any

from schemas import phone_remarks
from schemas.reading import Doubt
from schemas.reading.amounts import yuan
from schemas.reading.words import fold, is_absent, number_text

# One element as it came -> what it means; none where it says nothing.
Split = Callable[[Any, Doubt], list[Any]]

_BETWEEN_WORDS = re.compile(r"[,,、;;/|]")
_BETWEEN_NUMBERS = re.compile(r"[/\\,,、;;|\n\r\t]|或者?|和|及|(?<=1\d{10})-(?=1\d{10}(?!\d))")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3}){2,}")
_NUMBER = re.compile(r"[+\d][\d().-]*")
_AREA = re.compile(r"0\d{2,3}(?=[- ])")
_FULL, _LANDLINE = 7, 8  # digits of the shortest number that a person has, and of the longest without its area
_SAYS_NOTHING = frozenset(
    {"", "-", "--", "—", "/", "\\", "无", "没有", "暂无", "不详", "未知", "n/a", "na", "null", "none"}
)


def words(element: Any, doubt: Doubt) -> list[Any]:
    """sms,voice"""
    return [each for each in _BETWEEN_WORDS.split(element) if each.strip()] if isinstance(element, str) else [element]


def addresses(element: Any, doubt: Doubt) -> list[Any]:
    return [{"text": element}] if isinstance(element, str) else [element]


def transfers(element: Any, doubt: Doubt) -> list[Any]:
    """A figure alone is what was transferred. One that says nothing is none."""
    if isinstance(element, str | int | float):
        return [{"amount_yuan": element}] if _is_figure(element) else [element]
    return [] if isinstance(element, dict) and all(map(_says_nothing, element.values())) else [element]


def _is_figure(value: object) -> bool:
    try:
        return isinstance(yuan(value, lambda _: None), int)
    except ValueError:
        return False


def _says_nothing(value: object) -> bool:
    return is_absent(value) or (isinstance(value, str) and fold(value) in _SAYS_NOTHING)


def phones(element: Any, doubt: Doubt) -> list[Any]:
    return _by_number(element, "number", doubt)


def contacts(element: Any, doubt: Doubt) -> list[Any]:
    return _by_number(element, "phone", doubt)


def _by_number(element: Any, key: str, doubt: Doubt) -> list[Any]:
    """As many as it names numbers."""
    element = {key: element} if isinstance(element, str | int | float) else element
    if not isinstance(element, dict):
        return [element]
    written = element.get(key)
    texts = [number_text(each) for each in (written if isinstance(written, list) else [written])]
    found = [part for each in texts for part in (_numbers(each, doubt) if isinstance(each, str) else [each])]
    if len(found) > 1:
        doubt("several_numbers")
    return [element | {key: each} for each in found] or [element]


def _numbers(text: str, doubt: Doubt) -> list[str]:
    """The numbers in a text: A/B, A、B, A B. What is too short for one is left out beside one that is not."""
    plain = fold(text)
    if _THOUSANDS.fullmatch(plain):
        return [plain.replace(",", "")]
    parts = [each.strip() for each in _BETWEEN_NUMBERS.split(text) if each.strip()]
    if len(parts) == 1:
        apart = parts[0].split()
        if len(apart) > 1 and all(map(_is_full, apart)):
            return apart
        amid_words = phone_remarks.numbers(parts[0])
        return amid_words if len(amid_words) > 1 else parts
    full = [each for each in parts if _digits(each) >= _FULL]
    if not full:
        return [text]
    if len(full) < len(parts):
        doubt("number_left_out")
    area = _AREA.match(fold(full[0]))
    return [f"{area[0]}-{each}" if area and _lacks_area(each) else each for each in full]


def _digits(text: str) -> int:
    return sum(each.isdigit() for each in text)


def _is_full(text: str) -> bool:
    return _digits(text) >= _FULL and _NUMBER.fullmatch(fold(text)) is not None


def _lacks_area(text: str) -> bool:
    return text[0] not in "0+(" and _FULL <= _digits(text) <= _LANDLINE
