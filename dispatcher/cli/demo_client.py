"""A client of the API for whoever tries it on a stack of its own, from which nothing real leaves."""

import os
from datetime import timedelta
from pathlib import Path

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.clients import keys, register
from dispatcher.errors import Refused
from dispatcher.settings import settings
from dispatcher.setup import build_services
from dispatcher.store.clients import ClientKeyRow
from dispatcher.up import Stack
from schemas.refusals import RefusalCode
from schemas.vocabulary import ClientScope

_ENTRY = register.Entry("demo", {"test-centre"}, set(ClientScope), calls_per_minute=6000)


def key_of_demo_client(stack: Stack) -> tuple[str, Path] | None:
    """Its key, and the file that holds it for our own user alone; made where there is none. None if it was revoked."""
    path = stack.settings.home / "api-key"
    os.environ |= stack.environment
    settings.cache_clear()
    kept = path.read_text("ascii").strip() if path.exists() else ""
    try:
        with build_services().begin() as work:
            is_good = kept and work.session.get(ClientKeyRow, keys.digest(kept)) is not None
            key = kept if is_good else _new_key(work)
    except Refused:
        return None
    path.touch(0o600)
    path.write_text(key + "\n", "ascii")
    return key, path


def _new_key(work: UnitOfWork) -> str:
    """Raises Refused."""
    try:
        return register.create(work, _ENTRY)
    except Refused as refused:
        if refused.code is not RefusalCode.CLIENT_EXISTS:
            raise
        return register.rotate(work, _ENTRY.name, overlap=timedelta())
