"""Does an identity number identify somebody? Taken from its form alone; nothing is looked up anywhere."""

import re
from datetime import date
from enum import StrEnum
from itertools import pairwise

from schemas import folding
from schemas.vocabularies import SHIPPED
from schemas.vocabulary import IdType

_FLOAT_TAIL = re.compile(r"(?<=\d)\.0+$")
_CROSSES = str.maketrans("×ХΧ✕✖", "XXXXX")  # taken for the X of a check digit
_SPREADSHEET = re.compile(r"E\+|^\d+[.,]\d+E", re.IGNORECASE)

# GB 11643: six digits of the place, the date of birth, three of the order, a check digit.
_PROVINCES = "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9\\d"
_RESIDENT = re.compile(rf"(?:{_PROVINCES})\d{{4}}(?P<born>\d{{8}})(?P<order>\d{{3}})[\dX]")
_OLD_RESIDENT = re.compile(rf"(?:{_PROVINCES})\d{{4}}(?P<born>\d{{6}})\d{{3}}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_RESIDENT_LENGTH = 18
_FIRST_YEAR, _LAST_YEAR = 1900, 2099
_FEW = 2
_PASSPORT_DIGITS = 9  # of the United States and others, which have no letter
_MASKED = re.compile(r"[X*#?■●○]{3}")
# The date of birth in a number that is cut behind it, or of which month and day are masked.
_CUT = re.compile(
    rf"(?:{_PROVINCES})\d{{4}}(?P<year>\d{{4}})(?P<month>\d\d|[X*#?■●○]{{2}})(?P<day>\d\d|[X*#?■●○]{{2}})"
)

# Forms that stand for their type, whether or not it is named.
_OWN_FORMS = {
    IdType.PASSPORT: re.compile(r"E\d{8}|E[A-HJ-NP-Z]\d{7}|G\d{8}|[DSP]\d{7}|[DSP]E\d{7}|KJ?\d{7,8}|MA\d{7}"),
    IdType.HK_MACAU_PERMIT: re.compile(r"[HM]\d{8}(?:\d{2})?"),
    IdType.FOREIGN_RESIDENCE: re.compile(r"[A-Z]{3}\d{12}"),
}
# Forms that do only where the type is named: other numbers look the same.
_NAMED_FORMS = {
    IdType.PASSPORT: re.compile(r"(?=(?:[A-Z]*\d){4})[A-Z0-9]{7,9}"),
    IdType.TAIWAN_PERMIT: re.compile(r"\d{8}|\d{10}[A-Z]?"),
}
_PLAUSIBLE = re.compile(r"[A-Z]{1,3}\d{6,10}[A-Z]?")
_PLAUSIBLE_OF_OTHER_TYPE = re.compile(r"[A-Z]{0,4}\d{7,12}[A-Z]?|[一-鿿]{1,4}\d{6,10}号?")


class IdStrength(StrEnum):
    """How far an identity number tells one person from another."""

    STRONG = "strong"  # format and check digit of its type are right
    WEAK = "weak"  # the format is right or plausible, no more: joins only with a second match
    NONE = "none"  # a placeholder, masked, cut, what a spreadsheet left: identifies nobody


def id_number(text: str) -> str:
    """An identity number as it is compared: half width, upper case, no blanks, dashes, apostrophes."""
    plain = _FLOAT_TAIL.sub("", folding.plain_digits(text))
    return folding.digits(plain.upper()).translate(_CROSSES)


def birth_date(text: str | None) -> date | None:
    """The date of birth in the number of a Chinese resident card, also a masked or cut one; None where there is none.

    Where it can mean several, the latest: a child that is taken for a grown-up is called by a machine.
    """
    folded = id_number(text or "")
    if len(folded) == _RESIDENT_LENGTH and (born := _date(folded[6:14])):
        return born
    cut = _CUT.match(folded)
    return _latest_date(cut["year"], cut["month"], cut["day"]) if cut else None


def strength(id_type: str | None, text: str) -> IdStrength:
    """How far this number identifies somebody; `id_type` is a code or a label, and may be one that nobody knows."""
    folded = id_number(text)
    digits = re.sub(r"\D", "", folded)
    if _SPREADSHEET.search(folding.visible(text)) or _MASKED.search(folded) or len(set(digits)) < _FEW:
        return IdStrength.NONE
    found = _by_form(id_type, folded)
    # So few different digits, or all in their order: somebody's filling more often than a person's number.
    return IdStrength.WEAK if found is IdStrength.STRONG and _is_filler(digits) else found


def key(id_type: str | None, text: str) -> str:
    """A number as it is compared: those of two types are two, though they read alike."""
    folded = id_number(text)
    named = SHIPPED.id_type(id_type) if id_type else None
    if _RESIDENT.fullmatch(folded) or _OLD_RESIDENT.fullmatch(folded):
        return folded
    own = next((kind for kind, form in _OWN_FORMS.items() if form.fullmatch(folded)), None)
    kind = named or own
    return f"{kind}:{folded}" if kind else folded


def _by_form(id_type: str | None, folded: str) -> IdStrength:
    if resident := _RESIDENT.fullmatch(folded):
        return _of_resident(folded, resident["born"], resident["order"])
    if old := _OLD_RESIDENT.fullmatch(folded):
        return IdStrength.WEAK if _date(f"19{old['born']}") else IdStrength.NONE
    named = SHIPPED.id_type(id_type) if id_type else None
    if any(form.fullmatch(folded) for form in _of_type(named)):
        # Other digits alone are a date or a phone number as often as a passport's.
        is_odd = named is IdType.PASSPORT and folded.isdigit() and len(folded) != _PASSPORT_DIGITS
        return IdStrength.WEAK if is_odd or _date(folded) else IdStrength.STRONG
    if any(form.fullmatch(folded) for form in _OWN_FORMS.values()):
        return IdStrength.WEAK if named else IdStrength.STRONG
    is_other_type = named is None and bool(id_type)
    is_plausible = (_PLAUSIBLE_OF_OTHER_TYPE if is_other_type else _PLAUSIBLE).fullmatch(folded)
    return IdStrength.WEAK if is_plausible else IdStrength.NONE


def _of_type(named: IdType | None) -> list[re.Pattern[str]]:
    if named is None:
        return []
    return [forms[named] for forms in (_OWN_FORMS, _NAMED_FORMS) if named in forms]


def _of_resident(folded: str, born: str, order: str) -> IdStrength:
    if _date(born) is None:
        return IdStrength.NONE
    is_checked = _CHECK_DIGITS[sum(int(d) * w for d, w in zip(folded[:17], _WEIGHTS, strict=True)) % 11] == folded[17]
    # No card has the order 000, and a spreadsheet leaves zeros for every digit after the fifteenth.
    is_rounded = order == "000" or folded.endswith("000")
    return IdStrength.STRONG if is_checked and not is_rounded else IdStrength.WEAK


def _date(digits: str) -> date | None:
    """A date within the lives that cards are given for; None for any other eight digits."""
    try:
        born = date.fromisoformat(digits)
    except ValueError:
        return None
    return born if _FIRST_YEAR <= born.year <= _LAST_YEAR else None


def _latest_date(year: str, month: str, day: str) -> date | None:
    """The last date that masked digits leave possible."""
    month = month if month.isdigit() else "12"
    days = [day] if day.isdigit() else ["31", "30", "29", "28"]
    return next((born for each in days if (born := _date(f"{year}{month}{each}"))), None)


def _is_filler(digits: str) -> bool:
    steps = {(int(right) - int(left)) % 10 for left, right in pairwise(digits)}
    return len(set(digits)) <= _FEW or steps in ({1}, {9})
