"""Files as people save them, at every door that reads TOML: read where that is safe, else told by its remedy."""

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher import policy
from dispatcher.policy import PolicyError
from dispatcher.texts import TextsError, approved
from providers import registry
from providers.base import SettingsError
from schemas import edited_file, roster, word_file
from schemas.edited_file import UnreadableFileError

GOOD = '# 策略(虚构)\n[one]\nname = "云汀"\nlist = ["甲", "乙"]\n'
TABLES = {"one": {"name": "云汀", "list": ["甲", "乙"]}}


def _texts(path: Path) -> object:
    return approved.edited(path.parent)


DOORS: dict[str, tuple[Callable[[Path], Any], type[Exception]]] = {
    "policy": (policy.load, PolicyError),
    "providers": (lambda path: registry.read(path, {}, ""), SettingsError),
    "roster": (roster.read, roster.RosterError),
    "words": (word_file.read, word_file.WordFileError),
    "texts": (_texts, TextsError),
}


@pytest.mark.parametrize(
    "data",
    [
        GOOD.encode(),
        codecs.BOM_UTF8 + GOOD.encode(),
        codecs.BOM_UTF8 * 2 + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
    ],
    ids=["plain", "mark", "two marks", "windows"],
)
def test_what_is_safe_is_read(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(data)
    assert edited_file.read(tmp_path / "x.toml") == TABLES


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (GOOD.encode("utf-16"), ("UTF-16", "另存为 UTF-8", "save it as UTF-8")),
        (codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be"), ("UTF-16",)),
        ("name = 1\n".encode("utf-16-le"), ("UTF-16",)),
        (GOOD.encode("gbk"), ("GBK", "另存为 UTF-8", "save it as UTF-8")),
        (b"name = \xff\xff\xff", ("不是 UTF-8", "no text in UTF-8")),
        ("[one]\nname = “云汀”\n".encode(), ("line 2", "“", "半角")),
        ("[one]\nname ＝ 1\n".encode(), ("line 2", "＝", "半角")),
        ("［one］\n".encode(), ("line 1", "［")),
        ("# 行\u2028分隔\nx = １２\n".encode(), ("line 2", "１", "半角")),
        ("x\u00a0= 1\n".encode(), ("line 1", "U+00A0")),
        ('x = "张三，李四" ；\n'.encode(), ("line 1", "；")),
        (GOOD.encode()[:-4], ("不完整", "mid character")),
        (b"x = 1\nx = 2\n", ("TOML", "line")),
        (b"x = " + b"9" * 5000, ("TOML",)),
        (b"x = " + b"[" * 5000, ("TOML",)),
        (b"\0\0\0\0", ("UTF-16",)),
    ],
)
@pytest.mark.parametrize("door", DOORS)
def test_what_is_not_is_told_with_its_remedy(door: str, data: bytes, told: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(data)
    read, error = DOORS[door]
    with pytest.raises(error) as caught:
        read(file)
    assert all(each in str(caught.value) for each in told), str(caught.value)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    try:
        edited_file.tables_of(edited_file.text_of(data))
    except UnreadableFileError as error:
        assert " / " in str(error)
