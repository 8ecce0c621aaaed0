"""Idempotency-Key: a call that comes again under its key gets the answer that it had."""

import hashlib
from datetime import timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import Header, Request
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from dispatcher.clients.authentication import Client
from dispatcher.setup import Services
from dispatcher.store.clients import ApiAnswerRow
from dispatcher.vault import Vault
from dispatcher.web.api.problems import Problem
from schemas.problems import ProblemCode

KEPT_FOR = timedelta(days=1)
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="同一请求重发时用同一值,一天内答复相同 / the same whenever a call is made again; for a day",
    ),
]


class Reply(NamedTuple):
    status: int
    body: dict[str, Any] | None


class Repeats:
    """What was answered under keys. For use from threads."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find(self, client: Client, key: str, request: bytes) -> Reply | None:
        """The answer that this call had. Raises Problem where the key is another call's."""
        with self._services.sessions() as session:
            row = session.get(ApiAnswerRow, (client.id, _digest(key.encode())))
        if row is None:
            return None
        if row.request != request:
            raise Problem(ProblemCode.KEY_REUSED)
        return None if row.body is None else Reply(row.status, row.body)

    def keep(self, client: Client, key: str, request: bytes, reply: Reply) -> None:
        """Keep an answer; the first under a key stays. None as its body: the call is to be made anew."""
        with self._services.begin() as work:
            now = work.real_now
            row = {"client_id": client.id, "key": _digest(key.encode()), "request": request, "at": now}
            kept = insert(ApiAnswerRow).values(**row, status=reply.status, body=reply.body)
            work.session.execute(delete(ApiAnswerRow).where(ApiAnswerRow.at < now - KEPT_FOR))
            work.session.execute(kept.on_conflict_do_nothing())


def request_digest(vault: Vault, request: Request, body: bytes) -> bytes:
    """The same for the same call. Keyed: a task code has six digits, which anybody could try."""
    whole = b"\0".join((request.method.encode(), request.url.path.encode(), body))
    return vault.digest("api_request", _digest(whole).hex())


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
