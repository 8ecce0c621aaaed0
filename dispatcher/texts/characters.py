"""Which characters a text may hold, and what a disguised one stands for.

A text is Chinese or English: what is in another script, can't be seen, or only looks like one of these is a disguise,
or an accident of copying. Either way a phone shows something else than what was approved.
"""

import re
import unicodedata

from schemas.errors import bilingual
from schemas.simplified import simplified

# Of the full width forms the signs; letters and digits are disguises.
_FULL_WIDTH_SIGNS = (
    *range(0xFF01, 0xFF10),
    *range(0xFF1A, 0xFF21),
    *range(0xFF3B, 0xFF41),
    *range(0xFF5B, 0xFF5F),
    0xFFE5,
)
# Beside ASCII and Chinese characters: punctuation of both languages, full width too, pinyin and European names.
_SIGNS = frozenset("·–—‘’“”…→×§¥€£≤≥℃、。〇《》「」『』【】〈〉" + "".join(map(chr, _FULL_WIDTH_SIGNS)))
_NAMES_IN_LATIN = re.compile("[À-ÖØ-öø-ſǍ-ǜ]")
_UNCOMMON = re.compile("[^ -~\u4e00-\u9fff]")  # all others of these are looked at one by one
_HAN = "CJK UNIFIED IDEOGRAPH-"
_KINDS = {
    "Cc": ("控制字符", "a control character"),
    "Cf": ("不可见字符", "a character that can't be seen, or turns the direction of reading"),
    "Cn": ("未定义字符", "a character that nobody has defined"),
    "Co": ("自造字符", "a character for private use, which each phone shows as it likes"),
    "Cs": ("残缺字符", "half a character"),
    "Mn": ("组合符号", "a mark that is put over another character"),
    "Me": ("组合符号", "a mark that is put around another character"),
    "Zl": ("换行符", "a line break"),
    "Zp": ("换行符", "a line break"),
    "Zs": ("特殊空格", "a blank that is no plain one"),
}
_OTHER = ("形近或其他文字的字符", "a look-alike, or a character of another script")

# Of these a number, a link or a handle is made; the table of labels has none of them.
_MORE_TRADITIONAL = str.maketrans("驗證碼帐賬發訴機點國連鏈貳參叄陸", "验证码账账发诉机点国连链贰叁叁陆")
_BETWEEN = re.compile(r"[\s/\\|_*~^'\"`·•丶\-–—()\[\]<>《》「」『』“”‘’【】]+")


def strange(text: str) -> str | None:
    """What is wrong with the first character that no text may hold. The character itself is told by its number."""
    for one in _UNCOMMON.findall(text):
        if not _is_plain(one):
            zh, en = _KINDS.get(unicodedata.category(one), _OTHER)
            code = f"U+{ord(one):04X}"
            return bilingual(f"含{zh} {code}", f"holds {en}, {code}")
    return None


def _is_plain(one: str) -> bool:
    if one.isascii():
        return one.isprintable()
    if one in _SIGNS or _NAMES_IN_LATIN.fullmatch(one):
        return True
    return unicodedata.name(one, "").startswith(_HAN)


def undisguised(text: str) -> str:
    """What a person reads in it: full width, circled and other digits plain, what can't be seen left out."""
    folded = unicodedata.normalize("NFKC", _UNCOMMON.sub(_shown, text))
    return simplified(folded).translate(_MORE_TRADITIONAL)


def squeezed(text: str) -> str:
    """The same without what is put between characters so that no filter knows the word."""
    return _BETWEEN.sub("", undisguised(text))


def _shown(found: re.Match[str]) -> str:
    """A digit of any script, also in a circle or Roman; nothing for what can't be seen. Chinese numerals are words."""
    one = found.group()
    if unicodedata.category(one) in ("Cf", "Mn", "Me", "Cc"):
        return ""
    if one == "〇" or unicodedata.name(one, "").startswith(_HAN):
        return one
    value = unicodedata.numeric(one, None)
    return one if value is None else f"{value:g}"
