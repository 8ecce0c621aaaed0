"""Words: texts, references, labels, yes and no, codes, languages."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas import folding
from schemas.reading import Doubt
from schemas.vocabulary import Channel, Code, Resolution

_EXACT = 2**53  # a larger float has lost digits

_YES = frozenset({"true", "t", "yes", "y", "on", "1", "是", "有", "对", "已", "是的", "真", "√"})
_NO = frozenset({"false", "f", "no", "n", "off", "0", "否", "无", "没有", "未", "不是", "不", "假", "x", "×"})

_CHANNEL_WORDS: Mapping[str, Channel] = {
    "电话": Channel.VOICE,
    "语音": Channel.VOICE,
    "外呼": Channel.VOICE,
    "语音电话": Channel.VOICE,
    "call": Channel.VOICE,
    "phone": Channel.VOICE,
    "上门劝阻": Channel.VISIT,
    "见面": Channel.VISIT,
}


def is_absent(value: object) -> bool:
    """Null, nothing, or nothing that could be seen."""
    if isinstance(value, str):
        return not (_begins_plainly(value) or any(map(_is_visible, value)))
    return value is None or value == []


def _begins_plainly(value: str) -> bool:
    """With an ASCII sign or a Chinese character, as most texts do: that can be seen without a closer look."""
    return "!" <= value[:1] <= "~" or "一" <= value[:1] <= "鿿"


def _is_visible(letter: str) -> bool:
    return bool(folding.visible(letter))


def _shown(value: str) -> str:
    if value.isprintable() and value.isascii():  # as most are
        return value
    return "".join(each for each in value if each.isspace() or _is_visible(each))


def fold(value: str) -> str:
    """As words are compared: visible, lower case, without quotes and apostrophes around it."""
    return folding.visible(value).strip(" '\"‘’`").casefold()


def number_text(value: object) -> object:
    """A number as its text; a large float as spreadsheets show it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return str(int(value) if is_whole else value)


def text(value: object, doubt: Doubt) -> object:
    return number_text(value)


def reference(value: object, doubt: Doubt) -> object:
    """A reference: a number too. What nobody sees around it is no part of it; inside it, it is."""
    value = number_text(value)
    if not isinstance(value, str) or not value or (_is_visible(value[0]) and _is_visible(value[-1])):
        return value
    seen = [at for at, letter in enumerate(value) if _is_visible(letter)]
    return value[seen[0] : seen[-1] + 1] if seen else ""


def label(value: object, doubt: Doubt) -> object:
    """A label without what nobody sees; of several all, with a stroke between them."""
    if isinstance(value, list):
        labels = [label(each, doubt) for each in value if not isinstance(each, list) and not is_absent(each)]
        return "/".join(map(str, labels)) if all(isinstance(each, str) for each in labels) else value
    value = number_text(value)
    return _shown(value).strip() if isinstance(value, str) else value


def whole_number(value: object, doubt: Doubt) -> object:
    value = number_text(value)
    folded = fold(value).removeprefix("v").removesuffix(".0") if isinstance(value, str) else ""
    return int(folded) if folded.isascii() and folded.isdigit() and len(folded) < 20 else value


def boolean(value: object, doubt: Doubt) -> object:
    value = number_text(value)
    if not isinstance(value, str):
        return value
    folded = fold(value).removesuffix(".0").rstrip("。.!")
    return True if folded in _YES else False if folded in _NO else value


def code_of(codes: type[Code], words: Mapping[str, Code]) -> Callable[[Any, Doubt], object]:
    """A reader of these codes, by code, Chinese label or word."""
    known = {fold(name): code for code in codes for name in (code.value, code.zh)} | dict(words)

    def read(value: object, doubt: Doubt) -> object:
        return known.get(fold(value), value) if isinstance(value, str) else value

    return read


channel = code_of(Channel, _CHANNEL_WORDS)
resolution = code_of(Resolution, {})
