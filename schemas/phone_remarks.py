"""Numbers that stand amid words: 张三15400000104, 手机1:15400000104, 15400000104微信同号.

A number is taken out only where it is complete by itself, so that its digits are never those of a remark or of two
numbers, and only where no word says that it is not to be dialled.
"""

import re

from schemas import folding
from schemas.simplified import simplified

_DIGIT_BEFORE, _DIGIT_AFTER = r"(?<![0-9+])(?<![0-9][ .-])", r"(?![0-9]|[ .-][0-9])"
_GAP = "[ -]?"
_MARKS = "①-⒛⓪-⓿❶-➓㈠-㈩㊀-㊉"
_OF_A_LIST = re.compile(f"(?<![{_MARKS}])[{_MARKS}](?![{_MARKS}])")  # a whole number may be written in them too
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
    "骗|诈|嫌|犯|涉案|冒充|客服|可疑|陌生|来电|主叫|骚扰|催收|收款|付款|转账|汇款|对方|黑|假"
    "|勿|别[打拨]|禁止|不要|不可|空号|停用|停机|注销|作废|错|非|不是|不详|无效|原号|旧号|已?死亡|已故|去世"
)
_HEADING = re.compile(r"[㐀-鿿]{1,10}[0-9]{0,2}\s*:\s*(?P<number>[^㐀-鿿]+)")


def readable(text: str) -> str:
    """Visible, in ASCII digits and simplified characters; a mark of a list (①, ⒈, ⑴) is no digit of a number."""
    return simplified(folding.plain_digits(_OF_A_LIST.sub(" ", text)))


def numbers(text: str) -> list[str]:
    """The complete numbers in a text of nothing but numbers and remarks; none where it is anything else."""
    plain = readable(text)
    rest = _COMPLETE.sub("、", plain)
    if _NOT_TO_BE_DIALLED.search(rest) or not _REMARK.fullmatch(rest):
        return []
    return [found[0].strip() for found in _COMPLETE.finditer(plain)]


def without_remark(text: str) -> str | None:
    """The one number that a text with remarks names; None where there is no remark, or not one number."""
    plain = readable(text)
    if heading := _HEADING.fullmatch(plain):
        return None if _NOT_TO_BE_DIALLED.search(plain) else heading["number"]
    found = numbers(plain)
    return found[0] if len(found) == 1 and found[0] != plain else None
