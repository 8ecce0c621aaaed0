"""Words: texts, references, labels, yes and no, codes, languages."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from schemas.reading import Doubt
from schemas.vocabulary import Channel, Code, Resolution

_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters by category, and nothing to see
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

CHINESE = "zh-CN"
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*")
# Chinese and its languages in ISO 639, and what people write for it: a country, Windows' codes.
_CHINESE_TAGS = "zh chi zho cmn yue wuu nan hak gan hsn cdo cjy mnp cpx czh czo lzh cn chn chs cht und mul mis zxx"
_CHINESE = frozenset(_CHINESE_TAGS.split())
_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne "
    "ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st "
    "su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zu"
)
_PRIMARY = _CHINESE | frozenset(_ISO_639_1.split())
_LANGUAGE_WORDS = {"英语": "en", "英文": "en", "english": "en", "eng": "en"}


def is_absent(value: object) -> bool:
    """Null, nothing, or nothing that could be seen."""
    return value is None or value == [] or (isinstance(value, str) and not any(map(_is_visible, value)))


def _is_visible(letter: str) -> bool:
    return not letter.isspace() and letter not in _BLANKS and unicodedata.category(letter) not in ("Cf", "Cc")


def _shown(value: str) -> str:
    if value.isprintable() and _BLANKS.isdisjoint(value):  # as nearly all are
        return value
    return "".join(each for each in value if each.isspace() or _is_visible(each))


def fold(value: str) -> str:
    """As words are compared: plain width, lower case, without invisible characters, outer blanks and apostrophes."""
    return _shown(unicodedata.normalize("NFKC", value)).strip(" \t\r\n'\"‘’`").casefold()


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
        labels = [label(each, doubt) for each in value if not is_absent(each)]
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


def language(value: object, doubt: Doubt) -> object:
    """A language tag; every Chinese one, and one that says nothing, is Chinese."""
    if not isinstance(value, str):
        return value
    folded = fold(value).replace("_", "-").partition(".")[0].replace(" ", "")
    tag = _LANGUAGE_WORDS.get(folded, folded)
    primary = tag.partition("-")[0]
    if "中文" in tag or "汉语" in tag or "普通话" in tag or "chinese" in tag:
        return CHINESE
    if not _TAG.fullmatch(tag) or (len(primary) < 3 and primary not in _PRIMARY):
        raise PydanticCustomError("no_language", "no language")
    if primary in _CHINESE:
        return value if value.startswith("zh-") else CHINESE
    return value if _TAG.fullmatch(value.lower()) else tag
