"""What a person is addressed by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.texts.names import surname


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("何某", "何"),
        ("欧阳某某", "欧阳"),
        ("南宫某", "南宫"),
        ("\u200b何某", "何"),
        ("（何某）", "何"),
        ("何\u3000某", "何"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("José García", "García"),
        ("ＪＯＨＮ ＳＭＩＴＨ", "SMITH"),
        ("Smith, John", "Smith"),
        (", John", "John"),
        ("O'Neil", "O'Neil"),
        *(
            (none, None)
            for none in (None, "", " ", "\u3000", ",", "·", "\u200b", "\x00", "不详", "未知", "(不详)", "Unknown")
        ),
    ],
)
def test_the_surname_the_whole_name_or_none(name: str | None, said: str | None) -> None:
    assert surname(name) == said


@given(st.text())
def test_whatever_stands_for_a_name_is_something_to_say_or_nothing(name: str) -> None:
    said = surname(name)
    assert said is None or (said == said.strip() and said.isprintable())
