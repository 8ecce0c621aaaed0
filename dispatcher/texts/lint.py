"""The house style of a warning SMS: what operators refuse, and what a fraudster would write."""

import re

from dispatcher.texts import style
from dispatcher.texts.tables import is_chinese
from schemas.errors import bilingual

__all__ = ["MAX_SMS_EN", "MAX_SMS_ZH", "lint"]

# One Chinese SMS; a longer one is split, and the parts may arrive apart or not at all.
MAX_SMS_ZH = 70
# Three parts. The Chinese sign makes a whole English SMS UCS-2 too, so a part holds 67 characters, not 153.
MAX_SMS_EN = 3 * 67

_SIGN = {"zh": re.compile(r"【[^【】]+】\S"), "en": re.compile(r"\[[^\[\]]+\] \S")}
_LIMIT = {"zh": MAX_SMS_ZH, "en": MAX_SMS_EN}


def lint(text: str, language: str) -> list[str]:
    """What is wrong with a signed SMS, Chinese and English; nothing if it may be sent."""
    kind = "zh" if is_chinese(language) else "en"
    return _form(text, kind) + _words(text, kind)


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


def _words(text: str, kind: str) -> list[str]:
    found = list(style.faults(text))
    if not style.says_what_to_do(text, kind):
        must = style.style().must
        found.append(bilingual(must.zh, must.en))
    return found
