"""A centre's own texts: a folder that people edit, and in it what somebody approved by name.

    FOLDER/*.toml            being edited; nobody is told any of it
    FOLDER/approved/3.json   version 3, as it was approved; the highest number is in use

An approved version is never changed, so that years later it still says what somebody was told. It holds a digest of
itself: one that was edited by hand is not what was approved, and is not used.
"""

import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from dispatcher.texts import Texts, TextsError, build, read_tables
from dispatcher.texts import load as load_own
from dispatcher.texts.edition import Edition
from schemas.errors import bilingual

_APPROVED = "approved"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


class _Approved(BaseModel):
    """One file of approved/."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    by: str
    at: datetime
    tables: dict[str, Any]
    digest: str | None = None

    def own_digest(self) -> str:
        """Of all that was approved: what, by whom, when, as which version."""
        whole = self.model_dump(mode="json", exclude={"digest"})
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()

    def is_untouched(self, number: int) -> bool:
        """Whether this is version `number` as it was approved."""
        return self.version == number and self.digest == self.own_digest()


def load(folder: Path | None) -> Texts:
    """The texts that were approved last; without a folder the product's own. Raises TextsError."""
    if folder is None:
        return load_own()
    number = _newest_number(folder)
    if number is None:
        raise TextsError(
            folder,
            [
                bilingual(
                    "尚无获批的文本;请运行 dispatcher texts approve --by 警号",
                    "nothing was approved yet; run `dispatcher texts approve --by BADGE`",
                )
            ],
        )
    newest = _read(folder, number)
    if not newest.is_untouched(number):
        raise TextsError(
            _path(folder, number),
            [
                bilingual(
                    "获批后被改动,不予使用;请恢复原文件,或运行 dispatcher texts approve --by 姓名 重新批准",
                    "changed since it was approved, and not used; restore the file, or run "
                    "`dispatcher texts approve --by NAME` again",
                )
            ],
        )
    return build(_path(folder, number), newest.tables, Edition(number, newest.by, newest.at))


def approve(folder: Path, by: str, at: datetime) -> Texts:
    """Put what is being edited into use, as the next version. Raises TextsError; nothing faulty is approved."""
    tables, newest = edited(folder), _newest_number(folder)
    version = (newest or 0) + 1
    if newest and _is_in_use(folder, newest, tables):
        raise TextsError(folder, [bilingual("没有改动", f"nothing was changed since version {newest}")])
    texts = build(folder, tables, Edition(version, by, at))
    bare, path = _Approved(version=version, by=by, at=at, tables=tables), _path(folder, version)
    kept = bare.model_copy(update={"digest": bare.own_digest()})
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:  # never over one that somebody else approved meanwhile
            file.write(kept.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise TextsError(path, [bilingual("无法写入", f"can't be written: {error.strerror}")]) from None
    return texts


def is_edited(folder: Path) -> bool:
    """Whether what is being edited differs from what is in use. Raises TextsError."""
    newest = _newest_number(folder)
    return newest is None or not _is_in_use(folder, newest, edited(folder))


def edited(folder: Path) -> dict[str, Any]:
    """The tables of all files of the folder. Raises TextsError."""
    tables: dict[str, Any] = {}
    for path in sorted(folder.glob("*.toml")):
        found = read_tables(path)
        for name in tables.keys() & found.keys():
            raise TextsError(path, [f"{name}: {bilingual('另一文件已有此表', 'stands in another file too')}"])
        tables |= found
    if not tables:
        raise TextsError(folder, [bilingual("没有 .toml 文件", "holds no .toml file with texts")])
    # As they will be read back.
    return dict(json.loads(json.dumps(tables, default=str)))


def _newest_number(folder: Path) -> int | None:
    # No other script's digits: 2.json and ２.json would be one version.
    stems = [path.stem for path in (folder / _APPROVED).glob("*.json")]
    return max((int(stem) for stem in stems if _NUMBER.fullmatch(stem)), default=None)


def _is_in_use(folder: Path, number: int, tables: dict[str, Any]) -> bool:
    """Whether this version says so. One that can't be read, or was changed, is approved anew under the next number."""
    try:
        found = _read(folder, number)
    except TextsError:
        return False
    return found.is_untouched(number) and found.tables == tables


def _read(folder: Path, number: int) -> _Approved:
    path = _path(folder, number)
    try:
        return _Approved.model_validate_json(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        said = error.strerror if isinstance(error, OSError) else "not as `texts approve` wrote it"
        raise TextsError(path, [bilingual("无法读取", f"can't be read: {said}")]) from None


def _path(folder: Path, version: int) -> Path:
    return folder / _APPROVED / f"{version}.json"
