"""Whole numbers in Chinese numerals: 八, 十三, 二十一, 五千, 一百二十万, 三万五."""

import re

_ONES = {
    sign: value
    for value, signs in enumerate(("〇○零", "一壹", "二两兩贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for sign in signs
}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = (("亿", 10**8), ("億", 10**8), ("万", 10**4), ("萬", 10**4))
_FIGURES = frozenset(sign for sign, value in _ONES.items() if value)
_LONGEST = 20
_SHAPE = re.compile(rf"(?=[^零〇○])(?:[{''.join(_ONES)}]?[{''.join(_TENS)}])*[零〇○]?[{''.join(_ONES)}]?|[零〇○]")


def whole(text: str) -> int | None:
    """None for what is no number, and for figures one after the other (二〇一五)."""
    if len(text) > _LONGEST:
        return None
    for sign, unit in _MYRIADS:
        if sign in text:
            many, _, rest = text.partition(sign)
            count, left = whole(many), whole(rest.lstrip("零〇")) if rest else 0
            if rest in _FIGURES and left is not None:
                left *= unit // 10  # 三万五 is 35,000
            return None if count is None or left is None or left >= unit else count * unit + left
    return _below_myriad(text) if text and _SHAPE.fullmatch(text) else None


def _below_myriad(text: str) -> int:
    total, figure, unit = 0, None, 1
    for sign in text:
        if sign in _TENS:
            total += (1 if figure is None else figure) * _TENS[sign]
            figure, unit = None, _TENS[sign]
        else:
            figure, unit = _ONES[sign], unit if figure is None and _ONES[sign] else 1
    return total + (figure or 0) * max(1, unit // 10)  # 两千三 is 2,300, and 两千零三 is not


def figures(text: str) -> str:
    """Figures one after the other, as a year is written: 二〇一五 is 2015."""
    return "".join(str(_ONES.get(sign, sign)) for sign in text)
