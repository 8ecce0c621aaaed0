"""What a person is addressed by, whatever stands where a name should."""

import re
import tomllib
import unicodedata
from pathlib import Path

from schemas import folding

_UNKNOWN = "某某"
_LONGEST = 30  # said in one breath

_KNOWN = tomllib.loads(Path(__file__).with_name("surnames.toml").read_text("utf-8"))
_SINGLE = frozenset("".join(_KNOWN["single"].split()))
_DOUBLE = tuple(_KNOWN["double"].split())
_BY_SOUND = tuple(_KNOWN["by_sound"].split())
_LATIN_FIRST = frozenset(_KNOWN["latin_first"].split())

_HAN = r"㐀-䶿一-鿿豈-﫿𠀀-𲎯"
_WITH_HAN = re.compile(f"[{_HAN}]")
_HAN_NAME = re.compile(f"[{_HAN}]+(?:[· ]+[{_HAN}]+)*")
_DOT = re.compile("[·•・‧∙⋅●.](?=[^ ])")
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>|《[^《》]*》")
_SEVERAL = re.compile(r"[/\\、,;|&+]|和|与|及")
_NO_NAME = re.compile(
    "(?:不|未|无|暂|待|空|姓名|匿名|佚名|没有|某|保密|测试|用户|客户|机主|本人|受害人|被害人|当事人|事主|尾号|手机|电话).*"
    "|n/?a|nan|none|null|nil|unknown|anonymous|test.*|x+|先生|女士|小姐|男|女"
)
_COMPANY = re.compile(
    r".*(?:公司|集团|厂|商店|超市|学校|医院|银行|委员会|居委会|村委会|合作社|事务所|工作室|酒店|饭店|派出所)"
    r"|.*\b(?:ltd|inc|llc|corp|company|limited|gmbh|plc)\.?",
    re.IGNORECASE,
)
_ADDRESS = "先生|女士|小姐|太太|夫人|同志|老师|师傅|阿姨|叔叔|大爷|大妈|大叔|奶奶|爷爷|经理|医生|主任|老板|同学"
_HAN_TITLE = re.compile(f"(?<=.)(?:{_ADDRESS})$")
_LATIN_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "sir",
        "madam",
        "mme",
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "phd",
        "md",
        "esq",
    ]
)
_TWO_WORDS, _MOST_CHARACTERS = 2, 3  # of a Latin name, and of a Chinese one of one surname


def surname(name: str | None) -> str | None:
    """A Chinese surname, the last of two Latin words, else the whole name; None where there is none to be sure of."""
    whole = _whole(name)
    if not whole or len(whole) > _LONGEST:
        return None
    return _before_comma(name or "", whole) or _addressed(whole)


def masked(name: str | None) -> str:
    """What anybody may read of a name; a person of whom the whole name is said is not told by it."""
    said, whole = surname(name), _whole(name)
    is_part = said is not None and whole is not None and said.casefold() != whole.casefold()
    return f"{said if is_part else ''}{_UNKNOWN}"


def _whole(name: str | None) -> str | None:
    """The name of one person, without what is no part of it; None where it is no name, or that of several."""
    seen = folding.visible(name or "")
    without_remark = _words(_REMARK.sub(" ", seen))
    words = without_remark or _words(seen)
    label = folding.label(seen)
    if not words or any(_NO_NAME.fullmatch(each) for each in (label, words.casefold())) or _COMPANY.fullmatch(words):
        return None
    if found := _HAN_NAME.search(words):
        return None if _several(_REMARK.sub(" ", seen) if without_remark else seen) else _HAN_TITLE.sub("", found[0])
    return _latin(words)


def _before_comma(name: str, whole: str) -> str | None:
    """The surname of "Smith, John"."""
    head, _, rest = folding.visible(name).partition(",")
    return _latin(_words(head)) if _latin(_words(rest)) and not _WITH_HAN.search(whole) else None


def _words(text: str) -> str:
    """Letters, and what stands inside a name, by single spaces."""
    dotted = _DOT.sub("·", text) if _WITH_HAN.search(text) else text
    kept = "".join(each if _is_of_name(each) else " " for each in dotted)
    words = (word.strip("'-·") for word in kept.split())
    return " ".join(word for word in words if any(each.isalpha() for each in word))


def _is_of_name(character: str) -> bool:
    return unicodedata.category(character) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"} or character in "'-·"


def _several(text: str) -> bool:
    """Several people, of whom nobody knows who will answer."""
    parts = [words for part in _SEVERAL.split(text) if (words := _words(part)) and len(words) > 1]
    return len({_addressed(_HAN_TITLE.sub("", part)) for part in parts}) > 1


def _latin(words: str) -> str | None:
    """Without titles and initials."""
    kept = [each for each in words.split() if each.casefold() not in _LATIN_TITLES and _letters(each) > 1]
    return " ".join(kept) or None


def _letters(word: str) -> int:
    return sum(each.isalpha() for each in word)


def _addressed(whole: str) -> str | None:
    words = whole.split()
    if not _WITH_HAN.match(whole):
        is_latin = all(each.isascii() or "LATIN" in unicodedata.name(each, "") for each in whole if each.isalpha())
        is_surname_last = is_latin and len(words) == _TWO_WORDS and _plain(words[0]) not in _LATIN_FIRST
        return words[-1] if is_surname_last else whole
    if whole.startswith(_DOUBLE):
        return whole[:2]
    is_by_sound = "·" in whole or whole.startswith(_BY_SOUND) or len(words[0]) > _MOST_CHARACTERS
    if is_by_sound or whole[0] not in _SINGLE:
        return whole if len(whole) > 1 else None
    return None if len(words) > 1 and min(map(len, words)) > 1 else whole[0]


def _plain(word: str) -> str:
    """Without accents."""
    return "".join(each for each in unicodedata.normalize("NFD", word.casefold()) if each.isalpha())
