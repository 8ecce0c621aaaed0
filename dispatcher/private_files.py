"""What we make is for our own user alone, and what others can read of it is told at the start."""

import os
import stat
from pathlib import Path

from dispatcher.settings import Settings
from schemas.errors import bilingual

_PRIVATE = stat.S_IRGRP | stat.S_IROTH
_ENTER = stat.S_IXGRP | stat.S_IXOTH


def close_to_others() -> None:
    """Whatever this process and its children make from now on can be read by no other user."""
    os.umask(0o077)


def let_others_through(*paths: Path) -> None:
    """Other users may pass through the folders above these, and see no more of them."""
    for folder in {folder for path in paths for folder in path.resolve().parents if folder.exists()}:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | _ENTER)


def let_others_read(*folders: Path) -> None:
    """Other users may read these folders of programs, and run what their owner can run."""
    for path in (path for folder in folders for path in (folder, *folder.rglob("*")) if not path.is_symlink()):
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6
        if mode != wanted:
            path.chmod(wanted)


def warnings(settings: Settings) -> list[str]:
    """A sentence for each of key file, home and providers file that others can read."""
    found = [
        (settings.key_path, _PRIVATE, "600"),
        (settings.home, _PRIVATE, "700"),
        (settings.providers_file, stat.S_IROTH, "640"),  # somebody else's to write, so its group may read it
    ]
    return [_warning(path, mode) for path, bits, mode in found if path is not None and _mode(path) & bits]


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0  # what is not there is told by whoever needs it


def _warning(path: Path, mode: str) -> str:
    return bilingual(
        f"其他用户可以读取 {path};请执行 chmod {mode} {path}",
        f"other users can read {path}; run: chmod {mode} {path}",
    )
