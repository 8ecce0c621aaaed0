"""TOML files as people save them: what can be read safely is read, all else is told with its remedy."""

import re
import tomllib
from pathlib import Path
from typing import Any

from schemas.errors import bilingual

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_AT_LINE = re.compile(r"\(at line (\d+),")
# What an input method or a word processor writes for a plain character of TOML.
_LOOK_ALIKE = re.compile("[“”‘’＂＇＝［］｛｝（），．；＃：－【】「」０-９\u3000\u00a0\u200b\ufeff]")
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')


class UnreadableFileError(ValueError):
    """Says what is wrong with the file as it was saved, and how to mend it; in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(bilingual(zh, en))


def read(path: Path) -> dict[str, Any]:
    """The tables of a file. Raises OSError and UnreadableFileError."""
    return tables_of(text_of(path.read_bytes()))


def text_of(data: bytes) -> str:
    """The text of a file in UTF-8, with a byte order mark or without. Raises UnreadableFileError."""
    if data.startswith(_UTF_16) or (b"\0" in data[:200] and data.count(b"\0") * 4 > len(data)):
        raise UnreadableFileError("文件按 UTF-16 保存,请另存为 UTF-8", "saved as UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8").lstrip("\ufeff")  # an editor may add one to that of another
    except UnicodeDecodeError as error:
        if error.end == len(data) and error.reason == "unexpected end of data":
            raise UnreadableFileError("文件末尾不完整,请重新保存", "ends in mid character; save it again") from None
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        raise UnreadableFileError("文件不是 UTF-8 文本", "no text in UTF-8") from None
    raise UnreadableFileError("文件按 GBK(ANSI)保存,请另存为 UTF-8", "saved as GBK (ANSI); save it as UTF-8")


def tables_of(text: str) -> dict[str, Any]:
    """Raises UnreadableFileError."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UnreadableFileError("不是有效的 TOML:嵌套过深", "not valid TOML: nested too deep") from None
    except ValueError as error:
        zh, en = f"不是有效的 TOML:{error}", f"not valid TOML: {error}"
        if found := _look_alike(text, str(error)):
            zh, en = f"{zh};该行的 {found} 请改为半角", f"{en}; {found} in that line is no plain character"
        raise UnreadableFileError(zh, en) from None


def _look_alike(text: str, error: str) -> str | None:
    at = _AT_LINE.search(error)
    lines = text.split("\n")  # as TOML counts them
    line = lines[int(at[1]) - 1] if at and int(at[1]) <= len(lines) else ""
    found = _LOOK_ALIKE.search(_QUOTED.sub("", line))
    return None if found is None else found[0] if found[0].isprintable() else f"U+{ord(found[0]):04X}"
