"""Numbers that stand amid words: 张三15400000104, 手机1:15400000104, 15400000104微信同号.

A number is taken out only where it is complete by itself, so that its digits are never those of a remark or of two
numbers, and only where no word says that it is not to be dialled.
"""

import re

from schemas import folding

_DIGIT_BEFORE, _DIGIT_AFTER = r"(?<![0-9+])(?<![0-9][ .-])", r"(?![0-9]|[ .-][0-9])"
_GAP = "[ -]?"
_COMPLETE = re.compile(
    # "手机1 154…" has a digit before the number, which is none of it.
    rf"(?:{_DIGIT_BEFORE}|(?<=[㐀-鿿][0-9] ))"
    rf"(?:(?:(?:\+|00)?86{_GAP})?1[3-9][0-9](?:{_GAP}[0-9]){{8}}"
    rf"|\(?0(?:10|2[0-9]|[3-9][0-9]{{2}})\)?{_GAP}[2-9][0-9]{{2,3}}{_GAP}[0-9]{{4}}"
    rf"|\+(?!86)[1-9](?:{_GAP}[0-9]){{7,14}})"
    rf"{_DIGIT_AFTER}"
)
_REMARK = re.compile(r"(?:[㐀-鿿\s:,、;。.·()\[\]{}<>【】|_-]|(?<![0-9])[0-9]{1,4}(?![0-9]))*")
_NOT_TO_BE_DIALLED = re.compile(
    "骗|诈|嫌疑|对方|勿|别打|不要|不可|空号|停用|停机|注销|作废|错|非|不是|不详|无效|原号|旧号|转账"
)
_HEADING = re.compile(r"[㐀-鿿]{1,10}[0-9]{0,2}\s*:\s*(?P<number>[^㐀-鿿]+)")


def numbers(text: str) -> list[str]:
    """The complete numbers in a text of nothing but numbers and remarks; none where it is anything else."""
    plain = folding.plain_digits(text)
    rest = _COMPLETE.sub("、", plain)
    if _NOT_TO_BE_DIALLED.search(rest) or not _REMARK.fullmatch(rest):
        return []
    return [found[0].strip() for found in _COMPLETE.finditer(plain)]


def without_remark(text: str) -> str | None:
    """The one number that a text with remarks names; None where there is no remark, or not one number."""
    plain = folding.plain_digits(text)
    if heading := _HEADING.fullmatch(plain):
        return None if _NOT_TO_BE_DIALLED.search(plain) else heading["number"]
    found = numbers(plain)
    return found[0] if len(found) == 1 and found[0] != plain else None
