"""Whose a file is that we are kept out of: a person is told of both users, and not that there is nothing."""

import os
import pwd
from pathlib import Path

from dispatcher.errors import OperatorError


def denied(path: Path, error: PermissionError, variable: str = "DISPATCHER_HOME") -> OperatorError:
    """This path is closed to us, itself or by a folder above it. The variable names another."""
    user, owner = _name(os.geteuid()), _owner(path)
    return OperatorError(
        f"当前用户 {user} 无权访问 {path}(属用户 {owner},{error.strerror});请以该用户运行,或另设 {variable}",
        f"user {user} may not use {path}, which belongs to {owner} ({error.strerror}); "
        "run this as that user, or set {variable} to one of your own",
    )


def _owner(path: Path) -> str:
    """Of the path, or of the nearest folder above it that can be looked at."""
    for each in (path, *path.absolute().parents):
        try:
            return _name(each.stat().st_uid)
        except OSError:
            continue
    return "?"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
