"""Amounts in yuan: 12000.50, "12,000", "12000元", "1.2万", "五万元", "约5万"."""

import re
from decimal import ROUND_CEILING, Decimal

from pydantic_core import PydanticCustomError

from schemas import chinese_numerals
from schemas.reading import Doubt
from schemas.reading.words import fold
from schemas.simplified import simplified

_SIGNS = re.compile(r"^(?:人民币|rmb|cny|[¥¥])|(?:人民币|rmb|cny|(?:元|圆|块|yuan)?(?:整|正|钱)?)$")
_GROUPS = re.compile(r"\d{1,4}(?:[,' ]\d{3,4})+(?:\.\d+)?")
_FIGURE = re.compile(r"(\d{1,16}(?:\.\d{1,20})?(?:e\+?\d{1,2})?)(亿|万|w|千|k)?")
# About so much: 10000左右, 约5万, 五万余元.
_ABOUT = re.compile(
    r"^(?:大?约(?:计|为)?|大概|近|估计|预计|超过?|将近|不到|至少|共计?|合计|总计|(?:about|approx\.?|ca\.?|[~≈])\s*)|(?:左右|上下|以上|许)$"
)
_MORE = re.compile(r"[多余](?=(?:元|圆|块|万|亿|人民币|rmb|$))")
_UNITS = {None: 1, "k": 1_000, "千": 1_000, "w": 10_000, "万": 10_000, "亿": 100_000_000}
_SPOKEN = re.compile(r"(\d{1,8})([亿万千])(\d)")  # 3万5
_CENT = Decimal("0.01")
_MOST = Decimal(10**18)


def yuan(value: object, doubt: Doubt) -> object:
    """Whole yuan; cents are rounded up, so that no loss is made smaller."""
    if isinstance(value, bool):
        raise PydanticCustomError("no_amount", "no amount")
    if isinstance(value, int):
        return value
    exact = _exact(str(value)) if isinstance(value, float | str) else None
    if exact is None and isinstance(value, str) and (exact := _in_words(value)) is not None:
        doubt("about")
    if exact is None or exact > _MOST:
        raise PydanticCustomError("no_amount", "no amount")
    cents = exact.quantize(_CENT)  # what is less is no money but a float
    rounded = int(cents.to_integral_value(ROUND_CEILING))
    if rounded != cents:
        doubt("rounded")
    return rounded


def _exact(value: str) -> Decimal | None:
    plain = _SIGNS.sub("", fold(value)).strip()
    if _GROUPS.fullmatch(plain):
        plain = re.sub(r"[,' ]", "", plain)
    found = _FIGURE.fullmatch(plain)
    return Decimal(found[1]) * _UNITS[found[2]] if found else None


def _in_words(value: str) -> Decimal | None:
    """An amount in Chinese numerals, or one that is given as about so much: what is named of it."""
    plain = simplified(fold(value))
    for _ in range(2):  # 约五万元左右
        plain = _SIGNS.sub("", _MORE.sub("", _ABOUT.sub("", plain)).strip()).strip()
    if spoken := _SPOKEN.fullmatch(plain):
        unit = _UNITS[spoken[2]]
        return Decimal(int(spoken[1]) * unit + int(spoken[3]) * unit // 10)
    whole = chinese_numerals.whole(plain)
    return Decimal(whole) if whole is not None else _exact(plain)
