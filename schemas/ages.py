"""Ages and classes at school, as labels tell them: 8岁, 8岁3个月, 未满十二周岁, 婴儿, aged 8, 三年级学生, Grade 3.

Words come in as `vocabularies` compares them.
"""

import re
from collections.abc import Iterable

from schemas import chinese_numerals

_CHILD_UNDER = 14
_OF_AGE = 18

_NUMBER = "(?P<years>[0-9]{1,3}|[一二两三四五六七八九十百]{1,4})"
_MONTHS = "零?(?:[0-9]{1,2}|十?[一二两三四五六七八九十])"  # beyond the years
_INFANT = "婴儿|婴幼儿|幼儿|新生儿|男婴|女婴|infant|newborn|toddler"
_WHO = f"儿童|孩子|小孩|小?男孩|小?女孩|男童|女童|小学生|学生|未成年人|少年|{_INFANT}|[男女]"
_ABOUT = rf"(?:年龄|年仅|今年|现年|刚满|已满|大?约|才|仅|aged?|:|{_WHO})*"
_AGE = re.compile(
    rf"{_ABOUT}(?P<under>未满|不满|不足|小于|under|below)?{_NUMBER}"
    rf"(?:(?P<months>个月)大?|(?:周?岁(?:{_MONTHS}个月)?大?|years?{_MONTHS}months?(?:old)?|years?old|yrsold|yo)"
    rf"(?:半|多|左右)?(?P<below>及?以下|以内)?)的?(?:{_WHO})?"
)
_WITHOUT_UNIT = re.compile(rf"(?:aged?|年龄|(?P<under>under|below|未满|不满)):?{_NUMBER}")
_CLASS = re.compile(
    "(?:小学)?[一二三四五六1-6]年级的?(?:小?学生)?|(?:grade|year)[1-6](?:pupil|student)?"
    "|(?:1st|2nd|3rd|[4-6]th|first|second|third|fourth|fifth|sixth)grade(?:r|pupil|student)?"
)
_PUPIL = re.compile("小学[一二三四五六1-6]年级的?小?学生|[一二三四五六1-6]年级的?小学生")
# Where these are, a class is of another school, or is the one that somebody teaches.
_PAST_PRIMARY_SCHOOL = re.compile(
    "大学|大专|大[一二三四]|本科|高校|学院|研究生|硕士|博士|高中|初中|[高初][一二三]|中学|中专|职校|职高|职业|技校|技工"
    "|教师|老师|教授|讲师|教员|班主任|辅导员|校长|任教|退休|teacher|universit|college|highschool|middleschool"
)


def is_a_childs(word: str) -> bool:
    """Whether a word tells an age, or that somebody is below one, that a child under 14 has."""
    found = _AGE.fullmatch(word) or _WITHOUT_UNIT.fullmatch(word)
    if found is None:
        return re.fullmatch(_INFANT, word) is not None
    told, years = found.groupdict(), _years(found["years"])
    if told.get("months"):
        return True
    if told.get("under") or told.get("below"):  # that of the law on minors too
        return years is not None and years <= _OF_AGE
    return years is not None and years < _CHILD_UNDER


def is_class(word: str) -> bool:
    """Whether a word tells a class that primary schools have."""
    return _CLASS.fullmatch(word) is not None


def is_past_primary_school(words: Iterable[str]) -> bool:
    """Whether some of these words tell that a class among them is no child's."""
    told = list(words)
    if any(_PUPIL.fullmatch(word) for word in told):
        return False
    return any(_PAST_PRIMARY_SCHOOL.search(word) or _is_of_age(word) for word in told)


def _is_of_age(word: str) -> bool:
    found = _AGE.fullmatch(word)
    if found is None or found["under"] or found["below"] or found["months"]:
        return False
    years = _years(found["years"])
    return years is not None and years >= _OF_AGE


def _years(text: str) -> int | None:
    return int(text) if text.isdecimal() else chinese_numerals.whole(text)
