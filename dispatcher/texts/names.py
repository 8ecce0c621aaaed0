"""What a person is addressed by, whatever stands where a name should."""

import re
import unicodedata

_UNKNOWN = "某某"
_DOUBLE_SURNAMES = (
    *("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "南宫", "宇文"),
    *("长孙", "端木", "独孤", "呼延", "轩辕", "申屠", "澹台", "赫连", "闻人", "东郭", "百里", "西门", "太史", "钟离"),
    *("濮阳", "淳于", "鲜于", "拓跋", "公羊", "公冶", "万俟", "左丘"),
)
_NO_NAMES = frozenset(
    [
        *("不详", "不明", "未知", "未提供", "无", "无名", "无名氏", "佚名", "匿名", "姓名不详"),
        *("unknown", "n/a", "none", "null"),
    ]
)
_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿𠀀-𲎯]")
_OUTSIDE = " .,·•・'’-/\\()[]{}<>《》〈〉【】「」『』\"“”*_+=~|:;、。!?#&%@^`$"


def surname(name: str | None) -> str | None:
    """A Chinese surname, the last word of a Western name, or the whole name; None where there is none."""
    known = _readable(name)
    if not known or known.lower() in _NO_NAMES:
        return None
    if not _HAN.match(known):
        return known.split(",")[0].split()[-1]
    if re.search("[·•・]", known):
        return known  # written by its sound: its first character is no surname
    return known[:2] if known.startswith(_DOUBLE_SURNAMES) else known[0]


def masked(name: str | None) -> str:
    """What anybody may read of a name; a person with one name only is not told by it."""
    seen = surname(name)
    return f"{seen if seen and seen != name else ''}{_UNKNOWN}"


def _readable(name: str | None) -> str:
    """In half width, without what can't be seen, nor what stands around a name."""
    whole = unicodedata.normalize("NFKC", name or "")
    seen = "".join(each if unicodedata.category(each)[0] in "LMNPS" else " " for each in whole)
    return " ".join(seen.split()).strip(_OUTSIDE)
