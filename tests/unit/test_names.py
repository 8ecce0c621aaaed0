"""What a person is addressed by."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.texts.names import masked, surname
from tests.unit.cases import victims


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("何某", "何"),
        ("何", "何"),
        ("何某某", "何"),
        ("欧阳某某", "欧阳"),
        ("南宫某", "南宫"),
        ("何\u3000某", "何"),
        ("\u200b何某", "何"),
        ("何某\u202e", "何"),
        ("（何某）", "何"),
        ("【何某】", "何"),
        ("‘何某’", "何"),
        ("何某（儿子）", "何"),
        ("何某(女)", "何"),
        ("何某先生", "何"),
        ("何女士", "何"),
        ("何某13800000000", "何"),
        ("何某😀", "何"),
        ("何**", "何"),
        ("陈和平", "陈"),
        ("王Mike", "王"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉.买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉 买买提", "阿卜杜拉 买买提"),
        ("买买提", "买买提"),
        ("古丽娜尔", "古丽娜尔"),
        ("扎西多吉", "扎西多吉"),
        ("阿迪力", "阿迪力"),
        ("田中太郎", "田中太郎"),
        ("José García", "García"),
        ("ＪＯＨＮ ＳＭＩＴＨ", "SMITH"),
        ("Smith, John", "Smith"),
        ("LI, Wei", "LI"),
        ("García López, José", "García López"),
        ("John Smith, Jr.", "Smith"),
        (", John", "John"),
        ("O’Neil", "O'Neil"),
        ("Jean-Luc Picard", "Picard"),
        ("Mr. John Smith Jr.", "Smith"),
        ("Ms Smith", "Smith"),
        ("J. Smith", "Smith"),
        ("John S.", "John"),
        ("ZHANG SAN", "ZHANG SAN"),
        ("Nguyễn Văn An", "Nguyễn Văn An"),
        ("María García López", "María García López"),
        ("Иван Петров", "Иван Петров"),
        ("สมชาย ใจดี", "สมชาย ใจดี"),
        ("محمد علي", "محمد علي"),
    ],
)
def test_the_surname_or_the_whole_name(name: str, said: str) -> None:
    assert surname(name) == said


@pytest.mark.parametrize(
    "name", [None, "", " ", "\u3000", ",", "·", "\u200b", "\x00", "*", "😀", "13800000000", "J.", "Mr."]
)
def test_what_holds_no_name(name: str | None) -> None:
    assert surname(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "不详",
            "(不详)",
            "不 详",
            "未知",
            "姓名不详",
            "未登记",
            "待补",
            "暂无",
            "某某",
            "某女士",
            "女士",
            "机主",
            "Unknown",
            "N/A",
            "Ｎ／Ａ",
            "null",
        ),
        *("用户8899", "测试", "**三", "何某/于某", "何某、于某", "何某和于某", "何某 于某", "何" * 60, "Smith" * 20),
        *("云汀市某某科技有限公司", "某某超市", "Yunting Co., Ltd.", "ACME Inc"),
    ],
)
def test_who_is_not_sure_is_the_owner_of_the_phone(name: str) -> None:
    assert surname(name) is None


def test_names_that_sources_sent() -> None:
    said = [surname(victim["name"]) for victim in victims("f12-names").values()]
    assert said == ["阿卜杜拉·买买提", "García", "何", None, "南宫", "何", "SMITH"]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("欧阳某某", "欧阳某某"),
        ("何某", "何某某"),
        ("何", "某某"),
        ("(阿卜杜拉·买买提)", "某某"),
        ("Mr. Smith", "某某"),
        (None, "某某"),
    ],
)
def test_nobody_is_told_by_what_anybody_may_read(name: str | None, read: str) -> None:
    assert masked(name) == read


@given(st.none() | st.text() | st.text("何某欧阳阿卜杜拉·买提(/) ,.John Smith\u200b😀1", max_size=40))
def test_whatever_stands_for_a_name_is_something_to_say_or_nothing(name: str | None) -> None:
    said = surname(name)
    assert said is None or (said == said.strip() and said.isprintable() and len(said) <= 30)
    assert said is None or all(unicodedata.category(each)[0] in "LM" or each in " '-·" for each in said)
    assert said is None or sum(each.isalpha() for each in said) > 1 or "一" <= said <= "鿿"
    assert masked(name).endswith("某某")
