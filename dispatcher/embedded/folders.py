"""The folders of the embedded servers, and a home that none of them could use."""

import os
from pathlib import Path

from dispatcher.errors import OperatorError
from dispatcher.owners import denied

_LONGEST = 800  # bytes; PostgreSQL's own paths end at 1,024


def check_home(home: Path) -> None:
    """Raises OperatorError, before anything is made, where the servers could not live under this path."""
    name = os.fsencode(home.absolute())
    if len(name) > _LONGEST:
        raise OperatorError(
            f"DISPATCHER_HOME 的路径过长({len(name)} 字节,最多 {_LONGEST});请换一个较短的目录",
            f"the path of DISPATCHER_HOME is too long ({len(name)} bytes, {_LONGEST} at most); choose a shorter one",
        )
    if not str(home).isprintable():  # what is not UTF-8 is not printable either
        raise OperatorError(
            "DISPATCHER_HOME 的路径含控制字符,或不是 UTF-8;请换一个目录",
            "the path of DISPATCHER_HOME holds control characters, or is not UTF-8; choose another",
        )


def make_folder(home: Path, name: str) -> Path:
    """A folder of our own under this home. Raises OperatorError."""
    folder = home.absolute() / name
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except PermissionError as error:
        raise denied(folder, error) from None
    except OSError as error:
        raise OperatorError(
            f"无法写入 {home}({error.strerror});请设置 DISPATCHER_HOME",
            f"can't write under {home} ({error.strerror}); set DISPATCHER_HOME to a folder of yours",
        ) from None
    return folder
