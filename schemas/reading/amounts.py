"""Amounts in yuan: 12000.50, "12,000", "12000元", "1.2万"."""

import re
from decimal import ROUND_CEILING, Decimal

from pydantic_core import PydanticCustomError

from schemas.reading import Doubt
from schemas.reading.words import fold

_SIGNS = re.compile(r"^(?:人民币|rmb|cny|[¥¥])|(?:人民币|rmb|cny|(?:元|圆|块|yuan)?(?:整|正|钱)?)$")
_GROUPS = re.compile(r"\d{1,4}(?:[,' ]\d{3,4})+(?:\.\d+)?")
_FIGURE = re.compile(r"(\d{1,16}(?:\.\d{1,20})?(?:e\+?\d{1,2})?)(亿|万|w|千|k)?")
_UNITS = {None: 1, "k": 1_000, "千": 1_000, "w": 10_000, "万": 10_000, "亿": 100_000_000}
_CENT = Decimal("0.01")
_MOST = Decimal(10**18)


def yuan(value: object, doubt: Doubt) -> object:
    """Whole yuan; cents are rounded up, so that no loss is made smaller."""
    if isinstance(value, bool):
        raise PydanticCustomError("no_amount", "no amount")
    if isinstance(value, int):
        return value
    exact = _exact(str(value)) if isinstance(value, float | str) else None
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
