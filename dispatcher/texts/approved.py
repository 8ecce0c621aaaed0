"""A centre's own texts: a folder that people edit, and in it what somebody approved by name.

    FOLDER/*.toml            being edited; nobody is told any of it
    FOLDER/approved/3.json   version 3, as it was approved; the highest number is in use

An approved version is never changed, so that years later it still says what somebody was told.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from dispatcher.texts import Texts, TextsError, build, read_tables
from dispatcher.texts import load as load_own
from dispatcher.texts.edition import Edition
from schemas.errors import bilingual

_APPROVED = "approved"


class _Approved(BaseModel):
    """One file of approved/."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    by: str
    at: datetime
    tables: dict[str, Any]


def load(folder: Path | None) -> Texts:
    """The texts that were approved last; without a folder the product's own. Raises TextsError."""
    if folder is None:
        return load_own()
    newest = _newest(folder)
    if newest is None:
        raise TextsError(
            folder,
            [
                bilingual(
                    "尚无获批的文本;请运行 dispatcher texts approve --by 警号",
                    "nothing was approved yet; run `dispatcher texts approve --by BADGE`",
                )
            ],
        )
    edition = Edition(newest.version, newest.by, newest.at)
    return build(_path(folder, newest.version), newest.tables, edition)


def approve(folder: Path, by: str, at: datetime) -> Texts:
    """Put what is being edited into use, as the next version. Raises TextsError; nothing faulty is approved."""
    tables, newest = edited(folder), _newest(folder)
    version = newest.version + 1 if newest else 1
    if newest and newest.tables == tables:
        raise TextsError(folder, [bilingual("没有改动", f"nothing was changed since version {newest.version}")])
    texts = build(folder, tables, Edition(version, by, at))
    kept, path = _Approved(version=version, by=by, at=at, tables=tables), _path(folder, version)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:  # never over one that somebody else approved meanwhile
            file.write(kept.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise TextsError(path, [bilingual("无法写入", f"can't be written: {error.strerror}")]) from None
    return texts


def is_edited(folder: Path) -> bool:
    """Whether what is being edited differs from what is in use. Raises TextsError."""
    newest = _newest(folder)
    return newest is None or newest.tables != edited(folder)


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


def _newest(folder: Path) -> _Approved | None:
    numbers = [int(path.stem) for path in (folder / _APPROVED).glob("*.json") if path.stem.isdecimal()]
    if not numbers:
        return None
    path = _path(folder, max(numbers))
    try:
        return _Approved.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        said = error.strerror if isinstance(error, OSError) else "not as `texts approve` wrote it"
        raise TextsError(path, [bilingual("无法读取", f"can't be read: {said}")]) from None


def _path(folder: Path, version: int) -> Path:
    return folder / _APPROVED / f"{version}.json"
