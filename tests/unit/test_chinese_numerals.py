"""Numbers in Chinese numerals, as dates, ages and amounts are written."""

import pytest

from schemas.chinese_numerals import figures, whole


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("零", 0), ("八", 8), ("两", 2), ("十", 10), ("十三", 13), ("三十", 30), ("三十一", 31), ("一百零五", 105)),
        *(
            ("五千", 5000),
            ("五万", 50_000),
            ("一百二十万", 1_200_000),
            ("三万五千", 35_000),
            ("一亿零五万", 100_050_000),
        ),
        *(("三万五", 35_000), ("两千三", 2300), ("一百五", 150), ("二十五万八", 258_000), ("三万零五", 30_005)),
        *(("两千零三", 2003), ("三千二百五", 3250), ("一亿二", 120_000_000)),
        *(("伍拾萬", 500_000), ("两千三百", 2300), ("十万", 100_000)),
    ],
)
def test_a_number_in_numerals(text: str, number: int) -> None:
    assert whole(text) == number


@pytest.mark.parametrize(
    "text", ["", "二〇一五", "八九", "万", "岁", "一万亿亿", "八岁", "零五万", "5万", "一" + "万" * 9000]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert whole(text) is None


def test_figures_one_after_the_other() -> None:
    assert figures("二〇一五") == figures("二零一五") == "2015"
